package workspace

import (
	"context"
	"fmt"
	"go/build"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unique"
)

// localPackage is what go/build says about a local package for a target. It
// never changes, so walks share it.
type localPackage struct {
	dir, name string
	// goFiles are the names of the files chosen; cgoFiles those of them that
	// import "C".
	goFiles, cgoFiles []string
	imports           []string
	// embeds are the patterns of its go:embed lines.
	embeds []string
	// flags are those of its #cgo lines.
	flags []string
	// bad says why the package does not load.
	bad string
	// doubt says what about the target has to be known to choose the files.
	doubt string
}

// memo remembers the local packages that were read, so that several walks of a
// workspace for a target read each file once. Several walks may use it at once.
type memo struct {
	mu      sync.Mutex
	entries map[memoKey]*memoEntry
}

type memoKey struct {
	target unique.Handle[string]
	dir    string
}

// memoEntry is locked while it is being filled in.
type memoEntry struct {
	mu    sync.Mutex
	pkg   *localPackage
	files *packageFiles
}

func newMemo() *memo { return &memo{entries: make(map[memoKey]*memoEntry)} }

func (m *memo) entry(l loader, dir string) *memoEntry {
	key := memoKey{l.key, dir}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries[key] == nil {
		m.entries[key] = &memoEntry{}
	}
	return m.entries[key]
}

// load is loader.load with a memory. A failure to read is not remembered.
func (m *memo) load(ctx context.Context, l loader, dir string) (*localPackage, error) {
	e := m.entry(l, dir)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pkg != nil {
		return e.pkg, nil
	}
	p, bad, err := l.load(ctx, dir)
	if err != nil {
		return nil, err
	}
	pkg := &localPackage{
		dir: dir, name: p.Name, goFiles: slices.Concat(p.GoFiles, p.CgoFiles), cgoFiles: p.CgoFiles,
		imports: slices.DeleteFunc(p.Imports, func(s string) bool { return s == "C" }),
		embeds:  p.EmbedPatterns, flags: cgoFlags(p), bad: bad,
	}
	if pkg.doubt, err = l.doubt(ctx, p); err != nil {
		return nil, err
	}
	e.pkg = pkg
	return pkg, nil
}

// files are the package's files, with a memory.
func (m *memo) files(ctx context.Context, l loader, pkg *localPackage) (*packageFiles, error) {
	e := m.entry(l, pkg.dir)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.files == nil {
		files, err := l.files(ctx, pkg)
		if err != nil {
			return nil, err
		}
		e.files = files
	}
	return e.files, nil
}

func cgoFlags(p *build.Package) []string {
	return slices.Concat(p.CgoCFLAGS, p.CgoCPPFLAGS, p.CgoCXXFLAGS, p.CgoFFLAGS, p.CgoLDFLAGS, p.CgoPkgConfig)
}

// doubt names a tag in a package's constraints that makes a difference and depends on
// what is not known about the toolchain. An experiment may be on by default,
// and without any tag of the architecture's variant none was given.
func (l loader) doubt(ctx context.Context, p *build.Package) (string, error) {
	variant := slices.ContainsFunc(l.target.Tags, func(tag string) bool { return strings.HasPrefix(tag, l.target.GOARCH+".") })
	var later []int
	for _, tag := range p.AllTags {
		switch minor, release := releaseTag(tag); {
		case release && l.guessed && minor > goMinor(l.floor):
			later = append(later, minor)
		case slices.Contains(l.target.Tags, tag):
		case settingTag(tag), strings.HasPrefix(tag, l.target.GOARCH+".") && !variant:
			return fmt.Sprintf("has files whose constraints ask for %s", tag), nil
		}
	}
	if len(later) == 0 {
		return "", nil
	}
	for _, minor := range append(later, max(goMinor(l.floor), 1)) {
		other := l
		other.target.GoVersion = "1." + strconv.Itoa(minor)
		q, _, err := other.load(ctx, p.Dir)
		if err != nil {
			return "", err
		}
		if !slices.Equal(p.GoFiles, q.GoFiles) || !slices.Equal(p.CgoFiles, q.CgoFiles) {
			slices.Sort(later)
			return fmt.Sprintf("has files whose constraints ask for go1.%d, and the toolchain's release is not known", later[0]), nil
		}
	}
	return "", nil
}

// settingTag reports whether a tag may be set by the toolchain's environment:
// GOEXPERIMENT, which has an older name for one of its tags (matchTag in go/build),
// and GOFIPS140.
func settingTag(tag string) bool {
	return strings.HasPrefix(tag, "goexperiment.") || tag == "boringcrypto" || strings.HasPrefix(tag, "fips140v")
}

// releaseTag reads a tag such as go1.21.
func releaseTag(tag string) (minor int, ok bool) {
	digits, ok := strings.CutPrefix(tag, "go1.")
	minor, err := strconv.Atoi(digits)
	return minor, ok && err == nil
}

// goMinor returns 21 for "1.21.3", and 0 for what is not a version.
func goMinor(v string) int {
	minor, _ := releaseTag(langTag(v))
	return minor
}
