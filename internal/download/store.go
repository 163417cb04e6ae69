package download

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"
)

// store is the persistent folder of zips. Several steps may use it at once, and
// it may be empty or damaged at any time.
type store struct{ dir string }

func (s store) file(m module.Version, ext string) (string, bool) { return fileOf(s.dir, m, ext) }

// holds reports whether the store has a version's file.
func (s store) holds(m module.Version, ext string) bool {
	name, ok := s.file(m, ext)
	if !ok {
		return false
	}
	_, err := os.Stat(name)
	return err == nil
}

// evict takes a version out.
func (s store) evict(m module.Version) error {
	var errs []error
	for _, ext := range []string{extZip, extMod, extInfo} {
		if name, ok := s.file(m, ext); ok {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("take %s out of the store of modules: %w", m, err)
	}
	return nil
}

// link puts a version into a module cache without copying its zip. It is for
// versions that GONOPROXY keeps from the store's place in GOPROXY. The go command
// hashes a zip that has no .ziphash beside it.
func (s store) link(m module.Version, modCache string) error {
	for _, ext := range []string{extMod, extInfo, extZip} {
		from, ok := s.file(m, ext)
		if !ok {
			return nil
		}
		if _, err := os.Stat(from); err != nil {
			continue
		}
		to, _ := fileOf(downloads(modCache), m, ext)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if ext == extZip {
			if err := os.Symlink(from, to); err != nil {
				return err
			}
			continue
		}
		if err := copyFile(from, to); err != nil {
			return err
		}
	}
	return nil
}

// keep copies a version's files from a module cache, its zip only where withZip
// says so. A zip that came out of the store is there already.
func (s store) keep(m module.Version, modCache string, withZip bool) error {
	exts := []string{extInfo, extMod}
	if withZip {
		exts = append(exts, extZip)
	}
	for _, ext := range exts {
		from, ok := fileOf(downloads(modCache), m, ext)
		if !ok {
			return nil
		}
		info, err := os.Lstat(from)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if ext == extInfo && !infoOf(from, m) {
			continue
		}
		to, _ := s.file(m, ext)
		if have, err := os.Stat(to); err == nil && have.Size() == info.Size() {
			continue
		}
		if err := copyFile(from, to); err != nil {
			return fmt.Errorf("keep %s in the store of modules: %w", m, err)
		}
	}
	return nil
}

// infoOf reports whether a file is the .info of a version: no checksum is about it.
func infoOf(name string, m module.Version) bool {
	data, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	var info struct{ Version string }
	return json.Unmarshal(data, &info) == nil && info.Version == m.Version
}

// copyFile writes a file that is there as a whole or not at all.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(to), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name()) // the first error is the one to tell
		}
	}()
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close())
	if err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}
