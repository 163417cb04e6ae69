package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryToolIsPinned keeps the table of tools and the modules that pin them
// together: the program must be a tool line of its module.
func TestEveryToolIsPinned(t *testing.T) {
	for _, tool := range []Tool{Buildkitd(), Buildctl(), Buildx(), DockerfileFrontend(), Ko(), Linter(), Actionlint()} {
		gomod, err := os.ReadFile(filepath.Join("..", "..", "tools", tool.Module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(gomod), tool.Package+"\n") {
			t.Errorf("%s: no tool line for %s", tool.Module, tool.Package)
		}
		if !strings.Contains(string(gomod), tool.Origin+" v") {
			t.Errorf("%s: does not require %s", tool.Module, tool.Origin)
		}
	}
}

func TestEnsureBuildsOnceAndAgainWhenThePinMoves(t *testing.T) {
	modules, out := t.TempDir(), t.TempDir()
	dir := filepath.Join(modules, "m")
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	write("go.sum", "")
	write("main.go", "package main\n\nvar version string\n\nfunc main() { print(version) }\n")
	tool := Tool{Name: "m", Module: "m", Package: ".", Origin: "example.com/m"}
	var notes strings.Builder
	b := Builder{Modules: modules, Out: out, Notes: &notes}
	for range 2 {
		path, err := b.Ensure(t.Context(), tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := exec.CommandContext(t.Context(), path).Run(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(notes.String(), "building"); n != 1 {
		t.Errorf("built %d times, want 1", n)
	}
	write("go.sum", "\n")
	if _, err := b.Ensure(t.Context(), tool); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(notes.String(), "building"); n != 2 {
		t.Errorf("built %d times after the pin moved, want 2", n)
	}
	write("main.go", "package main\n\nfunc main() { undefined() }\n")
	write("go.sum", "\n\n")
	if _, err := b.Ensure(t.Context(), tool); err == nil || !strings.Contains(err.Error(), "undefined") {
		t.Errorf("error = %v, want the compiler's", err)
	}
}

// The program that builds the tools is built before there is one to ask.
func TestMakefileHasTheFlags(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(Flags(), " "); !strings.Contains(string(makefile), want) {
		t.Errorf("the Makefile lacks %s", want)
	}
}

func TestEnvLeavesTheUserTheirChoice(t *testing.T) {
	for set, want := range map[string]string{"": "0", "1": "1"} {
		t.Setenv("CGO_ENABLED", set)
		if set == "" {
			if err := os.Unsetenv("CGO_ENABLED"); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "go", "env", "CGO_ENABLED")
		cmd.Env = Env()
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("CGO_ENABLED=%q becomes %q, want %q (%v)", set, got, want, err)
		}
	}
}
