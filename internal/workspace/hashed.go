package workspace

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/gofacts"
)

// The go command finds a compiled package in its GOCACHE by a hash of the files
// that go/build lists for the package's folder (buildActionID in
// cmd/go/internal/work), and of the flags and the packages that it imports. What
// assembly and C include from elsewhere, or from a file that go/build does not
// list, is not in it: after a change of such a file alone the object of before is
// linked.

// unhash notes a file that the package's object depends on and go does not hash.
func (g *gathering) unhash(name string) {
	if g.unhashed == "" {
		g.unhashed = fmt.Sprintf("includes %s, which the go command does not hash", name)
	}
}

// obscure finds fault with what may be included from anywhere.
func (g *gathering) obscure(format string, args ...any) {
	g.blame(format, args...)
	if g.opaque == "" {
		g.opaque = fmt.Sprintf(format, args...)
	}
}

// whyUnhashed is the reason for LocalPackage.Unhashed.
func (g *gathering) whyUnhashed() string {
	switch {
	case g.opaque != "":
		return g.opaque + ", and the go command hashes the package's own files alone"
	case g.unhashed != "":
		return g.unhashed
	case g.target.Cgo && g.pkg.doubt != "":
		// A file that is chosen after all may be cgo's.
		return g.pkg.doubt
	}
	return ""
}

// hashes reports whether an included file is among those that the go command
// hashes: it is in the package's folder, and go/build lists it.
func (g *gathering) hashes(ctx context.Context, name string) (bool, error) {
	cgo := len(g.pkg.cgoFiles) > 0
	switch ext := path.Ext(name); {
	case path.Dir(name) != g.pkg.dir:
		return false, nil
	case ext == ".go":
		return slices.Contains(g.pkg.goFiles, path.Base(name)), nil
	case !gofacts.OtherSource(path.Base(name)):
		return false, nil
	case !cgo && ext != ".s" && !gofacts.Header(name):
		return false, nil
	}
	text, err := g.text(ctx, name)
	if err != nil {
		return false, err
	}
	bc := g.context()
	bc.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	ok, err := bc.MatchFile(g.pkg.dir, path.Base(name))
	return ok && err == nil, nil
}

// unhashed notes the first package with a reason.
func (b *closureBuilder) unhashed(importPath, why string) {
	if why != "" && b.closure.Unhashed == "" {
		b.closure.Unhashed = fmt.Sprintf("package %q %s", importPath, why)
	}
}
