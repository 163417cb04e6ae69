package spec

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/module"
)

// plainPath refuses what is in no honest path. None of these can be escaped in
// all the places that a path goes to.
func plainPath(s string) error {
	switch {
	case s == "":
		return errors.New("the path is empty: write one, or leave the key out")
	case strings.Contains(s, `\`):
		return fmt.Errorf(`%q: write paths with "/", not "\"`, show(s))
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%q holds a control character: remove it", show(s))
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%q begins or ends with white space: remove it", show(s))
	}
	return nil
}

// within returns a clean path inside the build context.
func within(s string) (string, error) {
	if err := plainPath(s); err != nil {
		return "", err
	}
	if strings.HasPrefix(s, "/") || isDrive(s) {
		return "", fmt.Errorf("%q is an absolute path: write it relative to the build context", show(s))
	}
	clean := path.Clean(s)
	if escapes(clean) {
		return "", fmt.Errorf("%q is outside the build context: build from a folder above (`docker buildx build -f sub/gokiln.yaml .`)", show(s))
	}
	return clean, nil
}

func escapes(clean string) bool { return clean == ".." || strings.HasPrefix(clean, "../") }

// isDrive finds the beginning of a Windows path.
func isDrive(s string) bool {
	return len(s) >= 3 && s[1] == ':' && s[2] == '/' && (s[0]|0x20) >= 'a' && (s[0]|0x20) <= 'z'
}

func checkModule(s string) (string, error) {
	clean, err := within(s)
	if err == nil && path.Base(clean) == "go.mod" {
		return "", fmt.Errorf("%q is a file: write its folder, %q", show(s), show(path.Dir(clean)))
	}
	return clean, err
}

// checkMain returns a main package's path in the form "./cmd/api", or the import
// path of a dependency's.
func checkMain(s string) (string, error) {
	if err := plainPath(s); err != nil {
		return "", err
	}
	if isImportPath(s) {
		return checkDependency(s)
	}
	switch {
	case strings.Contains(s, "..."):
		return "", fmt.Errorf("%q is a pattern: list the main packages, such as [./cmd/api, ./cmd/worker]", show(s))
	case strings.HasPrefix(s, "/") || isDrive(s):
		return "", fmt.Errorf("%q is an absolute path: write it relative to the module, such as %q", show(s), "./"+show(path.Base(s)))
	case strings.ContainsAny(s, "*?[]@:"):
		return "", fmt.Errorf("%q is not a package's folder: write one such as ./cmd/api", show(s))
	}
	if s != "." && !strings.HasPrefix(s, "./") {
		return "", notRelative(s)
	}
	if i := strings.IndexFunc(s, notInImportPath); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return "", fmt.Errorf("%q: go build takes no %q in a package's path: rename the folder", show(s), r)
	}
	clean := path.Clean(s)
	if escapes(clean) {
		return "", fmt.Errorf("%q is outside the module: set module to the folder that holds its go.mod", show(s))
	}
	if strings.HasSuffix(clean, ".go") {
		return "", fmt.Errorf("%q is a file: write the package's folder, %q", show(s), relative(path.Dir(clean)))
	}
	return relative(clean), nil
}

// notInImportPath is the go command's rule for what an import path may not hold.
func notInImportPath(r rune) bool {
	return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._~+/", r)
}

func relative(clean string) string {
	if clean == "." {
		return clean
	}
	return "./" + clean
}

// isImportPath is Go's rule: the first element of a dependency's path has a dot.
func isImportPath(s string) bool {
	s, _ = cutScheme(s)
	first, _, _ := strings.Cut(s, "/")
	return strings.Contains(first, ".") && !strings.HasPrefix(first, ".") && !isFile(s)
}

// isFile tells a file beside go.mod from a domain.
func isFile(s string) bool { return strings.HasSuffix(s, ".go") && !strings.Contains(s, "/") }

func cutScheme(s string) (rest string, found bool) {
	if _, rest, found = strings.Cut(s, "://"); found {
		return rest, true
	}
	return s, false
}

// checkDependency checks the import path of a main package of a dependency.
func checkDependency(s string) (string, error) {
	rest, isURL := cutScheme(s)
	name, _, versioned := strings.Cut(rest, "@")
	switch {
	case isURL:
		return "", fmt.Errorf("%q is a URL: write the import path, %q", show(s), show(bare(rest)))
	case versioned && module.CheckImportPath(name) == nil:
		return "", fmt.Errorf("%q: the version comes from go.mod: write %q here, and run `go get -tool %s`", show(s), show(name), show(s))
	case strings.Contains(s, "..."):
		return "", fmt.Errorf("%q is a pattern: list the main packages one by one", show(s))
	case strings.HasSuffix(s, ".go"):
		return "", fmt.Errorf("%q is a file: write the package's import path, %q", show(s), show(path.Dir(s)))
	}
	clean := strings.TrimRight(s, "/")
	if err := module.CheckImportPath(clean); err != nil {
		if e := (*module.InvalidPathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return "", fmt.Errorf("%q is not an import path (%w): write one such as github.com/x/y/cmd/z, or a folder of this module such as ./cmd/api", show(s), err)
	}
	return clean, nil
}

// notRelative says how to write a folder that lacks its "./".
func notRelative(s string) error {
	clean := path.Clean(s)
	if escapes(clean) {
		return fmt.Errorf("%q is outside the module: set module to the folder that holds its go.mod", show(s))
	}
	if isFile(clean) {
		return fmt.Errorf("%q is a file: write the package's folder, %q", show(s), ".")
	}
	return fmt.Errorf("%q is not relative to the module: write %q", show(s), show(relative(clean)))
}

// checkPGO leaves the path relative to module, where it may lead out of the
// module; checkProfilePlace keeps it in the build context.
func checkPGO(s string) (string, error) {
	if s == "auto" || s == "off" {
		return s, nil
	}
	if err := plainPath(s); err != nil {
		return "", err
	}
	if strings.HasPrefix(s, "/") || isDrive(s) {
		return "", fmt.Errorf("%q is an absolute path: write it relative to the module", show(s))
	}
	return path.Clean(s), nil
}

// checkProfilePlace knows the module that a profile's path is relative to.
func checkProfilePlace(d *decoder) {
	if pgo := d.spec.Build.PGO; escapes(path.Join(d.spec.Module, pgo)) {
		d.fail("build.pgo", "%q, seen from module %q, is outside the build context: move the profile into it", show(pgo), show(d.spec.Module))
	}
}

// checkFrom takes path.Match's globs, and "**" for any number of folders.
func checkFrom(s string) (string, error) {
	clean, err := within(s)
	if err != nil {
		return "", err
	}
	if _, err := path.Match(strings.ReplaceAll(clean, "**", "*"), ""); err != nil {
		return "", fmt.Errorf("%q is not a glob: a %q has no end", show(s), "[")
	}
	return clean, nil
}

// absolute refuses a path that is not absolute or that climbs.
func absolute(s string) (string, error) {
	if err := plainPath(s); err != nil {
		return "", err
	}
	if !strings.HasPrefix(s, "/") {
		return "", fmt.Errorf("%q is not an absolute path: write %q", show(s), show(path.Clean("/"+s)))
	}
	for _, element := range strings.Split(s, "/") {
		if element == ".." {
			return "", fmt.Errorf("%q holds %q: write the path it leads to, %q", show(s), "..", show(path.Clean(s)))
		}
	}
	return path.Clean(s), nil
}

func checkAbsolute(s string) (string, error) { return absolute(s) }

func checkVolume(s string) (string, error) {
	if strings.HasPrefix(s, "/") && strings.Contains(s, ":") {
		return "", fmt.Errorf("%q is a mount: write the path in the container alone; mounting is `docker run -v`", show(s))
	}
	return absolute(s)
}

// checkTo keeps a slash at the end: it means "into this folder".
func checkTo(s string) (string, error) {
	clean, err := absolute(s)
	if err == nil && strings.HasSuffix(s, "/") && clean != "/" {
		clean += "/"
	}
	return clean, err
}
