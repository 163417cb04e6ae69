package workspace

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// absentCase is a program in the folder app, whose links may lead out of it, and of
// which the build context may lack files.
type absentCase struct {
	name string
	// Fixture has the files of app, and "../" ones beside it, and its links.
	worktest.Fixture
	// ignored are paths that the context lacks.
	ignored []string
	dir     string // the module's, in app
	cgo     bool
	// fails is a part of the error; "" where the program is built. said tells that
	// the error is the go command's own.
	fails string
	said  bool
}

const sayingWord = "package main\n\nvar word = \"plain\"\n\nfunc main() { println(word) }\n"

var absentCases = []absentCase{
	{name: "a file out of the context", fails: `v.go: it is a symbolic link to "../outer/v.go", which leads out of the build context`},
	{name: "an absolute link", fails: "is an absolute path"},
	{name: "an absolute link into the context", fails: "is an absolute path"},
	{name: "a file of the context by the context's name", fails: "leads out of the build context"},
	{name: "a file in the context"},
	{name: "a file that is left out", ignored: []string{"parts"},
		fails: "which leads to \"parts/v.txt\", and the build context lacks that (does .dockerignore leave parts/v.txt out?)"},
	{name: "a chain in the context"},
	{name: "a chain out of the context", fails: `v.go: it is a symbolic link to "y/u.txt", which leads out`},
	{name: "a way out and in again by a link", fails: "leads out of the build context"},
	{name: "a loop", fails: "leads through too many links", said: true},
	{name: "a way past what is not there", fails: `which leads to "gone", and the build context lacks that`, said: true},
	{name: "a folder of the name of a Go file"},
	{name: "what go does not read"},
	{name: "assembly", fails: "n.s: it is"},
	{name: "assembly's own header", fails: "n.h: it is"},
	{name: "a header that GOROOT has too", fails: "textflag.h: it is"},
	{name: "another folder's header", fails: "inc: it is"},
	{name: "a C file", cgo: true, fails: "n.c: it is"},
	{name: "a C file's header", cgo: true, fails: "n.h: it is"},
	{name: "the profile", fails: "default.pgo: it is"},
	{name: "a package's folder", fails: "p: it is"},
	{name: "a package's folder in the context"},
	{name: "all of a package", fails: "p/p.go: it is"},
	{name: "a folder above a package", fails: "q: it is"},
	{name: "a package that a nested module's boundary takes away", fails: "p/go.mod: it is", said: true},
	{name: "go.mod", fails: "go.mod: it is"},
	{name: "go.sum", fails: "go.sum: it is"},
	{name: "go.work",
		fails: "go.work: it is"},
	{name: "a workspace's member", dir: "a",
		fails: `use "./b": there is no b/go.mod in the build context ("b" is a symbolic link to "../outer", which leads out of the build context)`},
	{name: "a workspace's member that is left out", dir: "a", ignored: []string{"b"}, fails: `use "./b"`},
	{name: "a workspace's member, linked", dir: "a"},
	{name: "a file of a workspace's member", dir: "a",
		fails: "b/v.go: it is"},
	{name: "a folder that replaces a module", fails: `("own" is a symbolic link to "../outer"`},
	{name: "a file of a folder that replaces a module",
		fails: "own/v.go: it is"},
	{name: "a vendor folder"},
	{name: "a vendor folder's manifest", fails: "vendor/modules.txt: it is"},
	{name: "a vendor folder elsewhere", fails: "vendor: it is"},
	{name: "a vendor folder, linked"},
	{name: "a vendored package", fails: "vendor/e.com/app/p: it is"},
	{name: "a vendored package's assembly", fails: "vendor/e.com/app/p/n.s: it is"},
	{name: "what go does not read of a vendor folder"},
	{name: "a vendored package that is left out", ignored: []string{"vendor/e.com"}, fails: "cannot find module providing package e.com/app/p"},
	{name: "an embedded file", fails: "cannot embed irregular file d/y", said: true},
	{name: "an embedded folder", fails: "cannot embed irregular file d", said: true},
	{name: "links in an embedded folder"},
	{name: "a module's boundary in an embedded folder", fails: "d/m/go.mod: it is"},
	{name: "such a boundary in the context"},
	{name: "an embedded file that is left out", ignored: []string{"d/m"}, fails: "no matching files found"},
}

// lay writes a program, and a build context of it beside nothing.
func (tc absentCase) lay(t *testing.T) (host, context string) {
	t.Helper()
	root, context := worktest.RealDir(t), worktest.RealDir(t)
	host = filepath.Join(root, "app")
	files := map[string]string{"app/main.go": sayingWord}
	if tc.dir == "" {
		files["app/go.mod"] = "module e.com/app\n\ngo 1.25\n"
	} else {
		delete(files, "app/main.go")
	}
	for name, data := range tc.Files {
		files[path.Join("app", name)] = strings.ReplaceAll(data, "/ROOT", root)
		if name == "go.mod" && data == "" {
			delete(files, "app/go.mod")
		}
	}
	worktest.WriteTree(t, root, files)
	links := make(map[string]string)
	for name, target := range tc.Links {
		links[name] = strings.ReplaceAll(target, "/ROOT", root)
	}
	worktest.Link(t, host, links)
	copyAsIs(t, host, context, func(name string) bool {
		return !slices.ContainsFunc(tc.ignored, func(out string) bool { return name == out || strings.HasPrefix(name, out+"/") })
	})
	return host, context
}

// copyAsIs copies files and links.
func copyAsIs(t *testing.T, from, to string, wanted func(name string) bool) {
	t.Helper()
	err := filepath.WalkDir(from, func(full string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(from, full)
		if err != nil || e.IsDir() || !wanted(filepath.ToSlash(name)) {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			return err
		}
		if e.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(full)
			if err != nil {
				return err
			}
			return os.Symlink(target, filepath.Join(to, name))
		}
		data, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// prints is what a program says that go build makes in a folder, or what go build
// says.
func (tc absentCase) prints(t *testing.T, root string) (out string, err error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	text, err := worktest.TryGo(t, filepath.Join(root, tc.dir), closureCase{cgo: tc.cgo}.env(t), "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
	if err != nil {
		return text, err
	}
	said, err := exec.CommandContext(t.Context(), program).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(said), nil
}

// closure finds what a step sees of a build context.
func (tc absentCase) closure(t *testing.T, context string) (Closure, error) {
	t.Helper()
	w, err := Load(t.Context(), os.DirFS(context), path.Clean(tc.dir), Options{})
	if err != nil {
		return Closure{}, err
	}
	target := Target{GOOS: "linux", GOARCH: "amd64", Cgo: tc.cgo, GoVersion: "1.26"}
	p, err := w.Main(t.Context(), ".", target)
	if err != nil {
		return Closure{}, err
	}
	return w.Closure(t.Context(), []Package{p}, target, ClosureOptions{})
}

// seen is what a step sees of a build context.
func (tc absentCase) seen(t *testing.T, context string, c Closure) string {
	t.Helper()
	if c.Whole != "" {
		return context
	}
	part, files := worktest.RealDir(t), c.all()
	copyAsIs(t, context, part, func(name string) bool { return slices.Contains(files, name) || c.inDirs(name) })
	return part
}

// TestAbsence: where the build context lacks what a build on the host reads, there
// is an error with its place, or the go command has one. It is never another
// program.
func TestAbsence(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the programs are for linux/amd64")
	}
	for _, tc := range absentCases {
		t.Run(tc.name, func(t *testing.T) {
			tc.Fixture = worktest.Read(t, "absence", tc.name)
			t.Parallel()
			host, context := tc.lay(t)
			want, err := tc.prints(t, host)
			if (err != nil) != tc.said {
				t.Fatalf("on the host: %v %s", err, want)
			}
			c, err := tc.closure(t, context)
			var got string
			if err != nil {
				got = err.Error()
				if diag.All(err) == nil {
					t.Errorf("an error without a place: %v", err)
				}
			} else {
				got, err = tc.prints(t, tc.seen(t, context, c))
			}
			if (err != nil) != (tc.fails != "") || tc.fails != "" && !strings.Contains(got, tc.fails) || tc.fails == "" && got != want {
				t.Errorf("it says %q, %v; want an error with %q, or what the host says: %q", got, err, tc.fails, want)
			}
		})
	}
}

// TestAbsenceGenerated: of programs drawn at random the build context lacks what
// links lead to. There is an error, or the program is the host's.
func TestAbsenceGenerated(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the programs are for linux/amd64")
	}
	rounds := 10
	if testing.Short() {
		rounds = 4
	}
	same := make([]bool, rounds)
	t.Run("rounds", func(t *testing.T) {
		for seed := range rounds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				tc := randomAbsence(rand.New(rand.NewPCG(uint64(seed), 7)))
				host, context := tc.lay(t)
				want, hostErr := tc.prints(t, host)
				c, err := tc.closure(t, context)
				if err != nil {
					if diag.All(err) == nil {
						t.Errorf("an error without a place: %v", err)
					}
					if len(tc.Links) == 0 {
						t.Errorf("nothing is absent, and there is an error: %v", err)
					}
					if hostErr == nil {
						tc.matters(t, host, want, err)
					}
					return
				}
				got, err := tc.prints(t, tc.seen(t, context, c))
				if err == nil && hostErr == nil {
					if missing := missingFiles(t, host, c, closureCase{}); missing != nil {
						t.Errorf("go list has %q on the host, and the closure lacks it", missing)
					}
				}
				if same[seed] = err == nil && hostErr == nil; err == nil && hostErr == nil && got != want {
					t.Errorf("another program: it says\n%s, on the host\n%s\nlinks: %q", got, want, tc.Links)
				}
			})
		}
	})
	if n := len(slices.DeleteFunc(same, func(b bool) bool { return !b })); n < rounds/6 {
		t.Errorf("only %d of %d programs are built", n, rounds)
	}
}

// matters holds that the links which errors name change the program on the host,
// where they lead to a file. That a link leads to a folder nobody can know.
func (tc absentCase) matters(t *testing.T, host, want string, err error) {
	t.Helper()
	for _, e := range diag.All(err) {
		name := filepath.Join(host, e.Source.Filename)
		if info, serr := os.Stat(name); serr != nil || info.IsDir() || tc.Links[e.Source.Filename] == "" {
			continue
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if got, err := tc.prints(t, host); err == nil && got == want {
			t.Errorf("the program is the same without the link: %v", e)
		}
	}
}

// randomAbsence is a module or a workspace, vendored or not, each file of which says
// its name.
func randomAbsence(r *rand.Rand) absentCase {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	file := func(name string) string {
		return fmt.Sprintf("package p\n\nfunc init() { println(%q) }\n", name)
	}
	tc := absentCase{Fixture: worktest.Fixture{Links: map[string]string{}, Files: map[string]string{
		"main.go": worktest.Importing("main", "e.com/app/a", "e.com/app/a/b", "e.com/r", "e.com/app/e"), "../outer/v.go": file("outer"), "../outer/go.mod": "module m\n", "../outer/e.txt": "",
		"go.mod":   "module e.com/app\n\ngo 1.25\n\nrequire e.com/r v0.0.0\n\nreplace e.com/r => ./r\n",
		"r/go.mod": "module e.com/r\n\ngo 1.25\n", "e/e.go": "package e\n\nimport \"embed\"\n\n//go:embed all:d\nvar d embed.FS\n\nfunc init() { list(\".\") }\n\nfunc list(dir string) {\n\tfound, _ := d.ReadDir(dir)\n\tfor _, f := range found {\n\t\tprintln(dir, f.Name())\n\t\tif f.IsDir() {\n\t\t\tlist(dir + \"/\" + f.Name())\n\t\t}\n\t}\n}\n",
		"e/d/x": "", "e/d/s/y": "", "e/d/t/z": "", "parts/v.txt": file("inner"),
	}}}
	tc.Files["e/e.go"] = strings.Replace(tc.Files["e/e.go"], "list(dir + \"/\" + f.Name())", "list(path.Join(dir, f.Name()))", 1)
	tc.Files["e/e.go"] = strings.Replace(tc.Files["e/e.go"], "import \"embed\"", "import (\"embed\"; \"path\")", 1)
	folders := []string{"a", "a/b", "r"}
	for _, dir := range folders {
		tc.Files[dir+"/p.go"] = file(dir)
	}
	if r.IntN(3) == 0 {
		tc.Files["vendor/modules.txt"] = "# e.com/r v0.0.0 => ./r\n## explicit; go 1.25\ne.com/r\n# e.com/r => ./r\n"
		tc.Files["vendor/e.com/r/p.go"] = file("vendored")
		folders = append(folders, "vendor/e.com/r")
	} else if r.IntN(3) == 0 {
		tc.Files["go.work"] = "go 1.25\n\nuse .\n\nuse ./r\n"
		tc.Files["go.mod"] = "module e.com/app\n\ngo 1.25\n"
	}
	for range r.IntN(4) {
		dir := pick(folders...)
		up := strings.Repeat("../", strings.Count(dir, "/")+1)
		name := pick("v.go", "w_linux.go", "w_windows.go", "x_test.go", "_y.go", "go.mod", "README", "sub", "z.s", "h.h", "testdata", "o.syso")
		if r.IntN(5) == 0 {
			dir, up, name = pick("e/d", "e/d/s"), "../../", pick("go.mod", "link", "l.go")
		}
		target := pick(up+"parts/v.txt", up+"parts/v.txt", up+"../outer/v.go", up+"../outer", "/ROOT/outer/v.go", up+"parts", "gone", "p.go/../p.go", name)
		if dir == "e/d/s" {
			target = "../" + target
		}
		if _, ok := tc.Files[path.Join(dir, name)]; !ok {
			tc.Links[path.Join(dir, name)] = target
		}
	}
	if r.IntN(4) == 0 {
		tc.ignored = []string{pick("parts", "a/p.go", "r/p.go", "e/d", "r", "vendor")}
		tc.Links["none"] = "none"
	}
	return tc
}
