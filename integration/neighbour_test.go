package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// What a neighbour on the same builder can do to main.
//
// Each test is a story of two builds. Somebody may hand in a spec and source files
// that are built on the builder that main uses, with the same module path, as a pull
// request does. Then main is built, and its image has to say what main's source says.
// What holds and what does not stands in docs/security.md.

const (
	honest = "the honest text"
	forged = "the forged text" // as long, so that it fits into the same object
)

// neighbours are the files that main and a pull request have in common: the text that
// main prints is in a package of its own, which the pull request leaves as it is.
func neighbours(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"go.mod":     "module " + ownModule(t) + "\n\ngo 1.26\n",
		"main.go":    "package main\n\nimport \"" + ownModule(t) + "/say\"\n\nfunc main() { print(say.Text()) }\n",
		"say/say.go": "package say\n\n//go:noinline\nfunc Text() string { return \"" + honest + "\" }\n",
	}
}

func ownModule(t *testing.T) string {
	return "example.com/" + strings.ToLower(strings.NewReplacer("'", "", " ", "").Replace(t.Name()))
}

// forger is a script that has every compiled package in GOCACHE say something else. The
// entries are sound afterwards: an output has the name of its content, and the action
// names it.
func forger(t *testing.T) string {
	t.Helper()
	return `for d in $(grep -l '` + honest + `' "$GOCACHE"/*/*-d); do
  sed 's/` + honest + `/` + forged + `/' "$d" >/tmp/forged
  old=$(basename "$d"); old=${old%-d}
  new=$(sha256sum /tmp/forged); new=${new%% *}
  mkdir -p "$GOCACHE/$(echo $new | cut -c1-2)"
  cp /tmp/forged "$GOCACHE/$(echo $new | cut -c1-2)/$new-d"
  for a in $(grep -l $old "$GOCACHE"/*/*-a); do sed -i "s/$old/$new/" $a; done
done
`
}

// hooked is a pull request that brings programs: a package that embeds a folder has
// every step that compiles it see the folder.
func hooked(t *testing.T, programs map[string]string) map[string]string {
	t.Helper()
	all := with(neighbours(t), map[string]string{
		"main.go":      "package main\n\nimport (\n\t_ \"" + ownModule(t) + "/hook\"\n\t\"" + ownModule(t) + "/say\"\n)\n\nfunc main() { print(say.Text()) }\n",
		"hook/hook.go": "package hook\n\nimport \"embed\"\n\n//go:embed bin\nvar FS embed.FS\n",
	})
	for name, script := range programs {
		all["hook/bin/"+name] = "#!/bin/sh\n" + script
	}
	return all
}

// runnable makes a pull request's programs executable.
func runnable(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "hook", "bin", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// afterNeighbour builds what a neighbour hands in, which may fail, and then main, and
// tells what main's image prints.
func (s suite) afterNeighbour(t *testing.T, theirs, ours map[string]string) string {
	t.Helper()
	build1 := s.try(t, build{Dir: runnable(t, app(t, theirs)), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", s.tag(t) + "-theirs", "--push", "."}})
	t.Logf("the neighbour's build: %v", build1.Err)
	if len(build1.named("go build")) == 0 {
		t.Fatalf("the neighbour's build came to no compile: %v\n%s", build1.Err, build1.Output)
	}
	tag := s.tag(t) + "-ours"
	s.ok(t, build{Dir: runnable(t, app(t, ours)), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	return s.run(t, fetch(t, tag)["linux/amd64"])
}

// A pull request has the linker run a script of its own, which finds main's GOCACHE.
func TestNeighbourNamesALinker(t *testing.T) {
	t.Parallel()
	s := setup(t)
	theirs := hooked(t, map[string]string{"ld.sh": forger(t) + "exit 1\n"})
	theirs["gokiln.yaml"] = "build: {ldflags: ['-s -w --linkmode=external -extld=./hook/bin/ld.sh']}\n"
	if got := s.afterNeighbour(t, theirs, neighbours(t)); got != honest {
		t.Errorf("main's image says %q", got)
	}
}

// A pull request puts its own go command in front of the toolchain's: for `go build`,
// and for the step that makes a layer, from whose store main's layer is made.
func TestNeighbourBringsAGoCommand(t *testing.T) {
	t.Parallel()
	s := setup(t)
	script := `/usr/local/go/bin/go "$@" || exit
` + forger(t)
	for name, cache := range map[string]string{"mount": "mount", "layer": "layer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs := hooked(t, map[string]string{"go": script})
			theirs["gokiln.yaml"] = "build: {env: {PATH: '/src/hook/bin:/usr/local/go/bin:/usr/bin:/bin'}}\ncache: {dependencies: " + cache + "}\n"
			ours := with(neighbours(t), map[string]string{"gokiln.yaml": "cache: {dependencies: " + cache + "}\n"})
			if got := s.afterNeighbour(t, theirs, ours); got != honest {
				t.Errorf("main's image says %q", got)
			}
		})
	}
}

// forgingToolchain pushes a toolchain image whose go command forges what it compiles.
func (s suite) forgingToolchain(t *testing.T) string {
	t.Helper()
	image := s.tag(t) + "-toolchain"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\n/usr/local/go/bin/go.real \"$@\" || exit\n"+forger(t))
	write(t, filepath.Join(dir, "Dockerfile"), "FROM golang:1.26.8-alpine\nRUN mv /usr/local/go/bin/go /usr/local/go/bin/go.real\nCOPY --chmod=755 go /usr/local/go/bin/go\n")
	s.dockerfile(t, dir, "-t", image, "--push", ".")
	return image
}

// A pull request names a toolchain image of its own.
func TestNeighbourBringsAToolchain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	image := s.forgingToolchain(t)
	for _, cache := range []string{"mount", "layer"} {
		t.Run(cache, func(t *testing.T) {
			t.Parallel()
			ours := with(neighbours(t), map[string]string{"gokiln.yaml": "cache: {dependencies: " + cache + "}\n"})
			theirs := with(neighbours(t), map[string]string{"gokiln.yaml": "cache: {dependencies: " + cache + "}\nbuild: {image: '" + image + "'}\n"})
			if got := s.afterNeighbour(t, theirs, ours); got != honest {
				t.Errorf("main's image says %q", got)
			}
		})
	}
}

// A pull request has a toolchain of its own stand in for the image, as a folder: nothing
// says what is in it.
func TestNeighbourReplacesTheToolchain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	image := s.forgingToolchain(t)
	ours := with(neighbours(t), map[string]string{"gokiln.yaml": "cache: {dependencies: mount}\n"})
	build1 := s.try(t, build{Dir: app(t, ours), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "--build-context", "golang=docker-image://" + image, "-t", s.tag(t) + "-theirs", "--push", "."}})
	if len(build1.ran("go build")) == 0 {
		t.Fatalf("the neighbour's build compiled nothing: %v", build1.Err)
	}
	tag := s.tag(t) + "-ours"
	s.ok(t, build{Dir: app(t, ours), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	if got := s.run(t, fetch(t, tag)["linux/amd64"]); got != honest {
		t.Errorf("main's image says %q", got)
	}
}

// Main itself names a script of its source as C compiler. A pull request changes what
// the script does, and not its name.
func TestNeighbourChangesMainsCompiler(t *testing.T) {
	t.Parallel()
	s := setup(t)
	cgo := func(script string) map[string]string {
		files := hooked(t, map[string]string{"cc": script})
		files["gokiln.yaml"] = "build: {cgo: true, env: {CC: /src/hook/bin/cc}}\nimage: {base: debian:bookworm-slim}\n"
		files["hook/hook.go"] = "package hook\n\n// int one(void) { return 1; }\nimport \"C\"\n\nimport \"embed\"\n\n//go:embed bin\nvar FS embed.FS\n\nvar One = C.one()\n"
		return files
	}
	theirs, ours := cgo(forger(t)+"exec gcc \"$@\"\n"), cgo("exec gcc \"$@\"\n")
	theirs["gokiln.yaml"] = strings.Replace(theirs["gokiln.yaml"], "debian:bookworm-slim", "gcr.io/distroless/base:nonroot", 1)
	ours["gokiln.yaml"] = theirs["gokiln.yaml"]
	if got := s.afterNeighbour(t, theirs, ours); got != honest {
		t.Errorf("main's image says %q", got)
	}
}

// The go command finds a compiled package by the files of its folder that it lists. What
// assembly includes besides is not among them: after an edit of it alone, by a neighbour
// or by main itself, the image holds the program that the source says.
func TestHeaderElsewhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, where := range map[string]string{"another folder": "inc/number.h", "a name that is no header's": "number.inc"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{
				"go.mod":   "module " + ownModule(t) + "\n\ngo 1.26\n",
				"main.go":  "package main\n\nfunc number() int64\n\nfunc main() { print(number()) }\n",
				"number.s": "#include \"textflag.h\"\n#include \"" + where + "\"\n\nTEXT ·number(SB), NOSPLIT, $0-8\n\tMOVQ $NUMBER, ret+0(FP)\n\tRET\n",
			}
			tag := s.tag(t)
			for _, number := range []string{"1", "2", "1"} {
				files[where] = "#define NUMBER " + number + "\n"
				s.ok(t, build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
				if got := s.run(t, fetch(t, tag)["linux/amd64"]); got != number {
					t.Errorf("with %s the program says %q", number, got)
				}
			}
		})
	}
}

// A pull request brings a go.sum and a proxy of its own, and by them other content of one
// of main's modules: the files that the go command hashes are the same, and a header that
// assembly includes from another folder of the module is not.
func TestNeighbourHasAnotherHeader(t *testing.T) {
	t.Parallel()
	s := setup(t)
	path := modulePath(t, "lib")
	version := func(number string) modserver.Module {
		return modserver.Module{Path: path, Version: "v1.0.0", Files: map[string]string{
			"lib.go":       "package lib\n\nfunc number() int64\n\nvar Name = number()\n",
			"lib_amd64.s":  "#include \"textflag.h\"\n#include \"inc/number.h\"\n\nTEXT ·number(SB), NOSPLIT, $0-8\n\tMOVQ $NUMBER, ret+0(FP)\n\tRET\n",
			"inc/number.h": "#define NUMBER " + number + "\n",
			"inc/doc.go":   "package inc\n",
		}}
	}
	says := func(m modserver.Module) string {
		p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{m}})
		img, _ := s.pushOne(t, build{Dir: app(t, importing([]modserver.Module{m}, m.Path)), Args: fromProxy(p, "--platform", "linux/amd64", ".")})
		return strings.TrimSpace(s.run(t, img))
	}
	for _, number := range []string{"666", "1"} {
		if got := says(version(number)); got != number {
			t.Errorf("with %s in its modules a program says %q", number, got)
		}
	}
}

// dockerfile builds with BuildKit's own frontend.
func (s suite) dockerfile(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := s.BuildxCommand(t.Context(), append([]string{"build", "--builder", s.Builder}, args...)...)
	cmd.Dir = dir
	command(t, cmd)
}
