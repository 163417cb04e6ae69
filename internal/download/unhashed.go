package download

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
)

// The go command finds a compiled package by a hash of the files of its folder that
// go/build lists (buildActionID in cmd/go/internal/work), and by its module's version. A
// header that assembly includes from another folder is in neither, and two builds with
// sums of their own may have different content under one version. Such modules exist:
// github.com/cloudflare/circl v1.6.4 is one. cgo's files include much more; a store of
// what was compiled with cgo is of one set of modules anyway.

// leaveUnhashed writes the versions with such assembly, and their hashes, for the steps
// that compile: what they keep is apart from what is compiled of other content.
func (r *run) leaveUnhashed(versions []module.Version) error {
	if len(versions) == 0 {
		return nil
	}
	var b strings.Builder
	for _, m := range versions {
		name, _ := fileOf(downloads(r.paths.ModCache), m, extHash)
		hash, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		b.WriteString(m.Path + " " + m.Version + " " + strings.TrimSpace(string(hash)) + "\n")
	}
	if err := os.MkdirAll(filepath.Dir(r.paths.Unhashed), 0o755); err != nil {
		return err
	}
	return os.WriteFile(r.paths.Unhashed, []byte(b.String()), 0o644)
}

// unhashed reports whether assembly among a module's files, or a header beside some,
// includes a file that may not be among those that the go command hashes. For which
// platform does not matter: to say so too often costs a compile.
func unhashed(dir string, files []string) (bool, error) {
	assembly := map[string]bool{}
	for _, name := range files {
		if path.Ext(name) == ".s" {
			assembly[path.Dir(name)] = true
		}
	}
	for _, name := range files {
		if ext := path.Ext(name); !assembly[path.Dir(name)] || ext != ".s" && ext != ".h" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return false, err
		}
		text := string(data)
		if path.Ext(name) == ".h" && (strings.Contains(text, "go:build") || strings.Contains(text, "+build")) {
			return true, nil
		}
		if slices.ContainsFunc(includeLines(text), func(rest string) bool { return !hashedHeader(path.Base(name), rest) }) {
			return true, nil
		}
	}
	return false, nil
}

// includeLines are what follows the word in #include lines, those in comments included.
func includeLines(text string) []string {
	var rest []string
	for _, m := range regexp.MustCompile(`#[ \t]*include\b[ \t]*([^\r\n]*)`).FindAllStringSubmatch(text, -1) {
		rest = append(rest, m[1])
	}
	return rest
}

// hashedHeader reports whether what an #include line of a file names is the toolchain's,
// or a header that is listed for every platform that the file is listed for. rest is the
// line behind the word; the assembler reads a Go string there.
func hashedHeader(file, rest string) bool {
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return false
	}
	name, err := strconv.Unquote(quoted)
	if err != nil || path.Ext(name) != ".h" || strings.ContainsAny(name, `/\`) {
		return false
	}
	if slices.Contains([]string{"go_asm.h", "go_tls.h"}, name) {
		return true
	}
	// A platform stands behind an underscore.
	of := func(name string) []string { return strings.Split(strings.TrimSuffix(name, path.Ext(name)), "_") }
	for _, word := range of(name)[1:] {
		if !slices.Contains(of(file), word) {
			return false
		}
	}
	return true
}
