package workspace

import (
	"context"
	"path"
	"slices"

	"golang.org/x/mod/module"
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

// packagesOf are the import paths of a module's folders, those that `./...`
// leaves out aside.
func (w *Workspace) packagesOf(ctx context.Context, s source) ([]string, error) {
	var paths []string
	for level := []string{"."}; len(level) > 0; {
		found := make([]folder, len(level))
		err := eachOf(ctx, len(level), func(ctx context.Context, i int) error {
			var err error
			found[i], err = w.lookIn(ctx, s, level[i])
			return err
		})
		if err != nil {
			return nil, err
		}
		level = nil
		for _, f := range found {
			if f.main {
				paths = append(paths, path.Join(s.path, f.dir))
			}
			level = append(level, f.below...)
		}
	}
	return paths, nil
}

// lookIn lists one folder of a module; main then says that it has Go files.
func (w *Workspace) lookIn(ctx context.Context, s source, dir string) (folder, error) {
	f := folder{dir: dir}
	full := path.Join(s.dir, dir)
	if dir != "." {
		name := path.Join(full, modName)
		if ok, err := w.tree.has(ctx, name); err != nil || ok {
			return f, err
		}
		if broken, err := w.tree.broken(ctx, name); err != nil || broken != nil {
			return f, err
		}
	}
	entries, err := w.tree.list(ctx, full)
	if err != nil {
		return f, err
	}
	for _, e := range entries {
		sub := path.Join(dir, e.Name())
		switch {
		case path.Ext(sub) == ".go" && !e.IsDir():
			f.main = true
		case e.IsDir() && !skipped(e.Name()) && e.Name() != "vendor" && module.CheckImportPath(path.Join(s.path, sub)) == nil:
			f.below = append(f.below, sub)
		}
	}
	return f, nil
}
