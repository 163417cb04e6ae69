package workspace

import (
	"cmp"
	"context"
	"fmt"
	"go/build"
	"go/version"
	"maps"
	"slices"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// Imports is what packages need from outside of the local modules.
type Imports struct {
	// Packages are the import paths outside of the standard library and the
	// local modules that local code imports, sorted. What they import in turn is
	// not known before they are downloaded.
	Packages []string
	// Std are the packages of the standard library that local code imports,
	// sorted, without "C".
	Std []string
	// Sure is false where reading the files can't tell all that is needed, so that
	// everything has to be downloaded. Why is then the reason, a sentence without
	// its full stop about the first such package by import path.
	Sure bool
	Why  string
}

// Imports reads what main packages and the local packages that they import, test
// files left out, import from elsewhere. Local are the main module, workspace
// members and folders that replace modules.
//
// A local package that is missing or broken is not an error: what the go command says
// about it in the compile step is better. It makes the answer unsure. An error is a
// failure to read the build context.
func (w *Workspace) Imports(ctx context.Context, mains []Package, t Target) (Imports, error) {
	c := w.newWalk(t)
	if err := c.run(ctx, mains); err != nil {
		return Imports{}, err
	}
	return c.imports(), nil
}

// walk goes over local packages, one level of imports after the other.
type walk struct {
	w      *Workspace
	loader loader
	seen   map[string]bool
	std    map[string]bool
	// outside are the external packages, locals the local ones.
	outside map[string]bool
	locals  map[string]*localPackage
	why     string
	// faults are the packages that can't be told by reading, and why.
	faults map[string]string
	// exposed reports whether the walk is at packages that only external ones may
	// import. What they need from elsewhere, and what is wrong with them, may never
	// matter.
	exposed bool
	// importable are the packages that external ones may import, offered those of
	// them that no local package needs.
	importable, offered map[string]bool
	// broken are the links on the way to packages that can't be followed.
	broken []tree.BrokenLink
}

func (w *Workspace) newWalk(t Target) *walk {
	return &walk{
		w: w, loader: w.loader(t),
		seen: make(map[string]bool), std: make(map[string]bool), outside: make(map[string]bool),
		locals: make(map[string]*localPackage), faults: make(map[string]string), importable: make(map[string]bool), offered: make(map[string]bool),
	}
}

func (c *walk) run(ctx context.Context, mains []Package) error {
	var paths []string
	for _, p := range mains {
		paths = append(paths, p.ImportPath)
	}
	return c.follow(ctx, paths)
}

// follow walks from packages to what they import.
func (c *walk) follow(ctx context.Context, paths []string) error {
	return tree.Levels(ctx, c.fresh(paths), c.visit, c.add)
}

// imports is what the walk found to come from elsewhere.
func (c *walk) imports() Imports {
	why, goLine := c.why, cmp.Or(c.w.Go, "1.16")
	if why == "" && version.Compare("go"+goLine, "go1.17") < 0 {
		// Go may look for a local package in modules that go.mod does not list.
		why = fmt.Sprintf("go.mod is of Go %s, and before 1.17 it does not list all modules", goLine)
	}
	return Imports{
		Packages: slices.Sorted(maps.Keys(c.outside)),
		Std:      slices.Sorted(maps.Keys(c.std)),
		Sure:     why == "",
		Why:      why,
	}
}

// imported is what the walk learns about one import path. why says what makes
// the imports unsure, fault what makes the files so.
type imported struct {
	kind       gomod.Kind
	pkg        *localPackage
	why, fault string
	broken     *tree.BrokenLink
}

// fresh returns the import paths that the walk has not met yet, sorted.
func (c *walk) fresh(paths []string) []string {
	var level []string
	for _, p := range paths {
		if !c.seen[p] && p != "C" {
			c.seen[p] = true
			level = append(level, p)
		}
	}
	slices.Sort(level)
	return level
}

// add takes in what was found for a level and returns the next one.
func (c *walk) add(level []string, found []imported) []string {
	var next []string
	for i, f := range found {
		if c.exposed && f.kind != gomod.Local || c.exposed && f.pkg.name == "main" {
			continue
		}
		switch f.kind {
		case gomod.Standard:
			c.std[level[i]] = true
		case gomod.External:
			c.outside[level[i]] = true
		case gomod.Local:
			c.locals[level[i]] = f.pkg
			c.offered[level[i]] = c.exposed
			next = append(next, f.pkg.imports...)
		}
		if c.exposed {
			continue
		}
		if f.broken != nil {
			c.broken = append(c.broken, *f.broken)
		}
		if f.why != "" && c.why == "" {
			c.why = fmt.Sprintf("package %q %s", level[i], f.why)
		}
		if f.fault != "" {
			c.faults[level[i]] = f.fault
		}
	}
	return c.fresh(next)
}

func (c *walk) visit(ctx context.Context, importPath string) (imported, error) {
	o, err := c.w.Find(ctx, importPath)
	if err != nil || o.Kind != gomod.Local {
		return imported{kind: o.Kind, why: o.Why, fault: o.Why, broken: o.Broken}, err
	}
	pkg, err := c.w.memo.load(ctx, c.loader, o.Dir)
	if err != nil {
		return imported{}, err
	}
	found := imported{kind: gomod.Local, pkg: pkg, why: cmp.Or(pkg.bad, o.Why), fault: pkg.bad}
	if o.Twice {
		found.fault = "is in more than one local module"
	}
	return found, nil
}

// load reads the package in a folder; why says what the go command will not
// like about it. The imports of files that were read count in any case.
func (l loader) load(ctx context.Context, dir string) (pkg *build.Package, why string, err error) {
	names, err := l.goFiles(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	pkg, bad, failure := l.importFiles(ctx, dir, names)
	switch {
	case failure != nil:
		return nil, "", failure
	case bad != nil:
		return pkg, fmt.Sprintf("does not load: %v", bad), nil
	}
	return pkg, "", nil
}
