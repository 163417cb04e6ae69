package workspace

import (
	"context"
	"path"
	"slices"

	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// Mains lists the folders of the module's main packages for a target, clean and
// relative to Dir ("." or "cmd/api"), sorted. It walks what `go list ./...`
// walks: not folders named testdata or vendor or beginning with "_" or ".", not
// nested modules, not what go.mod's ignore directives name, no symbolic links.
// A folder's package name is that of the first file which belongs to the
// target, so a `//go:build ignore` file next to a library does not count. A
// file that can't be parsed tells nothing here; Main reports it.
func (w *Workspace) Mains(ctx context.Context, t Target) ([]string, error) {
	l := w.loader(t)
	root := moduleRoot{w.Dir, w.Path, w.Ignored()}
	mains, err := packageFolders(ctx, w.tree, root, func(ctx context.Context, dir string) (bool, error) {
		full := path.Join(w.Dir, dir)
		names, err := l.goFiles(ctx, full)
		if err != nil {
			return false, err
		}
		return l.isMain(ctx, full, names)
	})
	slices.Sort(mains)
	return mains, err
}

// isMain asks the files one after the other for the package's name and for one
// that is built. As in go/build the name is that of the first file which the
// constraints let through, even when it is then left out for its import "C".
func (l loader) isMain(ctx context.Context, dir string, names []string) (bool, error) {
	for _, name := range names {
		pkg, _, failure := l.importFiles(ctx, dir, []string{name})
		switch {
		case failure != nil:
			return false, failure
		case pkg.Name == "":
			continue
		case pkg.Name != "main":
			return false, nil
		case len(pkg.GoFiles)+len(pkg.CgoFiles) > 0:
			return true, nil
		}
	}
	// What is outside of the build context may be a main package: Main tells.
	broken, err := l.brokenGo(ctx, dir)
	return slices.ContainsFunc(broken, func(b tree.BrokenLink) bool { return !b.Inside }), err
}
