package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace"
)

// layerDraft is a step that compiles packages and links nothing, so that their GOCACHE
// entries become a layer that travels with the cache export. The layers that a
// build starts from cost or save time; its result is the same without them.
type layerDraft struct {
	// Name is the step's name for people, without its platform.
	Name string
	// Args is the go command line, Env its environment, sorted by name.
	Args []string
	Env  []EnvVar
	// Toolchain tells that the step sees the toolchain and nothing else: no part of
	// the context and no module.
	Toolchain bool
	// Source is what the step sees of the context: the module files, and of local
	// packages those that it compiles and those that they import.
	Source Source
	// Below are the layers that the step starts from: indexes in Plan.Layers, in
	// ascending order, all less than the layer's own.
	Below []int
	// Store keeps entries for the next time.
	Store   cacheMount
	NoCache bool
	At      []diag.Range
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
	layers   []layerDraft
}

// newLayers plans the layers below compile; none where they are not wanted, where
// what the app imports is not known for sure, or where a dependency may need any
// file of the context: its layer would be another one after each edit.
func newLayers(in Input, flags []string, env []EnvVar) []layerDraft {
	if !layered(in) {
		return nil
	}
	profile, _ := in.Code.profile(in.Spec.Build.PGO)
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
	standard := l.standard(profile)
	common, own := l.dependencies(standard)
	shared, alone := l.groups()
	l.addStandard(standard)
	l.add("dependencies", common, l.exposed(), l.all())
	base := l.all()
	l.stack(shared, base)
	l.add("dependencies of "+in.Spec.Name, own, l.exposed(), base)
	l.stack(alone, l.all())
	return l.layers
}

// layered reports whether there are layers.
func layered(in Input) bool {
	_, known := in.Code.profile(in.Spec.Build.PGO)
	return in.Layers && in.Code.Imports.Sure && known && !in.Code.WholeOutside && hiddenSources(in) == ""
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

// relative is a file of the tree as seen from the module's folder.
func relative(dir, file string) string {
	if dir == "." {
		return "./" + file
	}
	return strings.Repeat("../", strings.Count(dir, "/")+1) + file
}

// dependencies lists what at least two apps import from outside, and what this app
// alone does, without what is compiled below.
func (l *layering) dependencies(below []string) (common, own []string) {
	return split(l.fleet, l.in.Code, func(c Code) []string {
		return slices.DeleteFunc(slices.Concat(c.external(), c.standard()), func(p string) bool { return slices.Contains(below, p) })
	})
}

// split lists, of what each app has, the part that at least two apps share (one app
// alone shares all of it), and what none but this app has.
func split(fleet []Code, app Code, list func(Code) []string) (common, own []string) {
	uses := map[string]int{}
	for _, c := range fleet {
		for _, p := range list(c) {
			uses[p]++
		}
	}
	for _, p := range list(app) {
		if uses[p] == 1 && len(fleet) > 1 {
			own = append(own, p)
		}
	}
	maps.DeleteFunc(uses, func(_ string, n int) bool { return n < min(2, len(fleet)) })
	return slices.Sorted(maps.Keys(uses)), own
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
	return slices.DeleteFunc(l.reach(mains), func(p string) bool { return slices.Contains(mains, p) || isPattern(p) })
}

// isPattern reports whether the go command takes a package's path for a name of
// several packages: a module may be called so, and have a package at its root.
func isPattern(p string) bool {
	return slices.Contains([]string{"all", "cmd", "main", "std", "tool", "work"}, p)
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

// stack adds a layer for each band, on top of a base and of the earlier ones that it
// imports.
func (l *layering) stack(bands []band, base []int) {
	owner := map[string]int{}
	for _, b := range bands {
		reach := l.reach(b.packages)
		below := slices.Clone(base)
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
	made := l.layer(name, packages)
	made.Source, made.Below = newSource(files, dirs), below
	made.Store = l.store(local)
	l.layers = append(l.layers, made)
}

// layer is what all layers have in common.
func (l *layering) layer(name string, packages []string) layerDraft {
	return layerDraft{
		Name:    name,
		Args:    slices.Concat(l.flags, packages),
		Env:     l.env,
		NoCache: l.in.Options.NoCache[StageDependencies],
		At:      mainRanges(l.in),
	}
}

// moduleDirs are the folders of a closure that are no package's own: vendored code.
func moduleDirs(c Code) []string {
	return slices.DeleteFunc(slices.Clone(c.Dirs), func(dir string) bool {
		return slices.ContainsFunc(c.Packages, func(p workspace.LocalPackage) bool { return slices.Contains(p.Dirs, dir) })
	})
}
