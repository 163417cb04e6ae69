package bench

import (
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/stack"
)

var update = flag.Bool("update", false, "rewrite docs/performance.*")

// fakeMachine builds nothing. Each build takes a second more than the one before.
type fakeMachine struct {
	builds []build
	found  []content
	open   int
	// broken is the tool that makes something else.
	broken string
}

func (m *fakeMachine) place(_ context.Context, _ tool, fresh bool) (place, func() error, error) {
	m.open++
	name := map[bool]string{true: "fresh", false: "warm"}[fresh]
	return place{env: stack.Env{Buildx: []string{"docker", "buildx"}, Builder: name}}, func() error { m.open--; return nil }, nil
}

func (m *fakeMachine) run(_ context.Context, b build) (time.Duration, []step, error) {
	m.builds = append(m.builds, b)
	return time.Duration(len(m.builds)) * time.Second, []step{{"[linux/amd64] go build ."}}, nil
}

func (m *fakeMachine) inspect(_ context.Context, b build, want content) error {
	m.found = append(m.found, want)
	if b.tool.name == m.broken {
		return errors.New("the program lacks the change")
	}
	return nil
}

func named[T any](t *testing.T, all []T, name func(T) string, want string) T {
	t.Helper()
	i := slices.IndexFunc(all, func(v T) bool { return name(v) == want })
	if i < 0 {
		t.Fatalf("there is no %q", want)
	}
	return all[i]
}

func toolNamed(t *testing.T, name string) tool {
	t.Helper()
	return named(t, tools(), func(t tool) string { return t.name }, name)
}

// measured runs a scenario of a workload that needs no module.
func measured(t *testing.T, m *fakeMachine, name string, rounds int, of ...string) []Figure {
	t.Helper()
	w := workload{name: "caddy", packages: []string{"."}, versions: []string{"v1"}, write: workloads()[1].write}
	b := &bench{
		machine: m, rounds: rounds, run: Run{ID: "now"}, dir: t.TempDir(), notes: io.Discard,
		setup: setup{registry: "registry.example.com", syntax: "registry.example.com/dockerfile:1"},
	}
	source := t.TempDir()
	if err := w.write(source, ""); err != nil {
		t.Fatal(err)
	}
	var part []*checkout
	for _, name := range of {
		c, err := b.checkout(w, toolNamed(t, name), source)
		if err != nil {
			t.Fatal(err)
		}
		part = append(part, c)
	}
	row, err := b.scenario(t.Context(), named(t, scenarios(), func(s scenario) string { return s.name }, name), part)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestRoundsAlternateAndEachIsNew(t *testing.T) {
	m := &fakeMachine{}
	row := measured(t, m, "line", 3, gokiln, goBuild)
	var order []string
	changes := map[string]bool{}
	for i, b := range m.builds {
		order = append(order, b.tool.name)
		changes[m.found[i].line] = true
	}
	// Two builds before the change, then the rounds.
	if diff := cmp.Diff([]string{"gokiln", "go", "gokiln", "go", "go", "gokiln", "gokiln", "go"}, order); diff != "" {
		t.Error(diff)
	}
	if len(changes) != len(m.builds) {
		t.Errorf("%d builds of %d changes", len(m.builds), len(changes))
	}
	want := Figure{
		Workload: "caddy", Scenario: "line", Tool: "gokiln", Run: "now", Seconds: []float64{3, 6, 7}, Min: 3, Median: 6, Max: 7,
		Ran: []string{"[linux/amd64] go build ."},
	}
	if diff := cmp.Diff(want, row[0]); diff != "" {
		t.Error(diff)
	}
}

func TestFailureOfOneTool(t *testing.T) {
	m := &fakeMachine{broken: expert}
	row := measured(t, m, "cold", 2, gokiln, expert, ko)
	if len(row[0].Seconds) != 2 || row[1].Failed == "" || len(row[1].Seconds) != 0 || len(row[2].Seconds) != 2 {
		t.Errorf("figures %+v", row)
	}
	if m.open != 0 {
		t.Errorf("%d places are still open", m.open)
	}
}

func TestCommands(t *testing.T) {
	const buildx = "docker buildx build --builder fresh --progress rawjson --platform linux/amd64"
	for _, c := range []struct{ scenario, tool, want string }{
		{"ci", gokiln, buildx + " -f gokiln.yaml -t IMG --push --cache-from type=registry,ref=IMG:cache ."},
		{"ci-export", expert, buildx + " -f Dockerfile -t IMG --push --cache-from type=registry,ref=IMG:cache --cache-to type=registry,ref=IMG:cache-after,mode=max ."},
		{"platforms-cold", guide, buildx + ",linux/arm64 -f Dockerfile -t IMG --push ."},
		{"ci", ko, "ko build --sbom=none --platform=linux/amd64 --bare ."},
	} {
		m := &fakeMachine{}
		measured(t, m, c.scenario, 1, c.tool)
		last := m.builds[len(m.builds)-1]
		got := strings.Join(last.tool.commands(t.Context(), last)[0].Args, " ")
		if diff := cmp.Diff(strings.ReplaceAll(c.want, "IMG", "registry.example.com/bench/caddy/"+c.tool), got); diff != "" {
			t.Errorf("%s: %s", c.scenario, diff)
		}
	}
}

func TestFleet(t *testing.T) {
	b := build{
		setup:     setup{registry: "r", network: []string{"--secret", "id=ca,src=/ca.pem", "--build-arg", "GOPROXY=https://goproxy.io"}},
		place:     place{env: stack.Env{Buildx: []string{"docker", "buildx"}, Builder: "b"}},
		work:      workloads()[2],
		platforms: []string{"linux/amd64"}, dir: t.TempDir(), importRef: "I", exportRef: "E",
	}
	for name, want := range map[string][]string{
		expert: {"docker buildx bake --builder b --progress rawjson -f docker-bake.hcl --push --set *.platform=linux/amd64" +
			" --set *.secrets=id=ca,src=/ca.pem --allow fs.read=/ca.pem --set *.args.GOPROXY=https://goproxy.io" +
			" --set *.cache-from=type=registry,ref=I --set svc-01.cache-to=type=registry,ref=E,mode=max"},
		gokiln: {"--target bake -o . -f gokiln.yaml", " --set svc-20.cache-from=type=registry,ref=I-svc-20"},
	} {
		b.tool = toolNamed(t, name)
		if err := b.writeToolFiles(); err != nil {
			t.Fatal(err)
		}
		for i, cmd := range b.tool.commands(t.Context(), b) {
			if got := strings.Join(cmd.Args, " "); !strings.Contains(got, want[i]) {
				t.Errorf("%s: %s lacks %s", name, got, want[i])
			}
		}
	}
	spec, err := os.ReadFile(filepath.Join(b.dir, "gokiln.yaml"))
	if err != nil || strings.Count(string(spec), "    main: ./cmd/svc-") != 20 {
		t.Errorf("%v\n%s", err, spec)
	}
	if err := b.work.write(b.dir, ""); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gofmt", "-l", b.dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("not formatted: %v %s", err, out)
	}
}

// Every step of an unknown kind counts.
func TestRunsProgram(t *testing.T) {
	for name, want := range map[string]bool{
		"[internal] load build context":             false,
		"[a internal] load build context":           false,
		"[linux/amd64 build 3/4] RUN go build":      true,
		"[build 1/4] FROM docker.io/library/golang": false,
		"[modules] download modules":                true,
		"[a linux/amd64] copy programs":             false,
		"[linux/amd64] something not known here":    true,
		"exporting to image":                        false,
	} {
		if got := (step{name}).runsProgram(); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestRowsComeFromOneRun(t *testing.T) {
	row := func(scenario, run string) []Figure {
		return []Figure{{Workload: "service", Scenario: scenario, Tool: gokiln, Run: run}, {Workload: "service", Scenario: scenario, Tool: ko, Run: run}}
	}
	d := Document{}.with(Run{ID: "1"}, row("line", "1")).with(Run{ID: "1"}, row("cold", "1")).with(Run{ID: "2"}, row("line", "2"))
	want := Document{Runs: []Run{{ID: "1"}, {ID: "2"}}, Figures: append(row("cold", "1"), row("line", "2")...)}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if d = d.with(Run{ID: "2"}, row("cold", "2")); len(d.Runs) != 1 {
		t.Errorf("runs %+v", d.Runs)
	}
}

func TestUnknownNames(t *testing.T) {
	for _, name := range []string{"-workload", "-scenario", "-tool"} {
		if _, err := parse("", []string{name, "x"}); err == nil || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is published is what performance.json says. Rewrite it with -update.
func TestPublishedPage(t *testing.T) {
	const docs = "../../docs"
	d, err := readDocument(filepath.Join(docs, "performance.json"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := d.write(docs); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := d.write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"performance.json", "performance.md", "performance.svg"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for dec := xml.NewDecoder(strings.NewReader(d.chart())); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// The linker must keep the text of a change, or every build would look like one that
// lacks it.
func TestMarkStaysInTheProgram(t *testing.T) {
	dir := t.TempDir()
	w := workload{packages: []string{"."}}
	const text = "bench 20260301T120000Z gokiln line round 1"
	if err := errors.Join(
		writeFiles(dir, map[string]string{"go.mod": "module example.com/x\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n"}),
		w.mark(dir, line, text)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "program", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := fs.ReadFile(os.DirFS(dir), "program")
	if err != nil {
		t.Fatal(err)
	}
	if err := (content{line: text}).check(program, ""); err != nil {
		t.Error(err)
	}
	if err := (content{line: text, version: "v1.0.0"}).check(program, "example.com/dep"); err == nil {
		t.Error("a dependency is missing, and nobody says so")
	}
	if err := (content{line: text + "2"}).check(program, ""); err == nil {
		t.Error("another change is missing, and nobody says so")
	}
}
