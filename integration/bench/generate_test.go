package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sources are the same each time, and each change is in every program that
// it should be in.
func TestSourcesAreDeterministic(t *testing.T) {
	for _, w := range Workloads() {
		t.Run(w.Name, func(t *testing.T) {
			var made [2]map[string]string
			for i := range made {
				dir := t.TempDir()
				if err := w.write(dir, "../.."); err != nil {
					t.Fatal(err)
				}
				for _, change := range []Change{Line, Deep, Unrelated} {
					if err := w.Mark(dir, change, "before"); err != nil {
						t.Fatal(err)
					}
				}
				made[i] = readTree(t, dir)
			}
			if diff := cmp.Diff(made[0], made[1]); diff != "" {
				t.Error(diff)
			}
			for _, name := range []string{"go.mod", "README.md", strings.TrimPrefix(w.Programs[0].Package+"/"+markFile, "./")} {
				if _, ok := made[0][name]; !ok {
					t.Errorf("no %s", name)
				}
			}
		})
	}
}

func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(file)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The linker must keep the text of a change, or every build would look like one
// that lacks it.
func TestMarkStaysInTheProgram(t *testing.T) {
	dir := t.TempDir()
	w := Workload{Name: "x", Programs: []Program{{Name: "x", Package: "."}}}
	err := writeFiles(dir, map[string]string{"go.mod": "module example.com/x\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n"})
	if err != nil {
		t.Fatal(err)
	}
	const mark = "bench 20260301T120000Z gokiln line 001"
	if err := w.Mark(dir, Line, mark); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "x")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	p := Wanted{Marks: []string{mark}, Module: "example.com/dep", Version: "v1.0.0"}
	if err := p.check(program); err == nil || !strings.Contains(err.Error(), "not built with example.com/dep v1.0.0") {
		t.Errorf("the mark is there, the dependency is not: %v", err)
	}
	p.Marks = []string{"bench 20260301T120000Z gokiln line 002"}
	if err := p.check(program); err == nil || !strings.Contains(err.Error(), "lacks the change") {
		t.Errorf("another mark: %v", err)
	}
}
