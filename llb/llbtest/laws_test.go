package llbtest_test

import (
	"slices"
	"testing"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/llb/llbtest"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
)

// small is a plan of a module step and a compile step that keeps the laws.
func small() plan.Plan {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	collect := func(id string) plan.Step {
		return plan.Step{ID: id, Name: id, Files: &plan.FileOp{Actions: []plan.Action{
			{Copy: &plan.CopyFiles{From: plan.FromContext, Src: "/", Dest: "/", Contents: true, Names: []string{"go.mod"}}},
		}}}
	}
	return plan.Plan{Target: platform, Build: platform, Steps: []plan.Step{
		collect("recipe"), collect("source"),
		{ID: plan.StepModules, Name: "modules", Exec: &plan.Exec{
			Root: plan.FromToolchain, Dir: "/src", Args: []string{modstep.Program}, Network: true, Secrets: []plan.Secret{{ID: "a", Env: "A"}},
			Mounts: []plan.Mount{{Dest: plan.SourceDir, From: plan.FromStep("recipe"), Access: plan.Discard}, {Dest: plan.ModCacheDir, Access: plan.Output}},
		}},
		{ID: plan.StepCompile, Name: "compile", Exec: &plan.Exec{
			Root: plan.FromToolchain, Dir: "/src", Args: []string{"go", "build"},
			Mounts: []plan.Mount{
				{Dest: plan.SourceDir, From: plan.FromStep("source"), Access: plan.Readonly},
				{Dest: plan.ModCacheDir, From: plan.FromStep(plan.StepModules), Access: plan.Readonly},
				{Dest: plan.GoCacheDir, Cache: "x/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Access: plan.Discard},
				{Dest: plan.OutDir, Access: plan.Output},
			},
		}},
	}}
}

func laws(t *testing.T, p plan.Plan, buildPlatform string) []string {
	t.Helper()
	st, err := lower.Lower(p, lower.Inputs{States: map[plan.Origin]llb.State{
		plan.FromContext:   llb.Local("context", llb.WithCustomName("context")),
		plan.FromToolchain: llb.Image("docker.io/library/golang:1.26", llb.WithCustomName("toolchain")),
	}}, plan.StepCompile)
	if err != nil {
		t.Fatal(err)
	}
	def, err := st.Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := llbtest.Vertices(def)
	if err != nil {
		t.Fatal(err)
	}
	return llbtest.Laws(vs, buildPlatform)
}

func TestLawsAreLaws(t *testing.T) {
	if broken := laws(t, small(), "linux/amd64"); len(broken) > 0 {
		t.Errorf("%q", broken)
	}
	if len(laws(t, small(), "linux/arm64")) == 0 {
		t.Error("the wrong platform breaks no law")
	}
	const recipe, source, compile = 0, 1, 3
	copied := func(p *plan.Plan, step int) *plan.CopyFiles { return p.Steps[step].Files.Actions[0].Copy }
	for name, change := range map[string]func(*plan.Plan){
		"a network":         func(p *plan.Plan) { p.Steps[compile].Exec.Network = true },
		"a secret file":     func(p *plan.Plan) { p.Steps[compile].Exec.Secrets = []plan.Secret{{ID: "a", Dest: "/a"}} },
		"a secret variable": func(p *plan.Plan) { p.Steps[compile].Exec.Secrets = []plan.Secret{{ID: "a", Env: "A"}} },
		"an agent":          func(p *plan.Plan) { p.Steps[compile].Exec.Agents = []plan.Agent{{ID: "a", Dest: "/a"}} },
		"a writable source": func(p *plan.Plan) { p.Steps[compile].Exec.Mounts[0].Access = plan.Discard },
		"writable modules":  func(p *plan.Plan) { p.Steps[compile].Exec.Mounts[1].Access = plan.Discard },
		"the context":       func(p *plan.Plan) { p.Steps[compile].Exec.Mounts[0].From = plan.FromContext },
		"the context elsewhere": func(p *plan.Plan) {
			p.Steps[compile].Exec.Mounts[0] = plan.Mount{Dest: "/src/context", From: plan.FromContext, Access: plan.Readonly}
		},
		"a copy of the context": func(p *plan.Plan) { copied(p, source).Names = nil },
		"a copy of the copy": func(p *plan.Plan) {
			copied(p, source).Names = nil
			again := plan.Step{ID: "again", Name: "again", Files: &plan.FileOp{Actions: []plan.Action{
				{Copy: &plan.CopyFiles{From: plan.FromStep("source"), Src: "/", Dest: "/", Contents: true}},
			}}}
			p.Steps[compile].Exec.Mounts[0].From = plan.FromStep("again")
			p.Steps = slices.Insert(p.Steps, 2, again)
		},
		"a recipe of everything": func(p *plan.Plan) { copied(p, recipe).Names = nil },
		"a cache without a hash": func(p *plan.Plan) { p.Steps[compile].Exec.Mounts[2].Cache = "x" },
		"another program":        func(p *plan.Plan) { p.Steps[compile].Exec.Args[0] = "./go" },
		"an environment":         func(p *plan.Plan) { p.Steps[compile].Exec.Env = []plan.EnvVar{{Name: "CC", Value: "./cc"}} },
	} {
		p := small()
		change(&p)
		if len(laws(t, p, "linux/amd64")) == 0 {
			t.Errorf("%s breaks no law", name)
		}
	}
}
