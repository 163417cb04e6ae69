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
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// external takes an argument of Main for an import path if it looks like one and is
// not a folder; ok reports whether it does.
func (w *Workspace) external(ctx context.Context, arg string, t Target) (p Package, ok bool, err error) {
	importPath, version, versioned := strings.Cut(arg, "@")
	if !isImportPath(importPath) {
		return Package{}, false, nil
	}
	k, err := w.tree.Kind(ctx, path.Join(w.Dir, importPath))
	if err != nil || k != tree.Absent {
		return Package{}, false, err
	}
	if versioned {
		return Package{}, false, diag.Errorf(diag.Source{}, diag.Range{}, "%q names a version, but go.mod decides it; write %q and run `go get %s@%s` in the module", arg, importPath, importPath, version)
	}
	o, err := w.Find(ctx, importPath)
	if err != nil {
		return Package{}, false, err
	}
	p = Package{ImportPath: importPath, Program: programName(importPath), External: true}
	switch {
	case gomod.InModule(importPath, w.Path) && o.Kind == gomod.Local && o.Source.Dir == w.Dir:
		rel := strings.TrimPrefix(strings.TrimPrefix(importPath, w.Path), "/")
		p, err = w.Main(ctx, gomod.Dotted(path.Clean(rel)), t)
		return p, err == nil, err
	case o.Kind == gomod.Local:
		err = w.checkLocal(ctx, importPath, o.Dir, t)
		return p, err == nil, err
	case o.Kind == gomod.External && w.RequiredFor(importPath) != "":
		return p, true, nil
	case o.Kind == gomod.External && (w.GoWork != "" || !w.ListsAll()), o.Doubt:
		// A module that is still to be downloaded may bring it.
		return p, true, nil
	}
	return Package{}, false, w.notProvided(ctx, importPath, t)
}

// isImportPath reports whether an argument is an import path of a module that can be
// downloaded: its first element is a host name.
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

// notProvided is the error for an import path that no module provides.
func (w *Workspace) notProvided(ctx context.Context, importPath string, t Target) error {
	mains, err := w.Mains(ctx, t)
	if err != nil {
		return err
	}
	cure := fmt.Sprintf("run `go get %s` in the module and commit go.mod and go.sum", importPath)
	if w.LocalName(importPath) {
		cure = mainsCure(mains, t)
	}
	if near := nearest.Path(importPath, mains); near != "" {
		cure = fmt.Sprintf("did you mean %q?", gomod.Dotted(near))
	}
	return diag.Errorf(diag.Source{}, diag.Range{}, "%q is no folder of the module, and no module that %s requires provides it; %s %s",
		importPath, path.Join(w.Dir, gomod.FileName), cure, symptom.NoModule.Tag())
}
