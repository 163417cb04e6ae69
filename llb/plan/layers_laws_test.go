package plan

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// randomGraph is a fleet without import cycles.
func randomGraph(seed uint64) graph {
	r := rand.New(rand.NewPCG(seed, 0))
	g := graph{local: map[string][]string{}}
	packages := 10 + r.IntN(30)
	for i := range packages {
		var imports []string
		for j := range i {
			if r.IntN(packages) < 3 {
				imports = append(imports, fmt.Sprintf("p%02d", j))
			}
		}
		if r.IntN(4) == 0 {
			imports = append(imports, fmt.Sprintf("x%d.example/y", r.IntN(5)))
		}
		g.local[fmt.Sprintf("p%02d", i)] = imports
	}
	for range 3 + r.IntN(14) {
		imports := map[string]bool{}
		for range 1 + r.IntN(4) {
			imports[fmt.Sprintf("p%02d", r.IntN(packages))] = true
		}
		g.apps = append(g.apps, slices.Sorted(maps.Keys(imports)))
	}
	return g
}

// chains renders each layer of one app with all that it is made on, in order.
func (g graph) chains(t *testing.T, app int) map[string]string {
	t.Helper()
	in, _ := given{yaml: fmt.Sprintf("name: app%d\n", app)}.inputs(t)
	in.Code, in.Layers, in.Merge = g.code(app), true, true
	for i := range g.apps {
		in.Fleet = append(in.Fleet, g.code(i))
	}
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	texts := make([]string, len(p.Layers))
	for i, l := range p.Layers {
		var below []string
		for _, j := range l.Below {
			if j >= i {
				t.Fatalf("layer %d is on %d", i, j)
			}
			below = append(below, texts[j])
		}
		texts[i] = fmt.Sprintf("%q %v on (%s)", l.Args, l.Source.Parts, strings.Join(below, "; "))
		out[strings.Join(l.Args, " ")] = texts[i]
	}
	return out
}

// A layer that two apps have is the same step in both: what it is merged from, and
// in which order, is not of the app that is built.
func TestSharedLayersAreOne(t *testing.T) {
	for seed := range uint64(60) {
		g := randomGraph(seed)
		seen := map[string]string{}
		for app := range g.apps {
			for key, text := range g.chains(t, app) {
				if have, ok := seen[key]; ok && have != text {
					t.Fatalf("seed %d: of %d apps app %d has another\n%s\nthan\n%s", seed, len(g.apps), app, text, have)
				}
				seen[key] = text
			}
		}
	}
}

// An import cycle is a mistake that the go command tells of, also where it leads
// from one band into another.
func TestBandsInACircle(t *testing.T) {
	g := graph{apps: [][]string{{"p59"}}, local: map[string][]string{}}
	for i := 1; i < 60; i++ {
		g.local[fmt.Sprintf("p%02d", i)] = []string{fmt.Sprintf("p%02d", i-1)}
	}
	g.local["p10"] = append(g.local["p10"], "p50")
	first := g.layers(t, 0, nil)
	if len(first) < 2 {
		t.Fatalf("%q", first)
	}
	for range 5 {
		if again := g.layers(t, 0, nil); !slices.Equal(first, again) {
			t.Fatalf("%q, then %q", first, again)
		}
	}
}
