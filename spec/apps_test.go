package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
)

// fleet is a spec that inherits, overrides, aliases and merges.
const fleet = `x-public: &public
  ports: 8080
  env: {PUBLIC: 1}
modules: {retries: 2}
cache: {dependencies: mount}
main: ./cmd/main
build:
  tags: [netgo]
  env: {A: a, B: b}
image:
  user: 65532
  env: [A=a, B=b]
  labels: {team: one}
  healthcheck: {test: [CMD, /a], interval: 10s}
apps:
  api: &api
    main: ./cmd/api
    image:
      <<: *public
      labels: {tier: edge}
    groups: [front, backend]
  web:
    <<: *api
    name: site
    build: {tags: [], env: {B: c}}
    image: {env: {B: c, C: d}, user: app, healthcheck: {retries: 2}}
    groups: front
  job: {image: {healthcheck: {test: [NONE]}}}
`

func TestApps(t *testing.T) {
	s := mustParse(t, fleet)
	base := func(name, main string) *Spec {
		w := defaults(diag.Source{})
		w.Name, w.Main = name, []string{main}
		w.Modules.Retries, w.Cache.Dependencies = 2, "mount"
		w.Build.Tags, w.Build.Env = texts("netgo"), map[string]Template{"A": {text: "a"}, "B": {text: "b"}}
		w.Image = Image{User: "65532", Env: map[string]string{"A": "a", "B": "b"}, Labels: map[string]Template{"team": {text: "one"}},
			Healthcheck: &Healthcheck{Test: []string{"CMD", "/a"}, Interval: 10e9}}
		return w
	}
	api := base("api", "./cmd/api")
	api.Image.Ports, api.Image.Env = []string{"8080/tcp"}, map[string]string{"A": "a", "B": "b", "PUBLIC": "1"}
	api.Image.Labels = map[string]Template{"team": {text: "one"}, "tier": {text: "edge"}}
	web := base("site", "./cmd/api")
	web.Build.Tags, web.Build.Env = texts(), map[string]Template{"A": {text: "a"}, "B": {text: "c"}}
	web.Image.User, web.Image.Env = "app", map[string]string{"A": "a", "B": "c", "C": "d"}
	web.Image.Healthcheck.Retries = 2
	job := base("job", "./cmd/main")
	job.Image.Healthcheck = &Healthcheck{Test: []string{"NONE"}}
	want := []App{{"api", []string{"front", "backend"}, api}, {"web", []string{"front"}, web}, {"job", nil, job}}
	if diff := cmp.Diff(want, s.Apps, plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := s.App("wab"); ok {
		t.Error("there is no app wab")
	}
}

func TestAppPlaces(t *testing.T) {
	s := mustParse(t, fleet)
	for _, tt := range []struct{ app, path, want string }{
		{"api", "main[0]", "./cmd/api"}, {"job", "main", "./cmd/main"}, {"api", "name", "api"}, {"web", "name", "site"},
		{"web", "image.user", "app"}, {"api", "image.user", "65532"}, {"api", "image.ports", "8080"},
		{"web", "image.env.A", "A=a"}, {"web", "image.env.B", "c"}, {"web", "build.env.A", "a"},
		{"api", "modules.retries", "2"}, {"job", "image.healthcheck.test[0]", "NONE"},
	} {
		app, _ := s.App(tt.app)
		if got, _ := sliceOf([]byte(fleet), app.Spec.At(tt.path)); got != tt.want {
			t.Errorf("At(%q) of %s holds %q, want %q", tt.path, tt.app, got, tt.want)
		}
	}
	for path, want := range map[string]string{"apps.web.groups[0]": "front", "apps.job.image": "{image: {healthcheck: {test: [NONE]}}}"} {
		if got, _ := sliceOf([]byte(fleet), s.At(path)); got != want {
			t.Errorf("At(%q) holds %q, want %q", path, got, want)
		}
	}
}

// TestAppsAlone holds that a spec of one app without values of its own says what
// the top level alone would say.
func TestAppsAlone(t *testing.T) {
	for _, f := range Fields() {
		if strings.HasPrefix(f.Path, "apps") || f.Path == "name" || f.Default == "" {
			continue
		}
		data, _ := wrap(f.Path, f.Example)
		alone := mustParse(t, string(data))
		alone.Name = "api"
		s := mustParse(t, string(data)+"apps: {api: {}}\n")
		if diff := cmp.Diff(alone, s.Apps[0].Spec, plain); diff != "" {
			t.Errorf("%s (-alone +app):\n%s", f.Path, diff)
		}
	}
}

// TestPairs ties the paths that overlay knows for maps of strings to the table.
func TestPairs(t *testing.T) {
	for _, f := range Fields() {
		if isPairs(f.Path) != (f.Type == stringMap) {
			t.Errorf("%s has the type %q", f.Path, f.Type)
		}
	}
}

// TestManyApps holds the bound on what apps inherit: a small file can't stand for
// a large spec many times over.
func TestManyApps(t *testing.T) {
	var b strings.Builder
	b.WriteString("image:\n  labels:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "    l%d: v\n", i)
	}
	b.WriteString("apps:\n")
	for i := range 150 {
		fmt.Fprintf(&b, "  a%d: {main: ./a}\n", i)
	}
	_, err := Parse("gokiln.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "apps.a99: more than 200000 values") {
		t.Errorf("got %v", err)
	}
	if n := len(diag.All(err)); n > 1 {
		t.Errorf("%d errors", n)
	}
}

// TestFleetBounds: a fleet is well inside of the bounds, and what is outside is
// told in one error.
func TestFleetBounds(t *testing.T) {
	fleet := func(apps, labels int) []byte {
		var b strings.Builder
		b.WriteString("build: {ldflags: ['-X main.version={{ .Version }}']}\nimage:\n  env: {A: b, C: d}\n  labels:\n    team: shop\n")
		for i := range labels {
			fmt.Fprintf(&b, "    l%d: '{{ .Args.L%d }}'\n", i, i)
		}
		b.WriteString("apps:\n")
		for i := range apps {
			fmt.Fprintf(&b, "  app-%d: {main: ./cmd/app%d, groups: [web], image: {ports: 8080, labels: {n: '{{ .ShortRevision }}', d: %s}}}\n", i, i, strings.Repeat("d", 90))
		}
		return []byte(b.String())
	}
	s, err := Parse("gokiln.yaml", fleet(500, 20))
	if err != nil || len(s.Apps) != 500 {
		t.Errorf("a fleet of 500: %v", err)
	}
	for want, data := range map[string][]byte{
		"gokiln.yaml:7:3: apps: 3000 apps in one spec: at most 1000; split them into several specs": fleet(3000, 0),
		"more than 20000 templates with what each app inherits written out":                         fleet(1000, 30),
	} {
		_, err := Parse("gokiln.yaml", data)
		all := diag.All(err)
		if len(all) != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%d errors: %v\nwant %s", len(all), err, want)
			continue
		}
		if r := all[0].Range; r.End.Line > r.Start.Line {
			t.Errorf("the error shows the lines %d to %d", r.Start.Line, r.End.Line)
		}
	}
}
