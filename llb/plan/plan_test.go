package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/containerd/platforms"
	"github.com/google/go-cmp/cmp"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/spec"
)

const mainGo = "package main\n\nfunc main() {}\n"

// given is a test's input in the user's words.
type given struct {
	yaml, gomod string
	files       map[string]string
	platform    string
	options     Options
	base        *dockerspec.DockerOCIImage
}

// input parses and analyses what is given as the gateway adapter would, but for
// the module step.
func (g given) input(t *testing.T) Input {
	t.Helper()
	in, _ := g.inputs(t)
	return in
}

// modules is what the module step is planned from.
func (g given) modules(t *testing.T) ModulesInput {
	t.Helper()
	_, m := g.inputs(t)
	return m
}

func (g given) inputs(t *testing.T) (Input, ModulesInput) {
	t.Helper()
	s, err := spec.Parse("gokiln.yaml", []byte(g.yaml))
	if err != nil {
		t.Fatal(err)
	}
	if g.gomod == "" {
		g.gomod = "module example.com/app\n\ngo 1.26\n"
	}
	all := map[string]string{"go.mod": g.gomod, "cmd/api/main.go": mainGo, "cmd/worker/main.go": mainGo, "other/api/main.go": mainGo}
	maps.Copy(all, g.files)
	fsys := fstest.MapFS{}
	for name, data := range all {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	w, err := workspace.Load(t.Context(), fsys, s.Module, workspace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := platforms.Normalize(platforms.MustParse(cmpOr(g.platform, "linux/amd64")))
	in := Input{
		Spec: s, Workspace: w.Facts, Target: target, Build: platforms.MustParse("linux/amd64"),
		Base: g.base, Options: g.options, ToolchainDigest: official,
	}
	targets := []ModuleBuild{{Target: target, Imports: workspace.Imports{Sure: true, Packages: []string{"example.com/dep/pkg"}}}}
	modules := ModulesInput{Spec: s, Workspace: w.Facts, Options: g.options, Builds: targets}
	mains := s.Main
	if len(mains) == 0 {
		mains = []string{"./cmd/api"}
	}
	for _, dir := range mains {
		p, err := w.Main(t.Context(), dir, workspace.Target{GOOS: "linux", GOARCH: "amd64"})
		if err != nil {
			t.Fatal(err)
		}
		in.Code.Mains = append(in.Code.Mains, p)
	}
	return in, modules
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (g given) plan(t *testing.T) draft {
	t.Helper()
	in, modules := g.inputs(t)
	var err error
	if in.Modules, err = NewModules(modules); err != nil {
		t.Fatal(err)
	}
	p, err := newDraft(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func env(list []EnvVar) map[string]string {
	m := map[string]string{}
	for _, e := range list {
		m[e.Name] = e.Value
	}
	return m
}

func TestCompileArgs(t *testing.T) {
	for name, tc := range map[string]struct {
		given
		want []string
	}{
		"defaults": {given{}, []string{"go", "build", "-buildvcs=false", "-trimpath", "-mod=readonly", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", "/gokiln/out/api", "./cmd/api"}},
		"name":     {given{yaml: "name: svc"}, []string{"go", "build", "-buildvcs=false", "-trimpath", "-mod=readonly", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", "/gokiln/out/svc", "./cmd/api"}},
		"windows": {given{platform: "windows/amd64"},
			[]string{"go", "build", "-buildvcs=false", "-trimpath", "-mod=readonly", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", "/gokiln/out/api.exe", "./cmd/api"}},
		"several": {given{yaml: "main: [./cmd/api, ./cmd/worker]\nname: suite"},
			[]string{"go", "build", "-buildvcs=false", "-trimpath", "-mod=readonly", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", "/gokiln/out/", "./cmd/api", "./cmd/worker"}},
		"all flags": {
			given{
				yaml: "build:\n  tags: ['a,b', '{{.Args.EDITION}}']\n  ldflags: ['-X main.v={{.Version}}', -w]\n" +
					"  gcflags: all=-N\n  asmflags: [-S]\n  trimpath: false\n  mod: readonly\n  cgo: true\n  race: true\n  cover: true\n  pgo: cpu.pprof\n",
				options: Options{BuildArgs: map[string]string{"VERSION": "1.2", "EDITION": "pro"}},
			},
			[]string{"go", "build", "-buildvcs=false", "-mod=readonly", "-tags=a,b,pro", "-race", "-pgo=cpu.pprof",
				"-gcflags=all=-dwarf=false", "-ldflags=-X main.v=1.2 -w", "-gcflags=all=-N", "-asmflags=-S", "-cover", "-o", "/gokiln/out/api", "./cmd/api"},
		},
		"no ldflags": {given{yaml: "build: {ldflags: []}"}, []string{"go", "build", "-buildvcs=false", "-trimpath", "-mod=readonly", "-o", "/gokiln/out/api", "./cmd/api"}},
		"vendor": {given{files: map[string]string{"vendor/modules.txt": "# none\n"}},
			[]string{"go", "build", "-buildvcs=false", "-trimpath", "-mod=vendor", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", "/gokiln/out/api", "./cmd/api"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.plan(t).Compile.Args); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVariants(t *testing.T) {
	for _, tc := range []struct{ platform, yaml, name, want string }{
		{"linux/amd64", "", "GOAMD64", ""},
		{"linux/amd64/v3", "", "GOAMD64", "v3"},
		{"linux/amd64", "goamd64: v2", "GOAMD64", "v2"},
		{"linux/amd64/v3", "goamd64: v2", "GOAMD64", "v2"},
		{"linux/arm/v6", "", "GOARM", "6"},
		{"linux/arm", "", "GOARM", "7"},
		{"linux/arm/v7", "goarm: 6", "GOARM", "6"},
		{"linux/arm64", "", "GOARM64", ""},
		{"linux/arm64/v8", "", "GOARM64", ""},
		{"linux/arm64/v9", "", "GOARM64", "v9.0"},
		{"linux/arm64", "goarm64: 'v8.2,lse'", "GOARM64", "v8.2,lse"},
		{"linux/riscv64", "goriscv64: rva22u64", "GORISCV64", "rva22u64"},
		{"linux/arm64", "goamd64: v3", "GOAMD64", ""},
	} {
		yaml := ""
		if tc.yaml != "" {
			yaml = "build: {" + tc.yaml + "}"
		}
		got := env(given{yaml: yaml, platform: tc.platform}.plan(t).Compile.Env)[tc.name]
		if got != tc.want {
			t.Errorf("%s with %q: %s=%q, want %q", tc.platform, tc.yaml, tc.name, got, tc.want)
		}
	}
}

func TestPlanErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		given
		want string // start of the message after file:line:column
		line int
	}{
		"variant above platform": {given{yaml: "build:\n  goamd64: v3", platform: "linux/amd64/v2"}, "build.goamd64:", 2},
		"cgo across":             {given{yaml: "build:\n  cgo: true", platform: "linux/arm64"}, "build.cgo:", 2},
		"no vendor":              {given{yaml: "build:\n  mod: vendor"}, "build.mod:", 2},
		"same names":             {given{yaml: "main:\n  - .\n  - ./cmd/app", files: map[string]string{"main.go": mainGo, "cmd/app/main.go": mainGo}}, "main[1]:", 3},
		"no version":             {given{yaml: "build:\n  ldflags:\n    - -s\n    - -X main.v={{.Version}}"}, "build.ldflags[1]:", 4},
		"no revision":            {given{yaml: "image:\n  labels:\n    rev: '{{.Revision}}'"}, "image.labels.rev:", 3},
		"base of another platform": {given{yaml: "image:\n  base: alpine", platform: "linux/arm64",
			base: &dockerspec.DockerOCIImage{Image: ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}}}}, "image.base:", 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newDraft(tc.input(t))
			located := diag.All(err)
			if len(located) != 1 {
				t.Fatalf("%d located errors: %v", len(located), err)
			}
			e := located[0]
			if !strings.HasPrefix(e.Err.Error(), tc.want) || e.Range.Start.Line != tc.line {
				t.Errorf("line %d: %q; want line %d: %q", e.Range.Start.Line, e.Err, tc.line, tc.want)
			}
		})
	}
}

func TestCgoCrossWithCompiler(t *testing.T) {
	p := given{yaml: "build:\n  cgo: true\n  env: {CC: '{{.Arch}}-linux-gnu-gcc'}", platform: "linux/arm64"}.plan(t)
	e := env(p.Compile.Env)
	if e["CC"] != "arm64-linux-gnu-gcc" || e["CGO_ENABLED"] != "1" {
		t.Errorf("CC=%s CGO_ENABLED=%s", e["CC"], e["CGO_ENABLED"])
	}
}

func TestCheckPort(t *testing.T) {
	for _, ok := range []string{"linux/amd64", "linux/arm/v6", "windows/arm64", "darwin/arm64", "wasip1/wasm", "linux/386"} {
		if err := CheckPort(platforms.Normalize(platforms.MustParse(ok))); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for bad, want := range map[string]string{"linux/sparc64": "linux/riscv64", "darwin/386": "darwin/arm64", "templeos/amd64": "operating system"} {
		os, arch, _ := strings.Cut(bad, "/")
		err := CheckPort(ocispecs.Platform{OS: os, Architecture: arch})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a word of %q", bad, err, want)
		}
	}
}

func TestToolchain(t *testing.T) {
	mod := func(lines string) string { return "module example.com/app\n\n" + lines + "\n" }
	for _, tc := range []struct{ yaml, gomod, want string }{
		{"", mod("go 1.26"), "docker.io/library/golang:1.26-alpine"},
		{"", mod("go 1.25.3"), "docker.io/library/golang:1.25-alpine"},
		{"", mod("go 1.25.3\ntoolchain go1.25.9"), "docker.io/library/golang:1.25.9-alpine"},
		{"", mod("go 1.27rc1"), "docker.io/library/golang:1.27rc1-alpine"},
		{"", mod(""), "docker.io/library/golang:1-alpine"},
		{"go: 1.26.8", mod("go 1.25"), "docker.io/library/golang:1.26.8-alpine"},
		{"go: 1.26", mod("go 1.26.3"), "docker.io/library/golang:1.26-alpine"},
		{"build: {cgo: true}", mod("go 1.26"), "docker.io/library/golang:1.26-bookworm"},
		{"build: {image: registry.example.com/go:corp}", mod("go 1.26"), "registry.example.com/go:corp"},
	} {
		in := given{yaml: tc.yaml, gomod: tc.gomod}.input(t)
		got, err := Toolchain(in.Spec, in.Workspace)
		if err != nil || got != tc.want {
			t.Errorf("%q with %q: %s, %v; want %s", tc.yaml, tc.gomod, got, err, tc.want)
		}
	}
	for _, tc := range []struct{ yaml, gomod string }{
		{"go: 1.24", mod("go 1.26")}, {"go: 1.26.2", mod("go 1.26.3")}, {"go: 1.26rc1", mod("go 1.26.0")},
	} {
		in := given{yaml: tc.yaml, gomod: tc.gomod}.input(t)
		if _, err := Toolchain(in.Spec, in.Workspace); err == nil {
			t.Errorf("%q with %q: no error", tc.yaml, tc.gomod)
		}
	}
}

func TestCheckToolchain(t *testing.T) {
	in := given{gomod: "module example.com/app\n\ngo 1.26.3\n"}.input(t)
	err := CheckToolchain(in.Spec, in.Workspace, "golang:1.26-alpine", []string{"A=b", "GOLANG_VERSION=1.25.9"})
	located := diag.All(err)
	if len(located) != 1 || located[0].Source.Filename != "go.mod" || located[0].Range.Start.Line != 3 {
		t.Fatalf("not located in go.mod: %v", err)
	}
	for _, v := range []string{"1.26.3", "1.25.9"} {
		if !strings.Contains(err.Error(), v) {
			t.Errorf("%v does not name %s", err, v)
		}
	}
	for _, env := range [][]string{nil, {"GOLANG_VERSION=1.26.3"}, {"GOLANG_VERSION=1.27.0"}, {"GOLANG_VERSION=tip"}} {
		if err := CheckToolchain(in.Spec, in.Workspace, "golang", env); err != nil {
			t.Errorf("%q: %v", env, err)
		}
	}
}

func TestConfigKeepsTheBase(t *testing.T) {
	base := &dockerspec.DockerOCIImage{}
	base.OS, base.Architecture = "linux", "amd64"
	base.Author = "someone"
	base.Config.User = "65532"
	base.Config.Env = []string{"PATH=/usr/bin", "SSL_CERT_FILE=/ca.pem"}
	base.Config.WorkingDir = "/home/nonroot"
	base.Config.Labels = map[string]string{"base": "yes", "both": "base"}
	base.Config.Cmd = []string{"/bin/sh"}
	base.Config.Entrypoint = []string{"/entry"}
	base.Config.StopSignal = "SIGQUIT"
	base.Config.ExposedPorts = map[string]struct{}{"80/tcp": {}}
	base.Config.OnBuild = []string{"RUN something"}
	base.Config.Healthcheck = &dockerspec.HealthcheckConfig{Test: []string{"CMD", "/old"}, Interval: time.Minute}

	g := given{
		yaml: "image:\n  env: {SSL_CERT_FILE: /mine.pem, B: b, A: a}\n  labels: {both: spec}\n  ports: [8080]\n" +
			"  healthcheck: {test: [CMD, /new]}\n  volumes: [/data]\n",
		base:    base,
		options: Options{Labels: map[string]string{"option": "yes"}},
	}
	before := *base
	img := g.plan(t).Image.Config
	want := dockerspec.DockerOCIImageConfig{
		ImageConfig: ocispecs.ImageConfig{
			User:         "65532",
			Env:          []string{"PATH=/usr/bin", "SSL_CERT_FILE=/mine.pem", "A=a", "B=b"},
			Entrypoint:   []string{"/usr/local/bin/api"},
			WorkingDir:   "/home/nonroot",
			Labels:       map[string]string{"base": "yes", "both": "spec", "option": "yes"},
			StopSignal:   "SIGQUIT",
			ExposedPorts: map[string]struct{}{"80/tcp": {}, "8080/tcp": {}},
			Volumes:      map[string]struct{}{"/data": {}},
		},
		DockerOCIImageConfigExt: dockerspec.DockerOCIImageConfigExt{
			Healthcheck: &dockerspec.HealthcheckConfig{Test: []string{"CMD", "/new"}, Interval: time.Minute},
		},
	}
	if diff := cmp.Diff(want, img.Config); diff != "" {
		t.Error(diff)
	}
	if img.Author != "someone" || !img.Created.Equal(time.Unix(0, 0)) {
		t.Errorf("author %q, created %v", img.Author, img.Created)
	}
	if diff := cmp.Diff(before, *base); diff != "" {
		t.Errorf("the base's config was changed: %s", diff)
	}
}

func TestConfigFromScratch(t *testing.T) {
	p := given{yaml: "image: {base: scratch, user: '1000', entrypoint: [/usr/local/bin/api, serve], cmd: [--debug], workdir: /srv, stop_signal: SIGINT}",
		platform: "linux/arm/v6"}.plan(t)
	c := p.Image.Config
	if c.OS != "linux" || c.Architecture != "arm" || c.Variant != "v6" {
		t.Errorf("platform %s/%s/%s", c.OS, c.Architecture, c.Variant)
	}
	if !slices.Equal(c.Config.Env, []string{"PATH=" + defaultPath}) {
		t.Errorf("env %q", c.Config.Env)
	}
	if c.Config.User != "1000" || c.Config.WorkingDir != "/srv" || c.Config.StopSignal != "SIGINT" ||
		!slices.Equal(c.Config.Entrypoint, []string{"/usr/local/bin/api", "serve"}) || !slices.Equal(c.Config.Cmd, []string{"--debug"}) {
		t.Errorf("%+v", c.Config)
	}
	if diff := cmp.Diff([]Dir{{Path: "/srv"}}, p.Image.Files.Dirs); diff != "" {
		t.Error(diff)
	}
}

// The history has an entry for the files exactly where there is such a layer:
// one too many and the exporter takes the config for broken.
func TestHistoryCountsLayers(t *testing.T) {
	for yaml, want := range map[string]int{
		"":                        1,
		"image: {workdir: /}":     1,
		"image: {workdir: /srv/}": 2,
	} {
		img := given{yaml: yaml}.plan(t).Image
		if got := len(img.Config.History); got != want || (len(img.Files.Dirs) > 0) != (want == 2) {
			t.Errorf("%q: %d entries of history and folders %v, want %d entries", yaml, got, img.Files.Dirs, want)
		}
	}
}

func TestEpoch(t *testing.T) {
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("CET", 3600))
	p := given{yaml: "image: {labels: {created: '{{.Date}}'}}", options: Options{Epoch: &when}}.plan(t)
	if p.Image.Epoch != when.Unix() || !p.Image.Config.Created.Equal(when) {
		t.Errorf("epoch %d created=%v", p.Image.Epoch, p.Image.Config.Created)
	}
	if got := p.Image.Config.Config.Labels["created"]; got != "2026-01-02T02:04:05Z" {
		t.Errorf("label %q", got)
	}
}

func TestModules(t *testing.T) {
	none := given{}.plan(t)
	if none.Modules != nil || none.Compile.Modules {
		t.Error("a module without requirements has a module step")
	}
	required := "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n"
	p := given{gomod: required, files: map[string]string{"go.sum": "x"}, options: Options{
		BuildArgs: map[string]string{"GOPROXY": "https://goproxy.example.com", "http_proxy": "http://p.example.com", "OTHER": "x"},
		NoCache:   map[string]bool{StageModules: true},
	}}.plan(t)
	if p.Modules == nil || !p.Compile.Modules || !p.Modules.NoCache || p.Compile.NoCache {
		t.Fatalf("modules: %+v", p.Modules)
	}
	if diff := cmp.Diff([]string{"go.mod", "go.sum"}, p.Modules.Recipe); diff != "" {
		t.Error(diff)
	}
	e := env(p.Modules.Env)
	if p.Modules.Config.Proxy != "https://goproxy.example.com" || e["OTHER"] != "" || p.Modules.Proxy.HTTP != "http://p.example.com" {
		t.Errorf("%v %v", e, p.Modules.Proxy)
	}
}

func TestCacheNamespace(t *testing.T) {
	p := given{options: Options{CacheNamespace: "team-a"}}.plan(t)
	if id := p.Compile.Cache.ID; !strings.HasPrefix(id, "team-a/gokiln/gocache/example.com/app/") {
		t.Errorf("cache id %q", id)
	}
}

func TestTargetTags(t *testing.T) {
	in := given{yaml: "build: {tags: [x, '{{.OS}}_only'], cgo: true, race: true}", platform: "linux/amd64/v3"}.input(t)
	got, err := Target(in.Spec, in.Target, in.Options, []string{"GOLANG_VERSION=1.26.8"})
	if err != nil {
		t.Fatal(err)
	}
	want := workspace.Target{GOOS: "linux", GOARCH: "amd64", Cgo: true, GoVersion: "1.26.8",
		Tags: []string{"x", "linux_only", "race", "amd64.v1", "amd64.v2", "amd64.v3"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The go command takes a variant from the toolchain image where nobody names one.
func TestTargetTagsOfTheImage(t *testing.T) {
	for platform, want := range map[string][]string{
		"linux/amd64":    {"amd64.v1", "amd64.v2", "amd64.v3"},
		"linux/amd64/v2": {"amd64.v1", "amd64.v2"},
		"linux/386":      {"386.sse2"},
	} {
		in := given{platform: platform}.input(t)
		got, err := Target(in.Spec, in.Target, in.Options, []string{"GOAMD64=v3"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Tags); diff != "" {
			t.Errorf("%s: %s", platform, diff)
		}
	}
}

func TestVariantTags(t *testing.T) {
	for _, tc := range []struct {
		arch, value string
		want        []string
	}{
		{"arm", "6", []string{"arm.5", "arm.6"}},
		{"arm", "7,softfloat", []string{"arm.5", "arm.6", "arm.7"}},
		{"arm64", "v8.1,lse", []string{"arm64.v8.0", "arm64.v8.1"}},
		{"arm64", "v9.0", []string{"arm64.v9.0", "arm64.v8.0", "arm64.v8.1", "arm64.v8.2", "arm64.v8.3", "arm64.v8.4", "arm64.v8.5"}},
		{"ppc64le", "power9", []string{"ppc64le.power8", "ppc64le.power9"}},
		{"riscv64", "rva22u64", []string{"riscv64.rva20u64", "riscv64.rva22u64"}},
		{"386", "softfloat", []string{"386.softfloat"}},
		{"mips", "hardfloat", []string{"mips.hardfloat"}},
		{"s390x", "", nil},
	} {
		if diff := cmp.Diff(tc.want, variantTags(tc.arch, tc.value)); diff != "" {
			t.Errorf("%s %s: %s", tc.arch, tc.value, diff)
		}
	}
}

func TestUses(t *testing.T) {
	in := given{yaml: "build: {ldflags: ['{{.Version}} {{.Args.A}}'], env: {X: '{{.Env.B}}'}}\nimage: {labels: {l: '{{.ShortCommit}}'}}"}.input(t)
	if diff := cmp.Diff([]string{"Args.A", "Args.B", "ShortRevision", "Version"}, Uses(in.Spec)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"A", "B"}, UsedArgs(in.Spec)); diff != "" {
		t.Error(diff)
	}
}

func TestFilesMustNotMeetPrograms(t *testing.T) {
	yaml := "image:\n  files:\n"
	targets := []string{"/usr/local/bin/api", "/usr/local/bin/api/x", "/usr/local/bin/other", "/etc/api", "/usr/local/bin/"}
	for _, to := range targets {
		yaml += "    - {from: a, to: " + to + "}\n"
	}
	in := given{yaml: yaml}.input(t)
	for i, to := range targets {
		in.Files.Copies = append(in.Files.Copies, Copy{From: "/a", To: to, Entry: i})
	}
	_, err := newDraft(in)
	var lines []int
	for _, e := range diag.All(err) {
		lines = append(lines, e.Range.Start.Line)
	}
	if diff := cmp.Diff([]int{3, 4}, lines); diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestCheckPortVariant(t *testing.T) {
	for _, ok := range []string{"linux/amd64/v3", "linux/arm/v5", "linux/arm64/v9", "linux/arm64/v8.2", "linux/riscv64/rva22u64"} {
		if err := CheckPort(platforms.Normalize(platforms.MustParse(ok))); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"linux/amd64/v9", "linux/arm/v4", "linux/arm64/v7", "linux/riscv64/x", "linux/s390x/z15"} {
		if err := CheckPort(platforms.Normalize(platforms.MustParse(bad))); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
