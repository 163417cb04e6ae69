package integration

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// What can't matter to a program runs no step, and what can makes another image.
func TestOnlyWhatMattersIsCompiled(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := app(t, map[string]string{
		"gokiln.yaml":           "main: ./cmd/api\n",
		"cmd/api/main.go":       strings.Replace(mainPrinting(t, "x"), "func main() {", "import \"example.com/app/lib\"\n\nfunc main() { lib.Say();", 1),
		"cmd/other/main.go":     mainPrinting(t, "other"),
		"lib/lib.go":            "// " + rand.Text() + "\npackage lib\n\nimport _ \"embed\"\n\n//go:embed testdata/word\nvar word string\n\nfunc Say() { println(word + goos) }\n",
		"lib/lib_linux.go":      "package lib\n\nconst goos = \"linux\"\n",
		"lib/lib_windows.go":    "package lib\n\nconst goos = \"windows\"\n",
		"lib/lib_test.go":       "package lib\n",
		"lib/testdata/word":     "one",
		"lib/testdata/fixture":  "one",
		"unused/unused.go":      "package unused\n",
		"README.md":             "one\n",
		"docs/deep/guide.md":    "one\n",
		"internal/gen/gen.go":   "//go:build ignore\n\npackage main\n",
		"lib/.hidden/hidden.go": "package hidden\n",
	})
	tag := s.tag(t)
	args := []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}
	again := func() (ran []string, digest string) {
		r := s.ok(t, build{Dir: dir, Args: args})
		return r.ran("go build"), digests(t, fetch(t, tag))["linux/amd64"]
	}
	_, before := again()
	for _, name := range []string{
		"cmd/other/main.go", "lib/lib_windows.go", "lib/lib_test.go", "lib/testdata/fixture", "unused/unused.go",
		"README.md", "docs/deep/guide.md", "internal/gen/gen.go", "lib/.hidden/hidden.go",
	} {
		write(t, filepath.Join(dir, name), "// changed")
	}
	write(t, filepath.Join(dir, "lib/new_test.go"), "package lib\n")
	if ran, digest := again(); len(ran) > 0 || digest != before {
		t.Errorf("after changes that can't matter: ran %q, the image was %s and is %s", ran, before, digest)
	}
	for _, name := range []string{"lib/testdata/word", "lib/lib_linux.go"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), strings.NewReplacer("one", "two", "linux", "Linux").Replace(string(data)))
		if ran, digest := again(); len(ran) != 1 || digest == before {
			t.Errorf("after a change of %s: ran %q, the image is %s", name, ran, digest)
		}
	}
	if out := s.run(t, fetch(t, tag)["linux/amd64"]); !strings.HasPrefix(out, "twoLinux\n") {
		t.Errorf("printed %q", out)
	}
}

// The go command keeps what files say of their constraints, imports and embeds by
// their names, sizes and times. A context may come with times that say nothing.
func TestEqualTimes(t *testing.T) {
	s := setup(t)
	for name, where := range map[string]string{"narrowed": "main.go", "whole context": "code.txt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tag := s.tag(t)
			for _, on := range []string{"one", "two"} {
				dir := equalTimes(t, where, on)
				r := s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
				if whole := len(r.ran("with the whole build context")) == 1; whole != (where != "main.go") {
					t.Errorf("ran %q", r.ran("go build"))
				}
				if out := s.run(t, fetch(t, tag)["linux/amd64"]); out != on+"\n" {
					t.Errorf("printed %q, want %q", out, on)
				}
			}
		})
	}
}

// equalTimes is an app with two files, of which a constraint chooses one, and one
// time for all. Its main package's code may stand in another file than main.go,
// which then is a link: where that leads reading does not tell.
func equalTimes(t *testing.T, where, on string) string {
	t.Helper()
	files := map[string]string{where: "// " + rand.Text() + "\n" + strings.Replace(mainPrinting(t, ""), `println("")`, "println(word)", 1)}
	for _, word := range []string{"one", "two"} {
		tag := map[bool]string{true: "linux", false: "amigo"}[word == on]
		files[word+".go"] = fmt.Sprintf("//go:build %s\n\npackage main\n\nconst word = %q\n", tag, word)
	}
	dir := app(t, files)
	if where != "main.go" {
		if err := os.Symlink(where, filepath.Join(dir, "main.go")); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, name := range tree(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fleetOf20 is a module with 20 programs: all import log, which needs a module from
// outside, every second one store.
func fleetOf20(dep modserver.Module) map[string]string {
	files := importing([]modserver.Module{dep})
	delete(files, "main.go")
	files["log/log.go"] = fmt.Sprintf("package log\n\nimport lib %q\n\nfunc Say(s string) { println(s, lib.Name) }\n", dep.Path)
	files["store/store.go"] = "package store\n\nimport \"example.com/app/log\"\n\nfunc Put(s string) { log.Say(\"put \" + s) }\n"
	spec := "apps:\n"
	for i := range 20 {
		name := fmt.Sprintf("svc%02d", i)
		spec += fmt.Sprintf("  %s: {main: ./cmd/%s}\n", name, name)
		pkg, call := "log", "log.Say"
		if i%2 == 0 {
			pkg, call = "store", "store.Put"
		}
		files["cmd/"+name+"/main.go"] = fmt.Sprintf("package main\n\nimport \"example.com/app/%s\"\n\nfunc main() { %s(%q) }\n", pkg, call, name)
	}
	files["gokiln.yaml"] = spec
	return files
}

// Of 20 apps what they share is done once, and a change reaches its importers and
// nobody else.
func TestFleetOf20(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	dep := library(modulePath(t, "dep"), "v1.0.0") // of this run, so that no step is in the cache
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{dep}})
	dir := app(t, fleetOf20(dep))
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "bake", "-o", ".", "."}})
	bake := func() map[string]int {
		r := s.bake(t, dir, "--set", "*.output=type=cacheonly", "--set", "*.platform=linux/amd64", "--set", "*.args.GOPROXY="+p.URL())
		ran := map[string]int{}
		for what, word := range map[string]string{
			"modules": "download modules", "dependencies": "] dependencies", "log": "] compile example.com/app/log",
			"store": "] compile example.com/app/store", "programs": "] go build",
		} {
			if n := len(r.ran(word)); n > 0 {
				ran[what] = n
			}
		}
		return ran
	}
	change := func(name, old, now string) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), strings.Replace(string(data), old, now, 1))
	}
	for _, step := range []struct {
		what   string
		change func()
		want   map[string]int
	}{
		{"at first", func() {}, map[string]int{"modules": 1, "dependencies": 1, "log": 1, "store": 1, "programs": 20}},
		{"a test", func() { write(t, filepath.Join(dir, "log/log_test.go"), "package log\n") }, map[string]int{}},
		{"a service that imports log and a package of ten others", func() {
			change("cmd/svc03/main.go", "svc03", "changed")
			change("store/store.go", "put ", "PUT ")
		}, map[string]int{"store": 1, "programs": 11}},
	} {
		step.change()
		if diff := cmp.Diff(step.want, bake()); diff != "" {
			t.Errorf("%s: %s", step.what, diff)
		}
	}
}

// Where compiled packages are kept decides how long a build takes and nothing else.
func TestLayersAndMountsMakeTheSame(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dep := library(modulePath(t, "dep"), "v1.0.0")
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{dep}})
	files := importing([]modserver.Module{dep}, dep.Path, "example.com/app/own")
	files["own/own.go"] = "package own\n\nconst Name = \"own\"\n"
	tag := s.tag(t)
	want := ""
	for mode, layers := range map[string]int{"auto": 1, "layer": 2, "mount": 0} {
		files["gokiln.yaml"] = "cache: {dependencies: " + mode + "}\n"
		r := s.ok(t, build{Dir: app(t, files), Args: fromProxy(p, "--platform", "linux/amd64", "-t", tag, "--push", ".")})
		if names := append(r.named("] dependencies"), r.named("] compile ")...); len(names) != layers {
			t.Errorf("%s: layers %q, want %d", mode, names, layers)
		}
		got := digests(t, fetch(t, tag))["linux/amd64"]
		if want != "" && got != want {
			t.Errorf("%s: the image is %s, not %s", mode, got, want)
		}
		want = got
	}
}

// A dependency may import a package of the module that is built, which reading the
// module's own code does not tell. The build sees it all the same, and what else the
// dependency needs to be in a layer keeps nobody from building.
func TestDependencyImportsTheMainModule(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dep := library(modulePath(t, "dep"), "v1.0.0")
	dep.Files["back.go"] = "package lib\n\nimport \"example.com/app/hook\"\n\nfunc init() { println(hook.Word) }\n"
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{dep}})
	files := importing([]modserver.Module{dep}, dep.Path)
	files["hook/hook.go"] = "package hook\n\nconst Word = \"hooked\"\n"
	dir := app(t, files)
	tag := s.tag(t)
	args := fromProxy(p, "--platform", "linux/amd64", "-t", tag, "--push", ".")
	s.ok(t, build{Dir: dir, Args: args})
	if out := s.run(t, fetch(t, tag)["linux/amd64"]); out != "hooked\nlib v1.0.0\n" {
		t.Errorf("printed %q", out)
	}
	write(t, filepath.Join(dir, "hook/hook.go"), "package hook\n\nconst Word = \"changed\"\n")
	s.ok(t, build{Dir: dir, Args: args})
	if out := s.run(t, fetch(t, tag)["linux/amd64"]); out != "changed\nlib v1.0.0\n" {
		t.Errorf("after a change it printed %q", out)
	}
	write(t, filepath.Join(dir, "hook/hook.go"), "package hook\n\nconst Word = missing\n")
	r := s.try(t, build{Dir: dir, Args: args})
	if r.Err == nil || !strings.Contains(r.Output, "hook/hook.go:3:14: undefined: missing") {
		t.Errorf("a mistake in it: %v\n%s", r.Err, r.Output)
	}
}
