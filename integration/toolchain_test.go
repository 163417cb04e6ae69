package integration

import (
	"go/version"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The slim toolchain has whatever a program may be built from: here the whole of the
// standard library, as the host's Go lists it.
func TestSlimToolchainHasTheStandardLibrary(t *testing.T) {
	s := setup(t)
	t.Parallel()
	if lang := version.Lang(runtime.Version()); lang != "go1.26" {
		t.Skipf("the app is built with Go 1.26, and this is %q with another list of packages", lang)
	}
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := slices.DeleteFunc(strings.Fields(string(out)), func(p string) bool {
		parts := strings.Split(p, "/")
		return slices.Contains(parts, "internal") || slices.Contains(parts, "vendor")
	})
	if len(imports) < 100 {
		t.Fatalf("the standard library has %d packages", len(imports))
	}
	main := "package main\n\nimport (\n\t_ \"" + strings.Join(imports, "\"\n\t_ \"") + "\"\n)\n\nfunc main() { println(\"all of it\") }\n"
	dir := app(t, map[string]string{"main.go": main})
	tag := s.tag(t)
	r := s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	if len(r.named("slim toolchain")) == 0 {
		t.Error("the toolchain is the whole image")
	}
	if out := s.run(t, fetch(t, tag)["linux/amd64"]); out != "all of it\n" {
		t.Errorf("it printed %q", out)
	}
}
