package workspace

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/nearest"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// Package is a main package of the main module.
type Package struct {
	// Dir is its folder, clean and relative to the module's: "." or "cmd/api".
	Dir string
	// ImportPath is what `go list` prints for it.
	ImportPath string
	// Program is the file name that `go build` gives the program, without
	// ".exe": the import path's last element, or the one before it when the
	// last is a major version such as "v2".
	Program string
	// External reports whether the package belongs to a dependency; Dir is "" then.
	External bool
}

// Main checks that a folder holds a main package for the target. dir is
// relative to the module's folder, with or without "./" in front. Where there is
// no such folder, dir may be the import path of a main package of a module that
// go.mod requires: its first element then has a dot. Of a package that is still
// to be downloaded no more than that is checked.
//
// The error is a *diag.Error or diag.List. Where a Go file is at fault it has
// the place; where dir is, its Source is zero and the message names main
// packages that were possibly meant.
func (w *Workspace) Main(ctx context.Context, dir string, t Target) (Package, error) {
	if p, ok, err := w.external(ctx, dir, t); err != nil {
		return Package{}, err
	} else if ok {
		return p, nil
	}
	dir = path.Clean(dir)
	p := Package{Dir: dir, ImportPath: path.Join(w.Path, dir)}
	p.Program = programName(p.ImportPath)
	if err := w.checkFolder(ctx, dir, p.ImportPath, t); err != nil {
		return Package{}, err
	}
	l := w.loader(t)
	names, err := l.goFiles(ctx, path.Join(w.Dir, dir))
	if err != nil {
		return Package{}, err
	}
	broken, err := l.brokenGo(ctx, path.Join(w.Dir, dir))
	if err != nil {
		return Package{}, err
	}
	if len(broken) > 0 {
		return Package{}, broken[0].Err()
	}
	if len(names) == 0 {
		return Package{}, w.notMain(ctx, dir, t, "holds no Go files", "")
	}
	pkg, err, failure := l.importFiles(ctx, path.Join(w.Dir, dir), names)
	if failure != nil {
		return Package{}, failure
	}
	if err := w.checkPackage(ctx, l, dir, pkg, err); err != nil {
		return Package{}, err
	}
	return p, nil
}

// programName is the go command's default name for a main package's program.
func programName(importPath string) string {
	dir, elem := path.Split(importPath)
	if dir != "" && majorVersion(elem) {
		return path.Base(dir)
	}
	return elem
}

// majorVersion reports whether a path element is "v2" or higher; "v1" and "v0"
// are never written, so they are names.
func majorVersion(elem string) bool {
	digits, ok := strings.CutPrefix(elem, "v")
	return ok && digits != "" && digits != "1" && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// checkFolder finds fault with the folder itself.
func (w *Workspace) checkFolder(ctx context.Context, dir, importPath string, t Target) error {
	if path.IsAbs(dir) || tree.IsOutside(dir) {
		return w.notMain(ctx, dir, t, "is outside the module", "")
	}
	full := path.Join(w.Dir, dir)
	k, err := w.tree.Kind(ctx, full)
	switch {
	case err != nil:
		return err
	case k == tree.Absent:
		return w.notMain(ctx, dir, t, "does not exist in the build context", "")
	case k == tree.IsFile:
		return w.notMain(ctx, dir, t, "is a file", fmt.Sprintf("name its folder, %s", gomod.Dotted(path.Dir(dir))))
	case strings.HasPrefix(dir, "vendor/"):
		return w.notMain(ctx, dir, t, "is vendored, so it is not a package of this module", "")
	}
	if err := module.CheckImportPath(importPath); err != nil {
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q can't be imported: %w; rename the folder", gomod.Dotted(dir), err)
	}
	if name := path.Base(importPath); strings.ContainsRune("-+~", rune(name[0])) {
		// The go command hands the name to other programs, which might take it
		// for a flag.
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q: go build takes no folder whose name begins with %q; rename it", gomod.Dotted(dir), name[:1])
	}
	return w.checkModule(ctx, dir)
}

// checkModule refuses a folder of a module inside the main module.
func (w *Workspace) checkModule(ctx context.Context, dir string) error {
	for up := dir; up != "."; up = path.Dir(up) {
		other := path.Join(w.Dir, up)
		ok, err := w.tree.HasChecked(ctx, path.Join(other, gomod.FileName))
		if err != nil {
			return err
		}
		if ok {
			below := strings.TrimPrefix(strings.TrimPrefix(dir, up), "/")
			return diag.Errorf(diag.Source{}, diag.Range{}, "%q belongs to another module, that of %s; set module: %s and main: %s",
				gomod.Dotted(dir), path.Join(other, gomod.FileName), other, gomod.Dotted(path.Clean(below)))
		}
	}
	return nil
}

// checkPackage judges what go/build found.
func (w *Workspace) checkPackage(ctx context.Context, l loader, dir string, pkg *build.Package, err error) error {
	var none *build.NoGoError
	if errors.As(err, &none) {
		return w.leftOut(ctx, l, dir, pkg)
	}
	if err != nil {
		return fileErrors(ctx, w.tree, l.target, gomod.Dotted(dir), pkg, err)
	}
	if pkg.Name != "main" {
		return w.notMain(ctx, dir, l.target, fmt.Sprintf("is package %s, not main", pkg.Name), "")
	}
	return nil
}

// notMain is the error for a folder that does not hold a main package. Without a cure
// it names packages that do.
func (w *Workspace) notMain(ctx context.Context, dir string, t Target, what, cure string) error {
	if cure == "" {
		mains, err := w.Mains(ctx, t)
		if err != nil {
			return err
		}
		if near := nearest.Path(dir, mains); near != "" {
			cure = fmt.Sprintf("did you mean %q?", gomod.Dotted(near))
		} else {
			cure = mainsCure(mains, t)
			what += w.absentHint(ctx, dir)
		}
	}
	return diag.Errorf(diag.Source{}, diag.Range{}, "%q %s; %s", gomod.Dotted(dir), what, cure)
}

// absentHint is ignoreHint for a folder of the module that is not there.
func (w *Workspace) absentHint(ctx context.Context, dir string) string {
	full := path.Join(w.Dir, dir)
	if k, err := w.tree.Kind(ctx, full); err != nil || k != tree.Absent || !fs.ValidPath(full) {
		return ""
	}
	return w.tree.Hint(ctx, full)
}

func mainsCure(mains []string, t Target) string {
	args := make([]string, len(mains))
	for i, m := range mains {
		args[i] = gomod.Dotted(m)
	}
	switch len(args) {
	case 0:
		return fmt.Sprintf("the module has no main package for %s: add one, or set module to the folder of the module that has it", t)
	case 1:
		return fmt.Sprintf("the module's main package is %s", args[0])
	}
	return fmt.Sprintf("the module's main packages are %s", enumerate(args, maxNamed))
}
