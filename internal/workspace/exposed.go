package workspace

import (
	"context"
	"io/fs"
	"path"
	"slices"
)

// An external package may import packages of a module that is local here: a
// published one that is replaced by a folder, a fork for instance, or one that a
// workspace works on. What it imports is not known before it is downloaded, so
// every package of such a module is taken. A module that is required at no
// version that could have been published is nobody else's.

// runExposed walks on from the packages that external ones may import.
func (c *walk) runExposed(ctx context.Context) error {
	if len(c.outside) == 0 {
		return nil
	}
	var paths []string
	for _, s := range c.w.sources {
		if c.w.Vendored && !c.w.isMember(s.path) || !c.w.published(s.path) {
			continue
		}
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

// published reports whether a local go.mod requires a local module at a version
// that it can have been published as.
func (w *Workspace) published(modulePath string) bool {
	versions := slices.Clone(w.wanted[modulePath])
	for _, m := range w.members {
		for _, r := range m.file.Require {
			if r.Mod.Path == modulePath {
				versions = append(versions, r.Mod.Version)
			}
		}
	}
	return slices.ContainsFunc(versions, func(v string) bool {
		// The second one is what the go command writes where it finds none.
		return v != "v0.0.0" && v != "v0.0.0-00010101000000-000000000000"
	})
}

// packagesOf are the import paths of a module's folders with Go files, those that
// `./...` leaves out aside.
func (w *Workspace) packagesOf(ctx context.Context, s source) ([]string, error) {
	dirs, err := w.tree.packageFolders(ctx, moduleRoot{dir: s.dir, path: s.path}, func(ctx context.Context, dir string) (bool, error) {
		if path.Base(dir) == "vendor" {
			return false, nil // nobody can import it
		}
		entries, err := w.tree.list(ctx, path.Join(s.dir, dir))
		isGo := func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".go" && !e.IsDir() }
		return slices.ContainsFunc(entries, isGo), err
	})
	for i, dir := range dirs {
		dirs[i] = path.Join(s.path, dir)
	}
	return dirs, err
}
