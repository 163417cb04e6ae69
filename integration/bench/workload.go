package bench

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"text/template"
)

// workload is an app, or several, with real weight. Its source is the same each time.
type workload struct {
	name, about string
	// packages are the main packages as go build takes them.
	packages []string
	// shared is the package that deep changes, or empty. All programs import it.
	shared string
	// module is the dependency that is bumped, through the versions in their order.
	module   string
	versions []string
	// write writes the source without go.sum.
	write func(dir, repo string) error
}

// fleet reports whether the workload is several programs, each in an image of its own.
func (w workload) fleet() bool { return len(w.packages) > 1 }

// program returns the file name of a main package's program.
func (w workload) program(pkg string) string {
	if pkg == "." {
		return w.name
	}
	return path.Base(pkg)
}

func workloads() []workload {
	var services []string
	for i := range 20 {
		services = append(services, fmt.Sprintf("./cmd/svc-%02d", i+1))
	}
	return []workload{
		{
			name: "service", about: "HTTP and gRPC, PostgreSQL, OpenTelemetry and Prometheus: `examples/service`",
			packages: []string{"./cmd/api"}, shared: "internal/note",
			module:   "github.com/jackc/pgx/v5",
			versions: []string{"v5.7.5", "v5.7.6", "v5.8.0", "v5.9.1", "v5.9.2", "v5.10.0", "v5.11.0", "v5.12.0"},
			write: func(dir, repo string) error {
				return os.CopyFS(dir, os.DirFS(filepath.Join(repo, "examples", "service")))
			},
		},
		{
			name: "caddy", about: "A custom Caddy: a main of a few lines that imports Caddy's standard modules",
			packages: []string{"."},
			module:   "github.com/caddyserver/caddy/v2",
			versions: []string{"v2.11.4", "v2.11.5", "v2.11.6", "v2.11.7", "v2.11.8", "v2.11.9"},
			write: func(dir, _ string) error {
				return writeFiles(dir, map[string]string{"main.go": caddyMain, "go.mod": "module example.com/caddy\n\ngo 1.26\n"})
			},
		},
		{
			name: "fleet", about: "20 services in one module with 10 shared packages; a Kubernetes client, an AWS client and gRPC between them",
			packages: services, shared: "internal/model",
			module:   "google.golang.org/grpc",
			versions: []string{"v1.81.0", "v1.81.1", "v1.82.0", "v1.82.1", "v1.83.0", "v1.83.1", "v1.83.2"},
			write:    func(dir, _ string) error { return writeFleet(dir, services) },
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

//go:embed fleet
var fleetFiles embed.FS

// writeFleet writes the shared packages and a main package for each service. Each
// third one speaks gRPC, each third stores in S3, each fourth talks to Kubernetes, so
// that their dependencies overlap and differ.
func writeFleet(dir string, services []string) error {
	err := fs.WalkDir(fleetFiles, "fleet", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fleetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		return writeFiles(dir, map[string]string{strings.TrimSuffix(strings.TrimPrefix(name, "fleet/"), ".txt"): string(content)})
	})
	if err != nil {
		return err
	}
	main, err := template.ParseFS(templates, "templates/service.go.tmpl")
	if err != nil {
		return err
	}
	for i, pkg := range services {
		var source strings.Builder
		data := map[string]any{"Name": path.Base(pkg), "RPC": i%3 == 0, "Store": i%3 == 1, "Cluster": i%4 == 0}
		if err := main.Execute(&source, data); err != nil {
			return err
		}
		if err := writeFiles(dir, map[string]string{path.Join(pkg, "main.go"): source.String()}); err != nil {
			return err
		}
	}
	return nil
}

// generate writes the source with the first version of the bumped dependency. The go
// command asks the module proxy for what the user's module cache lacks.
func (w workload) generate(ctx context.Context, dir, repo string) error {
	if err := w.write(dir, repo); err != nil {
		return err
	}
	for _, c := range []change{line, deep, unrelated} {
		if err := w.mark(dir, c, "before"); err != nil {
			return err
		}
	}
	return w.require(ctx, dir, w.versions[0])
}

// require sets the version of the bumped dependency.
func (w workload) require(ctx context.Context, dir, version string) error {
	for _, args := range [][]string{{"get", w.module + "@" + version}, {"mod", "tidy"}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, lastLines(string(out), 5))
		}
	}
	return nil
}

// mark makes a change that the text tells from all others. After line and deep the
// programs hold the text.
func (w workload) mark(dir string, c change, text string) error {
	switch {
	case c == line:
		return writeFiles(dir, map[string]string{path.Join(w.packages[0], markFile): markSource("main", text)})
	case c == deep && w.shared != "":
		return writeFiles(dir, map[string]string{path.Join(w.shared, markFile): markSource(path.Base(w.shared), text)})
	case c == unrelated:
		return writeFiles(dir, map[string]string{
			"README.md": "# " + w.name + "\n\n" + text + "\n",
			path.Join(w.packages[0], "bench_test.go"): fmt.Sprintf(
				"package main\n\nimport \"testing\"\n\nfunc TestNothing(t *testing.T) { t.Log(%q) }\n", text),
		})
	}
	return nil
}

const markFile = "bench_line.go"

// markSource is a file of which one line changes. The linker can't know that a program
// always has a name, so it keeps the text.
func markSource(pkg, text string) string {
	return fmt.Sprintf("package %s\n\nimport \"os\"\n\nfunc init() {\n\tif len(os.Args) == 0 {\n\t\tprintln(%q)\n\t}\n}\n", pkg, text)
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

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
