package gofacts

import (
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func goCommand(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %q: %v", args, err)
	}
	return strings.Fields(string(out))
}

// A port that a release marks as broken is known all the same: another one builds it.
func TestPorts(t *testing.T) {
	all := goCommand(t, "tool", "dist", "list", "-broken")
	for _, port := range goCommand(t, "tool", "dist", "list") {
		if !slices.Contains(Ports(), port) {
			t.Errorf("%s is not known", port)
		}
	}
	for _, port := range Ports() {
		if !slices.Contains(all, port) {
			t.Errorf("%s is not a port of Go's", port)
		}
	}
}

// The go command takes each value, for a port of the architecture.
func TestVariantsAreGos(t *testing.T) {
	for _, port := range Ports() {
		goos, goarch, _ := strings.Cut(port, "/")
		for _, v := range Variants(goarch) {
			if goos != "linux" && goos != "windows" {
				continue
			}
			name, value := VariantVar(goarch), VariantValue(goarch, v)
			if value == "" || name == "" {
				t.Fatalf("%s has no variable or value for %q", goarch, v)
			}
			// The tags say how the value was understood.
			cmd := exec.CommandContext(t.Context(), "go", "list", "-f", "{{context.ToolTags}}", "runtime")
			cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, name+"="+value, "GOFLAGS=", "GOWORK=off")
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), goarch+".") {
				t.Errorf("%s=%s: %v\n%s", name, value, err, out)
			}
		}
	}
}

func TestStandardRoots(t *testing.T) {
	have := map[string]bool{}
	for _, p := range goCommand(t, "list", "std", "cmd") {
		root, _, _ := strings.Cut(p, "/")
		if !Standard(p) || !StandardRoot(p) {
			t.Errorf("%s is a package of Go's", p)
		}
		have[root] = true
	}
	// What only experiments have, a folder without a package, and one with a package of
	// documentation.
	for _, root := range standardRoots() {
		if !have[root] && !slices.Contains([]string{"arena", "builtin", "simd", "vendor"}, root) {
			t.Errorf("%s is not a folder of Go's", root)
		}
	}
	if Standard("example.com/x") || StandardRoot("mymod/fmt") {
		t.Error("others' packages are taken for Go's")
	}
}

// go/build lists a file of each extension, and no other.
func TestExtensionsAreGoBuilds(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("x.go", "package x\n\nimport \"C\"\n")
	others := []string{".a", ".o", ".so", ".inc", ".txt", ".asm", ".rs", ".mm", ".f77", ".F90", ".H", ".C", ".go.txt"}
	for _, ext := range append(foreignExts(), others...) {
		write("x"+ext, "")
	}
	for _, ext := range []string{".h", ".hh", ".hpp", ".hxx"} {
		write("y"+ext, "")
	}
	c := build.Default
	c.CgoEnabled = true
	p, err := c.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed := slices.Concat(p.CFiles, p.CXXFiles, p.MFiles, p.FFiles, p.SFiles, p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.HFiles)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); slices.Contains(listed, name) != OtherSource(name) {
			t.Errorf("%s: go/build lists it: %t", name, slices.Contains(listed, name))
		}
		if name := e.Name(); slices.Contains(p.HFiles, name) != Header(name) {
			t.Errorf("%s: go/build takes it for a header: %t", name, slices.Contains(p.HFiles, name))
		}
	}
}
