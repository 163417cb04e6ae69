package download_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/modstep"
)

// The go command opens each module whose path is a prefix of an import, to be
// sure that no other module has the package too.
func TestLayerHasModulesThatAreOnlyAPrefix(t *testing.T) {
	for _, parent := range []version{
		{"example.com/go-autorest", "v14.2.0+incompatible", map[string]string{"doc.txt": "no package", "sub/p.go": "package p\n"}},
		{"example.com/go-autorest", "v1.4.0", map[string]string{"p.go": "package p\n"}},
	} {
		below := version{"example.com/go-autorest/autorest/to", "v0.4.1", map[string]string{
			"go.mod": "module example.com/go-autorest/autorest/to\n\ngo 1.12\n\nrequire example.com/go-autorest " + parent.version + "\n",
			"to.go":  "package to\n\nconst Name = \"to\"\n",
		}}
		for _, main := range []string{"example.com/app", "example.com/go-autorest/main"} {
			t.Run(parent.version+" "+path.Base(main), func(t *testing.T) {
				p := startProxy(t, parent, below)
				f := newFixture(t, map[string]string{
					"go.mod":     "module " + main + "\n\ngo 1.24\n\nrequire " + below.path + " " + below.version + "\n\nrequire " + parent.path + " " + parent.version + " // indirect\n",
					"go.sum":     below.sums(t) + parent.sums(t),
					"main.go":    "package main\n\nimport (\n\t_ \"" + below.path + "\"\n\t_ \"" + main + "/sub\"\n)\n\nfunc main() {}\n",
					"sub/sub.go": "package sub\n",
				})
				f.config.Proxy, f.config.All, f.config.Local = p.URL, false, []string{main}
				f.config.Packages = []string{below.path}
				f.config.Targets = []modstep.Target{{Env: []string{"CGO_ENABLED=0"}}}
				if path.Base(main) == "main" {
					f.config.Packages = nil // its own packages are below the module too
					f.write("main.go", "package main\n\nimport _ \""+main+"/sub\"\n\nfunc main() {}\n")
				}
				if err := f.run(); err != nil {
					t.Fatal(err)
				}
				if out, err := f.compile(); err != nil {
					t.Errorf("compile: %v\n%s", err, out)
				}
			})
		}
	}
}

// The layer says which modules have assembly that includes what the go command does not
// hash, and what their content is.
func TestLayerNamesAssemblyThatIncludesMore(t *testing.T) {
	asm := func(lines ...string) string {
		return "#include \"textflag.h\"\n" + strings.Join(lines, "\n") + "\n"
	}
	cases := map[string]map[string]string{
		"plain":     {"p_amd64.s": asm(`#include "go_asm.h"`), "doc.c": "#include \"../x.h\"\n"},
		"beside":    {"p.s": asm(`#include "p.h"`), "p.h": "#define X 1\n"},
		"platform":  {"p_linux_amd64.s": asm(`#include "q_amd64.h"`), "q_amd64.h": "#define X 1\n"},
		"elsewhere": {"sub/p.h": "#include \"../../x.h\"\n"},

		"above-odd":      {"sub/p.s": asm(`#include "../x.h"`), "x.h": "#define X 1\n"},
		"below-odd":      {"p.s": asm(`# include	"inc/x.h"`), "inc/x.h": "#define X 1\n"},
		"header-odd":     {"p.s": asm(`#include "p.h"`), "p.h": "#include \"inc/x.h\"\n", "inc/x.h": "\n"},
		"extension-odd":  {"p.s": asm(`#include "x.inc"`), "x.inc": "#define X 1\n"},
		"platform-odd":   {"p_amd64.s": asm(`#include "x_linux.h"`), "x_linux.h": "#define X 1\n"},
		"constraint-odd": {"p.s": asm(`#include "p.h"`), "p.h": "//go:build linux\n\n#define X 1\n"},
		"macro-odd":      {"p.s": asm("#define H \"x.h\"", "#include H"), "x.h": "\n"},
	}
	var versions []version
	mod, sums, want := "module example.com/app\n\ngo 1.24\n", "", ""
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		v := version{"example.com/" + name, "v1.0.0", cases[name]}
		v.files["p.go"] = "package p\n"
		versions = append(versions, v)
		mod += "\nrequire " + v.path + " " + v.version + "\n"
		sums += v.sums(t)
		if strings.HasSuffix(name, "-odd") {
			line, _, _ := strings.Cut(v.sums(t), "\n")
			want += line + "\n"
		}
	}
	f := newFixture(t, map[string]string{"go.mod": mod, "go.sum": sums, "main.go": "package main\n\nfunc main() {}\n"})
	f.config.Proxy = startProxy(t, versions...).URL
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(f.modCache, "cache/gokiln/unhashed"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	clean := newFixture(t, map[string]string{"go.mod": "module example.com/app\n\ngo 1.24\n\nrequire example.com/plain v1.0.0\n", "go.sum": version{"example.com/plain", "v1.0.0", cases["plain"]}.sums(t), "main.go": "package main\n\nfunc main() {}\n"})
	clean.config.Proxy = f.config.Proxy
	if err := clean.run(); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(clean.layer(), "cache/gokiln/unhashed") {
		t.Error("a layer without such modules has the file")
	}
}

// With the layer alone the go command finds and makes what it does with all
// modules, in made-up graphs of them. It is no fuzz target: one takes seconds.
func TestGeneratedModuleGraphs(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { slimmed(t, newGraph(seed)) })
	}
}

// slimmed holds the layer of a program against all its modules.
func slimmed(t *testing.T, g *graph) {
	t.Helper()
	p := startProxy(t, g.versions...)
	x := newFixture(t, g.local)
	x.config.Proxy, x.config.All, x.config.Local = p.URL, false, g.modules
	x.config.Dir = filepath.Join(x.dir, g.dir)
	if g.work != "" {
		x.config.GoWork = filepath.Join(x.dir, g.work)
	}
	want, err := x.see(x.complete(g))
	if err != nil {
		t.Skipf("the go command itself does not build it: %v\n%s", err, want.text)
	}
	x.config.Packages = want.imports(g)
	x.config.Targets = []modstep.Target{{Env: []string{"CGO_ENABLED=0"}}}
	if err := x.run(); err != nil {
		t.Fatalf("%v\ngo.mod:\n%s", err, x.read(filepath.Join(g.dir, "go.mod")))
	}
	before := x.layer()
	got, err := x.see(x.modCache)
	if err != nil {
		t.Errorf("with the layer: %v\n%s", err, got.text)
	}
	if diff := cmp.Diff(want.packages, got.packages); diff != "" {
		t.Errorf("packages (-all modules +layer):\n%s", diff)
	}
	if want.program != got.program {
		t.Error("the program is another one")
	}
	if diff := cmp.Diff(before, x.layer()); diff != "" {
		t.Errorf("the go command wrote to the layer (-before +after):\n%s", diff)
	}
	if t.Failed() {
		t.Logf("go.mod:\n%s", x.read(filepath.Join(g.dir, "go.mod")))
	}
}

func (f *fixture) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

// complete has the go command finish go.mod and go.sum, in one of the ways that
// people do, and returns a cache with all modules.
func (f *fixture) complete(g *graph) string {
	f.t.Helper()
	whole := tempDir(f.t)
	online := []string{"GOPROXY=" + f.config.Proxy, "GOFLAGS=-mod=mod"}
	// What fails here fails later too.
	if g.chance(30) {
		for _, dir := range g.members() {
			_, _ = f.goCommand(whole, dir, append(online, "GOWORK=off"), "mod", "tidy", "-e")
		}
	}
	if g.work != "" {
		_, _ = f.goCommand(whole, g.dir, []string{"GOPROXY=" + f.config.Proxy}, "list", "-deps", "./...")
		f.config.Sums = []string{filepath.Join(f.dir, "app/go.sum"), filepath.Join(f.dir, "second/go.sum"), filepath.Join(f.dir, "go.work.sum")}
		online = online[:1]
	} else {
		_, _ = f.goCommand(whole, g.dir, online, "list", "-deps", "./...")
	}
	_, _ = f.goCommand(whole, g.dir, online, "mod", "download", "-json", "all")
	return whole
}

func (f *fixture) goCommand(modCache, dir string, env []string, args ...string) (string, error) {
	f.t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = filepath.Join(f.dir, dir)
	cmd.Env = append(slices.Clone(f.env), "GOMODCACHE="+modCache, "GOCACHE="+goCache(f.t), "GOWORK="+f.config.GoWork, "GOTOOLCHAIN=local", "CGO_ENABLED=0")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// seen is what the go command makes of a program.
type seen struct {
	packages map[string]string
	imported map[string][]string
	text     string
	program  string
}

// see lists and builds as the compile step does: with no server, and with go.mod
// as it is.
func (f *fixture) see(modCache string) (seen, error) {
	f.t.Helper()
	env := []string{"GOPROXY=off", "GOFLAGS=-mod=readonly -trimpath -buildvcs=false"}
	s := seen{packages: map[string]string{}, imported: map[string][]string{}}
	out, err := f.goCommand(modCache, f.relDir(), env, "list", "-deps", "-json=ImportPath,Imports,Module,Standard", ".")
	if err != nil {
		s.text = out
		return s, err
	}
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
			Module     *struct{ Path, Version string }
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			f.t.Fatal(err)
		}
		if !p.Standard {
			s.packages[p.ImportPath], s.imported[p.ImportPath] = p.Module.Path+" "+p.Module.Version, p.Imports
		}
	}
	program := filepath.Join(f.t.TempDir(), "program")
	if out, err = f.goCommand(modCache, f.relDir(), env, "build", "-o", program, "."); err != nil {
		s.text = out
		return s, err
	}
	data, err := os.ReadFile(program)
	s.program = string(data)
	return s, err
}

func (f *fixture) relDir() string {
	rel, _ := filepath.Rel(f.dir, f.config.Dir)
	return rel
}

// imports are what local packages import from other modules.
func (s seen) imports(g *graph) []string {
	local := func(p string) bool {
		m, _, _ := strings.Cut(s.packages[p], " ")
		return slices.Contains(g.modules, m)
	}
	found := map[string]bool{}
	for p, list := range s.imported {
		for _, i := range list {
			if _, ok := s.packages[i]; ok && local(p) && !local(i) {
				found[i] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
