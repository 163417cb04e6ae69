package workspace

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// listMains asks the go command for the main packages, and for the folders that
// it calls broken. A package of test files alone has a name but no program,
// hence the second condition.
func listMains(t *testing.T, root string, target Target) (mains []string, broken map[string]bool) {
	t.Helper()
	cgo := "0"
	if target.Cgo {
		cgo = "1"
	}
	env := []string{"GOOS=" + target.GOOS, "GOARCH=" + target.GOARCH, "CGO_ENABLED=" + cgo}
	const format = `{{if .Error}}broken{{else if and (eq .Name "main") (or .GoFiles .CgoFiles)}}main{{else}}other{{end}} {{.Dir}}`
	out := worktest.Go(t, root, env, "list", "-e", "-tags", strings.Join(target.Tags, ","), "-f", format, "./...")
	broken = make(map[string]bool)
	for line := range strings.Lines(out) {
		what, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		if dir == "" {
			continue // no import path, such as a folder with a space in its name
		}
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		switch what {
		case "main":
			mains = append(mains, filepath.ToSlash(rel))
		case "broken":
			broken[filepath.ToSlash(rel)] = true
		}
	}
	slices.Sort(mains)
	return mains, broken
}

func oracleTargets() []Target {
	return []Target{
		{GOOS: "linux", GOARCH: "amd64"},
		{GOOS: "linux", GOARCH: "arm64", Tags: []string{"extra"}},
		{GOOS: "windows", GOARCH: "amd64", Tags: []string{"extra", "race"}},
		{GOOS: "darwin", GOARCH: "arm64", Cgo: true},
		{GOOS: "android", GOARCH: "arm64"},
		{GOOS: "js", GOARCH: "wasm"},
	}
}

func compareMains(t *testing.T, files map[string]string) {
	t.Helper()
	root := worktest.RealDir(t)
	worktest.WriteTree(t, root, files)
	compareMainsIn(t, root)
}

func compareMainsIn(t *testing.T, root string) {
	t.Helper()
	w, err := Load(t.Context(), os.DirFS(root), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	release := strings.TrimSpace(worktest.Go(t, root, nil, "env", "GOVERSION"))
	for _, target := range oracleTargets() {
		target.GoVersion = release
		got, err := w.Mains(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		want, broken := listMains(t, root, target)
		// In a folder with two packages, or with files that don't parse, the
		// first file decides here and the go command gives up.
		got = slices.DeleteFunc(got, func(dir string) bool { return broken[dir] })
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("mains for %s (-go list +ours):\n%s", target, diff)
		}
	}
}

func TestMainsAsGoList(t *testing.T) {
	long := "// " + strings.Repeat("words ", 20_000) + "\n" + worktest.MainFile
	compareMains(t, map[string]string{
		"go.mod":                          "module example.com/app\n\ngo 1.25\n\nignore (\n\t./third/party\n\tskipme\n\tpair/of\n)\n",
		"root.go":                         "package app\n",
		"gen.go":                          "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
		"cmd/plain/main.go":               worktest.MainFile,
		"cmd/suffix/main_linux.go":        worktest.MainFile,
		"cmd/suffixes/x_windows_amd64.go": worktest.MainFile,
		"cmd/arch/main_arm64.go":          worktest.MainFile,
		"cmd/line/main.go":                "//go:build linux && !arm64\n\n" + worktest.MainFile,
		"cmd/unix/main.go":                "//go:build unix\n\n" + worktest.MainFile,
		"cmd/legacy/main.go":              "// +build windows darwin\n\n" + worktest.MainFile,
		"cmd/tags/main.go":                "//go:build extra\n\n" + worktest.MainFile,
		"cmd/race/main.go":                "//go:build race\n\n" + worktest.MainFile,
		"cmd/release/main.go":             "//go:build go1.26\n\n" + worktest.MainFile,
		"cmd/future/main.go":              "//go:build go1.99\n\n" + worktest.MainFile,
		"cmd/gc/main.go":                  "//go:build gc && !gccgo\n\n" + worktest.MainFile,
		"cmd/cgo/main.go":                 "package main\n\nimport \"C\"\n\nfunc main() {}\n",
		"cmd/cgotag/main.go":              "//go:build !cgo\n\n" + worktest.MainFile,
		"cmd/first/a.go":                  "//go:build ignore\n\npackage other\n",
		"cmd/first/b.go":                  worktest.MainFile,
		"cmd/doc/a.go":                    "package documentation\n",
		"cmd/doc/b.go":                    worktest.MainFile,
		"cmd/tests/main_test.go":          "package main\n",
		"cmd/bom/main.go":                 "\ufeff" + worktest.MainFile,
		"cmd/crlf/main.go":                strings.ReplaceAll("//go:build linux\n\n"+worktest.MainFile, "\n", "\r\n"),
		"cmd/long/main.go":                long,
		"cmd/block/main.go":               "/* package other */ /**/ package/**/main;import \"os\"\nfunc main() { os.Exit(0) }\n",
		"cmd/underscore/_main.go":         worktest.MainFile,
		"cmd/dotfile/.main.go":            worktest.MainFile,
		"cmd/broken/main.go":              "packige main\n",
		"cmd/empty/main.go":               "",
		"cmd/nogo/README":                 "none",
		"nested/go.mod":                   "module example.com/nested\n",
		"nested/main.go":                  worktest.MainFile,
		"nested/cmd/x/main.go":            worktest.MainFile,
		"modfolder/go.mod/x.txt":          "",
		"modfolder/main.go":               worktest.MainFile,
		"testdata/main.go":                worktest.MainFile,
		"cmd/testdata/x/main.go":          worktest.MainFile,
		"_foo/main.go":                    worktest.MainFile,
		".foo/main.go":                    worktest.MainFile,
		"node_modules/pkg/main.go":        worktest.MainFile,
		"third/party/main.go":             worktest.MainFile,
		"third/partyline/main.go":         worktest.MainFile,
		"deep/third/party/main.go":        worktest.MainFile,
		"deep/skipme/x/main.go":           worktest.MainFile,
		"deep/skipmenot/main.go":          worktest.MainFile,
		"deep/pair/of/main.go":            worktest.MainFile,
		"deep/pair/off/main.go":           worktest.MainFile,
		"my cmd/main.go":                  worktest.MainFile,
		"v2/main.go":                      worktest.MainFile,
		"internal/tool/main.go":           worktest.MainFile,
		"inner/vendor/x/main.go":          worktest.MainFile,
		"inner/vendor/main.go":            worktest.MainFile,
	})
}

// TestMainsAsGoListWithVendor is apart: Go builds from the folder by default.
func TestMainsAsGoListWithVendor(t *testing.T) {
	compareMains(t, map[string]string{
		"go.mod":                    "module example.com/app\n\ngo 1.22\n",
		"main.go":                   worktest.MainFile,
		"vendor/modules.txt":        "",
		"vendor/example.org/x/m.go": worktest.MainFile,
		"sub/vendor/y/main.go":      worktest.MainFile,
		"cmd/a/main.go":             worktest.MainFile,
	})
}

func TestMainsAsGoListWithLinks(t *testing.T) {
	root := worktest.RealDir(t)
	worktest.WriteTree(t, root, map[string]string{
		"real.mod": "module example.com/app\n\ngo 1.25\n", "src/main.txt": worktest.MainFile, "a/README": "", "b/README": "", "c/lib.go": "package c\n", "d/main.go": worktest.MainFile,
	})
	worktest.Link(t, root, map[string]string{
		"go.mod": "real.mod", "a/main.go": "../src/main.txt", "b/main.go": "gone.go", "folder": "d", "c/sub": "../d", "loop": ".", "c/a.go": "../d",
	})
	compareMainsIn(t, root)
}

// TestMainsAsGoListGenerated compares modules drawn at random.
func TestMainsAsGoListGenerated(t *testing.T) {
	rounds := uint64(8)
	if testing.Short() {
		rounds = 1
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			compareMains(t, randomModule(rand.New(rand.NewPCG(seed, 1))))
		})
	}
}

func randomModule(r *rand.Rand) map[string]string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	files := map[string]string{"go.mod": "module example.com/app/v2\n\ngo 1.25\n\nignore " + pick("./a", "b", "a/b", "./cmd/a") + "\n"}
	for range 40 {
		dir := "."
		for range r.IntN(4) {
			dir = path.Join(dir, pick("a", "b", "cmd", "v2", "vendor", "testdata", "_x", ".y", "internal", "node_modules"))
		}
		if r.IntN(25) == 0 && dir != "." {
			files[path.Join(dir, "go.mod")] = "module example.com/nested\n"
		}
		// One package name a folder keeps the folder buildable; names that
		// disagree between targets come from the constraints.
		name := pick("a", "b", "main", "_h", ".h") + pick("", "", "_linux", "_windows_amd64", "_arm64", "_test", "_unix", "_android", "_js") + ".go"
		var src strings.Builder
		src.WriteString(pick("", "", "\ufeff", "// Doc.\n", "/* block */\n"))
		if src.Len() == 0 {
			src.WriteString(pick("", "//go:build ignore\n\n", "//go:build extra || windows\n\n", "//go:build !linux\n\n", "// +build !windows\n\n", "//go:build cgo\n\n"))
		}
		fmt.Fprintf(&src, "package %s\n\n%s", pick("main", "main", "lib", "documentation"), pick("", "", "import \"C\"\n", "import \"os\"\n\nvar _ = os.Args\n"))
		text := src.String()
		if r.IntN(3) == 0 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		files[path.Join(dir, name)] = text
	}
	return files
}

// TestMainAsGoBuild holds what Main accepts and refuses, and the program's
// name, against `go build` itself.
func TestMainAsGoBuild(t *testing.T) {
	root := worktest.RealDir(t)
	worktest.WriteTree(t, root, map[string]string{
		"go.mod":             "module example.com/app/v3\n\ngo 1.25\n\nignore ./skip\n",
		"main.go":            worktest.MainFile,
		"v2/main.go":         worktest.MainFile,
		"cmd/v1/main.go":     worktest.MainFile,
		"cmd/v0/main.go":     worktest.MainFile,
		"cmd/v10/main.go":    worktest.MainFile,
		"cmd/v02/main.go":    worktest.MainFile,
		"cmd/v/main.go":      worktest.MainFile,
		"cmd/v2x/main.go":    worktest.MainFile,
		"skip/main.go":       worktest.MainFile,
		"testdata/main.go":   worktest.MainFile,
		"_foo/main.go":       worktest.MainFile,
		".foo/main.go":       worktest.MainFile,
		"my cmd/main.go":     worktest.MainFile,
		"dot./main.go":       worktest.MainFile,
		"a/vendor/b/main.go": worktest.MainFile,
		"a/vendor/main.go":   worktest.MainFile,
		"vendor/main.go":     worktest.MainFile,
		"lib/lib.go":         "package lib\n",
		"two/a.go":           "package main\n",
		"two/b.go":           "package lib\n",
		"tests/main_test.go": worktest.MainFile,
		"ignored/main.go":    "//go:build ignore\n\n" + worktest.MainFile,
		"os/main_windows.go": worktest.MainFile,
		"cgo/main.go":        "package main\n\nimport \"C\"\n\nfunc main() {}\n",
		"broken/main.go":     "package main\n\nimport \"os\n",
		"nested/go.mod":      "module example.com/nested\n\ngo 1.25\n",
		"nested/x/main.go":   worktest.MainFile,
		"mixed/a.go":         worktest.MainFile,
		"mixed/gen.go":       "//go:build ignore\n\npackage gen\n",
		"partly/a.go":        worktest.MainFile,
		"partly/b.go":        "package main\n\nimport \"C\"\n",
	})
	worktest.Link(t, root, map[string]string{"linked": "v2"})
	w, err := Load(t.Context(), os.DirFS(root), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{"."}
	err = filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != root {
			dirs = append(dirs, filepath.ToSlash(name[len(root)+1:]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for _, dir := range append(dirs, "nowhere", "lib/lib.go", "linked") {
		p, ours := w.Main(t.Context(), dir, Target{GOOS: "linux", GOARCH: "amd64", GoVersion: "1.26"})
		// Of a package that is no program -o with a folder writes nothing and
		// is no error, hence the look at what was written.
		env := []string{"GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0"}
		text, err := worktest.TryGo(t, root, env, "build", "-o", out+"/", gomod.Dotted(dir))
		written, rerr := os.ReadDir(out)
		if rerr != nil {
			t.Fatal(rerr)
		}
		var program string
		for _, e := range written {
			program = e.Name()
			if err := os.Remove(filepath.Join(out, program)); err != nil {
				t.Fatal(err)
			}
		}
		if theirs := program != ""; theirs != (ours == nil) {
			t.Errorf("%s: go build made a program: %v (%v %s); ours: %v", dir, theirs, err, text, ours)
		}
		if program != p.Program {
			t.Errorf("%s: go build names the program %q, we name it %q", dir, program, p.Program)
		}
	}
}
