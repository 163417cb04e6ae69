package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Workload is a program, or several, with real weight. Its source is made by
// Generate and is the same each time.
type Workload struct {
	Name string
	// About says in a sentence what it is.
	About string
	// Programs are its main packages.
	Programs []Program
	// Shared is the package that Deep changes, relative to the module and in
	// slashes, or empty. All programs import it.
	Shared string
	// Module is the dependency that is bumped, Versions the ones it goes
	// through, lowest first. The source begins with the first.
	Module   string
	Versions []string
	// write writes the source, without go.sum and what go mod tidy adds.
	write func(dir, repo string) error
}

// Program is one main package.
type Program struct {
	// Name is the program's file name.
	Name string
	// Package is its folder as go build takes it: "." or with a leading "./".
	Package string
}

// Workloads are all workloads.
func Workloads() []Workload { return []Workload{serviceWorkload(), caddyWorkload(), fleetWorkload()} }

func (w Workload) isFleet() bool { return len(w.Programs) > 1 }

// packages are the main packages as the arguments of go build.
func (w Workload) packages() string {
	var names []string
	for _, p := range w.Programs {
		names = append(names, p.Package)
	}
	return strings.Join(names, " ")
}

func serviceWorkload() Workload {
	api := Program{Name: "api", Package: "./cmd/api"}
	return Workload{
		Name: Service, About: "HTTP and gRPC, PostgreSQL, OpenTelemetry and Prometheus: `examples/service`",
		Programs: []Program{api}, Shared: "internal/note",
		Module:   "github.com/jackc/pgx/v5",
		Versions: []string{"v5.7.5", "v5.7.6", "v5.8.0", "v5.9.1", "v5.9.2", "v5.10.0", "v5.11.0", "v5.12.0"},
		write: func(dir, repo string) error {
			return copyTree(filepath.Join(repo, "examples", "service"), dir)
		},
	}
}

const caddyMain = `// Command caddy is Caddy with its standard modules.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() { caddycmd.Main() }
`

func caddyWorkload() Workload {
	return Workload{
		Name: Caddy, About: "a custom Caddy: a main of a few lines that imports Caddy's standard modules",
		Programs: []Program{{Name: "caddy", Package: "."}},
		Module:   "github.com/caddyserver/caddy/v2",
		Versions: []string{"v2.11.4", "v2.11.5", "v2.11.6", "v2.11.7", "v2.11.8", "v2.11.9"},
		write: func(dir, _ string) error {
			return writeFiles(dir, map[string]string{
				"main.go":   caddyMain,
				"README.md": "# A custom Caddy\n",
				"go.mod":    "module example.com/caddy\n\ngo 1.26\n",
			})
		},
	}
}

// modFile is where Generate keeps go.mod or go.sum for one version of the
// bumped dependency.
func modFile(dir, version, name string) string { return filepath.Join(dir, ".bench", version, name) }

// Generate writes the source to dir: the files, the lines that get changed, and
// go.mod and go.sum with the first version of the bumped dependency. It asks
// the module proxy for what is not in the user's module cache.
func (w Workload) Generate(ctx context.Context, dir, repo string) error {
	if err := w.write(dir, repo); err != nil {
		return err
	}
	for _, change := range []Change{Line, Deep, Unrelated} {
		if err := w.Mark(dir, change, "before"); err != nil {
			return err
		}
	}
	return w.resolve(ctx, dir, w.Versions[0])
}

// resolve has the go command require a version of the bumped dependency, and
// keeps go.mod and go.sum.
func (w Workload) resolve(ctx context.Context, dir, version string) error {
	for _, args := range [][]string{{"get", w.Module + "@" + version}, {"mod", "tidy"}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, tail(string(out), 5))
		}
	}
	return errors.Join(
		copyFile(filepath.Join(dir, "go.mod"), modFile(dir, version, "go.mod")),
		copyFile(filepath.Join(dir, "go.sum"), modFile(dir, version, "go.sum")),
	)
}

// Use gives the source in dir the go.mod and go.sum for a version of the bumped
// dependency. They are made in from, where Generate has been, and each from the
// first version's, so that the order in which they are asked for does not
// matter.
func (w Workload) Use(ctx context.Context, from, dir, version string) error {
	if _, err := os.Stat(modFile(from, version, "go.sum")); errors.Is(err, fs.ErrNotExist) {
		if err := w.take(from, from, w.Versions[0]); err != nil {
			return err
		}
		if err := w.resolve(ctx, from, version); err != nil {
			return err
		}
	}
	return w.take(from, dir, version)
}

func (w Workload) take(from, dir, version string) error {
	return errors.Join(
		copyFile(modFile(from, version, "go.mod"), filepath.Join(dir, "go.mod")),
		copyFile(modFile(from, version, "go.sum"), filepath.Join(dir, "go.sum")),
	)
}

// Copy copies what Generate made, for one tool.
func (w Workload) Copy(from, dir string) error {
	if err := copyTree(from, dir); err != nil {
		return err
	}
	return errors.Join(w.take(from, dir, w.Versions[0]), os.RemoveAll(filepath.Join(dir, ".bench")))
}

// Mark makes a change: after it the program holds the text mark, except for
// Unrelated. A workload without shared package has no Deep.
func (w Workload) Mark(dir string, change Change, mark string) error {
	switch change {
	case Line:
		return writeFiles(dir, map[string]string{path.Join(w.Programs[0].Package, markFile): markSource("main", mark)})
	case Deep:
		if w.Shared == "" {
			return nil
		}
		return writeFiles(dir, map[string]string{path.Join(w.Shared, markFile): markSource(path.Base(w.Shared), mark)})
	case Unrelated:
		return writeFiles(dir, map[string]string{
			"README.md": "# " + w.Name + "\n\n" + mark + "\n",
			path.Join(w.Programs[0].Package, "bench_test.go"): fmt.Sprintf(
				"package main\n\nimport \"testing\"\n\nfunc TestNothing(t *testing.T) { t.Log(%q) }\n", mark),
		})
	}
	return nil
}

const markFile = "bench_line.go"

// markSource is a file of which one line changes. The linker can't know that a
// program always has a name, so it keeps the text.
func markSource(pkg, mark string) string {
	return fmt.Sprintf("package %s\n\nimport \"os\"\n\nfunc init() {\n\tif len(os.Args) == 0 {\n\t\tprintln(%q)\n\t}\n}\n", pkg, mark)
}

func writeFiles(dir string, files map[string]string) error {
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		return copyFile(file, filepath.Join(to, rel))
	})
}

// tail gives the last lines of a text.
func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
