package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// TestClosureGenerated holds closures of modules drawn at random against go
// list, some against go build, and looks that unrelated files don't show.
func TestClosureGenerated(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 2
	}
	certain := make([]bool, rounds)
	t.Run("rounds", func(t *testing.T) {
		for seed := range rounds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(seed), 4))
				tc := closureCase{more: randomClosure(r), tags: []string{"extra"}[:r.IntN(2)], broken: "?"}
				root := worktest.RealDir(t)
				worktest.WriteTree(t, root, tc.more)
				_, c := closureOf(t, os.DirFS(root), tc)
				if missing := missingFiles(t, root, c, tc); missing != nil {
					t.Errorf("go list has %q, and the closure lacks it", missing)
				}
				if certain[seed] = c.Whole == ""; certain[seed] && seed < 4 {
					compareBuilds(t, root, c, tc)
				}
				files := maps.Clone(tc.more)
				for name := range tc.more {
					dir := path.Dir(name)
					files[path.Join(dir, "README.md")] = "new"
					files[path.Join(dir, "new_test.go")] = "package new"
					files[path.Join(dir, "new", "new.go")] = "package new"
					files[path.Join(dir, "testdata", "new.txt")] = "new"
				}
				if _, again := closureOf(t, worktest.MapFS(files), tc); !cmp.Equal(c, again) {
					t.Errorf("unrelated files change the closure (-before +after):\n%s", cmp.Diff(c, again))
				}
			})
		}
	})
	if n := len(slices.DeleteFunc(certain, func(b bool) bool { return !b })); n < rounds/2 {
		t.Errorf("only %d of %d closures are certain", n, rounds)
	}
}

// randomClosure is a module of a main package and some others, a few of them in
// another module's folder.
func randomClosure(r *rand.Rand) map[string]string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	files := map[string]string{
		"go.mod":     "module e.com/app\n\ngo 1.25\n\nrequire e.com/lib v0.0.0\n\nreplace e.com/lib => ./lib\n",
		"lib/go.mod": "module e.com/lib\n\ngo 1.25\n",
	}
	dirs := []string{".", "a", "a/b", "internal/c", "lib/d", "lib/d/testdata", "e", "e/f/g", "lib/internal/h"}
	importPath := func(i int) string {
		if rest, ok := strings.CutPrefix(dirs[i], "lib/"); ok {
			return "e.com/lib/" + rest
		}
		return path.Join("e.com/app", dirs[i])
	}
	for i, dir := range dirs {
		name := map[bool]string{true: "main", false: "p"}[i == 0]
		for k, file := range []string{"base.go", "x" + pick("", "_linux", "_windows", "_arm64", "_amd64", "_test", "_unix") + ".go", pick("_", "", ".") + "y" + pick("", "_linux_amd64", "_js") + ".go"} {
			src := ""
			if k > 0 {
				src = pick("", "", "//go:build ignore\n\n", "//go:build extra\n\n", "//go:build !extra && linux\n\n", "//go:build cgo\n\n", "//go:build go1.21\n\n", "// Doc.\n", "\ufeff")
			}
			src += "package " + name + "\n\nimport _ \"embed\"\n"
			for j := i + 1; j < len(dirs); j++ {
				internal := strings.Contains(dirs[j], "lib/internal") && !strings.HasPrefix(dir, "lib/")
				if r.IntN(4) == 0 && !internal && (j < 8 || k > 0) {
					src += fmt.Sprintf("import _ %q\n", importPath(j))
				}
			}
			if r.IntN(3) == 0 {
				src += fmt.Sprintf("\n%s//go:embed %s\nvar e%d%d string\n", strings.Repeat("// "+strings.Repeat("word ", 20)+"\n", r.IntN(120)), pick("one.txt", "\"one.txt\"", "`sub/one.txt`", "o*.txt", "sub/[o]ne.txt", "s*/one.txt"), i, k)
			}
			if k == 0 && i == 0 {
				src += "\nfunc main() {}\n"
			}
			files[path.Join(dir, file)] = src
		}
		for _, extra := range []string{"f" + pick("", "_amd64", "_arm64") + ".s", "h.h", "o_" + pick("linux", "windows") + ".syso", "c.c", "s.S", "m.inc", "sub/one.txt", "one.txt", "sub/two.txt"} {
			if ext := path.Ext(extra); ext == ".txt" || ext != ".syso" && r.IntN(2) == 0 || dir != "." && r.IntN(3) == 0 {
				files[path.Join(dir, extra)] = map[bool]string{true: fmt.Sprintf("#include \"textflag.h\"\n%sTEXT ·s%d(SB), NOSPLIT, $0-0\n\tRET\n", pick("", "#include \"../a/m.inc\"\n"), i)}[ext == ".s"]
			}
		}
	}
	files["a/m.inc"] = "// nothing\n"
	return files
}

func services(names ...string) []Package {
	var mains []Package
	for _, name := range names {
		mains = append(mains, Package{Dir: "cmd/" + name, ImportPath: "e.com/app/cmd/" + name})
	}
	return mains
}

// TestClosureCalls holds what is asked of the builder, for the first service, for
// the second one, and for both again.
func TestClosureCalls(t *testing.T) {
	c := &counting{FS: worktest.Read(t, "more", "two services").MapFS()}
	w, err := Load(t.Context(), remember(c), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := Target{GOOS: "linux", GOARCH: "amd64", GoVersion: "1.26"}
	for _, step := range []struct {
		mains []Package
		want  []string
	}{
		{services("a"), []string{
			"list cmd", "list cmd/a", "list shared", "list web", "list web/dist", "list web/dist/a", "list web/dist/a/b",
			"open cmd/a/main.go", "open shared/f_amd64.s", "open shared/s.go", "open web/w.go",
		}},
		{services("b"), []string{"list cmd/b", "list onlyb", "open cmd/b/main.go", "open onlyb/o.go"}},
		{services("a", "b"), nil},
	} {
		c.ops = nil
		if _, err := w.Closure(t.Context(), step.mains, target, ClosureOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Imports(t.Context(), step.mains, target); err != nil {
			t.Fatal(err)
		}
		slices.Sort(c.ops) // packages are looked at side by side
		if diff := cmp.Diff(step.want, c.ops); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	}
}

// TestClosurePackages holds what is said of each package, and that walks for
// several services at once agree with one after the other.
func TestClosurePackages(t *testing.T) {
	w, err := Load(t.Context(), worktest.Read(t, "more", "two services").MapFS(), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := Target{GOOS: "linux", GOARCH: "amd64", GoVersion: "1.26"}
	want := Closure{
		Packages: []LocalPackage{
			{ImportPath: "e.com/app/cmd/a", Dir: "cmd/a", Files: []string{"cmd/a/main.go"}, Imports: []string{"e.com/app/shared", "e.com/app/web"}, Local: []string{"e.com/app/shared", "e.com/app/web"}, Main: true},
			{ImportPath: "e.com/app/shared", Dir: "shared", Files: []string{"shared/f_amd64.s", "shared/s.go"}},
			{ImportPath: "e.com/app/web", Dir: "web", Files: []string{"web/w.go"}, Dirs: []string{"web/dist"}, Imports: []string{"embed"}, Embeds: []string{"dist"}},
		},
		Files: []string{"go.mod"}, Dirs: []string{"web/dist"}, Imports: Imports{Std: []string{"embed"}, Sure: true},
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := w.Closure(t.Context(), services("a"), target, ClosureOptions{})
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(want, got, equateEmpty()); diff != "" {
				t.Errorf("closure (-want +got):\n%s", diff)
			}
			if imports, err := w.Imports(t.Context(), services("a"), target); err != nil || !cmp.Equal(imports, got.Imports) {
				t.Errorf("Imports says %+v, %v; Closure %+v", imports, err, got.Imports)
			}
		})
	}
	wg.Wait()
	for _, o := range []Target{{GOOS: "linux", GOARCH: "arm64", GoVersion: "1.26"}, {GOOS: "linux", GOARCH: "arm64", GoVersion: "1.26", Cgo: true}} {
		other, err := w.Closure(t.Context(), services("a"), o, ClosureOptions{})
		if err != nil || slices.Contains(other.all(), "shared/f_amd64.s") {
			t.Errorf("for %s: %v, %v", o, other.all(), err)
		}
	}
}

// TestClosureExternal: a dependency's main package needs no local package, and
// one in a folder given from outside of the context needs that.
func TestClosureExternal(t *testing.T) {
	lib := worktest.Read(t, "more", "a library in a folder beside the context").MapFS()
	files := worktest.Read(t, "more", "an app that requires it and another module").MapFS()
	w, err := Load(t.Context(), files, ".", Options{Outside: given(map[string]fs.FS{"../lib": lib}, new([]string))})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		main              Package
		files, dirs, from string
	}{
		{Package{ImportPath: "e.com/x/cmd/z", Program: "z", External: true}, "../lib/go.mod go.mod go.sum", "", "e.com/x/cmd/z"},
		{Package{ImportPath: "e.com/app"}, "../lib/f_amd64.s ../lib/go.mod ../lib/in/x.inc ../lib/lib.go go.mod go.sum main.go", "../lib/x", ""},
	} {
		got, err := w.Closure(t.Context(), []Package{tc.main}, Target{GOOS: "linux", GOARCH: "amd64", GoVersion: "1.26"}, ClosureOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{tc.files, tc.dirs, tc.from, ""}
		if diff := cmp.Diff(want, []string{strings.Join(got.all(), " "), strings.Join(got.Dirs, " "), strings.Join(got.Imports.Packages, " "), got.Whole}); diff != "" {
			t.Errorf("%s: files, folders, packages from elsewhere, Whole (-want +got):\n%s", tc.main.ImportPath, diff)
		}
	}
}

// TestModFlag: -mod decides for everything that is asked of a module whether
// packages come from the vendor folder. A build for one platform finds the imports
// of another one by Imports alone, and both have to agree.
func TestModFlag(t *testing.T) {
	files := worktest.Read(t, "more", "a vendor folder and folders that replace modules").MapFS()
	far := worktest.Read(t, "more", "a module beside the context").MapFS()
	target := Target{GOOS: "linux", GOARCH: "amd64", GoVersion: "1.26"}
	for mod, want := range map[string]struct{ asked, own, external, std, tool string }{
		"":         {"", "main.go vendor", "e.com/far e.com/r", "", "true"},
		"vendor":   {"", "main.go vendor", "e.com/far e.com/r", "", "true"},
		"readonly": {"e.com/far=../far", "../far/f.go main.go r/r.go", "", "net sort", "false"},
	} {
		var asked []string
		w, err := Load(t.Context(), files, ".", Options{Mod: mod, Outside: given(map[string]fs.FS{"../far": far}, &asked)})
		if err != nil {
			t.Fatal(err)
		}
		mains := []Package{{ImportPath: "e.com/app"}}
		c, err := w.Closure(t.Context(), mains, target, ClosureOptions{})
		if err != nil {
			t.Fatal(err)
		}
		imports, err := w.Imports(t.Context(), mains, target)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Imports, imports); diff != "" {
			t.Errorf("with -mod=%q the closure and Imports differ (-closure +Imports):\n%s", mod, diff)
		}
		// Of a folder that is read it is known that it has no such package.
		_, err = w.Main(t.Context(), "e.com/r/cmd/c", target)
		own := slices.DeleteFunc(append(c.all(), c.Dirs...), func(name string) bool { return path.Base(name) == "go.mod" })
		got := []string{strings.Join(asked, " "), strings.Join(own, " "), strings.Join(imports.Packages, " "), strings.Join(imports.Std, " "), fmt.Sprint(err == nil)}
		if diff := cmp.Diff([]string{want.asked, want.own, want.external, want.std, want.tool}, got); diff != "" {
			t.Errorf("with -mod=%q: asked, files and folders, external, standard, whether a dependency may have a tool (-want +got):\n%s", mod, diff)
		}
	}
}

// TestClosureTwice: of a package that two local modules have go says that it is
// ambiguous.
func TestClosureTwice(t *testing.T) {
	w, err := Load(t.Context(), worktest.Read(t, "more", "a package of two local modules").MapFS(), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Closure(t.Context(), []Package{{ImportPath: "e.com/app"}}, Target{GOOS: "linux", GOARCH: "amd64"}, ClosureOptions{})
	if want := `package "e.com/app/sub/p" is in more than one local module`; err != nil || c.Whole != want {
		t.Errorf("Whole is %q, %v; want %q", c.Whole, err, want)
	}
}

// TestClosureFailingCalls: whichever call fails or is the last before the end of
// the context, that error comes back, and nothing wrong is remembered.
func TestClosureFailingCalls(t *testing.T) {
	broken := errors.New("the builder has gone")
	files := worktest.Read(t, "more", "two services").Files
	files["vendor/modules.txt"], files["vendor/x/y/z.go"] = "", "package z"
	for want := range map[error]bool{broken: true, context.Canceled: true} {
		for left := 0; ; left++ {
			ctx, cancel := context.WithCancel(t.Context())
			fsys := &failing{FS: worktest.MapFS(files), left: 1 << 20, fail: func() error {
				if errors.Is(want, broken) {
					return broken
				}
				cancel()
				return nil
			}}
			w, err := Load(ctx, remember(fsys), ".", Options{})
			if err != nil {
				t.Fatal(err)
			}
			find := func(ctx context.Context) (Closure, error) {
				return w.Closure(ctx, services("a", "b"), Target{GOOS: "linux", GOARCH: "amd64"}, ClosureOptions{})
			}
			fsys.left = left
			_, err = find(ctx)
			cancel()
			if err == nil && left > 15 {
				break
			}
			if !errors.Is(err, want) || diag.All(err) != nil || left > 100 {
				t.Fatalf("call %d, but the error is: %v", left, err)
			}
			if c, err := find(t.Context()); err != nil || c.Whole != "" || len(c.Packages) != 5 {
				t.Fatalf("after call %d failed: %+v, %v", left, c, err)
			}
		}
	}
}

// FuzzClosure: whatever the files say and wherever links lead ("name -> target" in
// an archive), there is a closure or an error with its place, and the closure names
// only what is there.
func FuzzClosure(f *testing.F) {
	for _, tc := range closureCases {
		f.Add(worktest.Archive(f, "closure", tc.name), tc.cgo, tc.options.PGO)
	}
	for _, tc := range absentCases {
		f.Add(worktest.Archive(f, "absence", tc.name), tc.cgo, "")
	}
	f.Fuzz(func(t *testing.T, archive string, cgo bool, pgo string) {
		fsys := fstest.MapFS{"go.mod": {Data: []byte("module e.com/app\n\ngo 1.25\n")}}
		fixture, _ := worktest.Parse(archive)
		for name, file := range fixture.MapFS() {
			if fs.ValidPath(name) && name != "." && len(fsys) < 50 {
				fsys[name] = file
			}
		}
		w, err := Load(t.Context(), fsys, ".", Options{})
		worktest.CheckErrors(t, err)
		if err != nil {
			return
		}
		target := Target{GOOS: "linux", GOARCH: "amd64", Cgo: cgo, GoVersion: "1.26"}
		c, err := w.Closure(t.Context(), []Package{{Dir: ".", ImportPath: w.Path}}, target, ClosureOptions{PGO: pgo})
		if err != nil {
			// A folder in the place of a file is the one failure to read here.
			worktest.CheckErrors(t, err)
			return
		}
		for _, name := range append(c.all(), c.Dirs...) {
			_, err := fs.Stat(fsys, name)
			if err != nil && c.Whole != "" {
				_, err = fs.Lstat(fsys, name)
			}
			if err != nil {
				t.Errorf("closure names %q: %v", name, err)
			}
		}
	})
}
