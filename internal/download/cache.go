package download

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
)

// The files that a module cache and a module proxy have for a version, by the
// end of their names.
const (
	extZip  = ".zip"
	extHash = ".ziphash"
	extMod  = ".mod"
	extInfo = ".info"
)

// downloads is the folder of a module cache that is laid out as a proxy.
func downloads(modCache string) string { return filepath.Join(modCache, "cache", "download") }

// fileOf is a version's file below a folder that is laid out as a proxy; ok is
// false for a path or version that can't be written as one.
func fileOf(root string, m module.Version, ext string) (name string, ok bool) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return "", false
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", false
	}
	return filepath.Join(root, filepath.FromSlash(p), "@v", v+ext), true
}

// dirOf is where a module cache has a version's files.
func dirOf(modCache string, m module.Version) (name string, ok bool) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return "", false
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", false
	}
	return filepath.Join(modCache, filepath.FromSlash(p)+"@"+v), true
}

// versionOf reverses fileOf for a path relative to the root.
func versionOf(rel, ext string) (module.Version, bool) {
	rel = filepath.ToSlash(rel)
	p, v, ok := strings.Cut(rel, "/@v/")
	if !ok || !strings.HasSuffix(v, ext) || strings.Contains(v, "/") {
		return module.Version{}, false
	}
	modulePath, err := module.UnescapePath(p)
	if err != nil {
		return module.Version{}, false
	}
	version, err := module.UnescapeVersion(strings.TrimSuffix(v, ext))
	if err != nil {
		return module.Version{}, false
	}
	return module.Version{Path: modulePath, Version: version}, true
}

// versionsWith lists the versions that a folder laid out as a proxy has a file
// of one kind for, in order.
func versionsWith(root, ext string) ([]module.Version, error) {
	var out []module.Version
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			if name == root {
				return fs.SkipAll // nothing was downloaded
			}
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if e.IsDir() && rel == "sumdb" {
			return fs.SkipDir
		}
		if m, ok := versionOf(rel, ext); ok && !e.IsDir() {
			out = append(out, m)
		}
		return nil
	})
	module.Sort(out)
	return out, err
}

// writeFile writes a file that is there as a whole or not at all.
func writeFile(name string, from io.Reader) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name()) // the first error is the one to tell
		}
	}()
	_, err = io.Copy(out, from)
	if err = errors.Join(err, out.Chmod(0o644), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), name)
}
