package lower

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/llbtest"
	"github.com/gokiln/gokiln/llb/plan"
)

var (
	amd64 = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = ocispecs.Platform{OS: "linux", Architecture: "arm64"}
)

// testPlan is a plan with every part in use.
func testPlan() plan.Plan {
	mode := uint32(0o640)
	return plan.Plan{
		Target:  arm64,
		Build:   amd64,
		Source:  "/src/context",
		Outside: []plan.Outside{{Path: "../lib", Dest: "/src/lib"}},
		Modules: &plan.Modules{
			Dir:          "svc",
			Recipe:       []string{"svc/go.mod", "svc/go.sum", "svc/odd[1]*/go.mod"},
			Outside:      []plan.Outside{{Path: "../lib", Dest: "/src/lib", Recipe: []string{"go.mod"}}},
			Config:       download.Config{Dir: "/src/context/svc", Packages: []string{"example.com/dep"}},
			Secrets:      []plan.Secret{{ID: "token", Dest: plan.SecretDir + "/token"}},
			Agents:       []plan.Agent{{ID: "default", Dest: plan.SSHDir + "/default"}},
			ProxyFolders: []string{"vendored"},
			StoreID:      "ns/gokiln/zips",
			Env:          []plan.EnvVar{{Name: "GOMODCACHE", Value: plan.ModCacheDir}},
			Proxy:        plan.Proxy{HTTPS: "http://proxy.example.com:3128"},
			At:           []diag.Range{{Start: diag.Position{Line: 2, Column: 1}, End: diag.Position{Line: 2, Column: 9}}},
		},
		Compile: plan.Compile{
			Dir:      "svc",
			Args:     []string{"go", "build", "-o", plan.OutDir + "/", "./cmd/a", "./cmd/b"},
			Env:      []plan.EnvVar{{Name: "GOARCH", Value: "arm64"}, {Name: "GOOS", Value: "linux"}},
			Modules:  true,
			Source:   plan.Source{Parts: []plan.Part{{Dir: "../lib", Names: []string{"lib.go"}}, {Dir: "svc/cmd/a", Names: []string{"main.go", "odd[1]*.go"}}}},
			Cache:    plan.Kept{ID: testMount},
			Programs: []string{"a", "b"},
			Packages: []string{"./cmd/a", "./cmd/b"},
		},
		Image: plan.Image{
			Files: plan.Files{
				Dirs: []plan.Dir{{Path: "/etc/svc"}, {Path: "/srv"}, {Path: "/srv/static", UID: 7, GID: 8}},
				Copies: []plan.Copy{
					{From: "/static", To: "/srv/static/"},
					{From: "/config.yaml", To: "/etc/svc/config.yaml", UID: 65532, GID: 65532, Mode: &mode},
				},
			},
			Programs: []string{"a", "b"},
		},
	}
}

// testMount is an id as plan makes it.
const testMount = "ns/gokiln/gocache/example.com/svc/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func testInputs() Inputs {
	return Inputs{
		Context:          llb.Local("context", llb.SessionID("session"), llb.WithCustomName("[internal] load build context")),
		Toolchain:        llb.Image("docker.io/library/golang:1.26-alpine", llb.Platform(amd64), llb.WithCustomName("toolchain")),
		ModulesToolchain: llb.Image("docker.io/library/golang:1.26-bookworm", llb.Platform(amd64), llb.WithCustomName("module toolchain")),
		Program:          llb.Image("docker.io/gokiln/gokiln:1", llb.Platform(amd64), llb.WithCustomName("frontend")),
		ProgramPath:      "/gokiln-modules",
		Outside:          map[string]llb.State{"../lib": llb.Local("lib", llb.SessionID("session"), llb.WithCustomName("lib"))},
		ProxyFolders:     map[string]llb.State{"vendored": llb.Local("vendored", llb.SessionID("session"), llb.WithCustomName("vendored"))},
		Base:             llb.Image("gcr.io/distroless/static:nonroot", llb.Platform(arm64), llb.WithCustomName("base")),
	}
}

func lowered(t *testing.T, p plan.Plan, in Inputs) llb.State {
	t.Helper()
	st, err := Lower(p, in)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func vertices(t *testing.T, st llb.State) []llbtest.Vertex {
	t.Helper()
	def, err := st.Marshal(t.Context(), llb.Platform(amd64))
	if err != nil {
		t.Fatal(err)
	}
	vs, err := llbtest.Vertices(def)
	if err != nil {
		t.Fatal(err)
	}
	return vs
}

func find(t *testing.T, vs []llbtest.Vertex, name string) llbtest.Vertex {
	t.Helper()
	i := slices.IndexFunc(vs, func(v llbtest.Vertex) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no vertex named %q", name)
	}
	return vs[i]
}

func TestLaws(t *testing.T) {
	for name, p := range map[string]plan.Plan{
		"all":        testPlan(),
		"no modules": func() plan.Plan { p := testPlan(); p.Modules, p.Compile.Modules = nil, false; return p }(),
		"no files":   func() plan.Plan { p := testPlan(); p.Image.Files = plan.Files{}; return p }(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, broken := range llbtest.Laws(vertices(t, lowered(t, p, testInputs())), "linux/amd64") {
				t.Error(broken)
			}
		})
	}
}

func TestLowerIsDeterministic(t *testing.T) {
	var first []byte
	for i := range 25 {
		def, err := lowered(t, testPlan(), testInputs()).Marshal(t.Context(), llb.Platform(amd64))
		if err != nil {
			t.Fatal(err)
		}
		data := slices.Concat(def.ToPB().Def...)
		if i == 0 {
			first = data
		}
		if !slices.Equal(first, data) {
			t.Fatalf("lowering %d differs", i)
		}
	}
}

func TestModulesAreSharedByPlatforms(t *testing.T) {
	digest := func(target ocispecs.Platform) string {
		p := testPlan()
		p.Target = target
		v := find(t, vertices(t, lowered(t, p, testInputs())), "[modules] download modules")
		data, err := v.Op.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if digest(amd64) != digest(arm64) {
		t.Error("the module step differs between target platforms")
	}
}

func TestRecipeTakesNamesLiterally(t *testing.T) {
	v := find(t, vertices(t, lowered(t, testPlan(), testInputs())), "[modules] collect module files")
	got := v.Op.GetFile().Actions[0].GetCopy().IncludePatterns
	want := []string{"svc/go.mod", "svc/go.sum", `svc/odd\[1\]\*/go.mod`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompileStep(t *testing.T) {
	v := find(t, vertices(t, lowered(t, testPlan(), testInputs())), "[linux/arm64] go build ./cmd/a ./cmd/b")
	e := v.Op.GetExec()
	mounts := map[string]*pb.Mount{}
	for _, m := range e.Mounts {
		mounts[m.Dest] = m
	}
	if e.Meta.ProxyEnv != nil {
		t.Error("the compile step has proxy settings")
	}
	if m := mounts[plan.ModCacheDir]; m.ContentCache != pb.MountContentCache_OFF || !m.Readonly {
		t.Errorf("modules mount: %v", m)
	}
	if m := mounts[plan.GoCacheDir]; m.CacheOpt.GetID() != testMount || m.CacheOpt.GetSharing() != pb.CacheSharingOpt_SHARED {
		t.Errorf("GOCACHE mount: %v", m)
	}
	if e.Meta.Cwd != "/src/context/svc" {
		t.Errorf("cwd is %q", e.Meta.Cwd)
	}
}

// What may change without another download must not be in the step's key: its
// own program comes by content, and everything else here is cleared by BuildKit
// before it makes the key.
func TestModuleStep(t *testing.T) {
	v := find(t, vertices(t, lowered(t, testPlan(), testInputs())), "[modules] download modules")
	e := v.Op.GetExec()
	mounts := map[string]*pb.Mount{}
	for _, m := range e.Mounts {
		mounts[m.Dest] = m
	}
	if m := mounts[download.Program]; m == nil || !m.Readonly || m.Selector != "/gokiln-modules" {
		t.Errorf("program: %v", m)
	}
	if m := mounts[plan.SourceDir]; m == nil || m.Readonly || m.Output >= 0 {
		t.Errorf("recipe: %v", m)
	}
	if m := mounts[download.StoreDir]; m == nil || m.CacheOpt.GetID() != "ns/gokiln/zips" || m.CacheOpt.GetSharing() != pb.CacheSharingOpt_SHARED {
		t.Errorf("store: %v", m)
	}
	if m := mounts[download.ScratchDir]; m == nil || m.MountType != pb.MountType_TMPFS {
		t.Errorf("what is made of secrets goes to %v", m)
	}
	if m := mounts[plan.SecretDir+"/token"]; m == nil || m.SecretOpt.GetID() != "token" || m.SecretOpt.Optional {
		t.Errorf("secret: %v", m)
	}
	if m := mounts[plan.SSHDir+"/default"]; m == nil || m.SSHOpt.GetID() != "default" {
		t.Errorf("agent: %v", m)
	}
	if m := mounts["/gokiln/proxy/vendored"]; m == nil || !m.Readonly {
		t.Errorf("proxy folder: %v", m)
	}
	if len(e.Secretenv) != 1 || e.Secretenv[0].ID != plan.ProxySecret || !e.Secretenv[0].Optional {
		t.Errorf("secret environment: %v", e.Secretenv)
	}
	if e.Meta.Cwd != "/src/context/svc" {
		t.Errorf("cwd is %q", e.Meta.Cwd)
	}
	p := testPlan()
	p.Modules.Offline = true
	e = find(t, vertices(t, lowered(t, p, testInputs())), "[modules] download modules").Op.GetExec()
	if e.Network != pb.NetMode_NONE || len(e.Secretenv) != 0 {
		t.Errorf("offline: network %s, secret environment %v", e.Network, e.Secretenv)
	}
}

// Folders beside the context stand beside it in the steps.
func TestOutside(t *testing.T) {
	vs := vertices(t, lowered(t, testPlan(), testInputs()))
	var dests []string
	for _, a := range find(t, vs, "[modules] collect module files").Op.GetFile().Actions {
		dests = append(dests, a.GetCopy().GetDest())
	}
	if diff := cmp.Diff([]string{"/context", "/lib"}, dests); diff != "" {
		t.Error(diff)
	}
	dests = nil
	for _, a := range find(t, vs, "[internal] collect the source of ./cmd/a ./cmd/b").Op.GetFile().Actions {
		dests = append(dests, a.GetCopy().GetDest())
	}
	if diff := cmp.Diff([]string{"/lib", "/context/svc/cmd/a"}, dests); diff != "" {
		t.Error(diff)
	}
	p := testPlan()
	p.Compile.Source = plan.Source{Whole: "it is so"}
	find(t, vertices(t, lowered(t, p, testInputs())), "[linux/arm64] go build ./cmd/a ./cmd/b (with the whole build context: it is so)")
	dests = nil
	for _, a := range find(t, vertices(t, lowered(t, p, testInputs())), "[internal] collect the source of ./cmd/a ./cmd/b").Op.GetFile().Actions {
		dests = append(dests, a.GetCopy().GetDest())
	}
	if diff := cmp.Diff([]string{"/context", "/lib"}, dests); diff != "" {
		t.Error(diff)
	}
}

// What a checkout's umask has made of a file's mode, and who owns it, is in no key and
// in no image.
func TestModesAreGits(t *testing.T) {
	whole := testPlan()
	whole.Compile.Source = plan.Source{Whole: "it is so"}
	for _, p := range []plan.Plan{testPlan(), whole} {
		n := 0
		for _, v := range vertices(t, lowered(t, p, testInputs())) {
			for _, a := range v.Op.GetFile().GetActions() {
				c := a.GetCopy()
				if c == nil || int(a.Input) < 0 && int(a.SecondaryInput) < 0 {
					continue
				}
				n++
				words := c.ModeStr == plan.GitModes
				if c.Mode < 0 && !words && v.Name != "[linux/arm64] copy programs" && c.Src != "/empty" {
					t.Errorf("%s copies %s with its mode", v.Name, c.Src)
				}
				if c.Owner == nil && c.Src != "/empty" {
					t.Errorf("%s copies %s with its owner", v.Name, c.Src)
				}
			}
		}
		if n < 5 {
			t.Errorf("looked at %d copies", n)
		}
	}
	old := testInputs()
	none := pb.Caps.CapSet(nil)
	old.Sandbox.Caps = &none
	for _, v := range vertices(t, lowered(t, testPlan(), old)) {
		for _, a := range v.Op.GetFile().GetActions() {
			if a.GetCopy().GetModeStr() != "" {
				t.Errorf("%s tells an old daemon a mode in words", v.Name)
			}
		}
	}
}

// The go command caches what a folder's files say by their names, sizes and times:
// it does not where the times are ahead.
func TestSourceIsNarrowed(t *testing.T) {
	v := find(t, vertices(t, lowered(t, testPlan(), testInputs())), "[internal] collect the source of ./cmd/a ./cmd/b")
	actions := v.Op.GetFile().Actions
	c := actions[len(actions)-1].GetCopy()
	if diff := cmp.Diff([]string{"main.go", `odd\[1\]\*.go`}, c.IncludePatterns); diff != "" || c.Src != "/svc/cmd/a" {
		t.Errorf("from %s: %s", c.Src, diff)
	}
	if at := time.Unix(0, c.Timestamp); at.Before(time.Now().AddDate(20, 0, 0)) {
		t.Errorf("the files' time is %s", at)
	}
}

// layered is testPlan with layers of which the third and fourth share a base.
func layered() plan.Plan {
	p := testPlan()
	layer := func(name string, below ...int) plan.Layer {
		return plan.Layer{Name: name, Args: []string{"go", "build", name}, Source: p.Compile.Source, Below: below, Store: plan.Kept{ID: testMount}}
	}
	p.Layers = []plan.Layer{layer("deps"), layer("low", 0), layer("left", 0, 1), layer("right", 0, 1), layer("top", 0, 1, 2)}
	return p
}

func TestLayers(t *testing.T) {
	vs := vertices(t, lowered(t, layered(), testInputs()))
	for _, broken := range llbtest.Laws(vs, "linux/amd64") {
		t.Error(broken)
	}
	cache := func(name string) (*pb.Mount, string) {
		v := find(t, vs, name)
		for _, m := range v.Op.GetExec().Mounts {
			if m.Dest == plan.GoCacheDir {
				if m.Input < 0 {
					return m, "nothing"
				}
				return m, vs[v.Inputs[m.Input].Vertex].Name
			}
		}
		t.Fatalf("%s has no GOCACHE", name)
		return nil, ""
	}
	for name, want := range map[string]string{
		"[linux/arm64] deps": "nothing", "[linux/arm64] low": "[linux/arm64] deps",
		"[linux/arm64] left": "[linux/arm64] low", "[linux/arm64] right": "[linux/arm64] low", "[linux/arm64] top": "[linux/arm64] left",
		"[linux/arm64] go build ./cmd/a ./cmd/b": "[internal] merge compiled packages",
	} {
		m, base := cache(name)
		if base != want {
			t.Errorf("%s starts from %q, want %q", name, base, want)
		}
		if compile := strings.Contains(name, "go build"); compile != (m.CacheOpt.GetID() != "") || compile == (m.Output >= 0) {
			t.Errorf("%s: GOCACHE is %v", name, m)
		}
	}
	store := find(t, vs, "[linux/arm64] low").Op.GetExec()
	if !slices.ContainsFunc(store.Mounts, func(m *pb.Mount) bool {
		return m.Dest == plan.GoCacheStore && m.CacheOpt.GetID() == testMount && m.CacheOpt.GetSharing() == pb.CacheSharingOpt_SHARED
	}) {
		t.Errorf("no store in %v", store.Mounts)
	}
}

// Without a mount that outlives the build the steps start from the same and keep
// nothing, and their names say why.
func TestNothingKept(t *testing.T) {
	p := testPlan()
	p.Layers = []plan.Layer{{Name: "low", Args: []string{"go", "build", "low"}, Source: p.Compile.Source, Store: plan.Kept{Why: "because"}}}
	p.Compile.Cache = plan.Kept{Why: "for once"}
	vs := vertices(t, lowered(t, p, testInputs()))
	for name, where := range map[string]string{
		"[linux/arm64] low (without a cache mount: because)":                       plan.GoCacheStore,
		"[linux/arm64] go build ./cmd/a ./cmd/b (without a cache mount: for once)": plan.GoCacheDir,
	} {
		v := find(t, vs, name)
		for _, m := range v.Op.GetExec().Mounts {
			if m.CacheOpt != nil || m.Dest == plan.GoCacheStore {
				t.Errorf("%s has %v", name, m)
			}
			if m.Dest == where && (m.Output >= 0 || m.Readonly) {
				t.Errorf("%s: %v", name, m)
			}
		}
		if slices.Contains(v.Op.GetExec().Meta.Args, "-store") {
			t.Errorf("%s is told of a store: %q", name, v.Op.GetExec().Meta.Args)
		}
	}
	compile := find(t, vs, "[linux/arm64] go build ./cmd/a ./cmd/b (without a cache mount: for once)")
	i := slices.IndexFunc(compile.Op.GetExec().Mounts, func(m *pb.Mount) bool { return m.Dest == plan.GoCacheDir })
	if i < 0 || compile.Op.GetExec().Mounts[i].Input < 0 {
		t.Error("go build does not start from the layer")
	}
	for _, broken := range llbtest.Laws(vs, "linux/amd64") {
		t.Error(broken)
	}
}

// What is kept is written by nothing but the toolchain and gokiln.
func TestLawOfMounts(t *testing.T) {
	for name, change := range map[string]func(*plan.Plan){
		"no hash":  func(p *plan.Plan) { p.Compile.Cache.ID = "gokiln/gocache/example.com/svc" },
		"a script": func(p *plan.Plan) { p.Compile.Args[0] = "./go" },
		"a shell":  func(p *plan.Plan) { p.Compile.Args = append([]string{"sh", "-c"}, p.Compile.Args...) },
		"PATH":     func(p *plan.Plan) { p.Compile.Env = []plan.EnvVar{{Name: "PATH", Value: "/src/bin"}} },
		"CC":       func(p *plan.Plan) { p.Compile.Env = []plan.EnvVar{{Name: "CC", Value: "./cc"}} },
		"-extld":   func(p *plan.Plan) { p.Compile.Args = append(p.Compile.Args, "-ldflags=-s -extld=./ld") },
	} {
		p := testPlan()
		change(&p)
		if len(llbtest.Laws(vertices(t, lowered(t, p, testInputs())), "linux/amd64")) == 0 {
			t.Errorf("%s: no law is broken", name)
		}
	}
}

// A layer of the toolchain's own packages has neither the context nor the modules
// in its key.
func TestLayerOfTheToolchain(t *testing.T) {
	p := layered()
	p.Layers[0] = plan.Layer{Name: "std", Args: []string{"go", "build", "runtime"}, Toolchain: true, Store: plan.Kept{ID: testMount}}
	vs := vertices(t, lowered(t, p, testInputs()))
	for _, broken := range llbtest.Laws(vs, "linux/amd64") {
		t.Error(broken)
	}
	e := find(t, vs, "[linux/arm64] std").Op.GetExec()
	var dests []string
	for _, m := range e.Mounts {
		dests = append(dests, m.Dest)
	}
	slices.Sort(dests)
	if diff := cmp.Diff([]string{"/", plan.GoCacheDir, plan.GoCacheStore, plan.CompileProgram}, dests); diff != "" || e.Meta.Cwd != plan.GoCacheDir {
		t.Errorf("in %s: %s", e.Meta.Cwd, diff)
	}
}

// Collecting anew is about running and in no key, and the app's own files are found as
// ever.
func TestSharedSourceIsCollectedAnew(t *testing.T) {
	p := layered()
	p.Compile.Source.Parts = p.Compile.Source.Parts[:1] // another than the layers'
	ops := func(anew bool) (all []string) {
		in := testInputs()
		in.CollectAnew = anew
		for _, v := range vertices(t, lowered(t, p, in)) {
			all = append(all, v.Op.String())
			shared := strings.Contains(v.Name, "] collect ") && !strings.Contains(v.Name, "./cmd")
			if v.Meta != nil && v.Meta.IgnoreCache != (shared && anew) {
				t.Errorf("anew %v: %s: without the cache: %v", anew, v.Name, v.Meta.IgnoreCache)
			}
		}
		return all
	}
	if diff := cmp.Diff(ops(false), ops(true)); diff != "" {
		t.Errorf("other steps: %s", diff)
	}
}

// What a step of a workspace sees is copied, not put onto a copy, or it would be found
// by no content.
func TestWorkSumIsCopiedBesideTheSource(t *testing.T) {
	p := layered()
	p.Compile.WorkSum = "go.work.sum"
	vs := vertices(t, lowered(t, p, testInputs()))
	for _, broken := range llbtest.Laws(vs, "linux/amd64") {
		t.Error(broken)
	}
	sum := find(t, vs, "[modules] complete go.work.sum")
	actions := sum.Op.GetFile().Actions
	if len(actions) != 2 || len(sum.Inputs) != 2 || actions[0].Input != -1 || actions[0].GetCopy() == nil || actions[0].SecondaryInput != 0 {
		t.Fatalf("of %d inputs: %v", len(sum.Inputs), actions)
	}
	if at := time.Unix(0, actions[0].GetCopy().Timestamp); at.Before(time.Now().AddDate(20, 0, 0)) {
		t.Errorf("the files' time is %s", at)
	}
}

func TestNoCacheStages(t *testing.T) {
	p := testPlan()
	p.Modules.NoCache, p.Compile.NoCache, p.Image.NoCache = true, false, true
	for _, v := range vertices(t, lowered(t, p, testInputs())) {
		want := v.Name == "[modules] download modules" || strings.Contains(v.Name, "] copy ")
		if v.Op.Op != nil && v.Meta.IgnoreCache != want {
			t.Errorf("%s: ignore cache is %t", v.Name, v.Meta.IgnoreCache)
		}
	}
}

func TestSandboxReachesEveryStep(t *testing.T) {
	in := testInputs()
	in.Sandbox = Sandbox{
		Network:      pb.NetMode_HOST,
		ExtraHosts:   []llb.HostIP{{Host: "git.example.com", IP: net.IPv4(10, 0, 0, 1)}},
		Ulimits:      []*pb.Ulimit{{Name: "nofile", Soft: 1024, Hard: 2048}},
		CgroupParent: "parent",
		Hostname:     "builder",
		ShmSize:      1 << 20,
		Resources:    &pb.LinuxResources{Memory: 1 << 30},
	}
	var steps int
	for _, v := range vertices(t, lowered(t, testPlan(), in)) {
		e := v.Op.GetExec()
		if e == nil {
			continue
		}
		steps++
		m := e.Meta
		if len(m.ExtraHosts) != 1 || len(m.Ulimit) != 1 || m.CgroupParent != "parent" || m.Hostname != "builder" {
			t.Errorf("%s: %v", v.Name, m)
		}
		if !slices.ContainsFunc(e.Mounts, func(m *pb.Mount) bool { return m.Dest == "/dev/shm" }) {
			t.Errorf("%s: /dev/shm has its default size", v.Name)
		}
		want := pb.NetMode_NONE
		if v.Name == "[modules] download modules" {
			want = pb.NetMode_HOST
		}
		if e.Network != want {
			t.Errorf("%s: network %s, want %s", v.Name, e.Network, want)
		}
	}
	if steps != 2 {
		t.Errorf("%d steps, want 2", steps)
	}
}

func TestSourceLocations(t *testing.T) {
	in := testInputs()
	in.Source = llb.NewSourceMap(nil, "gokiln.yaml", "yaml", []byte("# syntax=gokiln/gokiln:1\nmodule: svc\n"))
	v := find(t, vertices(t, lowered(t, testPlan(), in)), "[modules] download modules")
	if diff := cmp.Diff([]int32{2}, v.Lines); diff != "" {
		t.Error(diff)
	}
}
