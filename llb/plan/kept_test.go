package plan

import (
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// mounts plans a build and lists the ids of its cache mounts, by what they are for.
func mounts(t *testing.T, g given, change func(*Input)) map[string]cacheMount {
	t.Helper()
	in, _ := g.inputs(t)
	in.Code, in.Layers, in.Merge = graph{apps: [][]string{{"a", "b.example/x", "std:net/http"}}}.code(0), true, true
	in.AllLayers = true
	in.ToolchainEnv = []string{"PATH=/go/bin:/usr/local/go/bin:/usr/bin:/bin", "GOLANG_VERSION=1.26.8"}
	if change != nil {
		change(&in)
	}
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]cacheMount{"gocache": p.Compile.Cache}
	for _, l := range p.Layers {
		kind, _, _ := strings.Cut(l.Name, " ")
		out[kind] = l.Store
	}
	return out
}

// What a neighbour who has the same module path may write into: nothing that main
// reads. Each row is another build than main's; the mounts that it may share with main
// are named, and all others are its own or none.
func TestMountsOfANeighbour(t *testing.T) {
	main := mounts(t, given{}, nil)
	for _, kind := range []string{"gocache", "standard", "dependencies", "compile"} {
		if main[kind].ID == "" {
			t.Fatalf("main has no mount for %s: %+v", kind, main)
		}
	}
	ldflags := "build:\n  ldflags: ['--linkmode=external -extld=./evil.sh']\n"
	for name, tc := range map[string]struct {
		given  given
		change func(*Input)
		shares string
		// none tells that the neighbour has no mount at all.
		none bool
	}{
		"the same":            {shares: "gocache standard dependencies compile"},
		"stamps":              {given: given{yaml: "build: {ldflags: [-s -w, -X main.v=1]}"}, shares: "gocache standard dependencies compile"},
		"an image label":      {given: given{yaml: "image: {labels: {a: b}}"}, shares: "gocache standard dependencies compile"},
		"-extld, -w left out": {given: given{yaml: ldflags}},
		"-extld":              {given: given{yaml: strings.Replace(ldflags, "'--", "'-w --", 1)}, shares: "standard dependencies compile"},
		"PATH":                {given: given{yaml: "build: {env: {PATH: '/src/bin:/usr/bin'}}"}, none: true},
		"another PATH":        {given: given{yaml: "build: {env: {PATH: '/usr/local/go/bin:/usr/bin'}}"}},
		"CC":                  {given: given{yaml: "build: {env: {CC: ./evil.sh}}"}, none: true},
		"a loader":            {given: given{yaml: "build: {env: {LD_PRELOAD: /src/evil.so}}"}, none: true},
		"an unknown variable": {given: given{yaml: "build: {env: {ANY: x}}"}, none: true},
		"another toolchain":   {change: func(in *Input) { in.ToolchainDigest = digest.FromString("evil") }},
		"a folder":            {change: func(in *Input) { in.ToolchainDigest = "" }, none: true},
		"an image's PATH":     {change: func(in *Input) { in.ToolchainEnv = []string{"PATH=/src/bin:/usr/bin"} }, none: true},
		"no layers":           {change: func(in *Input) { in.Layers, in.ModulesHash = false, "main's" }},
		"tags":                {given: given{yaml: "build: {tags: x}"}},
		"race":                {given: given{yaml: "build: {race: true, cgo: true}"}},
		"cgo":                 {given: given{yaml: "build: {cgo: true}"}},
		"gcflags":             {given: given{yaml: "build: {gcflags: all=-N}"}},
		"gcflags that write":  {given: given{yaml: "build: {gcflags: all=-cpuprofile=/gokiln/gocache/x}"}, none: true},
		"another platform":    {given: given{platform: "linux/arm64"}},
		"a variant":           {given: given{platform: "linux/amd64/v3"}},
		"a fork":              {given: given{gomod: "module example.com/app\n\ngo 1.26\n\nreplace b.example/x v1.0.0 => evil.example/x v1.0.0\n\nrequire b.example/x v1.0.0\n"}, shares: "standard"},
		"a module's path":     {given: given{gomod: "module example.com/app/layers\n\ngo 1.26\n"}, shares: "standard"},
		"a header elsewhere": {change: func(in *Input) {
			for i := range in.Code.Packages {
				in.Code.Packages[i].Unhashed = "includes ../x.h"
			}
			in.Code.Unhashed = "package x includes ../x.h"
		}, shares: "standard dependencies"},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := mounts(t, tc.given, tc.change)
			for kind, k := range theirs {
				shared := k.ID != "" && k == main[kind]
				if want := strings.Contains(" "+tc.shares+" ", " "+kind+" "); shared != want {
					t.Errorf("%s: %+v, main's is %+v", kind, k, main[kind])
				}
				if tc.none && k.ID != "" || (k.ID == "") != (k.Why != "") {
					t.Errorf("%s: %+v", kind, k)
				}
				for other, m := range main {
					ofLayers := kind != "gocache" && kind != "standard" && other != "gocache" && other != "standard"
					if other != kind && !ofLayers && k.ID == m.ID && k.ID != "" {
						t.Errorf("%s and main's %s share %s", kind, other, k.ID)
					}
				}
			}
		})
	}
}

// With cgo, and where `go build` compiles modules itself, entries are of one set of
// modules: their action ids do not have all that C and assembly include.
func TestMountsAreOfTheirModules(t *testing.T) {
	hash := func(h string, change func(*Input)) func(*Input) {
		return func(in *Input) {
			in.ModulesHash = h
			if change != nil {
				change(in)
			}
		}
	}
	flat := func(in *Input) { in.Layers = false }
	for name, tc := range map[string]struct {
		yaml   string
		change func(*Input)
		same   bool
	}{
		"layers":       {"", nil, true},
		"cgo":          {"build: {cgo: true}", nil, false},
		"mount":        {"", flat, false},
		"cgo in mount": {"build: {cgo: true}", flat, false},
	} {
		a, b := mounts(t, given{yaml: tc.yaml}, hash("1", tc.change)), mounts(t, given{yaml: tc.yaml}, hash("2", tc.change))
		for kind := range a {
			if same := a[kind] == b[kind]; same != (tc.same || kind == "standard") {
				t.Errorf("%s: %s is %+v and %+v", name, kind, a[kind], b[kind])
			}
		}
	}
	vendored := given{yaml: "build: {cgo: true, mod: vendor}", files: map[string]string{"vendor/modules.txt": ""}}
	for why, kept := range map[string]bool{"": true, "package x includes ../x.h": false} {
		k := mounts(t, vendored, func(in *Input) { in.Code.Unhashed = why })["dependencies"]
		if (k.ID != "") != kept {
			t.Errorf("%q in a vendor folder: %+v", why, k)
		}
	}
}
