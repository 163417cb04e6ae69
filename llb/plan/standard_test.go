package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"github.com/gokiln/gokiln/internal/workspace"
)

const official = digest.Digest("sha256:0123")

// requiring is a go.mod with a number of requirements.
func requiring(module string, n int) string {
	text := "module " + module + "\n\ngo 1.26\n"
	for i := range n {
		text += fmt.Sprintf("require b%d.example v1.0.0\n", i)
	}
	return text
}

// bottom plans an app with a toolchain of some digest and returns its first layer.
func bottom(t *testing.T, g given, imports ...string) layerDraft {
	t.Helper()
	in, _ := g.inputs(t)
	in.Code, in.Layers, in.Merge = graph{apps: [][]string{imports}}.code(0), true, true
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Layers) == 0 {
		t.Fatal("no layers")
	}
	return p.Layers[0]
}

func standardOf(l layerDraft) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(l.Args), func(a string) bool { return strings.HasPrefix(a, "-") })[2:], " ")
}

// The layer of the standard library is the same step whichever module is built and
// whatever it requires: a bump on a machine that has nothing finds it in the cache.
func TestStandardLibraryIsOneStep(t *testing.T) {
	first := bottom(t, given{gomod: requiring("example.com/a", 3), yaml: "name: a\n"}, "b0.example/x", "std:net/http", "std:fmt")
	if !first.Toolchain || standardOf(first) != "net/http runtime" || len(first.Source.Parts) > 0 {
		t.Errorf("%+v", first)
	}
	for name, g := range map[string]given{
		"another module":  {gomod: requiring("example.com/b", 4), yaml: "name: b\nbuild: {ldflags: -w -X main.v=1}\n"},
		"a vendor folder": {gomod: requiring("example.com/c", 0), files: map[string]string{"vendor/modules.txt": "# none\n"}},
	} {
		if diff := cmp.Diff(first, bottom(t, g, "b1.example/y", "std:net/http", "std:strings")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if l := bottom(t, given{yaml: "build: {tags: x}\n"}, "b0.example/x", "std:net/http"); !slices.Contains(l.Args, "-tags=x") {
		t.Errorf("%q lacks the tags", l.Args)
	}
}

// What modules import is not known before they are there. That many of them leave out
// a server or a client is unlikely.
func TestStandardLibraryOfManyModules(t *testing.T) {
	for _, tc := range []struct {
		requirements int
		imports      []string
		want         string
	}{
		{manyModules - 1, []string{"b0.example/x"}, "runtime"},
		{manyModules, []string{"b0.example/x", "std:net/http", "std:image/png"}, "encoding/json image/png net/http regexp runtime text/template"},
		{manyModules, []string{"std:fmt"}, "runtime"}, // the program has none of the modules
	} {
		if got := standardOf(bottom(t, given{gomod: requiring("example.com/a", tc.requirements)}, tc.imports...)); got != tc.want {
			t.Errorf("%d requirements, %q: %q, want %q", tc.requirements, tc.imports, got, tc.want)
		}
	}
}

// A step that sees no file of the context is given none by name.
func TestStandardLibraryElsewhere(t *testing.T) {
	if l := bottom(t, given{yaml: "build: {pgo: prof/x.pgo}\n"}, "b0.example/x", "std:net/http"); l.Toolchain || standardOf(l) != "b0.example/x net/http runtime" {
		t.Errorf("with a profile: %+v", l)
	}
	if l := bottom(t, given{yaml: "build: {pgo: off}\n"}, "b0.example/x"); !l.Toolchain {
		t.Errorf("without profiles: %+v", l)
	}
}

// So is a profile that Go finds by its name.
func TestStandardLibraryWithDefaultProfile(t *testing.T) {
	in, _ := given{}.inputs(t)
	in.Code, in.Layers = graph{apps: [][]string{{"b.example/x", "std:net/http"}}}.code(0), true
	i := slices.IndexFunc(in.Code.Packages, func(p workspace.LocalPackage) bool { return p.Main })
	in.Code.Packages[i].Files = append(in.Code.Packages[i].Files, "cmd/0/default.pgo")
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Layers) != 1 || p.Layers[0].Toolchain || !slices.Contains(p.Layers[0].Args, "net/http") || !slices.Contains(p.Layers[0].Args, "-pgo=./cmd/0/default.pgo") {
		t.Errorf("%+v", p.Layers)
	}
}

// A go.work of the context is not there to be found.
func TestStandardLibraryInAWorkspace(t *testing.T) {
	in, _ := given{files: map[string]string{"go.work": "go 1.26\n\nuse .\n"}}.inputs(t)
	in.Code, in.Layers = graph{apps: [][]string{{"b.example/x"}}}.code(0), true
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := env(p.Layers[0].Env)["GOWORK"]; got != "off" {
		t.Errorf("GOWORK is %q", got)
	}
	if got := env(p.Layers[1].Env)["GOWORK"]; got == "off" {
		t.Errorf("GOWORK of the dependencies is %q", got)
	}
}
