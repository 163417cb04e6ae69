package lower

import (
	"flag"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/llbtest"
	"github.com/gokiln/gokiln/llb/plan"
)

var (
	amd64 = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = ocispecs.Platform{OS: "linux", Architecture: "arm64"}
)

func ptr[T any](v T) *T { return &v }

// testPlan has a step of each kind, with everything that a step may have.
func testPlan() plan.Plan {
	return plan.Plan{Target: arm64, Build: amd64, Steps: []plan.Step{
		{ID: "source", Name: "collect", NoCache: true, Files: &plan.FileOp{Actions: []plan.Action{
			{Copy: &plan.CopyFiles{From: plan.FromContext, Src: "/svc", Dest: "/in", Contents: true, MakeParents: true,
				Names: []string{"go.mod", "odd[1]*.go"}, Mode: "0755", Owner: &plan.Owner{}, Time: ptr(int64(4102444800))}},
			{Copy: &plan.CopyFiles{From: plan.FromFolder("../lib"), Src: "/", Dest: "/lib", Exclude: []string{"**/testdata"}}},
			{Mkfile: &plan.Mkfile{Path: "/config.json", Data: []byte("{}")}},
			{Mkdir: &plan.Mkdir{Path: "/empty/folder", Parents: true, Owner: &plan.Owner{UID: 7, GID: 8}, Time: ptr(int64(0))}},
		}}},
		{ID: "slim", Name: "slim", Files: &plan.FileOp{ConfigOf: plan.FromToolchain, Actions: []plan.Action{
			{Copy: &plan.CopyFiles{From: plan.FromToolchain, Src: "/", Dest: "/", Contents: true}},
		}}},
		{ID: "low", Name: "low", Exec: &plan.Exec{Root: plan.FromStep("slim"), Dir: "/", Args: []string{"go"}, Mounts: []plan.Mount{
			{Dest: "/cache", Access: plan.Output},
		}}},
		{ID: "run", Name: "run", At: []diag.Range{{Start: diag.Position{Line: 2, Column: 1}, End: diag.Position{Line: 2, Column: 9}}, {}}, Exec: &plan.Exec{
			Root: plan.FromStep("slim"), Dir: "/src/svc", Args: []string{"go", "build"}, Env: []plan.EnvVar{{Name: "GOOS", Value: "linux"}}, Network: true,
			Proxy: plan.Proxy{HTTPS: "http://proxy.example.com:3128"},
			Mounts: []plan.Mount{
				{Dest: "/src", From: plan.FromStep("source"), Access: plan.Readonly},
				{Dest: "/program", From: plan.FromFrontend, Path: "/bin/program", Access: plan.Readonly},
				{Dest: "/cache", From: plan.FromStep("low"), Access: plan.Discard, Cache: "id", ByStep: true},
				{Dest: "/scratch", Access: plan.Discard},
				{Dest: "/memory", Access: plan.Memory},
				{Dest: "/out", From: plan.FromStep("low"), Access: plan.Output},
			},
			Secrets: []plan.Secret{{ID: "token", Dest: "/run/token"}, {ID: "proxy", Env: "PROXY", Optional: true}},
			Agents:  []plan.Agent{{ID: "default", Dest: "/run/ssh"}},
		}},
		{ID: "merged", Name: "merge", Merge: []plan.Operand{
			{Of: plan.FromStep("low")}, {Of: plan.FromStep("run"), Since: plan.FromStep("low"), Name: "what run adds"},
		}},
		{ID: "image", Name: "image", Files: &plan.FileOp{On: plan.FromBase, Actions: []plan.Action{
			{Copy: &plan.CopyFiles{From: plan.FromStep("merged"), Src: "/x", Dest: "/bin/x", Contents: true, Follow: true, Mode: plan.GitModes, Owner: &plan.Owner{UID: 1}}},
		}}},
	}}
}

func testInputs() Inputs {
	return Inputs{States: map[plan.Origin]llb.State{
		plan.FromContext:          llb.Local("context", llb.SessionID("session"), llb.WithCustomName("context")),
		plan.FromToolchain:        llb.Image("docker.io/library/golang:1.26-alpine", llb.Platform(amd64), llb.WithCustomName("toolchain")).AddEnv("PATH", "/go/bin"),
		plan.FromFrontend:         llb.Image("docker.io/gokiln/gokiln:1", llb.Platform(amd64), llb.WithCustomName("frontend")),
		plan.FromFolder("../lib"): llb.Local("lib", llb.SessionID("session"), llb.WithCustomName("lib")),
		plan.FromBase:             llb.Image("gcr.io/distroless/static:nonroot", llb.Platform(arm64), llb.WithCustomName("base")).Platform(arm64),
	}}
}

func lowered(t *testing.T, in Inputs, id string) *llb.Definition {
	t.Helper()
	st, err := Lower(testPlan(), in, id)
	if err != nil {
		t.Fatal(err)
	}
	def, err := st.Marshal(t.Context(), llb.Platform(amd64))
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func vertices(t *testing.T, in Inputs) []llbtest.Vertex {
	t.Helper()
	vs, err := llbtest.Vertices(lowered(t, in, "image"))
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

var update = flag.Bool("update", false, "rewrite golden files")

// The whole of it, vertex by vertex. Regenerate with: go test ./llb/lower -update
func TestLower(t *testing.T) {
	got, err := llbtest.Print(lowered(t, testInputs(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/kinds.llb"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestLowerIsDeterministic(t *testing.T) {
	var first []byte
	for i := range 25 {
		data := slices.Concat(lowered(t, testInputs(), "image").ToPB().Def...)
		if i == 0 {
			first = data
		}
		if !slices.Equal(first, data) {
			t.Fatalf("lowering %d differs", i)
		}
	}
}

func TestLowerOneStep(t *testing.T) {
	vs, err := llbtest.Vertices(lowered(t, testInputs(), "low"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vs {
		if v.Name == "run" || v.Name == "collect" {
			t.Errorf("%s is not asked for", v.Name)
		}
	}
}

func TestLowerErrors(t *testing.T) {
	if _, err := Lower(testPlan(), testInputs(), "none"); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("an unknown step: %v", err)
	}
	in := testInputs()
	delete(in.States, plan.FromFolder("../lib"))
	if _, err := Lower(testPlan(), in, "image"); err == nil || !strings.Contains(err.Error(), `step "source"`) || !strings.Contains(err.Error(), "folder ../lib") {
		t.Errorf("an input that is not there: %v", err)
	}
	p := testPlan()
	p.Steps[0].Files.Actions[0].Copy.Mode = "rwx"
	if _, err := Lower(p, testInputs(), "image"); err == nil {
		t.Error("a mode that is no number: no error")
	}
}

// A daemon that knows no modes in words would take them for 0.
func TestModesOfOldDaemons(t *testing.T) {
	in := testInputs()
	none := pb.Caps.CapSet(nil)
	in.Sandbox.Caps = &none
	c := find(t, vertices(t, in), "image").Op.GetFile().Actions[0].GetCopy()
	if c.ModeStr != "" || c.Mode != -1 {
		t.Errorf("mode %q, %o", c.ModeStr, c.Mode)
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
	vs := vertices(t, in)
	for name, network := range map[string]pb.NetMode{"low": pb.NetMode_NONE, "run": pb.NetMode_HOST} {
		e := find(t, vs, name).Op.GetExec()
		m := e.Meta
		if len(m.ExtraHosts) != 1 || len(m.Ulimit) != 1 || m.CgroupParent != "parent" || m.Hostname != "builder" {
			t.Errorf("%s: %v", name, m)
		}
		if !slices.ContainsFunc(e.Mounts, func(m *pb.Mount) bool { return m.Dest == "/dev/shm" }) {
			t.Errorf("%s: /dev/shm has its default size", name)
		}
		if e.Network != network {
			t.Errorf("%s: network %s, want %s", name, e.Network, network)
		}
	}
}

func TestSourceLocations(t *testing.T) {
	in := testInputs()
	in.Source = llb.NewSourceMap(nil, "gokiln.yaml", "yaml", []byte("# syntax=gokiln/gokiln:1\nmodule: svc\n"))
	if diff := cmp.Diff([]int32{2}, find(t, vertices(t, in), "run").Lines); diff != "" {
		t.Error(diff)
	}
}
