package builder

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/llb/llbtest"
	"github.com/gokiln/gokiln/llb/plan"
)

var update = flag.Bool("update", false, "rewrite golden files")

// examplesDir holds the example applications.
const examplesDir = "../../examples"

func examples(t *testing.T) []string {
	t.Helper()
	specs, err := filepath.Glob(filepath.Join(examplesDir, "*", "gokiln.yaml"))
	if err != nil || len(specs) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var names []string
	for _, s := range specs {
		names = append(names, filepath.Base(filepath.Dir(s)))
	}
	return names
}

// targetOf is what is built of an example that has several apps.
func targetOf(example string) string {
	if example == "fleet" {
		return "cart"
	}
	return ""
}

// TestGoldenPlans holds the plan of every example for two platforms: what a reviewer reads.
// Regenerate with: go test ./llb/builder -run TestGolden -update
func TestGoldenPlans(t *testing.T) {
	for _, name := range examples(t) {
		for _, platform := range []string{"linux/amd64", "linux/arm64"} {
			file := strings.TrimSuffix(name+"."+targetOf(name), ".") + "." + strings.ReplaceAll(platform, "/", "-") + ".plan"
			t.Run(file, func(t *testing.T) {
				p := planExample(t, name, targetOf(name), platform)
				for _, broken := range plan.Laws(p) {
					t.Error(broken)
				}
				config, err := json.Marshal(p.Config)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("testdata", file), p.String()+"\nconfig:\n"+indent(config))
			})
		}
	}
}

// TestGoldenLLB holds the LLB of one example with all kinds of steps, and of programs
// alone: what BuildKit gets.
func TestGoldenLLB(t *testing.T) {
	for file, c := range map[string]struct{ name, target, platform string }{
		"fleet.cart.linux-amd64.llb":       {"fleet", "cart", "linux/amd64"},
		"fleet.binaries.windows-amd64.llb": {"fleet", targetBinaries, "windows/amd64"},
	} {
		t.Run(file, func(t *testing.T) {
			golden(t, filepath.Join("testdata", file), buildExample(t, c.name, c.target, c.platform))
		})
	}
}

// exampleClient is a client that asks for a target of an example for one platform.
func exampleClient(t *testing.T, name, target, platform string) *stubClient {
	t.Helper()
	return newStub(t, os.DirFS(filepath.Join(examplesDir, name)), map[string]string{
		"platform":          platform,
		"target":            target,
		"build-arg:VERSION": "1.2.3",
		"vcs:revision":      "0123456789abcdef0123456789abcdef01234567",
	})
}

// planExample plans the image of an example.
func planExample(t *testing.T, name, target, platform string) plan.Plan {
	t.Helper()
	f := Frontend{ModulesProgram: "/gokiln-modules", CompileProgram: "/gokiln-compile"}
	s, err := f.open(t.Context(), withDefaults(exampleClient(t, name, target, platform)))
	if err != nil {
		t.Fatal(err)
	}
	goal, err := s.parse()
	if err != nil {
		t.Fatal(err)
	}
	app, forPlatform := goal.apps[0].Spec, s.ui.TargetPlatforms[0]
	base, err := s.resolveBase(t.Context(), app, forPlatform)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.request(t.Context(), goal)
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.analyse(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.imageInput(t.Context(), a, base, forPlatform)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// buildExample builds a target of an example for one platform and renders what
// was sent.
func buildExample(t *testing.T, name, target, platform string) string {
	t.Helper()
	c := exampleClient(t, name, target, platform)
	res, err := Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := llbtest.Print(solved(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return text + "config:\n" + indent(res.Metadata["containerimage.config"])
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run: go test ./llb/builder -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale (-file +now); if the change is meant, run: go test ./llb/builder -update\n%s", file, diff)
	}
}

func indent(data []byte) string {
	var out strings.Builder
	for line := range strings.SplitSeq(prettyJSON(data), "\n") {
		fmt.Fprintf(&out, "  %s\n", line)
	}
	return out.String()
}

func prettyJSON(data []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return string(data)
	}
	return out.String()
}
