package download_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// graph is a made-up program with the modules that it may need: many of them have
// paths that begin with another's, which is what the go command looks at besides
// the modules that provide something.
type graph struct {
	rand     *rand.Rand
	versions []version
	// newest are the packages of each module's newest version, in the order in
	// which they may import each other.
	newest []pkg
	// local are the files of the build context, dir the main module's folder in it.
	local map[string]string
	dir   string
	// modules are the local modules' paths.
	modules []string
	// work is the path of go.work, "" without.
	work string
}

// pkg is a package of a module.
type pkg struct{ module, path string }

func (g *graph) chance(percent int) bool { return g.rand.IntN(100) < percent }

func pick[T any](g *graph, list []T) T { return list[g.rand.IntN(len(list))] }

// newGraph makes the program of a seed.
func newGraph(seed uint64) *graph {
	g := &graph{rand: rand.New(rand.NewPCG(seed, 1)), local: map[string]string{}, dir: "."}
	roots := []string{"gen.example.com", "gen.example.com/a", "gen.example.com/a/b", "gen.example.com/a/b/c", "gen.example.com/a/v2",
		"gen.example.com/a/b/v3", "gen.example.com/old", "gen.example.com/old/sub", "gen.example.com/x/y", "gen.example.com/x/y/z", "gen.example.com/x"}
	g.rand.Shuffle(len(roots), func(i, j int) { roots[i], roots[j] = roots[j], roots[i] })
	for _, root := range roots[:7+g.rand.IntN(len(roots)-6)] {
		g.addModule(root)
	}
	g.addProgram()
	return g
}

// addModule adds one or two versions of a module.
func (g *graph) addModule(root string) {
	release := map[string]string{"v2": "v2.1.", "v3": "v3.0."}[path.Base(root)]
	if release == "" {
		release = "v1.2."
	}
	incompatible := root == "gen.example.com/old"
	folders := g.folders()
	for i := range 1 + g.rand.IntN(2) {
		v := version{path: root, version: fmt.Sprint(release, i), files: map[string]string{}}
		if incompatible {
			v.version = fmt.Sprintf("v14.2.%d+incompatible", i)
		}
		required := map[string]bool{}
		for _, folder := range folders {
			g.addPackage(v.files, folder, required)
		}
		if g.chance(40) && len(g.versions) > 0 {
			required[pick(g, g.versions).path] = true // whatever it is for
		}
		v.files["go.mod"] = "module " + root + "\n\ngo " + pick(g, []string{"1.16", "1.21", "1.24"}) + "\n\n" + g.requires(required, 30)
		if i > 0 && g.chance(30) {
			v.files["go.mod"] += "\nretract " + fmt.Sprint(release, 0) + "\n"
		}
		if incompatible {
			v.files["go.mod"] = "module " + root + "\n"
		}
		g.versions = append(g.versions, v)
	}
	for _, folder := range folders {
		g.newest = append(g.newest, pkg{root, path.Join(root, folder)})
	}
}

// folders are the folders of a module with packages; none is possible.
func (g *graph) folders() []string {
	if g.chance(25) {
		return nil
	}
	folders := []string{pick(g, []string{".", "p"})}
	if g.chance(50) {
		folders = append(folders, pick(g, []string{"b/q", "c", "emb", "internal/i"}))
	}
	return folders
}

// addPackage writes a package that imports some of those that there are.
func (g *graph) addPackage(files map[string]string, folder string, required map[string]bool) {
	var imports []string
	for range 1 + g.rand.IntN(3) {
		if len(g.newest) == 0 {
			break
		}
		p := pick(g, g.newest)
		if strings.Contains(p.path, "/internal/") || slices.Contains(imports, p.path) {
			continue
		}
		imports = append(imports, p.path)
		required[p.module] = true
	}
	files[path.Join(folder, "p.go")] = source("p", imports, "")
	files[path.Join(folder, "p_test.go")] = "package p\n"
	if g.chance(30) {
		files[path.Join(folder, "e.go")] = "package p\n\nimport _ \"embed\"\n\n//go:embed data\nvar Data string\n"
		files[path.Join(folder, "data")] = folder
	}
}

func source(name string, imports []string, rest string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\n", name)
	for _, p := range imports {
		fmt.Fprintf(&b, "import _ %q\n", p)
	}
	return b.String() + rest
}

// requires writes requirements, now and then of an older version.
func (g *graph) requires(modules map[string]bool, older int) string {
	var b strings.Builder
	for _, m := range slices.Sorted(maps.Keys(modules)) {
		have := g.versionsOf(m)
		v := have[len(have)-1]
		if g.chance(older) {
			v = have[0]
		}
		fmt.Fprintf(&b, "require %s %s\n", m, v)
	}
	return b.String()
}

func (g *graph) versionsOf(m string) []string {
	var out []string
	for _, v := range g.versions {
		if v.path == m {
			out = append(out, v.version)
		}
	}
	return out
}

// addProgram writes the build context: a main module, and at times a second one in
// a workspace or in place of a required one.
func (g *graph) addProgram() {
	main := pick(g, []string{"main.example.com/app", "gen.example.com/a/b/main", "gen.example.com/x/y/z/main", "gen.example.com/main/app"})
	switch {
	case g.chance(25):
		g.work, g.dir = "go.work", "app"
		g.addLocal("app", main, "main")
		second := path.Dir(main) + "/second"
		g.addLocal("second", second, "p")
		g.local["app/main.go"] += fmt.Sprintf("\nimport _ %q\n", second)
		g.local["go.work"] = "go 1.24\n\nuse ./app\nuse ./second\n"
	default:
		g.addLocal(".", main, "main")
	}
	file := path.Join(g.dir, "go.mod")
	if m := pick(g, g.versions).path; g.chance(25) {
		g.replace(file, m)
	}
	if g.chance(20) {
		g.local[file] += "tool " + pick(g, append(g.newest, pkg{main, main})).path + "\n"
	}
	if v := pick(g, g.versions); g.chance(15) && len(g.versionsOf(v.path)) > 1 {
		g.local[file] += fmt.Sprintf("exclude %s %s\n", v.path, g.versionsOf(v.path)[0])
	}
	for name, text := range g.local {
		if path.Base(name) == "main.go" {
			g.local[name] = sortImports(text)
		}
	}
}

// sortImports puts a program's imports before its function.
func sortImports(text string) string {
	var imports, rest strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "import ") {
			imports.WriteString(line)
		} else if !strings.HasPrefix(line, "package ") {
			rest.WriteString(line)
		}
	}
	return "package main\n\n" + imports.String() + rest.String()
}

// members are the folders of the main module and of the workspace's other one.
func (g *graph) members() []string {
	if g.work != "" {
		return []string{g.dir, "second"}
	}
	return []string{g.dir}
}

// addLocal writes a local module with a package below it.
func (g *graph) addLocal(dir, module, name string) {
	g.modules = append(g.modules, module)
	required := map[string]bool{}
	main := map[string]string{}
	for range 2 {
		g.addPackage(main, ".", required)
	}
	text := strings.Replace(main["p.go"], "package p", "package "+name, 1)
	if name == "main" {
		text += fmt.Sprintf("\nimport _ %q\n\nfunc main() {}\n", module+"/sub/deep")
		g.local[path.Join(dir, "main.go")] = text
	} else {
		g.local[path.Join(dir, "p.go")] = text
	}
	g.addPackage(g.local, path.Join(dir, "sub/deep"), required)
	for _, v := range g.versions {
		if g.chance(40) {
			required[v.path] = true // whatever it is for
		}
	}
	g.local[path.Join(dir, "go.mod")] = "module " + module + "\n\ngo " + pick(g, []string{"1.16", "1.24", "1.24"}) + "\n\n" + g.requires(required, 20)
}

// replace puts a fork or a local folder in the place of a module.
func (g *graph) replace(file, module string) {
	if g.chance(50) {
		fork := version{path: "fork.example.com/f", version: "v1.9.0", files: map[string]string{}}
		for _, v := range g.versions {
			if v.path == module {
				fork.files = maps.Clone(v.files)
			}
		}
		g.versions = append(g.versions, fork)
		g.local[file] += fmt.Sprintf("replace %s => %s %s\n", module, fork.path, fork.version)
		return
	}
	for _, v := range g.versions {
		if v.path != module {
			continue
		}
		for name, text := range v.files {
			g.local[path.Join(g.dir, "instead", name)] = text
		}
	}
	g.local[file] += fmt.Sprintf("replace %s => ./instead\n", module)
	g.modules = append(g.modules, module)
}
