package download

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/gofacts"
)

// slim takes out of the module cache what no compile reads.
//
// The go command keeps an index of each version's folder in GOCACHE, by its path
// alone: whoever changes what stays has to give the compile step's GOCACHE mount
// another id, or older builders go by the old list.
func (r *run) slim() error {
	cache := filepath.Join(r.paths.ModCache, "cache")
	for _, name := range []string{"vcs", "lock", filepath.Join("download", "sumdb")} {
		if err := os.RemoveAll(filepath.Join(cache, name)); err != nil {
			return err
		}
	}
	for _, m := range r.unneeded {
		if err := r.forget(m); err != nil {
			return err
		}
	}
	err := filepath.WalkDir(downloads(r.paths.ModCache), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return ignoreMissing(err)
		}
		if ext := filepath.Ext(name); ext != extMod && ext != extHash {
			return os.Remove(name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	versions, err := versionsWith(downloads(r.paths.ModCache), extHash)
	if err != nil {
		return err
	}
	failures, odd := make([]error, len(versions)), make([]bool, len(versions))
	eachOf(len(versions), func(i int) { odd[i], failures[i] = r.slimModule(versions[i]) })
	var including []module.Version
	for i, m := range versions {
		if odd[i] {
			including = append(including, m)
		}
	}
	return errors.Join(errors.Join(failures...), r.leaveUnhashed(including))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// slimModule takes out one version's files that are not for compiling. It reports
// whether the version's assembly is unhashed.
func (r *run) slimModule(m module.Version) (odd bool, err error) {
	dir, ok := dirOf(r.paths.ModCache, m)
	if !ok {
		return false, nil
	}
	s, err := survey(dir)
	if err != nil {
		return false, ignoreMissing(err)
	}
	for _, name := range s.files {
		if s.needed(name) {
			continue
		}
		full := filepath.Join(dir, filepath.FromSlash(name))
		// The go command takes the write permission from folders.
		if err := os.Chmod(filepath.Dir(full), 0o755); err != nil {
			return false, err
		}
		if err := os.Remove(full); err != nil {
			return false, err
		}
	}
	return unhashed(dir, s.files)
}

// moduleFiles is what has to be known of a module to tell what compiling reads.
type moduleFiles struct {
	// files are all regular files, by slash-separated path.
	files []string
	// embeds are the folders with a file that embeds others; what it embeds is
	// in or below them.
	embeds map[string]bool
	// packages are the folders with Go files that are no tests.
	packages map[string]bool
	// foreign tells of files in other languages, which may include files of any
	// name.
	foreign bool
}

func survey(dir string) (moduleFiles, error) {
	s := moduleFiles{embeds: map[string]bool{}, packages: map[string]bool{}}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		s.files = append(s.files, rel)
		s.foreign = s.foreign || gofacts.Foreign(rel)
		if path.Ext(rel) != ".go" || isTest(rel) {
			return nil
		}
		return s.read(name, path.Dir(rel))
	})
	return s, err
}

// read looks for what a Go file says of other files. It finds too much rather
// than too little: a comment or a string that looks like a directive counts.
func (s *moduleFiles) read(name, dir string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	s.packages[dir] = true
	if bytes.Contains(data, []byte("//go:embed")) {
		s.embeds[dir] = true
	}
	if bytes.Contains(data, []byte(`"C"`)) || bytes.Contains(data, []byte("`C`")) {
		s.foreign = true
	}
	return nil
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// needed reports whether a compile may read a file. Test files go only where
// other Go files stay, so that a folder does not cease to be a package: the go
// command looks for one in every module whose path begins an import path.
func (s moduleFiles) needed(name string) bool {
	dir, base := path.Dir(name), path.Base(name)
	if s.embedded(dir) {
		return true
	}
	if path.Ext(name) == ".go" {
		return !isTest(name) || !s.packages[dir]
	}
	return s.foreign || name == "go.mod" || base == "default.pgo"
}

// embedded reports whether files in a folder may be embedded.
func (s moduleFiles) embedded(dir string) bool {
	for ; ; dir = path.Dir(dir) {
		if s.embeds[dir] {
			return true
		}
		if dir == "." {
			return false
		}
	}
}
