package download_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// fixture is a recipe with folders for one step after the other.
type fixture struct {
	t             testing.TB
	dir           string
	config        modstep.Config
	store         string
	modCache, out string
	// configFile is what the go command calls back with.
	configFile string
	env        []string
}

func newFixture(t testing.TB, files map[string]string) *fixture {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal("the go command is not on PATH")
	}
	home := tempDir(t)
	files[filepath.Join("..", filepath.Base(home), ".config/go/telemetry/mode")] = "off" // its process would outlive the test
	f := &fixture{t: t, dir: tempDir(t), store: tempDir(t), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOSUMDB=off", "GOFLAGS=", "GOPRIVATE=",
	}}
	for name, text := range files {
		full := filepath.Join(f.dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f.config = modstep.Config{
		Dir: f.dir, GoWork: "off", Root: f.dir, Sums: []string{filepath.Join(f.dir, "go.sum")},
		All: true, Retries: 2, Stall: 20 * time.Second,
	}
	return f
}

// run runs the step on an empty module cache.
func (f *fixture) run() error {
	f.t.Helper()
	f.modCache = tempDir(f.t)
	scratch := tempDir(f.t)
	var out bytes.Buffer
	step := download.Step{
		Config: f.config, Env: f.env, Out: &out,
		Paths: download.Paths{
			Program: os.Args[0], Config: f.configFile, ModCache: f.modCache, Store: f.store,
			Scratch: scratch, CADir: scratch, WorkSum: filepath.Join(f.modCache, "cache/gokiln/go.work.sum"),
			Unlisted: filepath.Join(f.modCache, "cache/gokiln/unlisted"),
			Unhashed: filepath.Join(f.modCache, "cache/gokiln/unhashed"),
		},
		Wait: func(context.Context, time.Duration) {},
	}
	err := step.Run(f.t.Context())
	f.out = out.String()
	return err
}

// tempDir is a folder whose path can stand in a URL, as the test's name may not.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gokiln-download-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		makeWritable(dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func makeWritable(dir string) {
	_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(name, 0o755)
		}
		return nil
	})
}

// layer lists the files of the module cache.
func (f *fixture) layer() []string {
	f.t.Helper()
	var names []string
	err := filepath.WalkDir(f.modCache, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(f.modCache, name)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return names
}

// compile builds the recipe's module with the layer alone, as the compile step
// does.
func (f *fixture) compile() (string, error) {
	f.t.Helper()
	cmd := exec.Command("go", "build", "-mod=readonly", "-o", f.t.TempDir())
	cmd.Dir = f.config.Dir
	cmd.Env = append(slices.Clone(f.env), "GOPROXY=off", "GOMODCACHE="+f.modCache, "GOCACHE="+goCache(f.t), "GOWORK="+f.config.GoWork, "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// goCache is the user's own, so that the standard library is compiled once.
func goCache(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func (f *fixture) wantFailure(err error, code symptom.Code, parts ...string) {
	f.t.Helper()
	var failure download.Failure
	if !errors.As(err, &failure) {
		f.t.Fatalf("error %v, want a failure of kind %s", err, code)
	}
	if failure.Code != code {
		f.t.Errorf("kind %s, want %s: %v", failure.Code, code, err)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			f.t.Errorf("error %q lacks %q", err, p)
		}
	}
}

func lib() version {
	return version{"example.com/lib", "v1.0.0", map[string]string{
		"lib.go":                "package lib\n\nfunc Name() string { return \"lib\" }\n",
		"lib_test.go":           "package lib\n",
		"README.md":             "long",
		"testdata/big.txt":      "long",
		"emb/emb.go":            "package emb\n\nimport _ \"embed\"\n\n//go:embed testdata/x.txt\nvar Text string\n",
		"emb/testdata/x.txt":    "x",
		"emb/testdata/y.txt":    "y",
		"emb/emb_test.go":       "package emb\n",
		"only/only_test.go":     "package only\n",
		"tool/main.go":          "package main\n\nfunc main() {}\n",
		"tool/default.pgo":      "",
		"native/asm_amd64.go":   "package native\n",
		"native/doc_windows.go": "package native\n",
	}}
}

func other() version {
	return version{"example.com/Other", "v0.2.0", map[string]string{
		"other.go": "package other\n\nconst Name = \"other\"\n", "a.s": "", "inc.txt": "kept: assembly may include it",
	}}
}

// app requires lib and other, and imports lib alone.
func app(t testing.TB) map[string]string {
	t.Helper()
	return map[string]string{
		"go.mod":  "module example.com/app\n\ngo 1.24\n\nrequire (\n\texample.com/lib v1.0.0\n\texample.com/Other v0.2.0\n)\n",
		"go.sum":  lib().sums(t) + other().sums(t),
		"main.go": "package main\n\nimport (\n\t\"example.com/lib\"\n\t\"example.com/lib/emb\"\n)\n\nfunc main() { println(lib.Name(), emb.Text) }\n",
	}
}

func TestLayerHoldsWhatCompileNeedsAndNoMore(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy = p.URL
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if out, err := f.compile(); err != nil {
		t.Errorf("compile without a network: %v\n%s", err, out)
	}
	want := []string{
		"cache/download/example.com/!other/@v/v0.2.0.mod",
		"cache/download/example.com/!other/@v/v0.2.0.ziphash",
		"cache/download/example.com/lib/@v/v1.0.0.mod",
		"cache/download/example.com/lib/@v/v1.0.0.ziphash",
		"cache/gokiln/unlisted",
		"example.com/!other@v0.2.0/a.s",
		"example.com/!other@v0.2.0/go.mod",
		"example.com/!other@v0.2.0/inc.txt",
		"example.com/!other@v0.2.0/other.go",
		"example.com/lib@v1.0.0/emb/emb.go",
		"example.com/lib@v1.0.0/emb/emb_test.go",
		"example.com/lib@v1.0.0/emb/testdata/x.txt",
		"example.com/lib@v1.0.0/emb/testdata/y.txt",
		"example.com/lib@v1.0.0/go.mod",
		"example.com/lib@v1.0.0/lib.go",
		"example.com/lib@v1.0.0/native/asm_amd64.go",
		"example.com/lib@v1.0.0/native/doc_windows.go",
		"example.com/lib@v1.0.0/only/only_test.go",
		"example.com/lib@v1.0.0/tool/default.pgo",
		"example.com/lib@v1.0.0/tool/main.go",
	}
	if diff := cmp.Diff(want, f.layer()); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

func TestStoreServesASecondRun(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy = p.URL
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if err := f.run(); err != nil {
		t.Fatalf("with the proxy gone: %v", err)
	}
	if out, err := f.compile(); err != nil {
		t.Errorf("compile: %v\n%s", err, out)
	}
	f.env = append(f.env, "GOPRIVATE=example.com/lib")
	if err := f.run(); err != nil {
		t.Fatalf("a private module, with no server: %v", err)
	}
	if out, err := f.compile(); err != nil {
		t.Errorf("compile: %v\n%s", err, out)
	}
}

func TestOnlyWhatIsImportedIsDownloaded(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.All = p.URL, false
	f.config.Packages = []string{"example.com/lib", "example.com/lib/emb"}
	f.config.Targets = []modstep.Target{{Env: []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"}}}
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if n := p.count("!other/@v/v0.2.0.zip"); n != 0 {
		t.Errorf("a module that nothing imports was downloaded %d times", n)
	}
	if strings.Contains(f.out, "not run") {
		t.Errorf("go mod verify was not run:\n%s", f.out)
	}
	if slices.ContainsFunc(f.layer(), func(n string) bool { return strings.Contains(n, "!other") }) {
		t.Errorf("the layer has something of what nothing imports: %q", f.layer())
	}
	if n := p.count("lib/@v/v1.0.0.zip"); n != 1 {
		t.Errorf("lib was downloaded %d times, want once", n)
	}
	if slices.Contains(f.layer(), "cache/gokiln/unlisted") {
		t.Error("the layer is marked as one with all modules")
	}
	if out, err := f.compile(); err != nil {
		t.Errorf("compile: %v\n%s", err, out)
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(path string, n int) *fault
		code  symptom.Code // of the failure; "" for success
		asked int          // how often the zip is asked for
		parts []string
	}{
		{"503 twice", failing(503, 2), "", 3, nil},
		{"503 for good", failing(503, 100), symptom.ServerError, 3, []string{"module example.com/lib v1.0.0", "503 Service Unavailable", "/example.com/lib/@v/v1.0.0.zip", "3 times"}},
		{"429 once", failing(429, 1), "", 2, nil},
		{"403", failing(403, 100), symptom.Denied, 1, []string{"module example.com/lib v1.0.0", "403 Forbidden"}},
		{"410", failing(410, 100), symptom.NotFound, 1, []string{"module example.com/lib v1.0.0", "410 Gone"}},
		{"404", failing(404, 100), symptom.NotFound, 1, []string{"404 Not Found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := startProxy(t, lib(), other())
			p.fault = c.fault
			f := newFixture(t, app(t))
			f.config.Proxy = p.URL
			err := f.run()
			if c.code == "" && err != nil {
				t.Fatal(err)
			}
			if c.code != "" {
				f.wantFailure(err, c.code, c.parts...)
			}
			if n := p.count("lib/@v/v1.0.0.zip"); n != c.asked {
				t.Errorf("asked %d times, want %d\n%s", n, c.asked, f.out)
			}
		})
	}
}

// failing answers the first n requests for lib's zip with a status.
func failing(status, n int) func(string, int) *fault {
	return func(path string, asked int) *fault {
		if strings.HasSuffix(path, "lib/@v/v1.0.0.zip") && asked < n {
			return &fault{status: status}
		}
		return nil
	}
}

func TestFallThrough(t *testing.T) {
	broken := startProxy(t)
	broken.fault = func(string, int) *fault { return &fault{status: http.StatusInternalServerError} }
	empty, full := startProxy(t), startProxy(t, lib(), other())
	for _, c := range []struct {
		list string
		code symptom.Code
	}{
		{empty.URL + "," + full.URL, ""},
		{broken.URL + "|" + full.URL, ""},
		{broken.URL + "," + full.URL, symptom.ServerError},
		{empty.URL + ",off", symptom.Offline},
		{"off", symptom.Offline},
	} {
		f := newFixture(t, app(t))
		f.config.Proxy, f.config.Retries = c.list, 0
		err := f.run()
		if c.code == "" && err != nil {
			t.Errorf("%s: %v", c.list, err)
		}
		if c.code != "" {
			f.wantFailure(err, c.code)
		}
	}
}

func TestStall(t *testing.T) {
	p := startProxy(t, lib(), other())
	p.fault = func(path string, n int) *fault {
		if strings.HasSuffix(path, "lib/@v/v1.0.0.zip") && n == 0 {
			return &fault{stall: true}
		}
		return nil
	}
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.Stall = p.URL, 2*time.Second
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if n := p.count("lib/@v/v1.0.0.zip"); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
	f = newFixture(t, app(t))
	f.config.Proxy, f.config.Stall, f.config.Retries = p.URL, 2*time.Second, 0
	p.fault = func(path string, _ int) *fault {
		if strings.HasSuffix(path, ".zip") {
			return &fault{stall: true}
		}
		return nil
	}
	f.wantFailure(f.run(), symptom.Timeout, "nothing was received for 2s", ".zip", "once")
}

func TestMissing(t *testing.T) {
	p := startProxy(t, lib(), other())
	for _, all := range []bool{true, false} {
		files := app(t)
		files["go.sum"] = other().sums(t)
		f := newFixture(t, files)
		f.config.Proxy, f.config.All = p.URL, all
		f.config.Packages = []string{"example.com/back"}
		f.config.Targets = []modstep.Target{{}}
		f.wantFailure(f.run(), symptom.MissingSum, "example.com/lib", "go mod tidy")
	}
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.All = p.URL, false
	f.config.Packages = []string{"example.com/elsewhere/pkg"}
	f.config.Targets = []modstep.Target{{}}
	f.wantFailure(f.run(), symptom.NoModule, "example.com/elsewhere/pkg", "go mod tidy")
}

func TestFailureKeepsWhatWasProved(t *testing.T) {
	p := startProxy(t, lib(), other())
	p.fault = failing(503, 1)
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.Retries = p.URL, 0
	f.wantFailure(f.run(), symptom.ServerError)
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if n := p.count("!other/@v/v0.2.0.zip"); n != 1 {
		t.Errorf("what had been downloaded was asked for %d times, want once", n)
	}
}

// What go list says of a package that it could not get is never left for later.
func TestNoFailureIsSwallowed(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.All, f.config.Retries = p.URL, false, 0
	f.config.Packages, f.config.Targets = []string{"example.com/lib"}, []modstep.Target{{}}
	p.fault = func(path string, _ int) *fault {
		if strings.HasSuffix(path, ".zip") {
			return &fault{status: 299} // an answer that Go does not know
		}
		return nil
	}
	if err := f.run(); err == nil {
		t.Errorf("no failure:\n%s", f.out)
	}
}

// A dependency may import a package that only the build context has: what that one
// needs, and that it is needed, no list of local imports tells.
func TestDependencyImportsLocalPackage(t *testing.T) {
	back := version{"example.com/back", "v1.0.0", map[string]string{"back.go": "package back\n\nimport _ \"example.com/app/deep\"\n"}}
	p := startProxy(t, back, other())
	f := newFixture(t, map[string]string{
		"go.mod": "module example.com/app\n\ngo 1.24\n\nrequire (\n\texample.com/back v1.0.0\n\texample.com/Other v0.2.0\n)\n",
		"go.sum": back.sums(t) + other().sums(t),
	})
	f.config.Proxy, f.config.All, f.config.Local = p.URL, false, []string{"example.com/app"}
	f.config.Packages = []string{"example.com/back"}
	f.config.Targets = []modstep.Target{{Env: []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"}}}
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(f.layer(), "cache/gokiln/unlisted") {
		t.Errorf("the layer has no mark: %q", f.layer())
	}
	if n := p.count("!other/@v/v0.2.0.zip"); n != 1 {
		t.Errorf("the other module was downloaded %d times, want once", n)
	}
}
