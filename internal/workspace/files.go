package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gokiln/gokiln/internal/gofacts"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// packageFiles are the files of the tree that a package is built from.
type packageFiles struct {
	files []string
	// dirs are embedded folders, taken whole.
	dirs []string
	// fault says why these may not be all.
	fault string
	// unhashed says which of them the go command does not hash.
	unhashed string
	// broken are the links among them that can't be followed.
	broken []tree.BrokenLink
}

// gathering collects a package's files. It keeps the first fault, and the first reason
// for opaque and for unhashed.
type gathering struct {
	loader
	pkg   *localPackage
	files map[string]bool
	dirs  map[string]bool
	fault string
	// opaque is a fault with what the package includes.
	opaque   string
	unhashed string
	broken   []tree.BrokenLink
}

func (g *gathering) blame(format string, args ...any) {
	if g.fault == "" {
		g.fault = fmt.Sprintf(format, args...)
	}
}

// files finds what a package is built from: the Go files chosen, all others that
// the go command knows by their extension, what those include, and what the Go
// files embed.
func (l loader) files(ctx context.Context, pkg *localPackage) (*packageFiles, error) {
	g := &gathering{loader: l, pkg: pkg, files: make(map[string]bool), dirs: make(map[string]bool)}
	for _, phase := range []func(context.Context) error{g.place, g.sources, g.includes, g.embeds} {
		if err := phase(ctx); err != nil {
			return nil, err
		}
	}
	return &packageFiles{files: sortedKeys(g.files), dirs: sortedKeys(g.dirs), fault: g.fault, unhashed: g.whyUnhashed(), broken: g.broken}, nil
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// place finds fault with a folder behind a symbolic link.
func (g *gathering) place(ctx context.Context) error {
	link, err := g.tree.Link(ctx, g.pkg.dir)
	if link != "" {
		g.blame("is reached through %s, a symbolic link", link)
	}
	return err
}

// sources adds the Go files chosen and every other source file whose name does
// not rule it out for the target. Constraints inside of those are not looked at:
// what includes a file does not look at them either.
func (g *gathering) sources(ctx context.Context) error {
	entries, err := g.tree.List(ctx, g.pkg.dir)
	if err != nil {
		return err
	}
	folded := make(map[string]string)
	for _, e := range entries {
		name := e.Name()
		if gomod.Hidden(name) || !strings.HasSuffix(name, ".go") && !gofacts.OtherSource(name) {
			continue
		}
		k, err := g.tree.EntryKind(ctx, g.pkg.dir, e)
		if err != nil {
			return err
		}
		if k == tree.IsDir {
			continue
		}
		if ok, err := g.follows(ctx, name, k, e); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		fold := strings.ToLower(strings.ToUpper(name))
		if other, ok := folded[fold]; ok {
			g.blame("has files whose names differ in case alone, %s and %s", other, name)
		}
		folded[fold] = name
		if !safeName(name) {
			g.blame("has a file that go takes for a flag, %q", name)
		}
		if slices.Contains(g.pkg.goFiles, name) || gofacts.OtherSource(name) && g.used(name) {
			g.take(e, path.Join(g.pkg.dir, name))
		}
	}
	return nil
}

// take adds a file, or finds fault with what is not a regular one.
func (g *gathering) take(e fs.DirEntry, name string) {
	switch {
	case e.Type()&fs.ModeSymlink != 0:
		g.blame("needs %s, a symbolic link", name)
	case !e.Type().IsRegular():
		g.blame("needs %s, which is no regular file", name)
	}
	g.files[name] = true
}

// follows reports whether an entry of the package's folder can be read. A link
// that can't is noted where the go command would read the file for this target; a
// header is read where something includes it.
func (g *gathering) follows(ctx context.Context, name string, k tree.Kind, e fs.DirEntry) (bool, error) {
	if k != tree.Absent || e.Type()&fs.ModeSymlink == 0 {
		return true, nil
	}
	isGo := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && g.named(name)
	if isGo || !strings.HasSuffix(name, ".go") && !gofacts.Header(name) && g.used(name) {
		return false, g.noteBroken(ctx, path.Join(g.pkg.dir, name))
	}
	return false, nil
}

// noteBroken notes the link on the way to a path that can't be followed, if any.
func (g *gathering) noteBroken(ctx context.Context, name string) error {
	l, err := g.tree.Broken(ctx, name)
	if err != nil || l == nil {
		return err
	}
	g.blame("needs %s, a symbolic link", l.Name)
	g.broken = append(g.broken, *l)
	return nil
}

// used reports whether a file in another language may be used by its name: with
// an extension that go looks at, and a suffix that allows it for the target.
func (g *gathering) used(name string) bool {
	if gofacts.Header(name) {
		// An include needs it whatever it is called.
		return true
	}
	switch path.Ext(name) {
	case ".c", ".cc", ".cpp", ".cxx", ".m", ".swig", ".swigcxx":
		if !g.target.Cgo {
			return false
		}
	case ".S", ".sx":
		if len(g.pkg.cgoFiles) == 0 {
			return false
		}
	}
	return g.named(name)
}

// named reports whether a file's name allows it in a build for the target.
func (l loader) named(name string) bool {
	bc := l.context()
	bc.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("package p\n")), nil }
	ok, err := bc.MatchFile(".", name)
	return ok || err != nil
}

// safeName is the go command's rule for the names of source files.
func safeName(name string) bool {
	c := name[0]
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}

// text reads a whole source file. One that is too large to read is not an error: the
// compiler may take it.
func (g *gathering) text(ctx context.Context, name string) (string, error) {
	data, err := g.tree.Head(ctx, name, tree.MaxFile)
	if err != nil {
		return "", err
	}
	if len(data) == tree.MaxFile {
		g.blame("has %s, which is too large to be read for includes", name)
	}
	return string(data), nil
}

// entryAt is the entry at a path of the tree, nil where there is none. A
// symbolic link on the way to it is a fault.
func (g *gathering) entryAt(ctx context.Context, name string) (fs.DirEntry, error) {
	k, err := g.tree.Kind(ctx, name)
	if err != nil || k == tree.Absent || name == "." || g.tree.Mounted(name) {
		return nil, err
	}
	link, err := g.tree.Link(ctx, path.Dir(name))
	if err != nil {
		return nil, err
	}
	if link != "" {
		g.blame("needs %s through %s, a symbolic link", name, link)
	}
	e, err := g.tree.Entry(ctx, path.Dir(name), path.Base(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return e, err
}
