package integration

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/stack"
)

// goodProgram is a program for the mistakes that are elsewhere.
const goodProgram = "package main\n\nfunc main() {}\n"

func TestBadModule(t *testing.T) {
	s := setup(t)
	t.Parallel()
	sums := goSumOf(t, "github.com/google/go-cmp v0.7.0")
	requires := "module example.com/app\n\ngo 1.26\n\nrequire github.com/google/go-cmp v0.7.0\n"
	program := "package main\n\nimport \"github.com/google/go-cmp/cmp\"\n\nfunc main() { println(cmp.Equal(1, 2)) }\n"
	s.fails(t, []failure{
		{name: "no go.mod", files: map[string]string{"go.mod": "", "main.go": goodProgram}, want: []string{"gokiln.yaml", "go.mod"}},
		{name: "go.mod elsewhere", files: map[string]string{"go.mod": "", "svc/go.mod": "module example.com/svc\n", "svc/main.go": goodProgram}, want: []string{"no go.mod", "module: svc"}},
		{name: "module is not there", files: map[string]string{"gokiln.yaml": "module: svc\n", "main.go": goodProgram}, want: []string{"gokiln.yaml:2:9", `"svc"`, `"."`}},
		{name: "broken go.mod", files: map[string]string{"go.mod": "module example.com/app\n\ngo 1.26\n\nrequre x v1\nfoo bar\n", "main.go": goodProgram}, want: []string{"go.mod:5", "require", "go.mod:6"}},
		{name: "go.mod without a module line", files: map[string]string{"go.mod": "go 1.26\n", "main.go": goodProgram}, want: []string{"go.mod", "module line"}},
		{name: "go.mod is a folder", files: map[string]string{"go.mod": "", "go.mod/x": "x", "main.go": goodProgram}, want: []string{`"go.mod" is a folder`}},
		{name: "no go.sum", files: map[string]string{"go.mod": requires, "main.go": program}, want: []string{"go.mod:5", "go.sum is missing", "go-cmp v0.7.0", "go mod tidy"}},
		{name: "go.sum lacks a module", files: map[string]string{"go.mod": requires, "go.sum": strings.ReplaceAll(sums, "go-cmp", "uuid"), "main.go": program}, want: []string{"go.mod:5", "go.sum has no entry", "go-cmp v0.7.0", "go mod tidy"}},
		{name: "go.sum lacks a hash", compiles: true, files: map[string]string{"go.mod": requires, "go.sum": sums[strings.Index(sums, "\n")+1:], "main.go": program},
			args: append(caSecret(), "-f", "gokiln.yaml"), want: []string{"missing go.sum entry", "go-cmp", "go mod tidy", "(M5, "}},
		{name: "go.sum has another hash", compiles: true, files: map[string]string{"go.mod": requires, "go.sum": strings.ReplaceAll(sums, "h1:", "h1:AAAA"), "main.go": program},
			args: append(caSecret(), "-f", "gokiln.yaml"), want: []string{"go-cmp"}},
		{name: "proxy that does not answer", compiles: true, files: map[string]string{"go.mod": requires, "go.sum": sums, "main.go": program},
			args: []string{"-f", "gokiln.yaml", "--build-arg", "GOPROXY=http://127.0.0.1:1"}, want: []string{"go-cmp", "http://127.0.0.1:1", "refused"}},
		{name: "flags that go does not know", compiles: true, files: map[string]string{"go.mod": requires, "go.sum": sums, "main.go": program},
			args: []string{"-f", "gokiln.yaml", "--build-arg", "GOFLAGS=-nonsense"}, want: []string{"GOFLAGS", "-nonsense"}},
		{name: "nul in go.mod", files: map[string]string{"go.mod": "module x\x00y\n", "main.go": goodProgram}, want: []string{"go.mod:1:9"}},
		{name: "newer go than the spec's", files: map[string]string{"gokiln.yaml": "go: 1.25\n", "main.go": goodProgram}, want: []string{"gokiln.yaml:2:5", `"1.25"`, `"1.26"`, "go.mod"}},
		{name: "newer go than there is", files: map[string]string{"go.mod": "module example.com/app\n\ngo 1.99\n", "main.go": goodProgram}, want: []string{"golang:1.99", "not found"}},
		{name: "newer go than the image's", files: map[string]string{"go.mod": "module example.com/app\n\ngo 1.26.99\n", "main.go": goodProgram}, want: []string{"go.mod:3", `"1.26.99"`, `"1.26`, "toolchain image"}},
		{name: "vendor without a folder", files: map[string]string{"gokiln.yaml": "build:\n  mod: vendor\n", "main.go": goodProgram}, want: []string{"gokiln.yaml:3", "go mod vendor"}},
	})
}

// goSumOf returns the lines of this module's own go.sum for a module version:
// its content's hash, then its go.mod's.
func goSumOf(t *testing.T, version string) string {
	t.Helper()
	data, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	var found strings.Builder
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, version) {
			found.WriteString(line)
		}
	}
	if strings.Count(found.String(), "\n") != 2 {
		t.Fatalf("go.sum has not two lines for %s:\n%s", version, found.String())
	}
	return found.String()
}

func TestBadMain(t *testing.T) {
	s := setup(t)
	t.Parallel()
	two := map[string]string{"cmd/api/main.go": goodProgram, "cmd/worker/main.go": goodProgram}
	s.fails(t, []failure{
		{name: "no main package", files: map[string]string{"lib.go": "package lib\n"}, want: []string{"gokiln.yaml", "no main package", "main: ./cmd"}},
		{name: "two and no choice", files: two, want: []string{"gokiln.yaml", "2 main packages", "./cmd/api", "./cmd/worker"}},
		{name: "a library", files: map[string]string{"gokiln.yaml": "main: ./lib\n", "lib/lib.go": "package lib\n", "cmd/api/main.go": goodProgram}, want: []string{"gokiln.yaml:2:7", `"./lib"`, "package lib", "./cmd/api"}},
		{name: "misspelt", files: map[string]string{"gokiln.yaml": "main: ./cmd/apo\n", "cmd/api/main.go": goodProgram}, want: []string{"gokiln.yaml:2:7", `"./cmd/apo"`, `did you mean "./cmd/api"`}},
		{name: "two wrong of three", files: map[string]string{"gokiln.yaml": "main:\n  - ./cmd/api\n  - ./a\n  - ./b\n", "cmd/api/main.go": goodProgram}, want: []string{"gokiln.yaml:4:5", "gokiln.yaml:5:5"}},
		{name: "ignored", files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": goodProgram, ".dockerignore": "cmd\n"}, want: []string{"gokiln.yaml:2:7", `"./cmd/api"`, ".dockerignore"}},
		{name: "for another system", files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main_windows.go": goodProgram}, want: []string{"gokiln.yaml:2:7", "linux/amd64", "main_windows.go"}},
		{name: "without its tag", files: map[string]string{"gokiln.yaml": "main: .\n", "main.go": "//go:build special\n\n" + goodProgram}, want: []string{"gokiln.yaml:2:7", "special", "build.tags"}},
		{name: "folder with a space", files: map[string]string{"gokiln.yaml": "main: ./cmd/my app\n", "cmd/my app/main.go": goodProgram}, want: []string{"gokiln.yaml:2:7", `"./cmd/my app"`, "rename"}},
		{name: "folder that looks like a flag", files: map[string]string{"gokiln.yaml": "main: ./-o\n", "-o/main.go": goodProgram}, want: []string{"gokiln.yaml:2:7", `"./-o"`, "rename"}},
		{name: "import of C", files: map[string]string{"gokiln.yaml": "main: .\n", "main.go": "package main\n\nimport \"C\"\n\nfunc main() {}\n"}, want: []string{"gokiln.yaml:2:7", "build.cgo: true"}},
		{name: "syntax error", files: map[string]string{"gokiln.yaml": "main: .\n", "main.go": "package main\n\nimport \"fmt\n"}, want: []string{"main.go:3", "string literal not terminated"}},
		{name: "compile error", compiles: true, files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": "package main\n\nfunc main() {\n\tvar n int = \"text\"\n}\n"}, want: []string{"cmd/api/main.go:4", `"text"`, "gokiln.yaml:2"}},
		{name: "nothing to embed", compiles: true, files: map[string]string{"main.go": "package main\n\nimport _ \"embed\"\n\n//go:embed web\nvar web string\n\nfunc main() {}\n"}, want: []string{"main.go:5", "pattern web"}},
		{name: "missing dependency", compiles: true, files: map[string]string{"main.go": "package main\n\nimport _ \"example.com/other\"\n\nfunc main() {}\n"}, want: []string{"main.go:3", "example.com/other"}},
	})
}

func TestBadPlatformsAndImages(t *testing.T) {
	s := setup(t)
	t.Parallel()
	program := withSpec("")
	on := func(platform string, more ...string) []string {
		return append([]string{"-f", "gokiln.yaml", "--platform", platform}, more...)
	}
	s.fails(t, []failure{
		{name: "architecture", files: program, args: on("linux/sparc"), want: []string{`"linux/sparc"`, "linux/amd64"}},
		{name: "system", files: program, args: on("beos/amd64"), want: []string{`"beos/amd64"`, "go tool dist list"}},
		{name: "one of two", files: program, args: on("linux/amd64,linux/arm46"), want: []string{"linux/arm46", "linux/arm64"}},
		{name: "base without the platform", files: program, args: on("linux/mips64le"), want: []string{"image.base", "gcr.io/distroless/static:nonroot", "linux/mips64le"}},
		{name: "lower variant than the spec's", files: withSpec("build:\n  goamd64: v3\n"), args: on("linux/amd64/v2"), want: []string{"build.goamd64", `"v3"`, "linux/amd64/v2"}},
		{name: "base that is not there", files: withSpec("image:\n  base: " + s.Registry + "/nobody/nothing:1\n"), want: []string{"gokiln.yaml:3", "image.base", "/nobody/nothing:1", "not found"}},
		{name: "toolchain image that is not there", files: withSpec("build:\n  image: " + s.Registry + "/nobody/golang:1\n"), want: []string{"gokiln.yaml:3", "build.image", "/nobody/golang:1", "not found"}},
		{name: "toolchain image without go", compiles: true, files: withSpec("build:\n  image: gcr.io/distroless/static:nonroot\n"), want: []string{"go"}},
		{name: "cgo across platforms", files: withSpec("build:\n  cgo: true\n"), args: on("linux/amd64,linux/arm64"), want: []string{"gokiln.yaml:3", "build.cgo", "cross compiler", "linux/a"}},
		{name: "unknown target", files: program, args: on("linux/amd64", "--target", "imgae"), want: []string{`"imgae"`, `"image"`, "bake"}},
		{name: "epoch", files: program, args: on("linux/amd64", "--build-arg", "SOURCE_DATE_EPOCH=yesterday"), want: []string{"SOURCE_DATE_EPOCH", `"yesterday"`, "seconds"}},
		{name: "no version", files: withSpec("build:\n  ldflags: -X main.version={{.Version}}\n"), want: []string{"gokiln.yaml:3", "build.ldflags", "--build-arg VERSION="}},
		{name: "no version in a label", files: withSpec("image:\n  labels:\n    version: '{{ .Version }}'\n"), want: []string{"gokiln.yaml:4", "image.labels.version", "--build-arg VERSION="}},
		{name: "no such spec", files: program, args: []string{"-f", "gokilm.yaml"}, want: []string{"gokilm.yaml", "no such file"}},
	})
}

// Each path key says itself that it may not climb.
func TestClimbingPaths(t *testing.T) {
	s := setup(t)
	t.Parallel()
	var table []failure
	for _, tc := range []struct{ key, spec, place string }{
		{"name", "name: ../../etc/passwd\n", ":2:7"},
		{"module", "module: ../other\n", ":2:9"},
		{"main", "main: ../other\n", ":2:7"},
		{"main in a list", "main: [., ./../other]\n", ":2:11"},
		{"build.pgo", "build:\n  pgo: ../x.pgo\n", ":3:8"},
		{"image.files from", "image:\n  files:\n    - {from: ../x, to: /x}\n", ":4:14"},
		{"image.files from below", "image:\n  files:\n    - {from: a/../../x, to: /x}\n", ":4:14"},
		{"image.files to", "image:\n  files:\n    - {from: x, to: /a/../../x}\n", ":4:21"},
		{"image.workdir", "image:\n  workdir: /a/../..\n", ":3:12"},
		{"image.volumes", "image:\n  volumes: [/a/../b]\n", ":3:13"},
	} {
		table = append(table, failure{name: tc.key, files: withSpec(tc.spec), want: []string{"gokiln.yaml" + tc.place, strings.Fields(tc.key)[0], ".."}})
	}
	s.fails(t, table)
}

func TestBadFiles(t *testing.T) {
	s := setup(t)
	t.Parallel()
	copying := func(from string) map[string]string {
		return withSpec("image:\n  files:\n    - {from: " + from + ", to: /srv/}\n")
	}
	link := func(target, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.fails(t, []failure{
		{name: "not there", files: copying("web/dist"), want: []string{"gokiln.yaml:4", "image.files[0].from", `"web/dist"`, ".dockerignore"}},
		{name: "nothing matches", files: copying("'*.html'"), want: []string{"gokiln.yaml:4", `"*.html"`, ".dockerignore"}},
		{name: "nothing matches below", files: copying("'web/**/*.html'"), want: []string{"gokiln.yaml:4", `"web/**/*.html"`, ".dockerignore"}},
		{name: "unknown owner", files: withSpec("image:\n  files:\n    - {from: main.go, to: /x, owner: nobdy}\n"), want: []string{"gokiln.yaml:4", "owner", `"nobdy"`, "number"}},
		{name: "ignore file that is no pattern", files: map[string]string{"main.go": goodProgram, ".dockerignore": "[a\n"}, want: []string{"[a", "syntax error in pattern"}},
		{name: "link to itself", files: copying("loop"), prepare: link("loop", "loop"), want: []string{"gokiln.yaml:4", "loop"}},
		{name: "link to nothing", files: copying("gone"), prepare: link("nothing", "gone"), want: []string{"gokiln.yaml:4", `"gone"`}},
		{name: "link out of the context", files: copying("shells"), prepare: link("/etc/shells", "shells"), want: []string{"gokiln.yaml:4", `"shells"`}},
		{name: "go.mod links to itself", files: map[string]string{"go.mod": "", "main.go": goodProgram}, prepare: link("go.mod", "go.mod"), want: []string{"too many links", "go.mod"}},
	})
}

// Odd, and yet right: it has to build.
func TestOddInput(t *testing.T) {
	s := setup(t)
	t.Parallel()
	for _, tc := range []struct {
		name    string
		files   map[string]string
		prepare func(t *testing.T, dir string)
		args    []string
		file    string // a path that the image has to hold
		program string // the default is /usr/local/bin/app
	}{
		{name: "nothing but a comment", files: map[string]string{"gokiln.yaml": "# nothing\n"}},
		{name: "empty spec", prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "gokiln.yaml"), "") }, args: s.frontendArgs()},
		{name: "windows line ends", files: map[string]string{"gokiln.yaml": "name: app\r\nimage:\r\n  user: 1000\r\n"}},
		{name: "spec's name", files: map[string]string{"my spécs/go kiln.yml": syntaxLine + "name: app\n"}, args: []string{"-f", "my spécs/go kiln.yml"}},
		{name: "folder with glob characters", files: map[string]string{"go.mod": "", "gokiln.yaml": "module: 's[v]c*'\n",
			"s[v]c*/go.mod": "module example.com/app\n\ngo 1.26\n", "s[v]c*/main.go": goodProgram, "svc/go.mod": "broken", "main.go": ""}},
		{name: "files with spaces", files: map[string]string{"gokiln.yaml": "image:\n  files:\n    - {from: 'a b/ü (x).txt', to: '/srv/ü [y].txt'}\n", "a b/ü (x).txt": "text"}, file: "srv/ü [y].txt"},
		// As JavaScript routers name theirs.
		{name: "files with glob characters", files: map[string]string{"gokiln.yaml": "image:\n  files:\n    - {from: web, to: /srv, mode: 0644}\n", "web/[id]/*.js": "text"}, file: "srv/[id]/*.js"},
		{name: "file with glob characters", files: map[string]string{"gokiln.yaml": "image:\n  files:\n    - {from: 'web/[[]id].js', to: /srv/}\n", "web/[id].js": "text"}, file: "srv/[id].js"},
		{name: "large label", files: map[string]string{"gokiln.yaml": "image:\n  labels:\n    a: " + strings.Repeat("x", 60<<10) + "\n"}},
		{name: "links that lead nowhere", prepare: func(t *testing.T, dir string) {
			for target, link := range map[string]string{"loop": "loop", "..": "up", "/nowhere": "gone", "nowhere.go": "_gone.go"} {
				if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{name: "folder that begins with a dot", files: map[string]string{"gokiln.yaml": "main: ./.tool\n", ".tool/main.go": goodProgram, "main.go": ""}, program: "usr/local/bin/.tool"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"main.go": goodProgram}
			maps.Copy(files, tc.files)
			dir := app(t, files)
			if tc.prepare != nil {
				tc.prepare(t, dir)
			}
			args := tc.args
			if args == nil {
				args = []string{"-f", "gokiln.yaml"}
			}
			img, r := s.pushOne(t, build{Dir: dir, Args: append(args, ".")})
			for _, want := range []string{cmp.Or(tc.program, "usr/local/bin/app"), tc.file} {
				if _, err := img.ReadFile(want); want != "" && err != nil {
					t.Errorf("%v\n%s", err, r.Output)
				}
			}
		})
	}
}

// frontendArgs name the frontend for a spec that has no syntax line.
func (s suite) frontendArgs() []string {
	args := []string{"-f", "gokiln.yaml"}
	if len(s.SyntaxArgs()) == 0 {
		args = append(args, "--build-arg", "BUILDKIT_SYNTAX="+stack.Syntax)
	}
	return args
}
