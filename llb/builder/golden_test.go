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

// TestGoldenLLB holds the LLB of every example for two platforms.
// Regenerate with: go test ./llb/builder -run TestGoldenLLB -update
func TestGoldenLLB(t *testing.T) {
	for _, name := range examples(t) {
		for _, platform := range []string{"linux/amd64", "linux/arm64"} {
			file := strings.TrimSuffix(name+"."+targetOf(name), ".") + "." + strings.ReplaceAll(platform, "/", "-") + ".llb"
			t.Run(file, func(t *testing.T) {
				got := buildExample(t, name, targetOf(name), platform)
				golden(t, filepath.Join("testdata", file), got)
			})
		}
	}
	t.Run("binaries", func(t *testing.T) {
		got := buildExample(t, "fleet", "binaries", "windows/amd64")
		golden(t, filepath.Join("testdata", "fleet.binaries.windows-amd64.llb"), got)
	})
}

// buildExample builds a target of an example for one platform and renders what
// was sent.
func buildExample(t *testing.T, name, target, platform string) string {
	t.Helper()
	c := newStub(t, os.DirFS(filepath.Join(examplesDir, name)), map[string]string{
		"platform":          platform,
		"target":            target,
		"build-arg:VERSION": "1.2.3",
		"vcs:revision":      "0123456789abcdef0123456789abcdef01234567",
	})
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
