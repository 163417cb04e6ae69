package workspace

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// ClosureOptions are the flags of `go build` that decide which files it reads.
type ClosureOptions struct {
	// PGO is -pgo as Go takes it: "off", a profile's path relative to the
	// module's folder, or "auto", a default.pgo in a main package's folder. Empty
	// means "auto".
	PGO string
}

// Closure is what `go build` of some main packages depends on in the build
// context. A build that sees Files, Dirs and the packages' files alone makes the
// same programs, or fails with the same message, as one that sees the whole
// context, unless Whole is set. All paths are those of the tree: relative to the
// context's root, beginning with "../" for a folder given from outside of it, and
// plain, with no character escaped.
type Closure struct {
	// Packages are the local packages, the local ones of the mains included,
	// sorted by import path.
	Packages []LocalPackage
	// Files are what go build needs beside the packages, sorted: the
	// workspace's RecipeFiles and the profile that ClosureOptions.PGO names.
	Files []string
	// Dirs are the folders that are taken whole, sorted, none inside another:
	// the vendor folder where packages come from it, and every folder that a
	// go:embed pattern names. An embedded folder may hold files that go leaves out,
	// such as hidden ones.
	Dirs []string
	// Imports are what Workspace.Imports gives.
	Imports Imports
	// Whole is not empty where the files that matter can't be told by reading,
	// so that the build has to see the whole context. It is the reason, a
	// sentence without its full stop: about a file of Files or Dirs, else about
	// the first package at fault in order of the import paths. The other fields
	// then hold what is known.
	Whole string
	// WholeOutside reports whether Whole is, among others, about what external
	// packages are built from too: a file of Files or Dirs, or a package that is Exposed.
	WholeOutside bool
	// Unhashed is not empty where an object may depend on files that the go command
	// does not hash, so that a GOCACHE that outlives a build may hold the object of
	// an earlier content under the same action. It is the reason, a sentence without
	// its full stop, about the first package at fault in order of the import paths,
	// else about a vendored one.
	Unhashed string
}

// LocalPackage is a package of the main module, a workspace member or a folder
// that replaces a module.
type LocalPackage struct {
	ImportPath string
	// Dir is its folder.
	Dir string
	// Files are, sorted: the Go files that the target's constraints choose, without
	// tests; the files in other languages whose names don't rule them out for
	// the target, and what assembly among them includes from other folders;
	// embedded files; for a main package default.pgo. Those inside Dirs may be
	// missing.
	Files []string
	// Dirs are the folders that it embeds, sorted.
	Dirs []string
	// Imports are the import paths as written, sorted, "C" left out; Local are
	// those of them that are local packages.
	Imports []string
	Local   []string
	// Embeds are the patterns of its go:embed lines, sorted.
	Embeds []string
	// Main reports whether the package is one of the mains asked for.
	Main bool
	// Exposed reports whether external packages may import it: it belongs to a local
	// module that has been published.
	Exposed bool
	// Unhashed says which file of those that its object depends on the go command
	// does not hash, as the end of a sentence about the package; "" for none.
	Unhashed string
}

// Closure finds the files that `go build` of main packages can depend on. It
// takes more rather than less, and says in Whole where it can't know.
//
// An error is a failure to read the build context, or a diag.List about symbolic
// links that lead to what the build context lacks: the go command would pass over
// many of them. Faults in the code are not errors here: the go command's own message
// is better, and the user gets it, since the build then sees the fault, or everything.
// Closure reads each package once for all calls with the same Target, and may be called
// from several goroutines.
//
// Two things it can't see. It does not look for files that flags name, such as
// CGO_CFLAGS=-I. And what external packages import from local modules is not known
// before they are downloaded. Where a local go.mod requires a local module at a version
// that can have been published, anything but v0.0.0, all its packages are taken; from
// other modules, such as the main one, only what local code imports. Where that is too
// little the go command says that no required module provides the package.
func (w *Workspace) Closure(ctx context.Context, mains []Package, t Target, o ClosureOptions) (Closure, error) {
	b := closureBuilder{w: w, walk: w.newWalk(t), options: o}
	for _, m := range mains {
		b.mains = append(b.mains, m.ImportPath)
	}
	if err := b.walk.run(ctx, mains); err != nil {
		return Closure{}, err
	}
	b.closure.Imports = b.walk.imports()
	if err := b.walk.runExposed(ctx); err != nil {
		return Closure{}, err
	}
	b.links(b.walk.broken)
	for _, phase := range []func(context.Context) error{b.moduleFiles, b.vendor, b.profile, b.packages} {
		if err := phase(ctx); err != nil {
			return Closure{}, err
		}
	}
	if err := b.broken.Err(); err != nil {
		return Closure{}, err
	}
	return b.closure, nil
}

// closureBuilder puts a closure together from a walk.
type closureBuilder struct {
	w       *Workspace
	walk    *walk
	options ClosureOptions
	mains   []string
	// vendorUnhashed is what Closure.Unhashed says where no local package is at
	// fault.
	vendorUnhashed string
	broken         diag.List
	closure        Closure
}

// links adds an error for each link that can't be followed.
func (b *closureBuilder) links(broken []tree.BrokenLink) {
	for _, l := range broken {
		b.broken = append(b.broken, l.Err())
	}
}

func (b *closureBuilder) whole(format string, args ...any) {
	if b.closure.Whole == "" {
		b.closure.Whole = fmt.Sprintf(format, args...)
	}
}

func (b *closureBuilder) moduleFiles(ctx context.Context) error {
	b.closure.Files = slices.Clone(b.w.RecipeFiles)
	for _, name := range b.closure.Files {
		link, err := b.w.tree.Link(ctx, name)
		if err != nil {
			return err
		}
		if link != "" {
			b.whole("%s is a symbolic link", link)
		}
	}
	return nil
}

// vendor adds the vendor folder. A symbolic link in it may lead out of it.
func (b *closureBuilder) vendor(ctx context.Context) error {
	if !b.w.Vendored {
		return nil
	}
	dir := b.w.VendorDir()
	k, err := b.w.tree.Kind(ctx, dir)
	if err != nil || k != tree.IsDir {
		return err
	}
	b.closure.Dirs = append(b.closure.Dirs, dir)
	link, err := b.w.tree.Link(ctx, dir)
	if err == nil && link == "" {
		link, err = b.w.tree.LinkBelow(ctx, dir)
	}
	if err != nil {
		return err
	}
	if link != "" {
		b.whole("%s is a symbolic link", link)
	}
	return b.vendorFaults(ctx, dir)
}

// profile adds the profile that the options name.
func (b *closureBuilder) profile(ctx context.Context) error {
	name := b.options.PGO
	if name == "" || name == "auto" || name == "off" {
		return nil
	}
	if path.IsAbs(name) {
		b.whole("the profile %s may be any file", name)
		return nil
	}
	name = path.Join(b.w.Dir, name)
	k, err := b.w.tree.Kind(ctx, name)
	if err != nil {
		return err
	}
	if k == tree.Absent {
		return b.w.tree.CheckLinks(ctx, name)
	}
	link, err := b.w.tree.Link(ctx, name)
	if link != "" {
		b.whole("%s is a symbolic link", link)
	}
	if k == tree.IsDir {
		b.whole("the profile %s is a folder", name)
		return err
	}
	b.closure.Files = append(b.closure.Files, name)
	slices.Sort(b.closure.Files)
	b.closure.Files = slices.Compact(b.closure.Files)
	return err
}

// packages adds the local packages with their files.
func (b *closureBuilder) packages(ctx context.Context) error {
	paths := slices.Sorted(maps.Keys(b.walk.locals))
	gathered := make([]*packageFiles, len(paths))
	err := tree.Each(ctx, len(paths), func(ctx context.Context, i int) error {
		var err error
		gathered[i], err = b.w.memo.files(ctx, b.walk.loader, b.walk.locals[paths[i]])
		return err
	})
	if err != nil {
		return err
	}
	faults := b.walk.faults
	b.closure.WholeOutside = b.closure.Whole != ""
	for i, importPath := range paths {
		found := b.walk.locals[importPath]
		p := LocalPackage{
			ImportPath: importPath, Dir: found.dir, Imports: found.imports, Embeds: found.embeds,
			Files: gathered[i].files, Dirs: gathered[i].dirs, Main: slices.Contains(b.mains, importPath),
			Exposed: b.walk.importable[importPath], Unhashed: gathered[i].unhashed,
		}
		b.unhashed(importPath, p.Unhashed)
		b.links(neededOf(gathered[i].broken, b.walk.offered[importPath]))
		for _, imported := range p.Imports {
			if b.walk.locals[imported] != nil {
				p.Local = append(p.Local, imported)
			}
		}
		fault := cmp.Or(faults[importPath], found.doubt, gathered[i].fault)
		if p.Main {
			why, err := b.defaultProfile(ctx, &p)
			if err != nil {
				return err
			}
			fault = cmp.Or(fault, why)
		}
		if fault != "" {
			faults[importPath] = fault
			b.closure.WholeOutside = b.closure.WholeOutside || p.Exposed
		}
		b.closure.Packages = append(b.closure.Packages, p)
		b.closure.Dirs = append(b.closure.Dirs, p.Dirs...)
	}
	b.closure.Unhashed = cmp.Or(b.closure.Unhashed, b.vendorUnhashed)
	b.closure.Dirs = outermost(b.closure.Dirs)
	for _, importPath := range slices.Sorted(maps.Keys(faults)) {
		b.whole("package %q %s", importPath, faults[importPath])
	}
	return nil
}

// defaultProfile adds a main package's default.pgo, which goes by its name alone.
func (b *closureBuilder) defaultProfile(ctx context.Context, p *LocalPackage) (why string, err error) {
	if b.options.PGO != "" && b.options.PGO != "auto" {
		return "", nil
	}
	const name = "default.pgo"
	e, err := b.w.tree.Entry(ctx, p.Dir, name)
	if err != nil || e == nil {
		return "", err
	}
	if err := b.w.tree.CheckLinks(ctx, path.Join(p.Dir, name)); err != nil {
		return "", err
	}
	if !e.Type().IsRegular() {
		return "has a " + name + " that is no regular file", nil
	}
	p.Files = append(slices.Clone(p.Files), path.Join(p.Dir, name))
	slices.Sort(p.Files)
	p.Files = slices.Compact(p.Files)
	return "", nil
}

// neededOf returns those of a package's broken links that matter. A package that is
// only offered to external ones may not be needed at all. The go command itself can't
// pass over a Go file that is not there, and says so if it reads the package: the link
// makes the build see the whole context.
func neededOf(broken []tree.BrokenLink, offered bool) []tree.BrokenLink {
	if !offered {
		return broken
	}
	return slices.DeleteFunc(slices.Clone(broken), func(l tree.BrokenLink) bool {
		return path.Ext(l.Name) == ".go" && !path.IsAbs(l.Target)
	})
}

// outermost returns the folders that are not inside another one, sorted.
func outermost(dirs []string) []string {
	slices.Sort(dirs)
	var kept []string
	for _, dir := range slices.Compact(dirs) {
		inside := slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(dir, k+"/") })
		if !inside {
			kept = append(kept, dir)
		}
	}
	return kept
}
