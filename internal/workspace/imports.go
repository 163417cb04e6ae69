package workspace

import (
	"cmp"
	"context"
	"fmt"
	"go/build"
	"go/version"
	"maps"
	"slices"
)

// Imports is what packages need from outside of the local modules.
type Imports struct {
	// Packages are the import paths outside of the standard library and the
	// local modules that local code imports, sorted. What they import in turn is
	// not known before they are downloaded.
	Packages []string
	// Std are the packages of the standard library that local code imports,
	// sorted; "C" is none of them.
	Std []string
	// Sure is false where reading the files can't tell all that is needed, so
	// that everything has to be downloaded. Why then says why, as a sentence
	// without its full stop: of the first of the packages, in order of their
	// import paths.
	Sure bool
	Why  string
}

// Imports reads what main packages and the local packages that they import, test
// files left out, import from elsewhere. Local are the main module, workspace
// members and folders that replace modules.
//
// A local package that is missing or broken is no error: what the go command
// says of it at the compile step is better. Such a package makes the answer
// unsure. An error is a failure to read the build context.
func (w *Workspace) Imports(ctx context.Context, mains []Package, t Target) (Imports, error) {
	c := closure{w: w, loader: w.loader(t), seen: make(map[string]bool), std: make(map[string]bool), outside: make(map[string]bool)}
	var paths []string
	for _, p := range mains {
		paths = append(paths, p.ImportPath)
	}
	for level := c.fresh(paths); len(level) > 0; {
		found := make([]imported, len(level))
		err := eachOf(ctx, len(level), func(ctx context.Context, i int) error {
			var err error
			found[i], err = c.visit(ctx, level[i])
			return err
		})
		if err != nil {
			return Imports{}, err
		}
		level = c.add(level, found)
	}
	if c.why == "" && version.Compare("go"+cmp.Or(w.Go, "1.16"), "go1.17") < 0 {
		// Go may look for a local package in modules that go.mod does not list.
		c.why = fmt.Sprintf("go.mod is of Go %s, and before 1.17 it does not list all modules", cmp.Or(w.Go, "1.16"))
	}
	return Imports{
		Packages: slices.Sorted(maps.Keys(c.outside)),
		Std:      slices.Sorted(maps.Keys(c.std)),
		Sure:     c.why == "",
		Why:      c.why,
	}, nil
}

// closure is a walk over local packages, one level of imports after the other.
type closure struct {
	w      *Workspace
	loader loader
	seen   map[string]bool
	std    map[string]bool
	// outside are the external packages.
	outside map[string]bool
	why     string
}

// imported is what the walk learns about one import path.
type imported struct {
	kind    originKind
	imports []string
	why     string
}

// fresh are those of some import paths that the walk has not met, sorted.
func (c *closure) fresh(paths []string) []string {
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
func (c *closure) add(level []string, found []imported) []string {
	var next []string
	for i, f := range found {
		switch f.kind {
		case standard:
			c.std[level[i]] = true
		case external:
			c.outside[level[i]] = true
		}
		if f.why != "" && c.why == "" {
			c.why = fmt.Sprintf("package %q %s", level[i], f.why)
		}
		next = append(next, f.imports...)
	}
	return c.fresh(next)
}

func (c *closure) visit(ctx context.Context, importPath string) (imported, error) {
	o, err := c.w.find(ctx, importPath)
	if err != nil || o.kind != local {
		return imported{kind: o.kind, why: o.why}, err
	}
	pkg, why, err := c.loader.load(ctx, o.dir)
	if err != nil {
		return imported{}, err
	}
	return imported{kind: local, imports: pkg.Imports, why: cmp.Or(why, o.why)}, nil
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
