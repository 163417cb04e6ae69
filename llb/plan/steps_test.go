package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/modstep"
)

var (
	amd64 = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = ocispecs.Platform{OS: "linux", Architecture: "arm64"}
)

// testMount is an id as keep makes it.
const testMount = "ns/gokiln/gocache/example.com/svc/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// fullDraft has every part in use.
func fullDraft() draft {
	return draft{
		Target: arm64, Build: amd64, Source: "/src/context",
		Outside: []Outside{{Path: "../lib", Dest: "/src/lib"}},
		Modules: &Modules{
			Dir: "svc", Recipe: []string{"svc/go.mod", "svc/go.sum"},
			Outside:      []Outside{{Path: "../lib", Dest: "/src/lib", Recipe: []string{"go.mod"}}},
			Config:       modstep.Config{Dir: "/src/context/svc", Packages: []string{"example.com/dep"}},
			Secrets:      []Secret{{ID: "token", Dest: SecretDir + "/token"}},
			Agents:       []Agent{{ID: "default", Dest: SSHDir + "/default"}},
			ProxyFolders: []string{"vendored"}, StoreID: "ns/gokiln/zips",
			Proxy: Proxy{HTTPS: "http://proxy.example.com:3128"},
		},
		ToolchainExcludes: []string{"usr/local/go/test"},
		Compile: compileDraft{
			Dir: "svc", Args: []string{"go", "build", "-o", OutDir + "/", "./cmd/a", "./cmd/b"},
			Source:   Source{Parts: []Part{{Dir: "../lib", Names: []string{"lib.go"}}, {Dir: "svc/cmd/a", Names: []string{"main.go"}}}},
			Cache:    cacheMount{ID: testMount},
			Programs: []string{"a", "b"}, Packages: []string{"./cmd/a", "./cmd/b"},
		},
		Image: imageDraft{
			Files: Files{
				Dirs: []Dir{{Path: "/etc/svc"}, {Path: "/srv"}, {Path: "/srv/static", UID: 7, GID: 8}},
				Copies: []Copy{
					{From: "/static", To: "/srv/static/"},
					{From: "/config.yaml", To: "/etc/svc/config.yaml", UID: 65532, GID: 65532, Mode: ptr(uint32(0o640))},
				},
			},
			Programs: []string{"a", "b"},
		},
		Frontend: Frontend{ModulesProgram: "/gokiln-modules", CompileProgram: "/gokiln-compile"},
	}
}

// withLayers is fullDraft with layers of which the third and fourth share a base.
func withLayers() draft {
	d := fullDraft()
	layer := func(name string, below ...int) layerDraft {
		return layerDraft{Name: name, Args: []string{"go", "build", name}, Source: d.Compile.Source, Below: below, Store: cacheMount{ID: testMount}}
	}
	d.Layers = []layerDraft{
		{Name: "std", Args: []string{"go", "build", "runtime"}, Toolchain: true, Store: cacheMount{ID: testMount}},
		layer("low", 0), layer("left", 0, 1), layer("right", 0, 1), layer("top", 0, 1, 2),
	}
	return d
}

func changed(d draft, change func(*draft)) draft {
	change(&d)
	return d
}

func stepOf(t *testing.T, p Plan, id string) Step {
	t.Helper()
	s, ok := p.Step(id)
	if !ok {
		t.Fatalf("no step %q in\n%s", id, p)
	}
	return s
}

func mountAt(t *testing.T, p Plan, id, dest string) Mount {
	t.Helper()
	s := stepOf(t, p, id)
	i := slices.IndexFunc(s.Exec.Mounts, func(m Mount) bool { return m.Dest == dest })
	if i < 0 {
		t.Fatalf("%s sees nothing at %s", id, dest)
	}
	return s.Exec.Mounts[i]
}

func TestPlansKeepTheLaws(t *testing.T) {
	for name, d := range map[string]draft{
		"all":        fullDraft(),
		"layers":     withLayers(),
		"no modules": changed(fullDraft(), func(d *draft) { d.Modules = nil }),
		"no files":   changed(fullDraft(), func(d *draft) { d.Image.Files = Files{} }),
		"whole":      changed(withLayers(), func(d *draft) { d.Compile.Source = Source{Whole: "it is so"} }),
		"workspace":  changed(withLayers(), func(d *draft) { d.Compile.WorkSum = "go.work.sum" }),
		"nothing kept": changed(withLayers(), func(d *draft) {
			d.Compile.Cache = cacheMount{Why: "for once"}
			d.Layers[1].Store = cacheMount{Why: "because"}
			d.Compile.Args[0] = "./go"
		}),
	} {
		for _, broken := range Laws(d.image()) {
			t.Errorf("%s: %s", name, broken)
		}
		for _, broken := range Laws(Gather([]Plan{d.programs(), d.programs()}, false)) {
			t.Errorf("%s: %s", name, broken)
		}
	}
}

// Each change breaks one law.
func TestLawsAreLaws(t *testing.T) {
	exec := func(id string, change func(*Exec)) func(*Plan) {
		return func(p *Plan) {
			i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == id })
			change(p.Steps[i].Exec)
		}
	}
	file := func(id string, change func(*FileOp)) func(*Plan) {
		return func(p *Plan) {
			i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == id })
			change(p.Steps[i].Files)
		}
	}
	mount := func(id, dest string, change func(*Mount)) func(*Plan) {
		return exec(id, func(e *Exec) {
			i := slices.IndexFunc(e.Mounts, func(m Mount) bool { return m.Dest == dest })
			change(&e.Mounts[i])
		})
	}
	for name, change := range map[string]func(*Plan){
		"a network":             exec(StepCompile, func(e *Exec) { e.Network = true }),
		"a secret":              exec("layer 1", func(e *Exec) { e.Secrets = []Secret{{ID: "x", Env: "X"}} }),
		"an agent":              exec(StepCompile, func(e *Exec) { e.Agents = []Agent{{ID: "x"}} }),
		"a writable source":     mount(StepCompile, SourceDir, func(m *Mount) { m.Access = Discard }),
		"writable modules":      mount("layer 1", ModCacheDir, func(m *Mount) { m.Access = Discard }),
		"a source that is kept": mount(StepModules, SourceDir, func(m *Mount) { m.Access = Output }),
		"the whole context":     mount(StepCompile, SourceDir, func(m *Mount) { m.From = FromContext }),
		"a folder beside it":    mount(StepCompile, SourceDir, func(m *Mount) { m.From, m.Dest = FromFolder("../lib"), SourceDir+"/lib" }),
		"a copy of the context": file("source", func(f *FileOp) { f.Actions[0].Copy.Names, f.Actions[0].Copy.Src = nil, "/" }),
		"two outputs":           mount(StepCompile, SourceDir, func(m *Mount) { m.Access = Output }),
		"an unknown step":       mount(StepCompile, GoCacheDir, func(m *Mount) { m.From = FromStep("none") }),
		"two of one ID":         func(p *Plan) { p.Steps = append(p.Steps, p.Steps[0]) },
		"no name":               func(p *Plan) { p.Steps[0].Name = "" },
		"no hash":               mount(StepCompile, GoCacheDir, func(m *Mount) { m.Cache = "gokiln/gocache/example.com/svc" }),
		"a script":              exec(StepCompile, func(e *Exec) { e.Args[0] = "./go" }),
		"a shell":               exec(StepCompile, func(e *Exec) { e.Args = append([]string{"sh", "-c"}, e.Args...) }),
		"PATH":                  exec(StepCompile, func(e *Exec) { e.Env = []EnvVar{{"PATH", "/src/bin"}} }),
		"CC":                    exec("layer 1", func(e *Exec) { e.Env = []EnvVar{{"CC", "./cc"}} }),
		"-extld":                exec(StepCompile, func(e *Exec) { e.Args = append(e.Args, "-ldflags=-s -extld=./ld") }),
	} {
		p := withLayers().image()
		change(&p)
		if len(Laws(p)) == 0 {
			t.Errorf("%s breaks no law", name)
		}
	}
	// What completes go.work.sum hides nothing.
	p := changed(fullDraft(), func(d *draft) { d.Compile.WorkSum = "go.work.sum" }).image()
	file("source", func(f *FileOp) { f.Actions[0].Copy.Names, f.Actions[0].Copy.Src = nil, "/" })(&p)
	if len(Laws(p)) != 1 {
		t.Errorf("behind a copy: %q", Laws(p))
	}
}

// The module step is the same one for all target platforms.
func TestModulesAreSharedByPlatforms(t *testing.T) {
	modules := func(target ocispecs.Platform) []Step {
		p := changed(fullDraft(), func(d *draft) { d.Target = target }).image()
		return slices.DeleteFunc(p.Steps, func(s Step) bool { return !strings.HasPrefix(s.Name, "[modules]") })
	}
	if diff := cmp.Diff(modules(amd64), modules(arm64)); diff != "" {
		t.Error(diff)
	}
}

func TestModuleStep(t *testing.T) {
	p := fullDraft().image()
	for dest, want := range map[string]Mount{
		modstep.Program:          {From: FromFrontend, Path: "/gokiln-modules", Access: Readonly},
		SourceDir:                {From: FromStep("modules files"), Access: Discard},
		modstep.StoreDir:         {Cache: "ns/gokiln/zips", Access: Discard},
		modstep.ScratchDir:       {Access: Memory},
		"/gokiln/proxy/vendored": {From: FromProxy("vendored"), Access: Readonly},
		ModCacheDir:              {Access: Output},
		"/run/gokiln/config":     {From: FromStep("modules config"), Access: Readonly},
	} {
		want.Dest = dest
		if diff := cmp.Diff(want, mountAt(t, p, StepModules, dest)); diff != "" {
			t.Errorf("%s: %s", dest, diff)
		}
	}
	e := stepOf(t, p, StepModules).Exec
	secrets := []Secret{
		{ID: CASecret, Dest: "/run/gokiln/ca/ca.pem", Optional: true},
		{ID: ProxySecret, Env: ProxySecretEnv, Optional: true},
		{ID: "token", Dest: SecretDir + "/token"},
	}
	if diff := cmp.Diff(secrets, e.Secrets); diff != "" || e.Dir != "/src/context/svc" || !e.Network {
		t.Errorf("in %s, network %t: %s", e.Dir, e.Network, diff)
	}
	offline := changed(fullDraft(), func(d *draft) { m := *d.Modules; m.Offline = true; d.Modules = &m }).image()
	if e := stepOf(t, offline, StepModules).Exec; e.Network || len(e.Secrets) != 2 {
		t.Errorf("offline: network %t, secrets %v", e.Network, e.Secrets)
	}
}

// Folders beside the context stand beside it in the steps.
func TestOutside(t *testing.T) {
	dests := func(p Plan, id string) (list []string) {
		for _, a := range stepOf(t, p, id).Files.Actions {
			list = append(list, string(a.Copy.From)+" "+a.Copy.Src+" -> "+a.Copy.Dest)
		}
		return list
	}
	p := fullDraft().image()
	for id, want := range map[string][]string{
		"modules files": {"build context / -> /context", "folder ../lib / -> /lib"},
		"source":        {"folder ../lib / -> /lib", "build context /svc/cmd/a -> /context/svc/cmd/a"},
	} {
		if diff := cmp.Diff(want, dests(p, id)); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	whole := changed(fullDraft(), func(d *draft) { d.Compile.Source = Source{Whole: "it is so"} }).image()
	if diff := cmp.Diff([]string{"build context / -> /context", "folder ../lib / -> /lib"}, dests(whole, "source")); diff != "" {
		t.Error(diff)
	}
	if name := stepOf(t, whole, StepCompile).Name; !strings.HasSuffix(name, " (with the whole build context: it is so)") {
		t.Errorf("named %q", name)
	}
}

// What a checkout's umask has made of a file's mode, and who owns it, is in no key and in
// no image. The go command caches what a folder's files say by their names, sizes and
// times: it does not where the times are ahead.
func TestCopiesOfTheContext(t *testing.T) {
	n := 0
	for _, s := range withLayers().image().Steps {
		if s.Files == nil {
			continue
		}
		for _, a := range s.Files.Actions {
			c := a.Copy
			if c == nil || c.From != FromContext {
				continue
			}
			n++
			if c.Mode == "" || c.Owner == nil {
				t.Errorf("%s copies %s with mode %q, owner %v", s.ID, c.Src, c.Mode, c.Owner)
			}
			if source := strings.HasSuffix(s.ID, "source"); source && time.Unix(*c.Time, 0).Before(time.Now().AddDate(20, 0, 0)) {
				t.Errorf("%s: the files' time is %d", s.ID, *c.Time)
			}
		}
	}
	if n < 5 {
		t.Errorf("looked at %d copies", n)
	}
}

func TestLayerSteps(t *testing.T) {
	p := withLayers().image()
	for id, want := range map[string]Origin{
		"layer 0": Nothing, "layer 1": FromStep("layer 0"), "layer 2": FromStep("layer 1"), "layer 3": FromStep("layer 1"),
		"layer 4": FromStep("layer 2"), StepCompile: FromStep("layers [0 1 2 3 4]"),
	} {
		m := mountAt(t, p, id, GoCacheDir)
		if m.From != want || (m.Access == Output) == (id == StepCompile) || (m.Cache == testMount) != (id == StepCompile) {
			t.Errorf("%s starts from %+v, want %q", id, m, want)
		}
		if id != StepCompile && mountAt(t, p, id, GoCacheStore).Cache != testMount {
			t.Errorf("%s has no store", id)
		}
	}
	want := []Operand{
		{Of: FromStep("layer 2")},
		{Of: FromStep("layer 3"), Since: FromStep("layer 1"), Name: "[internal] right"},
		{Of: FromStep("layer 4"), Since: FromStep("layer 2"), Name: "[internal] top"},
	}
	if diff := cmp.Diff(want, stepOf(t, p, "layers [0 1 2 3 4]").Merge); diff != "" {
		t.Error(diff)
	}
}

// A layer of the toolchain's own packages has neither the context nor the modules in its
// key, and does not wait for the copy of the toolchain.
func TestLayerOfTheStandardLibrary(t *testing.T) {
	p := withLayers().image()
	e := stepOf(t, p, "layer 0").Exec
	var dests []string
	for _, m := range e.Mounts {
		dests = append(dests, m.Dest)
	}
	slices.Sort(dests)
	if diff := cmp.Diff([]string{GoCacheDir, GoCacheStore, CompileProgram}, dests); diff != "" || e.Dir != GoCacheDir || e.Root != FromToolchain {
		t.Errorf("in %s of %s: %s", e.Dir, e.Root, diff)
	}
	if root := stepOf(t, p, "layer 1").Exec.Root; root != FromStep("toolchain") {
		t.Errorf("the next layer runs in %q", root)
	}
}

// Without a mount that outlives the build the steps start from the same and keep nothing,
// and their names say why.
func TestNothingKept(t *testing.T) {
	p := changed(withLayers(), func(d *draft) {
		d.Layers[1].Store, d.Compile.Cache = cacheMount{Why: "because"}, cacheMount{Why: "for once"}
	}).image()
	for id, why := range map[string]string{"layer 1": "because", StepCompile: "for once"} {
		s := stepOf(t, p, id)
		for _, m := range s.Exec.Mounts {
			if m.Cache != "" || m.Dest == GoCacheStore {
				t.Errorf("%s has %+v", id, m)
			}
		}
		if !strings.HasSuffix(s.Name, " (without a cache mount: "+why+")") || slices.Contains(s.Exec.Args, "-store") {
			t.Errorf("%q runs %q", s.Name, s.Exec.Args)
		}
	}
	if m := mountAt(t, p, StepCompile, GoCacheDir); m.From == Nothing || m.Access != Discard {
		t.Errorf("go build starts from %+v", m)
	}
}

// What all apps have in common is collected anew, and the app's own files as ever.
func TestSharedSourceIsCollectedAnew(t *testing.T) {
	for _, anew := range []bool{false, true} {
		d := withLayers()
		d.CollectAnew = anew
		for _, s := range d.image().Steps {
			shared := strings.Contains(s.Name, "] collect ") && !strings.Contains(s.Name, "./cmd")
			if s.NoCache != (shared && anew) {
				t.Errorf("anew %t: %s without the cache: %t", anew, s.Name, s.NoCache)
			}
		}
	}
}

// A layer's store is apart by what the module step says of the modules, where the layer
// sees modules.
func TestStoreIsApartByModules(t *testing.T) {
	vendored := changed(withLayers(), func(d *draft) { d.Modules = nil }).image()
	for id, want := range map[string]bool{"layer 0": false, "layer 1": true} {
		if got := slices.Contains(stepOf(t, withLayers().image(), id).Exec.Args, "-apart"); got != want {
			t.Errorf("%s: the store is apart: %t", id, got)
		}
		if slices.Contains(stepOf(t, vendored, id).Exec.Args, "-apart") {
			t.Errorf("%s names a file of modules that it does not see", id)
		}
	}
}

// What a step of a workspace sees is copied, not put onto a copy, or it would be found by
// no content.
func TestWorkSumIsCopiedBesideTheSource(t *testing.T) {
	p := changed(withLayers(), func(d *draft) { d.Compile.WorkSum = "go.work.sum" }).image()
	f := stepOf(t, p, "source with go.work.sum").Files
	if f.On != Nothing || len(f.Actions) != 2 || f.Actions[0].Copy.From != FromStep("source") || f.Actions[1].Copy.Dest != "/context/go.work.sum" {
		t.Errorf("%+v", f)
	}
	if *f.Actions[0].Copy.Time != neverIndexed {
		t.Errorf("the files' time is %d", *f.Actions[0].Copy.Time)
	}
}

// Every folder that a layer of the image changes gets the epoch as its time.
func TestFoldersAreTouched(t *testing.T) {
	var dirs []string
	for _, a := range stepOf(t, fullDraft().image(), "files").Files.Actions {
		if a.Copy != nil && a.Copy.Src == "/empty" {
			dirs = append(dirs, a.Copy.Dest)
		}
	}
	if diff := cmp.Diff([]string{"/etc", "/etc/svc", "/srv", "/srv/static"}, dirs); diff != "" {
		t.Error(diff)
	}
}

func TestNoCacheStages(t *testing.T) {
	p := changed(withLayers(), func(d *draft) {
		m := *d.Modules
		m.NoCache, d.Modules, d.Image.NoCache = true, &m, true
	}).image()
	for _, s := range p.Steps {
		if want := s.Stage == StageModules || s.Stage == StageImage; s.NoCache != want {
			t.Errorf("%s: without the cache: %t", s.ID, s.NoCache)
		}
	}
}
