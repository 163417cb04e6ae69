package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/workspace"
)

// graph is a fleet's code: for each app the packages that its main package imports,
// local ones by a name without a dot. local gives those packages' own imports.
type graph struct {
	apps  [][]string
	local map[string][]string
}

func (g graph) code(i int) Code {
	main := fmt.Sprintf("example.com/app/cmd/%d", i)
	c := Code{Mains: []workspace.Package{{ImportPath: main, Dir: fmt.Sprintf("cmd/%d", i), Program: fmt.Sprint(i)}}}
	c.Imports.Sure = true
	c.Files = []string{"go.mod"}
	seen := map[string]bool{}
	var visit func(path string, imports []string, isMain bool)
	visit = func(path string, imports []string, isMain bool) {
		dir := strings.TrimPrefix(path, "example.com/app/")
		p := workspace.LocalPackage{ImportPath: path, Dir: dir, Files: []string{dir + "/x.go"}, Main: isMain}
		for _, q := range imports {
			p.Imports = append(p.Imports, strings.TrimPrefix(q, "std:"))
			switch {
			case strings.HasPrefix(q, "std:"):
				c.Imports.Std = append(c.Imports.Std, strings.TrimPrefix(q, "std:"))
			case strings.Contains(q, "."):
				c.Imports.Packages = append(c.Imports.Packages, q)
			default:
				local := "example.com/app/" + q
				p.Local = append(p.Local, local)
				if !seen[q] {
					seen[q] = true
					visit(local, g.local[q], false)
				}
			}
		}
		c.Packages = append(c.Packages, p)
	}
	visit(main, g.apps[i], true)
	for _, list := range []*[]string{&c.Imports.Packages, &c.Imports.Std} {
		*list = slices.Compact(slices.Sorted(slices.Values(*list)))
	}
	return c
}

// layers plans one app and renders its layers: what each compiles, on what, seeing
// which folders.
func (g graph) layers(t *testing.T, app int, change func(*Input)) []string {
	t.Helper()
	in, _ := given{yaml: fmt.Sprintf("name: app%d\n", app)}.inputs(t)
	in.Code, in.Layers, in.Merge = g.code(app), true, true
	for i := range g.apps {
		in.Fleet = append(in.Fleet, g.code(i))
	}
	if change != nil {
		change(&in)
	}
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range p.Layers {
		var packages, dirs []string
		for _, a := range l.Args[2:] {
			if !strings.HasPrefix(a, "-") {
				packages = append(packages, strings.TrimPrefix(a, "example.com/app/"))
			}
		}
		for _, part := range l.Source.Parts {
			dirs = append(dirs, part.Dir)
		}
		out = append(out, fmt.Sprintf("%s on %v sees %s", strings.Join(packages, " "), l.Below, strings.Join(dirs, " ")))
	}
	return out
}

func TestLayersOfOneApp(t *testing.T) {
	g := graph{apps: [][]string{{"a", "b.example/x", "std:net/http", "std:fmt"}}, local: map[string][]string{"a": {"c.example/y"}}}
	want := []string{"net/http runtime on [] sees ", "b.example/x c.example/y on [0] sees ."}
	if diff := cmp.Diff(want, g.layers(t, 0, nil)); diff != "" {
		t.Error(diff)
	}
	for name, change := range map[string]func(*Input){
		"mount":    func(in *Input) { in.Layers = false },
		"not sure": func(in *Input) { in.Code.Imports.Sure = false },
		"a link":   func(in *Input) { in.Code.Whole, in.Code.WholeOutside = "go.mod is a symbolic link", true },
	} {
		if got := g.layers(t, 0, change); len(got) > 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What several apps share is one layer for each set of apps, the same whichever of
// them is built, so that a change reaches its importers and nobody else.
func TestLayersOfAFleet(t *testing.T) {
	g := graph{
		apps: [][]string{
			{"log", "store", "k8s.example/client"},
			{"log", "store", "own", "k8s.example/client", "aws.example/s3"},
			{"log"},
		},
		local: map[string][]string{"log": {"id"}, "store": {"log", "pg.example/driver"}, "own": {"store"}},
	}
	std, deps := "runtime on [] sees ", "k8s.example/client pg.example/driver on [0] sees ."
	first := g.layers(t, 0, nil)
	want := []string{std, deps, "id log on [0 1] sees . id log", "store on [0 1 2] sees . id log store"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(append(slices.Clone(want), "aws.example/s3 on [0 1] sees ."), g.layers(t, 1, nil)); diff != "" {
		t.Error(diff)
	}
	// The third imports nothing of what the others need from outside.
	if diff := cmp.Diff(want[:3], g.layers(t, 2, nil)); diff != "" {
		t.Error(diff)
	}
	want = []string{std, deps, "aws.example/s3 on [0 1] sees ."}
	if diff := cmp.Diff(want, g.layers(t, 1, func(in *Input) { in.Merge = false })); diff != "" {
		t.Errorf("by a daemon that can't merge: %s", diff)
	}
}

// Many packages of one app are cut along the import graph: a change near the main
// package leaves the lower layers alone.
func TestBands(t *testing.T) {
	g := graph{apps: [][]string{{"p49"}}, local: map[string][]string{}}
	for i := 1; i < 50; i++ {
		g.local[fmt.Sprintf("p%02d", i)] = []string{fmt.Sprintf("p%02d", i-1)}
	}
	got := g.layers(t, 0, nil)
	if len(got) != 3 || !strings.HasPrefix(got[1], "p00 ") || !strings.HasPrefix(got[2], "p25 ") || !strings.Contains(got[2], "on [0 1]") {
		t.Fatalf("%q", got)
	}
	if strings.Contains(got[1], "p30") {
		t.Errorf("the lower layer sees the upper one's packages: %q", got[1])
	}
}

// Flags without a pattern are for the packages on the command line, which here are
// not the ones that the user meant.
func TestLayerFlags(t *testing.T) {
	for text, want := range map[string]bool{"-N -l": false, "all=-N": true} {
		in, _ := given{yaml: fmt.Sprintf("build: {gcflags: %q, cover: true, tags: x}", text)}.inputs(t)
		in.Code, in.Layers = graph{apps: [][]string{{"b.example/x"}}}.code(0), true
		p, err := newDraft(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Layers) != 2 {
			t.Fatalf("%d layers", len(p.Layers))
		}
		for _, l := range p.Layers {
			if got := slices.Contains(l.Args, "-gcflags="+text); got != want {
				t.Errorf("gcflags %q: %q", text, l.Args)
			}
			if !slices.Contains(l.Args, "-tags=x") || slices.Contains(l.Args, "-cover") || slices.Contains(l.Args, "-ldflags=-s -w") {
				t.Errorf("flags: %q", l.Args)
			}
		}
	}
}

func TestSource(t *testing.T) {
	got := newSource([]string{"go.mod", "a/x.go", "a/b/y.go", "web/index.html", "../lib/go.mod"}, []string{"web", "a/b/assets", "web/css"})
	want := Source{Parts: []Part{
		{".", []string{"go.mod"}}, {"../lib", []string{"go.mod"}}, {"a", []string{"x.go"}},
		{"a/b", []string{"y.go"}}, {"a/b/assets", nil}, {"web", nil},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeContext(t *testing.T) {
	for name, tc := range map[string]struct {
		given
		toolchain []string
		want      string
	}{
		"plain":           {given: given{yaml: "build: {ldflags: [-X=main.a=b/c], gcflags: all=-N}"}, toolchain: []string{"GOFLAGS=-v"}},
		"include path":    {given: given{yaml: "build: {asmflags: -I include}"}, want: "build.asmflags may name files"},
		"image's flags":   {toolchain: []string{"GOFLAGS=-modfile=x.mod"}, want: "GOFLAGS may name files"},
		"C headers":       {given: given{yaml: "build: {cgo: true, env: {CGO_CFLAGS: -I/src/include}}"}, want: "CGO_CFLAGS may name files"},
		"unused C flags":  {given: given{yaml: "build: {env: {CGO_CFLAGS: -I/src/include}}"}},
		"another linker":  {given: given{yaml: "build: {cgo: true, ldflags: [-extldflags=-Llib]}"}, want: "build.ldflags tells another linker where to look"},
		"compiler's path": {given: given{yaml: "build: {cgo: true, env: {CC: gcc}}"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, _ := tc.inputs(t)
			in.ToolchainEnv = tc.toolchain
			in.Code, in.Layers = graph{apps: [][]string{{"b.example/x"}}}.code(0), true
			p, err := newDraft(in)
			if err != nil {
				t.Fatal(err)
			}
			if want := tc.want == "" || strings.Contains(tc.want, "linker"); (len(p.Layers) > 0) != want {
				t.Errorf("%d layers", len(p.Layers))
			}
			if p.Compile.Source.Whole != tc.want {
				t.Errorf("whole context because %q, want %q", p.Compile.Source.Whole, tc.want)
			}
		})
	}
}

// A dependency may import a fork that stands in the context: its layer needs the
// fork's files. What no local code imports of it is not compiled for its own sake.
func TestExposedPackages(t *testing.T) {
	g := graph{apps: [][]string{{"b.example/x", "a"}, {"a", "b.example/x"}}, local: map[string][]string{}}
	fork := func(c *Code) {
		c.Packages = append(c.Packages, workspace.LocalPackage{ImportPath: "example.com/app/fork", Dir: "fork", Files: []string{"fork/f.go"}, Exposed: true})
	}
	got := g.layers(t, 0, func(in *Input) {
		fork(&in.Code)
		for i := range in.Fleet {
			fork(&in.Fleet[i])
		}
	})
	want := []string{"runtime on [] sees ", "b.example/x on [0] sees . fork", "a on [0 1] sees . a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whether a package is exposed is the fleet's to say, not its last app's.
func TestExposedToSome(t *testing.T) {
	g := graph{apps: [][]string{{"b.example/x"}, {"b.example/x"}, {"fork"}}, local: map[string][]string{}}
	got := g.layers(t, 0, func(in *Input) {
		fork := workspace.LocalPackage{ImportPath: "example.com/app/fork", Dir: "fork", Files: []string{"fork/f.go"}, Exposed: true}
		for i := range in.Fleet[:2] {
			in.Fleet[i].Packages = append(in.Fleet[i].Packages, fork)
		}
	})
	if diff := cmp.Diff([]string{"runtime on [] sees ", "b.example/x on [0] sees . fork"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompiledAlike(t *testing.T) {
	for text, want := range map[string]bool{
		"": true,
		"build: {ldflags: '-X main.n={{.Name}}'}\n": true,
		"build: {tags: '{{.Version}}'}\n":           true,
		"build: {tags: '{{.Name}}'}\n":              false,
		"build: {env: {X: '{{.Name}}'}}\n":          false,
	} {
		options := Options{BuildArgs: map[string]string{"VERSION": "v1"}}
		a, _ := given{yaml: text + "name: a", options: options}.inputs(t)
		b, _ := given{yaml: text + "name: b", options: options}.inputs(t)
		if got := CompiledAlike(a, b); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, other := range [][2]string{{"{tags: x}", "{tags: y}"}, {"{ldflags: -w}", "{ldflags: -X main.v=1}"}} {
		a, _ := given{yaml: "build: " + other[0]}.inputs(t)
		b, _ := given{yaml: "build: " + other[1]}.inputs(t)
		if CompiledAlike(a, b) {
			t.Errorf("apps with %s are compiled alike", other)
		}
	}
}

// There is a bound on how many layers a fleet has, the same ones for all apps.
func TestManyGroups(t *testing.T) {
	g := graph{local: map[string][]string{}}
	for app := range 40 {
		// Each package is used by a row of five apps.
		var imports []string
		for p := range 36 {
			if p <= app && app < p+5 {
				imports = append(imports, fmt.Sprintf("p%02d", p))
			}
		}
		g.apps = append(g.apps, imports)
	}
	kept := map[string]bool{}
	for app := range g.apps {
		for _, layer := range g.layers(t, app, nil) {
			kept[layer] = true
		}
	}
	if len(kept) != 1+maxGroups {
		t.Errorf("%d layers, want %d besides dependencies", len(kept), maxGroups)
	}
	if got := g.layers(t, 20, func(in *Input) { in.AllLayers = true }); len(got) != 6 {
		t.Errorf("with all layers: %q", got)
	}
}

// A module may be called like a pattern of the go command's.
func TestPackageNamedAll(t *testing.T) {
	in, _ := given{}.inputs(t)
	in.Layers, in.AllLayers, in.Merge = true, true, true
	in.Code.Closure = workspace.Closure{Imports: workspace.Imports{Sure: true}, Packages: []workspace.LocalPackage{
		{ImportPath: "all", Dir: "."}, {ImportPath: "all/cmd", Dir: "cmd", Main: true, Local: []string{"all", "all/x"}}, {ImportPath: "all/x", Dir: "x"},
	}}
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Layers) != 2 || p.Layers[1].Args[len(p.Layers[1].Args)-1] != "all/x" || slices.Contains(p.Layers[1].Args, "all") {
		t.Errorf("%+v", p.Layers)
	}
}
