package workspace

import (
	"context"
	"path"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// moduleRoot is where a module is, and what its go.mod leaves out of "./...".
type moduleRoot struct {
	dir, path string
	// ignored is nil where nothing is left out.
	ignored func(dir string) bool
}

// packageFolders returns those of a module's folders that look finds something in,
// relative to its root. It goes where `./...` goes: not into folders named testdata
// or vendor or beginning with "_" or ".", not into nested modules, and along no
// symbolic link. look is asked about a folder named vendor itself too.
func packageFolders(ctx context.Context, t *tree.Tree, root moduleRoot, look func(ctx context.Context, dir string) (bool, error)) ([]string, error) {
	type folder struct {
		found bool
		below []string
	}
	kept := func(dir string) bool { return root.ignored == nil || !root.ignored(dir) }
	visit := func(ctx context.Context, dir string) (f folder, err error) {
		if nested, err := nested(ctx, t, root.dir, dir); err != nil || nested {
			return f, err
		}
		if f.found, err = look(ctx, dir); err != nil || path.Base(dir) == "vendor" {
			return f, err
		}
		entries, err := t.List(ctx, path.Join(root.dir, dir))
		for _, e := range entries {
			sub := path.Join(dir, e.Name())
			if e.IsDir() && !gomod.Skipped(e.Name()) && kept(sub) && module.CheckImportPath(path.Join(root.path, sub)) == nil {
				f.below = append(f.below, sub)
			}
		}
		return f, err
	}
	var all []string
	err := tree.Levels(ctx, []string{"."}, visit, func(level []string, found []folder) (next []string) {
		for i, f := range found {
			if f.found {
				all = append(all, level[i])
			}
			next = append(next, f.below...)
		}
		return next
	})
	return all, err
}

// nested reports whether a folder below a module's root is another module's. A
// go.mod that is a link to nothing makes it one too.
func nested(ctx context.Context, t *tree.Tree, root, dir string) (bool, error) {
	if dir == "." {
		return false, nil
	}
	name := path.Join(root, dir, gomod.FileName)
	if ok, err := t.Has(ctx, name); err != nil || ok {
		return ok, err
	}
	broken, err := t.Broken(ctx, name)
	return broken != nil, err
}
