package workspace

import (
	"context"
	"io/fs"
	"path"
	"slices"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
)

// An external package may import packages of a module that is local here: a
// published one that is replaced by a folder, a fork for instance, or one that a
// workspace works on. What it imports is not known before it is downloaded, so
// every package of such a module is taken. No external module can require one that is
// required here only at versions that can't have been published.

// runExposed walks on from the packages that external ones may import.
func (c *walk) runExposed(ctx context.Context) error {
	if len(c.outside) == 0 {
		return nil
	}
	var paths []string
	for _, s := range c.w.Published() {
		found, err := c.w.packagesOf(ctx, s)
		if err != nil {
			return err
		}
		paths = append(paths, found...)
	}
	for _, p := range paths {
		c.importable[p] = true
	}
	c.exposed = true
	return c.follow(ctx, paths)
}

// packagesOf returns the import paths of a module's folders with Go files, without
// those that `./...` leaves out.
func (w *Workspace) packagesOf(ctx context.Context, s gomod.Source) ([]string, error) {
	dirs, err := packageFolders(ctx, w.tree, moduleRoot{dir: s.Dir, path: s.Path}, func(ctx context.Context, dir string) (bool, error) {
		if path.Base(dir) == "vendor" {
			return false, nil // it can't be imported
		}
		entries, err := w.tree.List(ctx, path.Join(s.Dir, dir))
		isGo := func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".go" && !e.IsDir() }
		return slices.ContainsFunc(entries, isGo), err
	})
	for i, dir := range dirs {
		dirs[i] = path.Join(s.Path, dir)
	}
	return dirs, err
}
