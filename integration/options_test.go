package integration

import (
	"bytes"
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// Every key of `image` shows in the config that the registry holds.
func TestImageConfig(t *testing.T) {
	s := setup(t)
	tag := s.tag(t)
	dir := app(t, map[string]string{"main.go": mainPrinting(t, "config"), "gokiln.yaml": `name: srv
main: .
image:
  user: "1234:5678"
  entrypoint: [/usr/local/bin/srv, serve]
  cmd: [--port, "80"]
  workdir: /data
  env: {A: "1", SSL_CERT_FILE: /mine.pem}
  ports: [80, 53/udp]
  labels: {team: kiln, version: "{{ .Version }}-{{ .OS }}-{{ .Args.CHANNEL }}"}
  volumes: [/data]
  healthcheck: {test: [CMD, /usr/local/bin/srv, -health], interval: 10s, timeout: 2s, start_period: 5s, retries: 4}
  stop_signal: SIGQUIT
`})
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "-t", tag, "--push", "--label", "team=other", "--label", "ci=yes",
		"--build-arg", "VERSION=2.0", "--build-arg", "CHANNEL=beta", "."}})
	for _, img := range fetch(t, tag) {
		c := configOf(t, img).Config
		want := v1.Config{
			User: "1234:5678", Entrypoint: []string{"/usr/local/bin/srv", "serve"}, Cmd: []string{"--port", "80"}, WorkingDir: "/data",
			Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=/mine.pem", "A=1"},
			ExposedPorts: map[string]struct{}{"80/tcp": {}, "53/udp": {}},
			Labels:       map[string]string{"team": "other", "ci": "yes", "version": "2.0-linux-beta"},
			Volumes:      map[string]struct{}{"/data": {}},
			Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "/usr/local/bin/srv", "-health"}, Interval: 10 * time.Second,
				Timeout: 2 * time.Second, StartPeriod: 5 * time.Second, Retries: 4},
			StopSignal: "SIGQUIT",
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Error(diff)
		}
		if f := files(t, img)["data"]; f.Mode != 0o755 {
			t.Errorf("workdir: %+v", f)
		}
	}
}

// settings returns what the program itself says of its build.
func settings(t *testing.T, img image.Image, program string) map[string]string {
	t.Helper()
	data, err := img.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{"go": info.GoVersion}
	for _, s := range info.Settings {
		m[s.Key] = s.Value
	}
	return m
}

func TestVariantsReachTheCompiler(t *testing.T) {
	s := setup(t)
	t.Parallel()
	tag := s.tag(t)
	dir := app(t, map[string]string{"main.go": mainPrinting(t, "variants"), "gokiln.yaml": "build: {tags: [x, y], trimpath: false}\nimage: {base: scratch}\n"})
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64/v3,linux/arm/v7,linux/arm/v6,windows/amd64", "-t", tag, "--push", "."}})
	images := fetch(t, tag)
	if diff := cmp.Diff([]string{"linux/amd64/v3", "linux/arm/v6", "linux/arm/v7", "windows/amd64"}, platforms(images)); diff != "" {
		t.Fatal(diff)
	}
	for platform, want := range map[string][2]string{
		"linux/amd64/v3": {"GOAMD64", "v3"}, "linux/arm/v7": {"GOARM", "7"}, "linux/arm/v6": {"GOARM", "6"}, "windows/amd64": {"GOOS", "windows"},
	} {
		program := "usr/local/bin/app"
		if platform == "windows/amd64" {
			program += ".exe"
		}
		got := settings(t, images[platform], program)
		if got[want[0]] != want[1] || got["-tags"] != "x,y" || got["CGO_ENABLED"] != "0" || got["-trimpath"] != "" {
			t.Errorf("%s: %v", platform, got)
		}
	}
}

func TestNoCacheByStage(t *testing.T) {
	s := setup(t)
	dir := app(t, withDependency(t, "nocache"))
	build := func(args ...string) result {
		return s.ok(t, build{Dir: dir, Args: slices.Concat(caSecret(), []string{"-f", "gokiln.yaml", "-o", "type=cacheonly"}, args, []string{"."})})
	}
	build()
	for _, tc := range []struct {
		args             []string
		modules, compile int
	}{
		{nil, 0, 0},
		{[]string{"--no-cache-filter", "compile"}, 0, 1},
		{[]string{"--no-cache-filter", "modules"}, 1, 1},
		{[]string{"--no-cache"}, 1, 1},
	} {
		r := build(tc.args...)
		modules, compile := len(r.ran("download modules")), len(r.ran("go build"))
		// A module step that ran again may give the same layer, so compile may
		// come from the cache.
		if modules != tc.modules || compile > tc.compile || compile < tc.compile-tc.modules {
			t.Errorf("%q: %d module steps and %d compile steps, want %d and %d", tc.args, modules, compile, tc.modules, tc.compile)
		}
	}
}

func TestSourceDateEpoch(t *testing.T) {
	s := setup(t)
	tag := s.tag(t)
	dir := app(t, map[string]string{"main.go": mainPrinting(t, "epoch"), "gokiln.yaml": "image: {labels: {date: '{{ .Date }}'}}\n"})
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--build-arg", "SOURCE_DATE_EPOCH=1700000000", "-t", tag, "--push", "."}})
	want := time.Unix(1700000000, 0).UTC()
	for _, img := range fetch(t, tag) {
		config := configOf(t, img)
		if !config.Created.Equal(want) || config.Config.Labels["date"] != want.Format(time.RFC3339) {
			t.Errorf("created %v, label %q", config.Created, config.Config.Labels["date"])
		}
	}
}

func TestUnusedBuildArgIsNamed(t *testing.T) {
	s := setup(t)
	dir := app(t, map[string]string{"main.go": mainPrinting(t, "args")})
	r := s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--build-arg", "VERSOIN=1", "-o", "type=cacheonly", "."}})
	if !strings.Contains(r.Output, "VERSOIN") {
		t.Errorf("no word of the build argument that nothing uses:\n%s", r.Output)
	}
}

func TestGoRelease(t *testing.T) {
	s := setup(t)
	s.Golang(t, "1.25.9-alpine")
	tag := s.tag(t)
	dir := app(t, map[string]string{"go.mod": "module example.com/app\n\ngo 1.25.0\n\ntoolchain go1.25.9\n", "main.go": mainPrinting(t, "release")})
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	if got := settings(t, fetch(t, tag)["linux/amd64"], "usr/local/bin/app")["go"]; got != "go1.25.9" {
		t.Errorf("built by %s, want the toolchain line's go1.25.9", got)
	}
}

// What the linker would drop is not compiled either, and who keeps it has all of it,
// whatever other builds have left on the builder.
func TestDebugInformation(t *testing.T) {
	s := setup(t)
	t.Parallel()
	files := map[string]string{
		"main.go":    "package main\n\nimport \"example.com/app/own\"\n\nfunc main() { own.Say(\"hello\") }\n",
		"own/own.go": "package own\n\nimport \"fmt\"\n\n//go:noinline\nfunc Say(text string) { fmt.Println(text) }\n",
	}
	for i, tc := range []struct {
		build, gcflags string
		functions      []string
	}{
		{"{}", "all=-dwarf=false", nil},
		{"{ldflags: []}", "", []string{"example.com/app/own.Say", "fmt.Fprintln", "runtime.mallocgc"}},
	} {
		files["gokiln.yaml"] = "build: " + tc.build + "\ncache: {dependencies: layer}\n"
		tag := s.tag(t) + strconv.Itoa(i)
		s.ok(t, build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
		img := fetch(t, tag)["linux/amd64"]
		if got := settings(t, img, "usr/local/bin/app")["-gcflags"]; got != tc.gcflags {
			t.Errorf("%s: compiled with %q", tc.build, got)
		}
		program, err := img.ReadFile("usr/local/bin/app")
		if err != nil {
			t.Fatal(err)
		}
		described := describedFunctions(t, program)
		if tc.functions == nil && len(described) > 0 {
			t.Errorf("%s: debug information of %d functions", tc.build, len(described))
		}
		for _, f := range tc.functions {
			if !slices.Contains(described, f) {
				t.Errorf("%s: no debug information of %s, but of %d functions", tc.build, f, len(described))
			}
		}
		if out := s.run(t, img); out != "hello\n" {
			t.Errorf("%s: it printed %q", tc.build, out)
		}
	}
}

// describedFunctions names the functions of a program that a debugger could print the
// arguments of: the outline of a function is there without the compiler's help.
func describedFunctions(t *testing.T, program []byte) []string {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if file.Section(".debug_info") == nil {
		return nil
	}
	info, err := file.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	function := ""
	for r := info.Reader(); ; {
		entry, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if entry == nil {
			return slices.Compact(names)
		}
		switch entry.Tag {
		case dwarf.TagSubprogram:
			function, _ = entry.Val(dwarf.AttrName).(string)
		case dwarf.TagFormalParameter:
			names = append(names, function)
		}
	}
}

func TestRaceAndCover(t *testing.T) {
	s := setup(t)
	t.Parallel()
	// Apart, because what -cover brings along compiles for long with -race.
	for flag, spec := range map[string]string{"-race": "build: {cgo: true, race: true}\n", "-cover": "build: {cover: true}\n"} {
		tag := s.tag(t) + flag
		dir := app(t, map[string]string{"main.go": mainPrinting(t, "printed"), "gokiln.yaml": spec})
		s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
		img := fetch(t, tag)["linux/amd64"]
		if got := settings(t, img, "usr/local/bin/app"); got[flag] != "true" {
			t.Errorf("built with %v", got)
		}
		if out := s.run(t, img); !strings.Contains(out, "printed\n") {
			t.Errorf("with %s it printed %q", flag, out)
		}
	}
}

const cgoMain = `package main

// #include <stdlib.h>
// static int twice(int n) { return abs(n) * 2; }
import "C"

func main() { println("twice", C.twice(-21)) }
`

func TestCgo(t *testing.T) {
	s := setup(t)
	t.Parallel()
	tag := s.tag(t)
	dir := app(t, map[string]string{"main.go": cgoMain, "gokiln.yaml": "build: {cgo: true}\n"})
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	img := fetch(t, tag)["linux/amd64"]
	if out := s.run(t, img); out != "twice 42\n" {
		t.Errorf("printed %q", out)
	}
	if got := settings(t, img, "usr/local/bin/app")["CGO_ENABLED"]; got != "1" {
		t.Errorf("CGO_ENABLED=%s", got)
	}
}
