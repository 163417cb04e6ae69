package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/stack"
)

// fakeLab has one workload whose source needs no proxy.
type fakeLab struct {
	dir    string
	opened []string
	clear  bool
	// programs are the texts of Line in the order in which they were inspected.
	marks []string
	// wrong is a tool whose programs lack the change.
	wrong string
}

func (l *fakeLab) Source(_ context.Context, w Workload) (string, error) {
	dir := l.Folder("source", w.Name)
	if err := w.write(dir, "../.."); err != nil {
		return "", err
	}
	for _, version := range w.Versions {
		for _, name := range []string{"go.mod", "go.sum"} {
			if err := writeFiles(dir, map[string]string{filepath.Join(".bench", version, name): version}); err != nil {
				return "", err
			}
		}
	}
	return dir, nil
}

func (l *fakeLab) Folder(elem ...string) string {
	return filepath.Join(append([]string{l.dir}, elem...)...)
}

func (l *fakeLab) Warm(_ context.Context, _ Workload, t Tool) (Place, error) {
	return l.place("warm", t), nil
}

func (l *fakeLab) Fresh(_ context.Context, t Tool) (Place, func() error, error) {
	if !l.clear {
		return Place{}, nil, errors.New("what the place before has left slows this one")
	}
	l.clear = false
	l.opened = append(l.opened, t.Name)
	return l.place("fresh", t), func() error { l.opened = l.opened[:len(l.opened)-1]; return nil }, nil
}

func (l *fakeLab) place(name string, t Tool) Place {
	return Place{Cache: filepath.Join(l.dir, name, t.Name), Env: stack.Env{Buildx: []string{"docker", "buildx"}, Builder: name}}
}

func (l *fakeLab) Cool() error { return nil }

func (l *fakeLab) Clear(context.Context) error { l.clear = true; return nil }

func (l *fakeLab) Call() Call {
	return Call{Registry: "registry.example.com", Ko: "ko", Syntax: "registry.example.com/dockerfile:1"}
}

func (l *fakeLab) Inspect(_ context.Context, p Product) (string, error) {
	first := p.Wanted[0]
	l.marks = append(l.marks, first.Marks[0])
	if p.Tool.Name == l.wrong {
		return "", errors.New("the program lacks the change")
	}
	return p.Tool.Name + first.Marks[0] + first.Version, nil
}

// fakeRunner takes as many seconds as it has been called.
type fakeRunner struct {
	lines []string
	fail  string
}

func (r *fakeRunner) Settle(context.Context) {}

func (r *fakeRunner) Run(_ context.Context, c Command) (Outcome, error) {
	line := strings.Join(c.Argv, " ")
	r.lines = append(r.lines, line)
	if r.fail != "" && strings.Contains(line, r.fail) {
		return Outcome{}, errors.New("exit status 1")
	}
	return Outcome{Took: time.Duration(len(r.lines)) * time.Second, Steps: []Step{{Name: "[linux/amd64] go build .", Took: time.Second, Ran: true}}}, nil
}

func run(t *testing.T, o Options, l *fakeLab, r *fakeRunner) ([]Figure, error) {
	t.Helper()
	l.dir = t.TempDir()
	var all []Figure
	b := Bench{Lab: l, Runner: r, Run: Run{ID: "now"}, Notes: io.Discard, Save: func(row []Figure) error {
		all = append(all, row...)
		return nil
	}}
	err := b.Measure(t.Context(), o)
	return all, err
}

func TestRoundsAlternateAndEachIsNew(t *testing.T) {
	l, r := &fakeLab{}, &fakeRunner{}
	got, err := run(t, Options{Rounds: 3, Workloads: []string{Caddy}, Scenarios: []string{"line"}, Tools: []string{Gokiln, Floor}}, l, r)
	if err != nil {
		t.Fatal(err)
	}
	// Two preparations, then the rounds.
	want := []string{"docker", "go", "docker", "go", "go", "docker", "docker", "go"}
	var order []string
	for _, line := range r.lines {
		word, _, _ := strings.Cut(line, " ")
		order = append(order, word)
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Error(diff)
	}
	timed := l.marks[2:]
	slices.Sort(timed)
	if len(slices.Compact(timed)) != 6 {
		t.Errorf("the changes of six builds: %q", timed)
	}
	if diff := cmp.Diff([]float64{3, 6, 7}, got[0].Seconds); diff != "" || got[0].Median != 6 || got[0].Same {
		t.Errorf("figure %+v: %s", got[0], diff)
	}
	if diff := cmp.Diff([]string{"[linux/amd64] go build ."}, got[0].Ran); diff != "" {
		t.Error(diff)
	}
}

func TestCommandsOfScenarios(t *testing.T) {
	for _, c := range []struct {
		scenario, tool string
		want           []string
	}{
		{"ci", Gokiln, []string{
			"docker buildx build --builder warm --progress rawjson --platform linux/amd64 -f gokiln.yaml -t IMG --push --cache-to type=registry,ref=IMG:cache,mode=max .",
			"docker buildx build --builder fresh --progress rawjson --platform linux/amd64 -f gokiln.yaml -t IMG --push --cache-from type=registry,ref=IMG:cache .",
		}},
		{"ci-export", Expert, []string{
			"docker buildx build --builder warm --progress rawjson --platform linux/amd64 -f Dockerfile -t IMG --push --cache-to type=registry,ref=IMG:cache,mode=max .",
			"docker buildx build --builder fresh --progress rawjson --platform linux/amd64 -f Dockerfile -t IMG --push --cache-from type=registry,ref=IMG:cache --cache-to type=registry,ref=IMG:cache-after,mode=max .",
		}},
		{"platforms-cold", Guide, []string{
			"docker buildx build --builder fresh --progress rawjson --platform linux/amd64,linux/arm64 -f Dockerfile -t IMG --push .",
		}},
		{"ci", Ko, []string{"ko build --sbom=none --platform=linux/amd64 --bare ."}},
	} {
		t.Run(c.scenario+"/"+c.tool, func(t *testing.T) {
			r := &fakeRunner{}
			if _, err := run(t, Options{Rounds: 1, Workloads: []string{Caddy}, Scenarios: []string{c.scenario}, Tools: []string{c.tool}}, &fakeLab{}, r); err != nil {
				t.Fatal(err)
			}
			for i := range c.want {
				c.want[i] = strings.ReplaceAll(c.want[i], "IMG", "registry.example.com/bench/caddy/"+c.tool)
			}
			if diff := cmp.Diff(c.want, r.lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBumpUsesAVersionOnce(t *testing.T) {
	l, r := &fakeLab{}, &fakeRunner{}
	got, err := run(t, Options{Rounds: 99, Workloads: []string{Caddy}, Scenarios: []string{"bump"}, Tools: []string{Gokiln}}, l, r)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].Seconds); n != len(caddyWorkload().Versions)-1 {
		t.Errorf("%d rounds", n)
	}
	mod, err := os.ReadFile(l.Folder(Caddy, Gokiln, "src", "go.mod"))
	if err != nil || string(mod) != caddyWorkload().Versions[0] {
		t.Errorf("go.mod afterwards: %q, %v", mod, err)
	}
}

func TestFailureOfOneTool(t *testing.T) {
	for name, c := range map[string]struct {
		lab    fakeLab
		runner fakeRunner
	}{
		"a command fails":  {runner: fakeRunner{fail: "-f Dockerfile"}},
		"the wrong result": {lab: fakeLab{wrong: Expert}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, Options{Rounds: 2, Workloads: []string{Service}, Scenarios: []string{"cold"}, Tools: []string{Gokiln, Expert, Ko}}, &c.lab, &c.runner)
			if err == nil || !strings.Contains(err.Error(), "service/cold: expert") {
				t.Errorf("error %v", err)
			}
			if len(got) != 3 || len(got[0].Seconds) != 2 || got[1].Failed == "" || len(got[1].Seconds) != 0 || len(got[2].Seconds) != 2 {
				t.Errorf("figures %+v", got)
			}
			if len(c.lab.opened) != 0 {
				t.Errorf("still open: %q", c.lab.opened)
			}
		})
	}
}

func TestUnknownNames(t *testing.T) {
	err := Options{Rounds: 1, Workloads: []string{"servcie"}, Scenarios: []string{"x"}, Tools: []string{"y"}}.Check()
	for _, part := range []string{`"servcie"`, `"x"`, `"y"`, `"platforms-line"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	if err := (Options{}).Check(); err == nil {
		t.Error("no rounds are enough")
	}
	if err := (Options{Rounds: 2}).Quick(true).Check(); err != nil {
		t.Error(err)
	}
}

func TestFleetCommands(t *testing.T) {
	call := Call{
		Work: fleetWorkload(), Image: "IMG", Import: "IMG:cache", Export: "IMG:after",
		Network: []string{"--secret", "id=ca-certificates,src=/ca.pem", "--build-arg", "GOPROXY=https://goproxy.io"},
		Place:   Place{Env: stack.Env{Buildx: []string{"docker", "buildx"}, Builder: "b"}},
	}
	lines := func(name string, specFiles bool) []string {
		tool, _ := ToolNamed(name)
		call.SpecFiles = specFiles
		var all []string
		for _, cmd := range tool.commands(t.Context(), call) {
			all = append(all, strings.Join(cmd.Argv, " "))
		}
		return all
	}
	const common = " --set *.platform=linux/amd64 --set *.secrets=id=ca-certificates,src=/ca.pem --allow fs.read=/ca.pem --set *.args.GOPROXY=https://goproxy.io"
	want := []string{"docker buildx bake --builder b --progress rawjson -f docker-bake.hcl --push" + common +
		" --set *.cache-from=type=registry,ref=IMG:cache --set svc-01.cache-to=type=registry,ref=IMG:after,mode=max"}
	if diff := cmp.Diff(want, lines(Expert, false)); diff != "" {
		t.Error(diff)
	}
	apps := lines(Gokiln, false)
	if len(apps) != 2 || !strings.Contains(apps[0], "--target bake -o . -f gokiln.yaml") ||
		!strings.Contains(apps[1], "-f docker-bake.json") || !strings.Contains(apps[1], "svc-20.cache-from=type=registry,ref=IMG:cache-svc-20") {
		t.Errorf("gokiln with apps: %q", apps)
	}
	if one := gokilnFleetFiles(call); strings.Count(one["gokiln.yaml"], "main: ") != FleetSize || len(one) != 1 {
		t.Errorf("one spec with apps: %v", one)
	}
	if got := lines(Gokiln, true); len(got) != 1 || !strings.Contains(got[0], "-f docker-bake.hcl") {
		t.Errorf("gokiln with a spec per service: %q", got)
	}
	many := gokilnFleetFiles(call)
	if many["deploy/svc-20.yaml"] == "" || !strings.Contains(many["docker-bake.hcl"], `dockerfile = "deploy/svc-20.yaml"`) {
		t.Errorf("a spec per service: %v", many)
	}
}
