package workspace

import (
	"context"
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/nearest"
	"github.com/gokiln/gokiln/internal/symptom"
)

// external takes an argument of Main for an import path where it reads like one
// and is no folder. ok is false where it is none.
func (w *Workspace) external(ctx context.Context, arg string, t Target) (p Package, ok bool, err error) {
	importPath, version, versioned := strings.Cut(arg, "@")
	if !isImportPath(importPath) {
		return Package{}, false, nil
	}
	k, err := w.tree.kind(ctx, path.Join(w.Dir, importPath))
	if err != nil || k != absent {
		return Package{}, false, err
	}
	if versioned {
		return Package{}, false, diag.Errorf(diag.Source{}, diag.Range{}, "%q names a version, but go.mod decides it; write %q and run `go get %s@%s` in the module", arg, importPath, importPath, version)
	}
	o, err := w.find(ctx, importPath)
	if err != nil {
		return Package{}, false, err
	}
	p = Package{ImportPath: importPath, Program: programName(importPath), External: true}
	switch {
	case inModule(importPath, w.Path) && o.kind == local && o.source.dir == w.Dir:
		rel := strings.TrimPrefix(strings.TrimPrefix(importPath, w.Path), "/")
		p, err = w.Main(ctx, dotted(path.Clean(rel)), t)
		return p, err == nil, err
	case o.kind == local:
		err = w.checkLocal(ctx, importPath, o.dir, t)
		return p, err == nil, err
	case o.kind == external && w.requiredFor(importPath) != "":
		return p, true, nil
	case o.kind == external && (w.work != nil || !w.listsAll()), o.kind == unknown && strings.HasPrefix(o.why, mayReplace):
		// A module that is still to be downloaded may bring it.
		return p, true, nil
	}
	return Package{}, false, w.nobodys(ctx, importPath, t)
}

// isImportPath reports whether an argument is one of a module that can be
// downloaded: its first element is a host's name.
func isImportPath(arg string) bool {
	first, _, _ := strings.Cut(arg, "/")
	return strings.Contains(strings.Trim(first, "."), ".") && module.CheckImportPath(arg) == nil
}

// checkLocal judges a main package in another module's folder.
func (w *Workspace) checkLocal(ctx context.Context, importPath, dir string, t Target) error {
	pkg, why, err := w.loader(t).load(ctx, dir)
	switch {
	case err != nil:
		return err
	case why != "":
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q (%s) %s; name a main package that builds for %s", importPath, dir, why, t)
	case pkg.Name != "main":
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q (%s) is package %s, not main; name a main package", importPath, dir, pkg.Name)
	}
	return nil
}

// nobodys is the error for an import path that no module provides.
func (w *Workspace) nobodys(ctx context.Context, importPath string, t Target) error {
	mains, err := w.Mains(ctx, t)
	if err != nil {
		return err
	}
	cure := fmt.Sprintf("run `go get %s` in the module and commit go.mod and go.sum", importPath)
	if w.named(importPath) {
		cure = mainsCure(mains, t)
	}
	if near := nearest.Path(importPath, mains); near != "" {
		cure = fmt.Sprintf("did you mean %q?", dotted(near))
	}
	return diag.Errorf(diag.Source{}, diag.Range{}, "%q is no folder of the module, and no module that %s requires provides it; %s %s",
		importPath, w.mod.src.Filename, cure, symptom.NoModule.Tag())
}
