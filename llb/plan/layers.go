package plan

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace"
)

// Layer is a step that compiles packages and links nothing, so that their GOCACHE
// entries become a layer that travels with the cache export. The layers that a
// build starts from cost or save time; its result is the same without them.
type Layer struct {
	// Name is the step's name for people, without its platform.
	Name string
	// Args is the go command line, Env its environment, sorted by name.
	Args []string
	Env  []EnvVar
	// Source is what the step sees of the context: the module files, and of local
	// packages those that it compiles and those that they import.
	Source Source
	// Below are the layers that the step starts from: indexes in Plan.Layers, in
	// ascending order, all less than the layer's own.
	Below []int
	// StoreID names the cache mount that keeps entries for the next time.
	StoreID string
	NoCache bool
	At      []diag.Range
}

const (
	// perBand is the number of local packages of one app alone from which on they get
	// a layer, since fewer compile in about the time that a step takes to start, and
	// the number that a layer should have when a group is cut along its import graph.
	perBand = 24
	// maxBands is how many layers a group is cut into at most.
	maxBands = 3
	// maxGroups is how many sets of apps get layers.
	maxGroups = 12
)

// Code is what an app's programs are compiled from.
type Code struct {
	Mains []workspace.Package
	workspace.Closure
}

// layering makes the layers of one app out of a fleet's import graphs. A layer
// holds the packages that exactly the same apps use, so that a change reaches just
// its importers; it is the same step in the build of each of these apps.
type layering struct {
	in    Input
	fleet []Code
	flags []string
	env   []EnvVar
	// files are those that the go command wants beside any package.
	files    []string
	packages map[string]workspace.LocalPackage
	layers   []Layer
}

// newLayers plans the layers below compile; none where they are not wanted, where
// what the app imports is not known for sure, or where a dependency may need any
// file of the context: its layer would be another one after each edit.
func newLayers(in Input, flags []string, env []EnvVar) []Layer {
	profile, known := in.Code.profile(in.Spec.Build.PGO)
	if !in.Layers || !in.Code.Imports.Sure || !known || in.Code.WholeOutside || hiddenSources(in) != "" {
		return nil
	}
	l := layering{in: in, flags: flags, env: env, files: in.Code.Files, packages: map[string]workspace.LocalPackage{}}
	if profile != "" {
		l.flags = append(slices.Clone(flags), "-pgo="+relative(in.Workspace.Dir, profile))
		l.files = append(slices.Clone(l.files), profile)
	}
	l.fleet = fleetOf(in, profile)
	for _, c := range l.fleet {
		for _, p := range c.Packages {
			// Only apps that import from outside know of it.
			p.Exposed = p.Exposed || l.packages[p.ImportPath].Exposed
			l.packages[p.ImportPath] = p
		}
	}
	common, own := l.dependencies()
	shared, alone := l.groups()
	l.add("dependencies", common, l.exposed(), nil)
	l.stack(shared, func(reach []string) []int {
		// Who builds must not decide: only what the packages themselves need.
		if l.imports(reach, common) {
			return []int{0}
		}
		return nil
	})
	l.add("dependencies of "+in.Spec.Name, own, l.exposed(), l.all()[:min(1, len(common))])
	all := l.all()
	l.stack(alone, func([]string) []int { return all })
	return l.layers
}

// fleetOf are the apps that share layers with the one that is built, itself among
// them. Who has a profile of its own shares with nobody.
func fleetOf(in Input, profile string) []Code {
	if profile != "" || len(in.Fleet) == 0 {
		return []Code{in.Code}
	}
	var fleet []Code
	for _, c := range in.Fleet {
		if p, known := c.profile(in.Spec.Build.PGO); c.Imports.Sure && !c.WholeOutside && known && p == "" {
			fleet = append(fleet, c)
		}
	}
	return fleet
}

// CompiledAlike reports whether the packages of two apps are compiled with the same
// flags by the same toolchain, main packages aside.
func CompiledAlike(a, b Input) bool {
	x, y := a.packageFlags(), b.packageFlags()
	return x != nil && slices.Equal(x, y)
}

// packageFlags is all that a package's GOCACHE entry depends on besides its files
// and what it imports; nil where the spec's templates fail.
func (in Input) packageFlags() []string {
	x := &expander{spec: in.Spec, values: templateValues(in)}
	f := newFlags(in, x)
	env, err := compileEnv(in, x)
	if err != nil || x.errs.Err() != nil {
		return nil
	}
	b := in.Spec.Build
	all := append(f.layer(), b.Image, in.Spec.Go, in.Spec.Module, strconv.FormatBool(b.Cover), f.gcflags, f.asmflags)
	for _, e := range env {
		all = append(all, e.Name+"="+e.Value)
	}
	return all
}

// profile returns the default.pgo that Go takes for the main package. With several
// main packages each may have its own, and Go compiles every dependency once for
// each: known is false then.
func (c Code) profile(pgo string) (profile string, known bool) {
	if pgo != "" && pgo != "auto" {
		return "", true
	}
	for _, p := range c.Packages {
		if name := path.Join(p.Dir, "default.pgo"); p.Main && slices.Contains(p.Files, name) {
			profile = name
		}
	}
	return profile, profile == "" || len(c.Mains) == 1
}

// relative is a file of the tree as seen from the module's folder.
func relative(dir, file string) string {
	if dir == "." {
		return "./" + file
	}
	return strings.Repeat("../", strings.Count(dir, "/")+1) + file
}

// dependencies lists what at least two apps import from outside, and what this app
// alone does.
func (l *layering) dependencies() (common, own []string) {
	uses := map[string]int{}
	for _, c := range l.fleet {
		for _, p := range c.external() {
			uses[p]++
		}
	}
	if len(l.fleet) == 1 {
		return l.in.Code.external(), nil
	}
	touches := false
	for _, p := range l.in.Code.external() {
		if uses[p] == 1 {
			own = append(own, p)
		}
		touches = touches || uses[p] > 1
	}
	if touches {
		maps.DeleteFunc(uses, func(_ string, n int) bool { return n < 2 })
		common = slices.Sorted(maps.Keys(uses))
	}
	return common, own
}

// external lists what local packages import from outside and what of the standard
// library takes long: a light package more or less must not throw a layer away.
// Main packages of dependencies are left out; they are linked in the compile step.
func (c Code) external() []string {
	var out []string
	for _, p := range c.Imports.Packages {
		if !slices.ContainsFunc(c.Mains, func(m workspace.Package) bool { return m.ImportPath == p }) {
			out = append(out, p)
		}
	}
	for _, p := range c.Imports.Std {
		if takesLong(p) {
			out = append(out, p)
		}
	}
	return slices.Sorted(slices.Values(out))
}

// takesLong reports whether a package of the standard library, with what it
// imports, compiles for longer than a step takes to start.
func takesLong(p string) bool {
	return slices.Contains([]string{
		"archive/tar", "archive/zip", "compress/gzip", "crypto/ecdsa", "crypto/rsa", "crypto/tls", "crypto/x509",
		"database/sql", "encoding/gob", "encoding/json", "encoding/json/v2", "encoding/xml", "expvar", "go/ast",
		"go/parser", "go/printer", "go/types", "html/template", "image/jpeg", "image/png", "log/slog", "math/big",
		"mime/multipart", "net", "net/http", "net/http/cgi", "net/http/fcgi", "net/http/httptest", "net/http/httputil",
		"net/http/pprof", "net/mail", "net/rpc", "net/rpc/jsonrpc", "net/smtp", "os/exec", "os/user", "regexp",
		"runtime/pprof", "testing", "text/template", "text/template/parse",
	}, p)
}

// band are local packages that one layer compiles.
type band struct {
	packages []string
	// users are the apps that have them.
	users []int
}

// groups sorts the app's local packages by who uses them: bands that several apps
// share, and bands of this app alone where these are many. What -cover changes, and
// what may need any file of the context, is compiled in the app's own step. The order does not depend on which app is built,
// and no band imports one behind it: whoever uses a package uses what it imports,
// and of one group the lower bands come first.
func (l *layering) groups() (shared, alone []band) {
	if l.in.Spec.Build.Cover || l.in.Code.Whole != "" {
		return nil, nil
	}
	users := map[string][]int{}
	for i, c := range l.fleet {
		if c.Whole != "" {
			continue // it compiles its packages in its own step
		}
		for _, p := range l.used(c) {
			users[p] = append(users[p], i)
		}
	}
	worth := l.worth(users)
	groups := map[string][]string{}
	for _, p := range l.used(l.in.Code) {
		if who := fmt.Sprint(users[p]); worth[who] {
			groups[who] = append(groups[who], p)
		}
	}
	depth := l.depths()
	var bands []band
	for _, who := range slices.Sorted(maps.Keys(groups)) {
		group := groups[who]
		by := users[group[0]]
		for _, packages := range cut(group, depth) {
			bands = append(bands, band{packages, by})
		}
	}
	slices.SortStableFunc(bands, func(a, b band) int {
		return cmp.Or(cmp.Compare(len(b.users), len(a.users)), slices.Compare(a.users, b.users))
	})
	n := slices.IndexFunc(bands, func(b band) bool { return len(b.users) == 1 })
	if n < 0 {
		n = len(bands)
	}
	return bands[:n], bands[n:]
}

// worth tells of each set of apps whether its packages get a layer: of several apps
// those where it spares most compiles, no more than maxGroups. What has no layer is
// compiled by whoever needs it. It looks at the whole fleet, so that no app answers
// otherwise than another.
func (l *layering) worth(users map[string][]int) map[string]bool {
	type group struct {
		who            string
		apps, packages int
	}
	byWho := map[string]*group{}
	for _, by := range users {
		who := fmt.Sprint(by)
		if byWho[who] == nil {
			byWho[who] = &group{who: who, apps: len(by)}
		}
		byWho[who].packages++
	}
	spared := func(g *group) int { return (g.apps - 1) * g.packages }
	shared := slices.SortedFunc(maps.Values(byWho), func(a, b *group) int {
		return cmp.Or(cmp.Compare(spared(b), spared(a)), strings.Compare(a.who, b.who))
	})
	worth := map[string]bool{}
	for i, g := range shared {
		alone := g.apps == 1 && g.packages >= perBand
		worth[g.who] = alone || i < maxGroups && spared(g) > 0 || l.in.AllLayers
	}
	return worth
}

// used are the local packages that an app's main packages import, directly or not.
// A closure has more where external packages may import some.
func (l *layering) used(c Code) []string {
	var mains []string
	for _, p := range c.Packages {
		if p.Main {
			mains = append(mains, p.ImportPath)
		}
	}
	return slices.DeleteFunc(l.reach(mains), func(p string) bool { return slices.Contains(mains, p) })
}

// exposed are the local packages that external ones may import, and what these
// import.
func (l *layering) exposed() []string {
	var paths []string
	for p, code := range l.packages {
		if code.Exposed {
			paths = append(paths, p)
		}
	}
	return l.reach(paths)
}

// depths tells of each local package how long the longest chain of imports below
// it is.
func (l *layering) depths() map[string]int {
	depth := map[string]int{}
	var of func(string) int
	of = func(p string) int {
		if d, ok := depth[p]; ok {
			return d
		}
		depth[p] = 0 // a cycle is the go command's to report
		for _, q := range l.packages[p].Local {
			depth[p] = max(depth[p], of(q)+1)
		}
		return depth[p]
	}
	for _, p := range slices.Sorted(maps.Keys(l.packages)) {
		of(p)
	}
	return depth
}

// cut splits a group into bands along the import graph: what is near its bottom
// changes less often than what is near the main package. The number of packages
// decides and not their size, so that an edit moves none into another band.
func cut(group []string, depth map[string]int) [][]string {
	slices.SortFunc(group, func(a, b string) int {
		return cmp.Or(cmp.Compare(depth[a], depth[b]), strings.Compare(a, b))
	})
	n := min(maxBands, max(1, len(group)/perBand))
	size := (len(group) + n - 1) / n
	var bands [][]string
	for len(group) > 0 {
		end := min(size, len(group))
		for end < len(group) && depth[group[end]] == depth[group[end-1]] {
			end++ // one depth stays together
		}
		bands = append(bands, slices.Sorted(slices.Values(group[:end])))
		group = group[end:]
	}
	return bands
}

// stack adds a layer for each band, on top of the earlier ones that it imports and
// of what base says for the packages that it needs.
func (l *layering) stack(bands []band, base func(reach []string) []int) {
	owner := map[string]int{}
	for _, b := range bands {
		reach := l.reach(b.packages)
		below := slices.Clone(base(reach))
		for _, p := range reach {
			if i, ok := owner[p]; ok {
				below = append(below, i)
			}
		}
		slices.Sort(below)
		for _, p := range b.packages {
			owner[p] = len(l.layers)
		}
		l.add(bandName(b.packages), b.packages, reach, slices.Compact(below))
	}
}

// imports reports whether some local packages import one of a sorted list.
func (l *layering) imports(packages, list []string) bool {
	return slices.ContainsFunc(packages, func(p string) bool {
		return slices.ContainsFunc(l.packages[p].Imports, func(q string) bool {
			_, ok := slices.BinarySearch(list, q)
			return ok
		})
	})
}

// reach are some local packages and those that they import, directly or not,
// sorted.
func (l *layering) reach(packages []string) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		if !seen[p] {
			seen[p] = true
			for _, q := range l.packages[p].Local {
				visit(q)
			}
		}
	}
	for _, p := range packages {
		visit(p)
	}
	return slices.Sorted(maps.Keys(seen))
}

// all are the indexes of the layers so far.
func (l *layering) all() []int {
	all := make([]int, len(l.layers))
	for i := range all {
		all[i] = i
	}
	return all
}

// add adds a layer that compiles some packages, if there are any, and sees the
// files of some local ones.
func (l *layering) add(name string, packages, local []string, below []int) {
	if len(packages) == 0 {
		return
	}
	files, dirs := slices.Clone(l.files), moduleDirs(l.in.Code)
	for _, p := range local {
		files = append(files, l.packages[p].Files...)
		dirs = append(dirs, l.packages[p].Dirs...)
	}
	l.layers = append(l.layers, Layer{
		Name:    name,
		Args:    slices.Concat(l.flags, packages),
		Env:     l.env,
		Source:  newSource(files, dirs),
		Below:   below,
		StoreID: storeID(l.in),
		NoCache: l.in.Options.NoCache[StageDependencies],
		At:      mainRanges(l.in),
	})
}

// storeID names the cache mount that keeps a layer's entries: apart for each
// platform and Go release, because a step looks at all entries of its store.
func storeID(in Input) string {
	return path.Join(cacheID(in), "layers", platforms.Format(in.Target), "go"+goVersion(in.ToolchainEnv))
}

// moduleDirs are the folders of a closure that are no package's own: vendored code.
func moduleDirs(c Code) []string {
	return slices.DeleteFunc(slices.Clone(c.Dirs), func(dir string) bool {
		return slices.ContainsFunc(c.Packages, func(p workspace.LocalPackage) bool { return slices.Contains(p.Dirs, dir) })
	})
}

// bandName names a layer of local packages by the first and their number.
func bandName(band []string) string {
	if len(band) == 1 {
		return "compile " + band[0]
	}
	return fmt.Sprintf("compile %s and %d more packages", band[0], len(band)-1)
}
