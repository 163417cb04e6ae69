package integration

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gokiln/gokiln/integration/internal/image"
	"github.com/gokiln/gokiln/integration/internal/stack"
)

// syntaxLine begins every spec that the app function does not write.
const syntaxLine = "# syntax=" + stack.Syntax + "\n"

// pushOne builds for one platform, pushes and returns the image. It adds what
// comes before and the tag; the context is the last of args.
func (s suite) pushOne(t *testing.T, b build) (image.Image, result) {
	t.Helper()
	tag := s.tag(t)
	b.Args = append([]string{"--platform", "linux/amd64", "-t", tag, "--push"}, b.Args...)
	r := s.ok(t, b)
	return fetch(t, tag)["linux/amd64"], r
}

// prints fails the test unless the image's program prints a line.
func (s suite) prints(t *testing.T, img image.Image, want string) {
	t.Helper()
	if out := s.run(t, img); out != want+"\n" {
		t.Errorf("it printed %q, want %q", out, want)
	}
}

func configOf(t *testing.T, img v1.Image) *v1.ConfigFile {
	t.Helper()
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestDockerignore(t *testing.T) {
	s := setup(t)
	t.Parallel()
	for _, tc := range []struct {
		name   string
		ignore map[string]string
		fails  bool
	}{
		{"nothing ignored", nil, true},
		{"dockerignore", map[string]string{".dockerignore": "broken.go\n"}, false},
		{"spec's own", map[string]string{"gokiln.yaml.dockerignore": "broken.go\n"}, false},
		// The spec's own file replaces the general one, as a Dockerfile's does.
		{"both", map[string]string{".dockerignore": "main.go\n", "gokiln.yaml.dockerignore": "*\n!main.go\n!go.mod\n"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"main.go": mainPrinting(t, "ignored"), "broken.go": "package main\n\nvar x int = \"text\"\n"}
			maps.Copy(files, tc.ignore)
			b := build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "."}}
			if tc.fails {
				b.Args = append([]string{"--output", "type=cacheonly"}, b.Args...)
				if r := s.try(t, b); r.Err == nil || !strings.Contains(r.Output, "broken.go:3") {
					t.Errorf("the broken file was not compiled: %v\n%s", r.Err, r.Output)
				}
				return
			}
			img, _ := s.pushOne(t, b)
			s.prints(t, img, "ignored")
		})
	}
}

func TestSpecOnStdin(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := app(t, map[string]string{"gokiln.yaml": "main: ./nowhere\n", "cmd/api/main.go": mainPrinting(t, "stdin")})
	img, _ := s.pushOne(t, build{Dir: dir, Stdin: []byte(syntaxLine + "main: ./cmd/api\n"), Args: []string{"-f", "-", "."}})
	s.prints(t, img, "stdin")
}

func TestSpecInSubfolder(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := app(t, map[string]string{
		"gokiln.yaml":        "main: ./nowhere\n",
		"deploy/gokiln.yaml": syntaxLine + "main: ./cmd/api\nimage: {files: [{from: deploy/app.conf, to: /etc/app.conf}]}\n",
		"deploy/app.conf":    "a: b\n",
		"cmd/api/main.go":    mainPrinting(t, "subfolder"),
	})
	img, _ := s.pushOne(t, build{Dir: dir, Args: []string{"-f", "deploy/gokiln.yaml", "."}})
	s.prints(t, img, "subfolder")
	if data, err := img.ReadFile("etc/app.conf"); err != nil || string(data) != "a: b\n" {
		t.Errorf("etc/app.conf holds %q, %v", data, err)
	}
}

func TestModuleInSubfolder(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := app(t, map[string]string{
		"gokiln.yaml":           "module: services/api\nmain: ./cmd/serve\nimage: {files: [{from: LICENSE, to: /}]}\n",
		"go.mod":                "module example.com/other\n\ngo 1.26\n",
		"LICENSE":               "none\n",
		"services/api/go.mod":   "module example.com/app\n\ngo 1.26\n",
		"services/api/lib/l.go": "package lib\n\nconst Line = \"module\"\n",
		"services/api/cmd/serve/main.go": "// " + t.Name() + "\npackage main\n\nimport \"example.com/app/lib\"\n\n" +
			"func main() { println(lib.Line) }\n",
	})
	img, _ := s.pushOne(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "."}})
	s.prints(t, img, "module")
	all := files(t, img)
	for _, path := range []string{"usr/local/bin/serve", "LICENSE"} {
		if _, ok := all[path]; !ok {
			t.Errorf("the image has no %s", path)
		}
	}
}

// What lies in the context needs no download: there is no module step.
func TestModulesOfTheContextNeedNoNetwork(t *testing.T) {
	s := setup(t)
	t.Parallel()
	lib := map[string]string{
		"lib/go.mod": "module example.com/lib\n\ngo 1.26\n",
		"lib/lib.go": "package lib\n\nconst Line = \"local\"\n",
		"app/main.go": "// " + t.Name() + "\npackage main\n\nimport \"example.com/lib\"\n\n" +
			"func main() { println(lib.Line) }\n",
	}
	for name, files := range map[string]map[string]string{
		"workspace": {
			"go.work":    "go 1.26\n\nuse (\n\t./app\n\t./lib\n)\n",
			"app/go.mod": "module example.com/app\n\ngo 1.26\n",
		},
		"workspace with requirement": {
			"go.work":    "go 1.26\n\nuse (\n\t./app\n\t./lib\n)\n",
			"app/go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/lib v1.2.3\n",
		},
		"replace": {
			"app/go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n",
		},
		"replace in workspace": {
			"go.work":    "go 1.26\n\nuse ./app\n\nreplace example.com/lib => ./lib\n",
			"app/go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := map[string]string{"gokiln.yaml": "module: app\n", "go.mod": ""}
			maps.Copy(all, lib)
			maps.Copy(all, files)
			img, r := s.pushOne(t, build{Dir: app(t, all), Args: []string{"-f", "gokiln.yaml", "."}})
			s.prints(t, img, "local")
			for _, step := range r.Steps {
				if strings.Contains(step.Name, "[modules]") {
					t.Errorf("there is a step %q", step.Name)
				}
			}
		})
	}
}

// pack makes a tar of a folder's files, each with the same time.
func pack(t *testing.T, dir string, compress bool) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(&buf)
	if compress {
		tw = tar.NewWriter(zw)
	}
	root := os.DirFS(dir)
	if err := tw.AddFS(root); err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if compress {
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

func TestTarContextOnStdin(t *testing.T) {
	s := setup(t)
	t.Parallel()
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := app(t, map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": mainPrinting(t, "tar")})
			img, _ := s.pushOne(t, build{Dir: t.TempDir(), Stdin: pack(t, dir, compress), Args: []string{"-f", "gokiln.yaml", "-"}})
			s.prints(t, img, "tar")
		})
	}
}

func TestHTTPContext(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	dir := app(t, map[string]string{
		"gokiln.yaml": "main: ./cmd/api\nimage:\n  labels: {date: '{{ .Date }}'}\n  files: [{from: a.conf, to: /etc/a.conf}]\n",
		"a.conf":      "a\n", "cmd/api/main.go": mainPrinting(t, "http"),
	})
	archive := pack(t, dir, true)
	modified := time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "app.tar.gz", modified, bytes.NewReader(archive))
	}))
	t.Cleanup(server.Close)
	img, _ := s.pushOne(t, build{Dir: t.TempDir(), Args: []string{
		"-f", "gokiln.yaml", "--build-arg", "SOURCE_DATE_EPOCH=context", server.URL + "/app.tar.gz"}})
	s.prints(t, img, "http")
	config := configOf(t, img)
	if got, want := config.Config.Labels["date"], modified.Format(time.RFC3339); got != want {
		t.Errorf("label date is %q, the archive is of %s", got, want)
	}
	if !config.Created.Equal(modified) {
		t.Errorf("created %v, the archive is of %v", config.Created, modified)
	}
}

// derive makes an image by a Dockerfile and returns its reference.
func (s suite) derive(t *testing.T, name, dockerfile string) string {
	t.Helper()
	tag := s.tag(t) + "-" + name
	s.okPlain(t, build{Dir: t.TempDir(), Stdin: []byte(dockerfile), Args: []string{"-f", "-", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	return tag
}

// okPlain builds a Dockerfile, also on a builder to which the suite names the
// frontend by an argument.
func (s suite) okPlain(t *testing.T, b build) {
	t.Helper()
	s.Borrowed = false
	s.ok(t, b)
}

func TestNamedContextReplacesTheToolchain(t *testing.T) {
	s := setup(t)
	t.Parallel()
	marked := "docker-image://" + s.derive(t, "go", "FROM golang:1.26-alpine\nENV GOFLAGS=-tags=marked\n")
	for _, tc := range []struct{ name, want string }{
		{"golang", "marked"},
		{"golang:1.26-alpine", "marked"},
		{"docker.io/library/golang", "marked"},
		{"golang:1.25-alpine", "plain"},
		{"alpine", "plain"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := app(t, map[string]string{
				"main.go":   "// " + t.Name() + "\npackage main\n\nfunc main() { println(line) }\n",
				"plain.go":  "//go:build !marked\n\npackage main\n\nconst line = \"plain\"\n",
				"marked.go": "//go:build marked\n\npackage main\n\nconst line = \"marked\"\n",
			})
			img, _ := s.pushOne(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--build-context", tc.name + "=" + marked, "."}})
			s.prints(t, img, tc.want)
		})
	}
}

func TestNamedContextReplacesTheBase(t *testing.T) {
	s := setup(t)
	t.Parallel()
	base := "docker-image://" + s.derive(t, "base", "FROM gcr.io/distroless/static:nonroot\nLABEL base=corp\nENV FROM_BASE=yes\n")
	for _, tc := range []struct {
		name, spec string
		replaced   bool
	}{
		{"gcr.io/distroless/static", "main: .\n", true},
		{"gcr.io/distroless/static:nonroot", "main: .\n", true},
		{"gcr.io/distroless/static:debug", "main: .\n", false},
		{"corp", "image: {base: corp}\n", true},
		{"scratch", "image: {base: scratch}\n", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := app(t, map[string]string{"gokiln.yaml": tc.spec, "main.go": mainPrinting(t, "base")})
			img, _ := s.pushOne(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--build-context", tc.name + "=" + base, "."}})
			s.prints(t, img, "base")
			config := configOf(t, img).Config
			label, env := config.Labels["base"] == "corp", slices.Contains(config.Env, "FROM_BASE=yes")
			if label != tc.replaced || env != tc.replaced {
				t.Errorf("the base's label is there: %v, its environment: %v, want %v", label, env, tc.replaced)
			}
		})
	}
}

func TestBaseFromALocalFolder(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := app(t, map[string]string{
		"gokiln.yaml":        "image: {files: [{from: a.conf, to: /etc/a.conf, owner: app}]}\n",
		"a.conf":             "a\n",
		"main.go":            mainPrinting(t, "folder"),
		"rootfs/etc/passwd":  "app:x:77:88::/:/bin/none\n",
		"rootfs/etc/release": "corp 1\n",
	})
	img, _ := s.pushOne(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--build-context", "gcr.io/distroless/static=./rootfs", "."}})
	s.prints(t, img, "folder")
	all := files(t, img)
	if f, ok := all["etc/release"]; !ok {
		t.Error("the folder's file is not in the image")
	} else if f.Layer != 0 {
		t.Errorf("the folder's file is in layer %d, want the first", f.Layer)
	}
	if f := all["etc/a.conf"]; f.UID != 77 || f.GID != 88 {
		t.Errorf("etc/a.conf is of %d:%d, the folder's etc/passwd says 77:88", f.UID, f.GID)
	}
	if _, ok := all["home/nonroot"]; ok {
		t.Error("the usual base is in the image too")
	}
}

// What can't be had of a context is said with its name, and what it was for.
func TestContextErrors(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	repo := serveGit(t)
	repo.commit(t, "main", map[string]string{"gokiln.yaml": syntaxLine, "go.mod": "module example.com/app\n\ngo 1.26\n"})
	repo.commit(t, "other", map[string]string{"gokiln.yaml": syntaxLine + "module: api\n"})
	missing := s.Registry + "/test/never-pushed"
	for _, tc := range []struct {
		name, context string
		args          []string
		says          []string
	}{
		{"no such image", ".", []string{"--build-context", "golang=docker-image://" + missing},
			[]string{"golang:1.26-alpine", `named context "golang"`, missing, "not found"}},
		{"no such branch", repo.URL + "#nowhere", nil, []string{"ref nowhere"}},
		{"no such folder of the repository", repo.URL + "#main:nowhere", nil, []string{"nowhere", "no such file or directory"}},
		{"nothing to build", repo.URL + "#main", nil, []string{"main: module example.com/app has no main package"}},
		{"no such folder of the context", repo.URL + "#other", nil, []string{`gokiln.yaml:2:9: module: there is no folder "api"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := app(t, map[string]string{"main.go": mainPrinting(t, "error")})
			r := s.try(t, build{Dir: dir, Args: slices.Concat([]string{"-f", "gokiln.yaml", "--output", "type=cacheonly"}, tc.args, []string{tc.context})})
			if r.Err == nil {
				t.Fatalf("it was built\n%s", r.Output)
			}
			for _, want := range tc.says {
				if !strings.Contains(r.Output, want) {
					t.Errorf("%q lacks %q", r.Output, want)
				}
			}
		})
	}
}
