package builder

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"

	"github.com/gokiln/gokiln/llb/llbtest"
	"github.com/gokiln/gokiln/llb/plan"
)

const mainGo = "package main\n\nfunc main() {}\n"

// app is a build context with a spec.
func app(yaml string, files map[string]string) fstest.MapFS {
	all := map[string]string{
		"gokiln.yaml":     "# syntax=gokiln/gokiln:1\n" + yaml,
		"go.mod":          "module example.com/app\n\ngo 1.26\n",
		"cmd/api/main.go": mainGo,
	}
	maps.Copy(all, files)
	fsys := fstest.MapFS{}
	for name, data := range all {
		if data != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
		}
	}
	return fsys
}

// solve builds and returns the vertices of the only image.
func solve(t *testing.T, c *stubClient) []llbtest.Vertex {
	t.Helper()
	if _, err := Build(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	vs, err := llbtest.Vertices(solved(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return vs
}

// solved returns the definition of the only image that was solved.
func solved(t *testing.T, c *stubClient) *llb.Definition {
	t.Helper()
	defs := c.definitions()
	if len(defs) != 1 {
		t.Fatalf("%d images were solved, want 1", len(defs))
	}
	def := &llb.Definition{}
	def.FromPB(defs[0])
	return def
}

func step(t *testing.T, vs []llbtest.Vertex, name string) llbtest.Vertex {
	t.Helper()
	for _, v := range vs {
		if strings.Contains(v.Name, name) {
			return v
		}
	}
	t.Fatalf("no step with %q in its name", name)
	return llbtest.Vertex{}
}

func config(t *testing.T, res *client.Result) dockerspec.DockerOCIImage {
	t.Helper()
	var img dockerspec.DockerOCIImage
	if err := json.Unmarshal(res.Metadata["containerimage.config"], &img); err != nil {
		t.Fatal(err)
	}
	return img
}

func TestCacheImportsGoWithEverySolve(t *testing.T) {
	c := newStub(t, app("main: ./cmd/api", nil), map[string]string{
		"cache-imports": `[{"Type":"registry","Attrs":{"ref":"registry.example.com/api:cache"}}]`,
	})
	vs := solve(t, c)
	if len(vs) == 0 {
		t.Fatal("nothing was solved")
	}
	var own int
	for _, req := range c.solved {
		if len(req.CacheImports) == 1 {
			own++
			continue
		}
		for _, meta := range req.Definition.Metadata {
			name := meta.Description["llb.customname"]
			// dockerui reads these two files without cache imports.
			if name != "" && !strings.Contains(name, "load build definition") && !strings.Contains(name, "load .dockerignore") {
				t.Errorf("%s went without cache imports", name)
			}
		}
	}
	if own != 2 {
		t.Errorf("%d solves with cache imports, want the context's and the image's", own)
	}
}

func TestLawsHoldForExamples(t *testing.T) {
	for _, name := range examples(t) {
		t.Run(name, func(t *testing.T) {
			c := newStub(t, os.DirFS(filepath.Join(examplesDir, name)), map[string]string{"platform": "linux/arm64", "target": targetOf(name)})
			for _, broken := range llbtest.Laws(solve(t, c), "linux/amd64") {
				t.Error(broken)
			}
		})
	}
}

// The Docker engine has no MergeOp without its containerd image store: there the
// external packages' layers are all that is left, and the build works.
func TestDaemonWithoutMerge(t *testing.T) {
	merges := func(lacks ...apicaps.CapID) (joins, layers int) {
		c := newStub(t, os.DirFS(filepath.Join(examplesDir, "fleet")), map[string]string{"target": "binaries", "platform": "linux/amd64"})
		c.lacks = lacks
		for _, v := range solve(t, c) {
			switch {
			case v.Op.GetMerge() != nil || v.Op.GetDiff() != nil:
				joins++
			case strings.Contains(v.Name, "] dependencies"):
				layers++
			}
		}
		return joins, layers
	}
	if joins, layers := merges(); joins == 0 || layers == 0 {
		t.Fatalf("the example merges %d times and has %d layers of dependencies: it shows nothing", joins, layers)
	}
	for _, missing := range []apicaps.CapID{pb.CapMergeOp, pb.CapDiffOp} {
		if joins, layers := merges(missing); joins > 0 || layers == 0 {
			t.Errorf("without %s: merges %d times and has %d layers of dependencies", missing, joins, layers)
		}
	}
}

func TestMultiPlatform(t *testing.T) {
	c := newStub(t, app("main: ./cmd/api", nil), map[string]string{"platform": "linux/amd64/v3,linux/arm/v7"})
	res, err := Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(res.Refs)); !slices.Equal(got, []string{"linux/amd64/v3", "linux/arm/v7"}) {
		t.Errorf("results for %q", got)
	}
	toolchains := slices.DeleteFunc(slices.Clone(c.resolved), func(ref string) bool { return !strings.Contains(ref, "golang") })
	if len(toolchains) != 1 {
		t.Errorf("the toolchain image was resolved %d times, want 1", len(toolchains))
	}
}

func TestNamedContextReplacesImages(t *testing.T) {
	for _, name := range []string{"golang", "golang:1.26-alpine"} {
		c := newStub(t, app("main: ./cmd/api", nil), map[string]string{
			"context:" + name:                  "docker-image://registry.example.com/go:corp",
			"context:gcr.io/distroless/static": "docker-image://registry.example.com/base:corp",
		})
		c.images["registry.example.com/go"] = c.images["docker.io/library/golang"]
		c.images["registry.example.com/base"] = c.images["gcr.io/distroless/static"]
		var images []string
		for _, v := range solve(t, c) {
			if src := v.Op.GetSource(); src != nil && strings.HasPrefix(src.Identifier, "docker-image://") {
				images = append(images, src.Identifier)
			}
		}
		slices.Sort(images)
		// What a tag names is asked once.
		at := func(ref string) string {
			return "docker-image://" + ref + "@" + digest.FromString(ref+"linux/amd64").String()
		}
		want := []string{"docker-image://docker.io/gokiln/gokiln:1", at("registry.example.com/base:corp"), at("registry.example.com/go:corp")}
		if diff := cmp.Diff(want, images); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What a compiler left behind is lent to the same compiler, by its digest, however it
// was named; and what nothing pins keeps nothing.
func TestStoreIsTheToolchains(t *testing.T) {
	store := func(yaml string, opts map[string]string) string {
		c := newStub(t, app("main: ./cmd/api\n"+yaml, nil), opts)
		c.images["registry.example.com/go"] = c.images["docker.io/library/golang"]
		for _, m := range step(t, solve(t, c), "] standard library").Op.GetExec().Mounts {
			if m.Dest == plan.GoCacheStore {
				return m.CacheOpt.GetID()
			}
		}
		return ""
	}
	official, named := store("", nil), store("build: {image: 'registry.example.com/go:corp'}\n", nil)
	context := store("", map[string]string{"context:golang": "docker-image://registry.example.com/go:corp"})
	if official == "" || named == "" || official == named || named != context {
		t.Errorf("the official image's %q, another's %q, the same as a named context %q", official, named, context)
	}
	if folder := store("", map[string]string{"context:golang": "local:golang"}); folder != "" {
		t.Errorf("a folder's %q", folder)
	}
}

// What a registry takes to answer is waited for once, and not for each image.
func TestImagesAreAskedForSideBySide(t *testing.T) {
	c := newStub(t, app("main: ./cmd/api\n", nil), map[string]string{"platform": "linux/amd64,linux/arm64"})
	var bases sync.WaitGroup
	bases.Add(2)
	c.resolving = func(ref string) {
		if !strings.HasPrefix(ref, "docker.io/library/golang") {
			bases.Done()
			return
		}
		asked := make(chan struct{})
		go func() {
			bases.Wait()
			close(asked)
		}()
		select {
		case <-asked:
		case <-time.After(10 * time.Second):
			t.Error("the base images are asked for after the toolchain image has been")
		}
	}
	if _, err := Build(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestVendorNeedsNoModuleStep(t *testing.T) {
	files := map[string]string{
		"go.mod":             "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
		"go.sum":             "example.com/dep v1.0.0 h1:x\n",
		"vendor/modules.txt": "# example.com/dep v1.0.0\n## explicit\n",
	}
	for _, v := range solve(t, newStub(t, app("main: ./cmd/api", files), nil)) {
		if strings.Contains(v.Name, "[modules]") {
			t.Errorf("vendored module has a step %q", v.Name)
		}
	}
	vs := solve(t, newStub(t, app("main: ./cmd/api\nbuild: {mod: readonly}", files), nil))
	step(t, vs, "download modules")
}

func TestModuleStepEnvironment(t *testing.T) {
	c := newStub(t, app("main: ./cmd/api", map[string]string{
		"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
		"go.sum": "example.com/dep v1.0.0 h1:x\n",
	}), map[string]string{
		"build-arg:GOPROXY": "https://goproxy.example.com", "build-arg:GOPRIVATE": "*.corp.example.com",
		"build-arg:HTTPS_PROXY": "http://proxy.example.com:3128", "build-arg:UNUSED": "x",
	})
	vs := solve(t, c)
	meta := step(t, vs, "download modules").Op.GetExec().Meta
	for _, want := range []string{"GOPRIVATE=*.corp.example.com", "GOTOOLCHAIN=local"} {
		if !slices.Contains(meta.Env, want) {
			t.Errorf("the module step lacks %s: %q", want, meta.Env)
		}
	}
	if meta.ProxyEnv.GetHttpsProxy() != "http://proxy.example.com:3128" {
		t.Errorf("proxy: %v", meta.ProxyEnv)
	}
	config := step(t, vs, "say what to download").Op.GetFile().Actions[0].GetMkfile().Data
	if !strings.Contains(string(config), `"Proxy": "https://goproxy.example.com"`) {
		t.Errorf("the module step is told %s", config)
	}
	compile := step(t, vs, "go build").Op.GetExec().Meta
	if slices.Contains(compile.Env, "GOPROXY=https://goproxy.example.com") || compile.ProxyEnv != nil {
		t.Error("the compile step knows the proxy")
	}
	if len(c.warnings) != 1 || !strings.Contains(c.warnings[0], "UNUSED") || strings.Contains(c.warnings[0], "GOPROXY") {
		t.Errorf("warnings: %q", c.warnings)
	}
}

func TestStampsReachOnlyTheirStep(t *testing.T) {
	yaml := "main: ./cmd/api\nbuild: {ldflags: ['-X main.v={{.Version}}']}\nimage: {labels: {rev: '{{.Revision}}'}}"
	build := func(version, revision string) []llbtest.Vertex {
		return solve(t, newStub(t, app(yaml, map[string]string{
			"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
			"go.sum": "example.com/dep v1.0.0 h1:x\n",
		}), map[string]string{"build-arg:VERSION": version, "vcs:revision": revision}))
	}
	bytes := func(v llbtest.Vertex) string {
		data, err := v.Op.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	a, b, c := build("1", "r1"), build("2", "r1"), build("1", "r2")
	if bytes(step(t, a, "download modules")) != bytes(step(t, b, "download modules")) {
		t.Error("the version changes the module step")
	}
	if bytes(step(t, a, "go build")) == bytes(step(t, b, "go build")) {
		t.Error("the version does not change the compile step")
	}
	if bytes(step(t, a, "copy programs")) != bytes(step(t, c, "copy programs")) {
		t.Error("a label's revision changes a step")
	}
}

func TestLabelsOverride(t *testing.T) {
	res, err := Build(t.Context(), newStub(t, app("main: ./cmd/api\nimage: {labels: {a: spec, b: spec}}", nil),
		map[string]string{"label:a": "option"}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "option", "b": "spec"}
	if diff := cmp.Diff(want, config(t, res).Config.Labels); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsCarrySources(t *testing.T) {
	c := newStub(t, app("main: ./cmd/api\nimage:\n  files:\n    - {from: a, to: /a}\n    - {from: b, to: /b}\n", nil), nil)
	_, err := Build(t.Context(), c)
	sources := errdefs.Sources(err)
	if len(sources) != 2 {
		t.Fatalf("%d sources, want 2: %v", len(sources), err)
	}
	var lines []int32
	for _, s := range sources {
		lines = append(lines, s.Ranges[0].Start.Line)
	}
	slices.Sort(lines)
	if !slices.Equal(lines, []int32{5, 6}) {
		t.Errorf("lines %v, want 5 and 6", lines)
	}
}

func TestMissingProfile(t *testing.T) {
	yaml := "main: ./cmd/api\nbuild:\n  pgo: cpu.pprof\n"
	_, err := Build(t.Context(), newStub(t, app(yaml, nil), nil))
	if sources := errdefs.Sources(err); len(sources) != 1 || sources[0].Ranges[0].Start.Line != 4 {
		t.Errorf("not located at build.pgo: %v", err)
	}
	c := newStub(t, app(yaml, map[string]string{"cpu.pprof": "x"}), nil)
	if e := step(t, solve(t, c), "go build").Op.GetExec(); !slices.Contains(e.Meta.Args, "-pgo=cpu.pprof") {
		t.Errorf("args %q", e.Meta.Args)
	}
}

func TestUnknownCap(t *testing.T) {
	c := newStub(t, app("", nil), map[string]string{"frontend.caps": "moby.buildkit.frontend.contexts+forward"})
	if _, err := Build(t.Context(), c); err != nil {
		t.Errorf("a known capability: %v", err)
	}
	c.opts["frontend.caps"] = "moby.buildkit.frontend.telepathy"
	if _, err := Build(t.Context(), c); err == nil {
		t.Error("an unknown capability was accepted")
	}
}

func TestImageLabelsDeclareCaps(t *testing.T) {
	for _, file := range []string{"../../Dockerfile", "../../gokiln.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`moby\.buildkit\.frontend\.caps[=:] *"?([a-z.,]+)`).FindSubmatch(data)
		if m == nil {
			t.Errorf("%s has no label with capabilities", file)
			continue
		}
		if got := strings.Split(string(m[1]), ","); !slices.Equal(got, Caps()) {
			t.Errorf("%s declares %q, the code accepts %q", file, got, Caps())
		}
		if !strings.Contains(string(data), "moby.buildkit.frontend.network.none") {
			t.Errorf("%s does not say that the frontend needs no network", file)
		}
	}
}
