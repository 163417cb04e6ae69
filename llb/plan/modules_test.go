package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/containerd/platforms"
	"github.com/google/go-cmp/cmp"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/spec"
)

const withDep = "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n"

// private is a spec with every kind of credential.
const private = `
modules:
  proxy: https://goproxy.example.com,direct
  private: go.acme.dev
  auth:
    - {host: github.com/acme, token: gh}
    - {host: goproxy.example.com, netrc: login}
    - {host: "git.example.com:8443", ssh: default, known_hosts: known_hosts}
`

func planned(t *testing.T, yaml string, args map[string]string) *Modules {
	t.Helper()
	return given{yaml: yaml, gomod: withDep, options: Options{BuildArgs: args}}.plan(t).Modules
}

func TestPrivacyIsDerived(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml string
		args map[string]string
		want map[string]string
	}{
		"hosts that are no proxies": {private, nil, map[string]string{"GOPRIVATE": "git.example.com,github.com/acme,go.acme.dev"}},
		"build argument adds":       {private, map[string]string{"GOPRIVATE": "x.example.com, a.example.com"}, map[string]string{"GOPRIVATE": "a.example.com,git.example.com,github.com/acme,go.acme.dev,x.example.com"}},
		"exceptions add to what is private": {"modules: {private: git.example.com}", map[string]string{"GONOPROXY": "x.example.com", "GONOSUMDB": "y.example.com"},
			map[string]string{"GOPRIVATE": "git.example.com", "GONOPROXY": "git.example.com,x.example.com", "GONOSUMDB": "git.example.com,y.example.com"}},
		"exceptions add to their own": {"modules: {private: git.example.com, no_proxy: a.example.com, no_sumdb: none}", map[string]string{"GONOPROXY": "x.example.com", "GONOSUMDB": "y.example.com"},
			map[string]string{"GOPRIVATE": "git.example.com", "GONOPROXY": "a.example.com,x.example.com", "GONOSUMDB": "y.example.com"}},
		"none is meant": {"modules: {private: git.example.com}", map[string]string{"GONOPROXY": "none"},
			map[string]string{"GOPRIVATE": "git.example.com", "GONOPROXY": "none"}},
		"all keys": {"modules: {private: [a.example.com], no_proxy: none, no_sumdb: [b.example.com, c.example.com], sumdb: off}", nil,
			map[string]string{"GOPRIVATE": "a.example.com", "GONOPROXY": "none", "GONOSUMDB": "b.example.com,c.example.com", "GOSUMDB": "off"}},
		"nothing":                           {"", nil, map[string]string{}},
		"offline asks no checksum database": {"modules: {proxy: [context:modules, off]}", nil, map[string]string{"GOSUMDB": "off"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := env(planned(t, tc.yaml, tc.args).Env)
			got := map[string]string{}
			for _, k := range []string{"GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB"} {
				if all[k] != "" {
					got[k] = all[k]
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestModuleCredentials(t *testing.T) {
	m := planned(t, private, nil)
	want := []modstep.Auth{
		{Host: "github.com", Path: "acme", Token: "/run/gokiln/secrets/gh", User: "x-access-token"},
		{Host: "goproxy.example.com", Netrc: "/run/gokiln/secrets/login"},
		{Host: "git.example.com:8443", SSH: "/run/gokiln/ssh/default", KnownHosts: "/src/known_hosts"},
	}
	if diff := cmp.Diff(want, m.Config.Auth); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Secret{{ID: "gh", Dest: "/run/gokiln/secrets/gh"}, {ID: "login", Dest: "/run/gokiln/secrets/login"}}, m.Secrets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Agent{{"default", "/run/gokiln/ssh/default"}}, m.Agents); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"go.mod", "known_hosts"}, m.Recipe); diff != "" {
		t.Error(diff)
	}
}

func TestProxyLists(t *testing.T) {
	for _, tc := range []struct {
		list, want string
		offline    bool
		folders    []string
	}{
		{"", "", false, nil},
		{"https://a.example.com,https://b.example.com|direct", "https://a.example.com,https://b.example.com|direct", false, nil},
		{"context:modules,off", "file:///gokiln/proxy/modules,off", true, []string{"modules"}},
		{"context:a|context:b", "file:///gokiln/proxy/a|file:///gokiln/proxy/b", true, []string{"a", "b"}},
		{"context:a,direct", "file:///gokiln/proxy/a,direct", false, []string{"a"}},
	} {
		m := planned(t, "", map[string]string{"GOPROXY": tc.list})
		if m.Config.Proxy != tc.want || m.Offline != tc.offline {
			t.Errorf("%q: proxy %q, offline %t", tc.list, m.Config.Proxy, m.Offline)
		}
		if diff := cmp.Diff(tc.folders, m.ProxyFolders); diff != "" {
			t.Errorf("%q: %s", tc.list, diff)
		}
	}
}

// A private module needs the network whatever the list says.
func TestPrivateModulesAreNotOffline(t *testing.T) {
	if m := planned(t, "modules: {proxy: off, private: git.example.com}", nil); m.Offline {
		t.Error("a step that fetches from repositories has no network")
	}
}

func TestModuleErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml, arg string
		want      string
	}{
		"password without a scheme": {"", "me:s3cret@goproxy.example.com", "modules.auth"},
		"password in an argument":   {"", "https://me:s3cret@goproxy.example.com", "modules.auth"},
		"at sign in the password":   {"", "https://me:s3cret@s3cret@goproxy.example.com", "modules.auth"},
		"login without encryption":  {"modules: {proxy: 'http://goproxy.example.com', auth: [{host: goproxy.example.com, token: t}]}", "", "https"},
		"off and nothing else":      {"modules: {proxy: off}", "", "go mod vendor"},
	} {
		t.Run(name, func(t *testing.T) {
			g := given{yaml: tc.yaml, gomod: withDep}
			if tc.arg != "" {
				g.options.BuildArgs = map[string]string{"GOPROXY": tc.arg}
			}
			_, err := NewModules(g.modules(t))
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v, want one with %q and no password", err, tc.want)
			}
		})
	}
}

// All platforms share one step: what they need is put together, whatever order
// they come in.
func TestModulesOfAllPlatforms(t *testing.T) {
	g := given{gomod: withDep}
	in := g.modules(t)
	build := func(platform string, packages ...string) ModuleBuild {
		return ModuleBuild{Target: platforms.Normalize(platforms.MustParse(platform)), Imports: workspace.Imports{Sure: true, Packages: packages}}
	}
	config := func(builds ...ModuleBuild) modstep.Config {
		in.Builds = builds
		m, err := NewModules(in)
		if err != nil {
			t.Fatal(err)
		}
		return m.Config
	}
	amd64, arm := build("linux/amd64", "example.com/b", "example.com/a"), build("linux/arm/v7", "example.com/c")
	one, two := config(amd64, arm, amd64), config(arm, amd64)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
	want := []modstep.Target{
		{Env: []string{"CGO_ENABLED=0", "GOARCH=amd64", "GOOS=linux"}},
		{Env: []string{"CGO_ENABLED=0", "GOARCH=arm", "GOARM=7", "GOOS=linux"}},
	}
	if diff := cmp.Diff(want, one.Targets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"example.com/a", "example.com/b", "example.com/c"}, one.Packages); diff != "" {
		t.Error(diff)
	}
	unsure := config(amd64, ModuleBuild{Target: arm.Target, Imports: workspace.Imports{Packages: []string{"x"}}})
	if !unsure.All || unsure.Packages != nil || unsure.Targets != nil {
		t.Errorf("with an import list that is not sure: %+v", unsure)
	}
}

func TestModulesToolchain(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml string
		args map[string]string
		want string
	}{
		"a proxy needs no git":        {"", nil, "docker.io/library/golang:1.26-alpine"},
		"nor does a list with direct": {"modules: {proxy: 'https://goproxy.example.com,direct'}", nil, "docker.io/library/golang:1.26-alpine"},
		"private modules do":          {"modules: {private: git.example.com}", nil, "docker.io/library/golang:1.26-bookworm"},
		"by argument too":             {"", map[string]string{"GOPRIVATE": "git.example.com"}, "docker.io/library/golang:1.26-bookworm"},
		"through a proxy they do not": {"modules: {private: git.example.com, no_proxy: none}", nil, "docker.io/library/golang:1.26-alpine"},
		"direct alone":                {"modules: {proxy: direct}", nil, "docker.io/library/golang:1.26-bookworm"},
		"build.image serves both":     {"build: {image: go.example.com/go}\nmodules: {private: git.example.com}", nil, "go.example.com/go"},
		"modules.image":               {"build: {image: go.example.com/go}\nmodules: {image: go.example.com/git}", nil, "go.example.com/git"},
	} {
		t.Run(name, func(t *testing.T) {
			in := given{yaml: tc.yaml, options: Options{BuildArgs: tc.args}}.input(t)
			got, err := ModulesToolchain(in.Spec, in.Workspace, in.Options)
			if err != nil || got != tc.want {
				t.Errorf("%q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestSourceOf(t *testing.T) {
	for _, tc := range []struct {
		paths []string
		want  string
	}{
		{nil, "/src"},
		{[]string{"../lib"}, "/src/context"},
		{[]string{"../../shared/lib", "../x"}, "/src/context/context"},
	} {
		w := gomod.Facts{}
		for _, p := range tc.paths {
			w.Outside = append(w.Outside, gomod.Outside{Path: p})
		}
		if got := SourceOf(w); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.paths, got, tc.want)
		}
		for _, o := range outsides(w) {
			if !strings.HasPrefix(o.Dest, "/src/") {
				t.Errorf("%q is at %q, which may be the toolchain's own", o.Path, o.Dest)
			}
		}
	}
}

func TestSharedTargets(t *testing.T) {
	for _, c := range []struct{ targets, want []string }{
		{[]string{"linux/amd64"}, []string{"linux/arm64"}},
		{[]string{"linux/arm64/v8"}, []string{"linux/amd64"}},
		{[]string{"linux/arm64", "linux/amd64"}, nil},
		{[]string{"linux/amd64", "linux/riscv64"}, nil},
		{[]string{"linux/amd64/v3"}, nil},
		{[]string{"windows/amd64"}, nil},
	} {
		var targets []ocispecs.Platform
		for _, text := range c.targets {
			targets = append(targets, platforms.MustParse(text))
		}
		var got []string
		for _, p := range SharedTargets(targets) {
			got = append(got, platforms.Format(p))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.targets, diff)
		}
	}
}

// Flags of the toolchain image may add tags that the analysis did not see.
func TestHiddenTags(t *testing.T) {
	for _, c := range []struct {
		spec string
		env  []string
		all  bool
	}{
		{"", []string{"GOFLAGS=-mod=mod", "GOEXPERIMENT="}, false},
		{"", []string{"GOFLAGS=-buildvcs=false -tags=extra"}, true},
		{"", []string{"GOEXPERIMENT=jsonv2"}, true},
		{"build: {env: {GOEXPERIMENT: jsonv2}}", nil, true},
		{"build: {env: {GOFIPS140: v1.0.0}}", nil, true},
		{"build: {env: {GOFIPS140: latest}}", nil, false},
	} {
		s, err := spec.Parse("gokiln.yaml", []byte(c.spec))
		if err != nil {
			t.Fatal(err)
		}
		if got := hiddenTags(s, c.env); got != c.all {
			t.Errorf("%q %q: %v, want %v", c.spec, c.env, got, c.all)
		}
	}
}

// A variable of a pipeline that is not set gives an empty argument. As in Go it
// counts as none.
func TestEmptyArguments(t *testing.T) {
	args := map[string]string{"GOPROXY": "", "GOPRIVATE": "", "GONOPROXY": "", "GONOSUMDB": "", "GOSUMDB": ""}
	with, without := planned(t, private, args), planned(t, private, nil)
	if diff := cmp.Diff(without, with); diff != "" {
		t.Error(diff)
	}
}

// The argument's proxy is the one that modules.auth has, however it is written.
func TestProxyHostIsNotPrivate(t *testing.T) {
	m := planned(t, "modules: {auth: [{host: goproxy.example.com, netrc: n}]}", map[string]string{"GOPROXY": "https://GOPROXY.example.com:443/go"})
	for _, e := range m.Env {
		if e.Name == "GOPRIVATE" {
			t.Errorf("GOPRIVATE=%s", e.Value)
		}
	}
}

// Go unpacks the FIPS module into the module cache, which compile can't.
func TestFIPSModuleIsUnpackedByTheModuleStep(t *testing.T) {
	m := planned(t, "build: {env: {GOFIPS140: v1.0.0}}", nil)
	if !slices.Contains(m.Env, EnvVar{"GOFIPS140", "v1.0.0"}) {
		t.Errorf("environment %v", m.Env)
	}
}
