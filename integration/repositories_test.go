package integration

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// with merges sets of files.
func with(sets ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, s := range sets {
		maps.Copy(all, s)
	}
	return all
}

// localModule is a module of the build context whose package says who it is and
// whom it imports.
func localModule(dir, path, more string, imports ...string) map[string]string {
	var code strings.Builder
	fmt.Fprintf(&code, "package %s\n", dir[strings.LastIndex(dir, "/")+1:])
	name := `"` + path + `"`
	for i, p := range imports {
		fmt.Fprintf(&code, "import p%d %q\n", i, p)
		name += fmt.Sprintf(` + " " + p%d.Name`, i)
	}
	fmt.Fprintf(&code, "\nconst Name = %s\n", name)
	return map[string]string{
		dir + "/go.mod": "module " + path + "\n\ngo 1.26\n" + more,
		dir + "/lib.go": code.String(),
	}
}

// program is a main package that prints the Name of another package.
func program(file, path string) map[string]string {
	return map[string]string{file: fmt.Sprintf("package main\n\nimport lib %q\n\nfunc main() { println(lib.Name) }\n", path)}
}

func require(ms ...modserver.Module) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "require %s %s\n", m.Path, m.Version)
	}
	return b.String()
}

// Repositories as they are.
func TestRepositories(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	lib, major := library(modulePath(t, "lib"), "v1.0.0"), library(modulePath(t, "major")+"/v2", "v2.1.0")
	tool := modserver.Module{Path: modulePath(t, "tool"), Version: "v0.3.0", Files: map[string]string{
		"cmd/hello/main.go": fmt.Sprintf("package main\n\nimport lib %q\n\nfunc main() { println(\"tool\", lib.Name) }\n", lib.Path),
	}}
	tool.Files["go.mod"] = "module " + tool.Path + "\n\ngo 1.24\n\n" + require(lib)
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib, major, tool}})
	root := map[string]string{"go.mod": ""}
	outside := filepath.Join(t.TempDir(), "outside")
	for name, data := range localModule("outside", "example.com/outside", require(lib), lib.Path) {
		write(t, filepath.Join(outside, "..", name), data)
	}
	// In the workspace nothing vouches for lib but the member's own go.sum.
	work := with(root,
		map[string]string{"go.work": "go 1.26\n\nuse (\n\t./app\n\t./lib\n)\n", "gokiln.yaml": "module: app\n"},
		map[string]string{"app/go.mod": "module example.com/app\n\ngo 1.26\n"},
		program("app/main.go", "example.com/lib"),
		localModule("lib", "example.com/lib", require(lib), lib.Path),
		map[string]string{"lib/go.sum": modserver.Sums(lib)},
	)
	for name, c := range map[string]struct {
		files map[string]string
		args  []string
		want  string
	}{
		"workspace": {files: work, want: "example.com/lib lib v1.0.0"},
		"workspace with a replacement that others follow": {files: with(root,
			map[string]string{"go.work": "go 1.26\n\nuse ./app\n\nreplace example.com/a => ./a\n\nreplace example.com/b => ./deep/b\n", "gokiln.yaml": "module: app\n"},
			map[string]string{"app/go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/a v0.0.0\n\nrequire example.com/b v0.0.0 // indirect\n"},
			program("app/main.go", "example.com/a"),
			localModule("a", "example.com/a", "require example.com/b v0.0.0\n", "example.com/b"),
			localModule("deep/b", "example.com/b", ""),
		), want: "example.com/a example.com/b"},
		"nested module": {files: with(root,
			map[string]string{"go.mod": "module example.com/top\n\ngo 1.26\n", "top.go": "package top\n", "gokiln.yaml": "module: services/api\n"},
			map[string]string{"services/api/go.mod": "module example.com/top/services/api\n\ngo 1.26\n\nrequire example.com/top/shared v0.0.0\n\nreplace example.com/top/shared => ../../shared\n"},
			program("services/api/main.go", "example.com/top/shared"),
			localModule("shared", "example.com/top/shared", ""),
		), want: "example.com/top/shared"},
		"replaced folders, followed": {files: with(
			map[string]string{"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/a v0.0.0\n\nrequire (\n\texample.com/b v0.0.0 // indirect\n" +
				"\t" + lib.Path + " v1.0.0 // indirect\n)\n\nreplace (\n\texample.com/a => ./a\n\texample.com/b => ./b\n)\n", "go.sum": modserver.Sums(lib)},
			program("main.go", "example.com/a"),
			localModule("a", "example.com/a", "require example.com/b v0.0.0\n", "example.com/b"),
			localModule("b", "example.com/b", require(lib), lib.Path),
		), want: "example.com/a example.com/b lib v1.0.0"},
		"folder outside of the context": {files: with(
			map[string]string{"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/outside v0.0.0\n\n" + require(lib) + "\nreplace example.com/outside => ../outside\n", "go.sum": modserver.Sums(lib)},
			program("main.go", "example.com/outside"),
		), args: []string{"--build-context", "outside=" + outside}, want: "example.com/outside lib v1.0.0"},
		"workspace that uses a folder outside of the context": {files: with(root,
			map[string]string{"go.work": "go 1.26\n\nuse (\n\t./app\n\t../outside\n)\n", "gokiln.yaml": "module: app\n", "go.work.sum": modserver.Sums(lib)},
			map[string]string{"app/go.mod": "module example.com/app\n\ngo 1.26\n"},
			program("app/main.go", "example.com/outside"),
		), args: []string{"--build-context", "outside=" + outside}, want: "example.com/outside lib v1.0.0"},
		"major version": {files: importing([]modserver.Module{major}, major.Path), want: "lib v2.1.0"},
		"main of a dependency": {files: with(importing([]modserver.Module{tool, lib}, lib.Path),
			map[string]string{"gokiln.yaml": "main: " + tool.Path + "/cmd/hello\n"}), want: "tool lib v1.0.0"},
		"tool line": {files: with(importing([]modserver.Module{lib}, lib.Path), map[string]string{
			"go.mod": "module example.com/app\n\ngo 1.26\n\ntool " + tool.Path + "/cmd/hello\n\n" + require(lib, tool),
			"go.sum": modserver.Sums(lib, tool),
		}), want: "lib v1.0.0"},
		"toolchain line":  {files: map[string]string{"go.mod": "module example.com/app\n\ngo 1.25.0\n\ntoolchain go1.26.0\n", "main.go": mainPrinting(t, "toolchain")}, args: []string{"--build-context", "golang:1.26.0-alpine=docker-image://golang:1.26-alpine"}, want: "toolchain"},
		"no dependencies": {files: map[string]string{"main.go": mainPrinting(t, "none")}, want: "none"},
		"FIPS module":     {files: with(importing([]modserver.Module{lib}, lib.Path), map[string]string{"gokiln.yaml": "build: {env: {GOFIPS140: v1.0.0}}\n"}), want: "lib v1.0.0"},
		"workspace turned off": {files: with(importing([]modserver.Module{lib}, lib.Path), map[string]string{
			"go.work": "go 1.26\n\nuse ./elsewhere\n", "gokiln.yaml": "modules: {workspace: off}\n",
		}), want: "lib v1.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, _ := s.pushOne(t, build{Dir: app(t, c.files), Args: append(fromProxy(p, c.args...), ".")})
			s.prints(t, img, c.want)
		})
	}
}

// Repositories that Go would not build say so before anything runs.
func TestBrokenRepositories(t *testing.T) {
	s := setup(t)
	t.Parallel()
	lib := library(modulePath(t, "lib"), "v1.0.0")
	s.fails(t, []failure{
		{name: "no go.sum", files: with(importing([]modserver.Module{lib}, lib.Path), map[string]string{"go.sum": ""}),
			want: []string{"go.mod:5", "go.sum is missing", "go mod tidy", "(M5, "}},
		{name: "folder outside of the context", files: with(importing(nil), map[string]string{
			"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n"}),
			want: []string{"go.mod:7", "../lib", "--build-context example.com/lib=../lib", "(M13, "}},
		{name: "vendor folder that is old", files: with(importing([]modserver.Module{lib}, lib.Path), map[string]string{
			"vendor/modules.txt": "# " + lib.Path + " v0.9.0\n## explicit\n" + lib.Path + "\n", "vendor/" + lib.Path + "/lib.go": "package lib\n"}),
			want: []string{"go.mod:5", lib.Path, "v0.9.0", "go mod vendor", "(M14, "}},
		{name: "import of a module that is not required", files: with(importing(nil), map[string]string{"main.go": "package main\n\nimport _ \"example.com/other\"\n\nfunc main() {}\n"}),
			compiles: true, want: []string{"example.com/other", "main.go:3"}},
	})
}
