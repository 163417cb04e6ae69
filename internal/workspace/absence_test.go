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
)

// absentCase is a program in the folder app, whose links may lead out of it, and of
// which the build context may lack files.
type absentCase struct {
	name  string
	files map[string]string // of app, and "../" ones beside it
	links map[string]string // of app
	// ignored are paths that the context lacks.
	ignored []string
	dir     string // the module's, in app
	cgo     bool
	// fails is a part of the error; "" where the program is built. said tells that
	// the error is the go command's own.
	fails string
	said  bool
}

func saying(word string) string {
	return "package main{}{}func init() { word = \"" + word + "\" }{}"
}

const sayingWord = "package main{}{}var word = \"plain\"{}{}func main() { println(word) }{}"

// viaPackage prints what package p says.
const viaPackage = "package main{}{}import \"e.com/app/p\"{}{}func main() { println(p.Word) }{}"

func packageSaying(word string) string { return "package p{}{}const Word = \"" + word + "\"{}" }

const embedding = "package main{}{}import \"embed\"{}{}//go:embed d{}var d embed.FS{}{}func main() {{}\t_, x := d.ReadFile(\"d/m/x\"){}\t_, y := d.ReadFile(\"d/y\"){}\tprintln(x == nil, y == nil){}}{}"

const number = "package main{}{}var number int{}{}func main() { println(number) }{}"

const numberAsm = "#include \"textflag.h\"{}DATA ·number(SB)/8, $7{}GLOBL ·number(SB), RODATA, $8{}"

const vendoring = "module e.com/app{}{}go 1.25{}{}require e.com/app/p v0.0.0{}{}replace e.com/app/p => ./own{}"

const manifest = "# e.com/app/p v0.0.0 => ./own{}## explicit; go 1.25{}e.com/app/p{}# e.com/app/p => ./own{}"

func vendoredApp(more map[string]string) map[string]string {
	files := map[string]string{
		"go.mod": vendoring, "own/go.mod": "module e.com/app/p{}{}go 1.25{}", "own/p.go": packageSaying("own"), "main.go": viaPackage,
		"vendor/modules.txt": manifest, "vendor/e.com/app/p/p.go": packageSaying("vendored"),
	}
	for name, data := range more {
		files[name] = data
		if data == "" {
			delete(files, name)
		}
	}
	return files
}

var absentCases = []absentCase{
	{name: "a file out of the context", files: map[string]string{"../outer/v.go": saying("outer")}, links: map[string]string{"v.go": "../outer/v.go"}, fails: `v.go: it is a symbolic link to "../outer/v.go", which leads out of the build context`},
	{name: "an absolute link", files: map[string]string{"../outer/v.go": saying("outer")}, links: map[string]string{"v.go": "/ROOT/outer/v.go"}, fails: "is an absolute path"},
	{name: "an absolute link into the context", files: map[string]string{"v.txt": saying("inner")}, links: map[string]string{"v.go": "/ROOT/app/v.txt"}, fails: "is an absolute path"},
	{name: "a file of the context by the context's name", files: map[string]string{"v.txt": saying("inner")}, links: map[string]string{"v.go": "../app/v.txt"}, fails: "leads out of the build context"},
	{name: "a file in the context", files: map[string]string{"parts/v.txt": saying("inner")}, links: map[string]string{"v.go": "parts/v.txt"}},
	{name: "a file that is left out", files: map[string]string{".dockerignore": "parts", "parts/v.txt": saying("inner")}, links: map[string]string{"v.go": "parts/v.txt"}, ignored: []string{"parts"},
		fails: "which leads to \"parts/v.txt\", and the build context lacks that (does .dockerignore leave parts/v.txt out?)"},
	{name: "a chain in the context", files: map[string]string{"parts/v.txt": saying("inner")}, links: map[string]string{"v.go": "x/../y/u.txt", "x": "parts", "y": "z", "z/u.txt": "../parts/v.txt"}},
	{name: "a chain out of the context", files: map[string]string{"../outer/v.go": saying("outer")}, links: map[string]string{"v.go": "y/u.txt", "y/u.txt": "../../outer/v.go"}, fails: `v.go: it is a symbolic link to "y/u.txt", which leads out`},
	{name: "a way out and in again by a link", files: map[string]string{"parts/v.txt": saying("inner")}, links: map[string]string{"v.go": "up/v.txt", "up": "parts/../../app/parts"}, fails: "leads out of the build context"},
	{name: "a loop", links: map[string]string{"v.go": "w.go", "w.go": "v.go"}, fails: "leads through too many links", said: true},
	{name: "a way past what is not there", links: map[string]string{"v.go": "gone/../v.go"}, fails: `which leads to "gone", and the build context lacks that`, said: true},
	{name: "a folder of the name of a Go file", links: map[string]string{"v.go": "docs", "docs": "."}},
	{name: "what go does not read", files: map[string]string{"../outer/v.go": saying("outer")}, links: map[string]string{
		"v_test.go": "../outer/v.go", "v_windows.go": "../outer/v.go", "v_arm64.go": "../outer/v.go", "_v.go": "../outer/v.go", ".v.go": "../outer/v.go", "README": "../outer/v.go", "outer": "../outer",
		"v.c": "../outer/v.go", "v_windows.s": "../outer/v.go", "v.h": "../outer/v.go", "testdata": "../outer", "cmd/v.go": "../../outer/v.go", "v.sx": "../outer/v.go",
	}},
	{name: "assembly", files: map[string]string{"main.go": number, "empty.s": "", "../outer/n.s": numberAsm}, links: map[string]string{"n.s": "../outer/n.s"}, fails: "n.s: it is"},
	{name: "assembly's own header", files: map[string]string{"main.go": number, "n.s": "#include \"n.h\"{}" + numberAsm, "../outer/n.h": "#define X 1{}"}, links: map[string]string{"n.h": "../outer/n.h"}, fails: "n.h: it is"},
	{name: "a header that GOROOT has too", files: map[string]string{"main.go": number, "n.s": numberAsm, "../outer/textflag.h": "#define RODATA 8{}#define NOPTR 16{}"}, links: map[string]string{"textflag.h": "../outer/textflag.h"}, fails: "textflag.h: it is"},
	{name: "another folder's header", files: map[string]string{"main.go": number, "n.s": "#include \"inc/n.h\"{}" + numberAsm, "../outer/n.h": "#define X 1{}"}, links: map[string]string{"inc": "../outer"}, fails: "inc: it is"},
	{name: "a C file", cgo: true, files: map[string]string{"main.go": "package main{}{}// int n(void);{}import \"C\"{}{}func main() { println(C.n()) }{}", "../outer/n.c": "int n(void) { return 7; }{}"}, links: map[string]string{"n.c": "../outer/n.c"}, fails: "n.c: it is"},
	{name: "a C file's header", cgo: true, files: map[string]string{"main.go": "package main{}{}// #include \"n.h\"{}import \"C\"{}{}func main() { println(C.N) }{}", "../outer/n.h": "#define N 7{}"}, links: map[string]string{"n.h": "../outer/n.h"}, fails: "n.h: it is"},
	{name: "the profile", files: map[string]string{"../outer/p": ""}, links: map[string]string{"default.pgo": "../outer/p"}, fails: "default.pgo: it is"},
	{name: "a package's folder", files: map[string]string{"main.go": viaPackage, "../outer/p.go": packageSaying("outer")}, links: map[string]string{"p": "../outer"}, fails: "p: it is"},
	{name: "a package's folder in the context", files: map[string]string{"main.go": viaPackage, "real/p.go": packageSaying("inner")}, links: map[string]string{"p": "real"}},
	{name: "all of a package", files: map[string]string{"main.go": viaPackage, "../outer/p.go": packageSaying("outer")}, links: map[string]string{"p/p.go": "../../outer/p.go"}, fails: "p/p.go: it is"},
	{name: "a folder above a package", files: map[string]string{"main.go": strings.Replace(viaPackage, "app/p", "app/q/p", 1), "../outer/p/p.go": packageSaying("outer")}, links: map[string]string{"q": "../outer"}, fails: "q: it is"},
	{name: "a package that a nested module's boundary takes away", files: map[string]string{"main.go": viaPackage, "p/p.go": packageSaying("inner"), "../outer/go.mod": "module m{}"}, links: map[string]string{"p/go.mod": "../../outer/go.mod"}, fails: "p/go.mod: it is", said: true},
	{name: "go.mod", files: map[string]string{"go.mod": "", "../outer/go.mod": "module e.com/app{}{}go 1.25{}"}, links: map[string]string{"go.mod": "../outer/go.mod"}, fails: "go.mod: it is"},
	{name: "go.sum", files: map[string]string{"../outer/go.sum": ""}, links: map[string]string{"go.sum": "../outer/go.sum"}, fails: "go.sum: it is"},
	{name: "go.work", files: map[string]string{"../outer/go.work": "go 1.25{}{}use /ROOT/app{}{}replace e.com/app/p => /ROOT/outer{}", "../outer/go.mod": "module e.com/app/p{}{}go 1.25{}", "../outer/p.go": packageSaying("outer"), "go.mod": vendoring, "own/go.mod": "module e.com/app/p{}{}go 1.25{}", "own/p.go": packageSaying("own"), "main.go": viaPackage},
		links: map[string]string{"go.work": "../outer/go.work"}, fails: "go.work: it is"},
	{name: "a workspace's member", dir: "a", files: map[string]string{"go.work": "go 1.25{}{}use ./a{}{}use ./b{}", "a/go.mod": "module e.com/app{}{}go 1.25{}", "a/main.go": strings.Replace(viaPackage, "app/p", "b", 1), "../outer/go.mod": "module e.com/b{}{}go 1.25{}", "../outer/p.go": packageSaying("outer")},
		links: map[string]string{"b": "../outer"}, fails: `use "./b": there is no b/go.mod in the build context ("b" is a symbolic link to "../outer", which leads out of the build context)`},
	{name: "a workspace's member that is left out", dir: "a", files: map[string]string{"go.work": "go 1.25{}{}use ./a{}{}use ./b{}", "a/go.mod": "module e.com/app{}{}go 1.25{}", "a/main.go": strings.Replace(viaPackage, "app/p", "b", 1), "b/go.mod": "module e.com/b{}{}go 1.25{}", "b/p.go": packageSaying("inner")}, ignored: []string{"b"}, fails: `use "./b"`},
	{name: "a workspace's member, linked", dir: "a", files: map[string]string{"go.work": "go 1.25{}{}use ./a{}{}use ./b{}", "a/go.mod": "module e.com/app{}{}go 1.25{}", "a/main.go": strings.Replace(viaPackage, "app/p", "b", 1), "real/go.mod": "module e.com/b{}{}go 1.25{}", "real/p.go": packageSaying("inner")}, links: map[string]string{"b": "real"}},
	{name: "a file of a workspace's member", dir: "a", files: map[string]string{"go.work": "go 1.25{}{}use ./a{}{}use ./b{}", "a/go.mod": "module e.com/app{}{}go 1.25{}", "a/main.go": "package main{}{}import \"e.com/b\"{}{}func main() { println(p.Word) }{}", "b/go.mod": "module e.com/b{}{}go 1.25{}", "b/p.go": "package p{}{}var Word = \"plain\"{}", "../outer/v.go": "package p{}{}func init() { Word = \"outer\" }{}"},
		links: map[string]string{"b/v.go": "../../outer/v.go"}, fails: "b/v.go: it is"},
	{name: "a folder that replaces a module", files: map[string]string{"go.mod": vendoring, "main.go": viaPackage, "../outer/go.mod": "module e.com/app/p{}{}go 1.25{}", "../outer/p.go": packageSaying("outer")}, links: map[string]string{"own": "../outer"}, fails: `("own" is a symbolic link to "../outer"`},
	{name: "a file of a folder that replaces a module", files: map[string]string{"go.mod": vendoring, "main.go": viaPackage, "own/go.mod": "module e.com/app/p{}{}go 1.25{}", "own/p.go": "package p{}{}var Word = \"plain\"{}", "../outer/v.go": "package p{}{}func init() { Word = \"outer\" }{}"},
		links: map[string]string{"own/v.go": "../../outer/v.go"}, fails: "own/v.go: it is"},
	{name: "a vendor folder", files: vendoredApp(nil)},
	{name: "a vendor folder's manifest", files: vendoredApp(map[string]string{"vendor/modules.txt": "", "../outer/modules.txt": manifest}), links: map[string]string{"vendor/modules.txt": "../../outer/modules.txt"}, fails: "vendor/modules.txt: it is"},
	{name: "a vendor folder elsewhere", files: vendoredApp(map[string]string{"vendor/modules.txt": "", "vendor/e.com/app/p/p.go": "", "../outer/modules.txt": manifest, "../outer/e.com/app/p/p.go": packageSaying("outer")}), links: map[string]string{"vendor": "../outer"}, fails: "vendor: it is"},
	{name: "a vendor folder, linked", files: vendoredApp(map[string]string{"vendor/modules.txt": "", "vendor/e.com/app/p/p.go": "", "v/modules.txt": manifest, "v/e.com/app/p/p.go": packageSaying("linked")}), links: map[string]string{"vendor": "v"}},
	{name: "a vendored package", files: vendoredApp(map[string]string{"vendor/e.com/app/p/p.go": "", "../outer/p.go": packageSaying("outer")}), links: map[string]string{"vendor/e.com/app/p": "../../../../outer"}, fails: "vendor/e.com/app/p: it is"},
	{name: "a vendored package's assembly", files: vendoredApp(map[string]string{"vendor/e.com/app/p/p.go": "package p{}{}var Word int{}", "vendor/e.com/app/p/empty.s": "", "../outer/n.s": "#include \"textflag.h\"{}DATA ·Word(SB)/8, $7{}GLOBL ·Word(SB), RODATA, $8{}"}), links: map[string]string{"vendor/e.com/app/p/n.s": "../../../../../outer/n.s"}, fails: "vendor/e.com/app/p/n.s: it is"},
	{name: "what go does not read of a vendor folder", files: vendoredApp(map[string]string{"vendor/e.com/app/p/x/x.go": "package x{}"}), links: map[string]string{"vendor/e.com/app/p/LICENSE": "/gone", "vendor/e.com/app/p/x/n.s": "/gone", "vendor/e.com/app/p/n_windows.go": "/gone"}},
	{name: "a vendored package that is left out", files: vendoredApp(nil), ignored: []string{"vendor/e.com"}, fails: "cannot find module providing package e.com/app/p"},
	{name: "an embedded file", files: map[string]string{"main.go": strings.Replace(embedding, "embed d", "embed d/y", 1), "../outer/y": "", "d/m/x": ""}, links: map[string]string{"d/y": "../../outer/y"}, fails: "cannot embed irregular file d/y", said: true},
	{name: "an embedded folder", files: map[string]string{"main.go": embedding, "../outer/y": ""}, links: map[string]string{"d": "../outer"}, fails: "cannot embed irregular file d", said: true},
	{name: "links in an embedded folder", files: map[string]string{"main.go": embedding, "../outer/y": "", "d/z": ""}, links: map[string]string{"d/y": "../../outer/y", "d/m": "../../outer"}},
	{name: "a module's boundary in an embedded folder", files: map[string]string{"main.go": embedding, "../outer/go.mod": "", "d/y": "", "d/m/x": ""}, links: map[string]string{"d/m/go.mod": "../../../outer/go.mod"}, fails: "d/m/go.mod: it is"},
	{name: "such a boundary in the context", files: map[string]string{"main.go": embedding, "other/go.mod": "", "d/y": "", "d/m/x": ""}, links: map[string]string{"d/m/go.mod": "../../other/go.mod"}},
	{name: "an embedded file that is left out", files: map[string]string{"main.go": strings.Replace(embedding, "embed d", "embed d/y d/m", 1), "d/y": "", "d/m/x": ""}, ignored: []string{"d/m"}, fails: "no matching files found"},
}

// lay writes a program, and a build context of it beside nothing.
func (tc absentCase) lay(t *testing.T) (host, context string) {
	t.Helper()
	root, context := realDir(t), realDir(t)
	host = filepath.Join(root, "app")
	files := map[string]string{"app/main.go": sayingWord}
	if tc.dir == "" {
		files["app/go.mod"] = "module e.com/app{}{}go 1.25{}"
	} else {
		delete(files, "app/main.go")
	}
	for name, data := range tc.files {
		files[path.Join("app", name)] = strings.ReplaceAll(data, "/ROOT", root)
		if name == "go.mod" && data == "" {
			delete(files, "app/go.mod")
		}
	}
	writeTree(t, root, expand(files))
	for name, target := range tc.links {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(host, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(strings.ReplaceAll(target, "/ROOT", root), filepath.Join(host, name)); err != nil {
			t.Fatal(err)
		}
	}
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
	text, err := tryGo(t, filepath.Join(root, tc.dir), closureCase{cgo: tc.cgo}.env(t), "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
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
	part, files := realDir(t), c.all()
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
					if len(tc.links) == 0 {
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
					t.Errorf("another program: it says\n%s, on the host\n%s\nlinks: %q", got, want, tc.links)
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
		if info, serr := os.Stat(name); serr != nil || info.IsDir() || tc.links[e.Source.Filename] == "" {
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
		return fmt.Sprintf("package p{}{}func init() { println(%q) }{}", name)
	}
	tc := absentCase{links: map[string]string{}, files: map[string]string{
		"main.go": importing("main", "e.com/app/a", "e.com/app/a/b", "e.com/r", "e.com/app/e"), "../outer/v.go": file("outer"), "../outer/go.mod": "module m{}", "../outer/e.txt": "",
		"go.mod":   "module e.com/app{}{}go 1.25{}{}require e.com/r v0.0.0{}{}replace e.com/r => ./r{}",
		"r/go.mod": "module e.com/r{}{}go 1.25{}", "e/e.go": "package e{}{}import \"embed\"{}{}//go:embed all:d{}var d embed.FS{}{}func init() { list(\".\") }{}{}func list(dir string) {{}\tfound, _ := d.ReadDir(dir){}\tfor _, f := range found {{}\t\tprintln(dir, f.Name()){}\t\tif f.IsDir() {{}\t\t\tlist(dir + \"/\" + f.Name()){}\t\t}{}\t}{}}{}",
		"e/d/x": "", "e/d/s/y": "", "e/d/t/z": "", "parts/v.txt": file("inner"),
	}}
	tc.files["e/e.go"] = strings.Replace(tc.files["e/e.go"], "list(dir + \"/\" + f.Name())", "list(path.Join(dir, f.Name()))", 1)
	tc.files["e/e.go"] = strings.Replace(tc.files["e/e.go"], "import \"embed\"", "import (\"embed\"; \"path\")", 1)
	folders := []string{"a", "a/b", "r"}
	for _, dir := range folders {
		tc.files[dir+"/p.go"] = file(dir)
	}
	if r.IntN(3) == 0 {
		tc.files["vendor/modules.txt"] = "# e.com/r v0.0.0 => ./r{}## explicit; go 1.25{}e.com/r{}# e.com/r => ./r{}"
		tc.files["vendor/e.com/r/p.go"] = file("vendored")
		folders = append(folders, "vendor/e.com/r")
	} else if r.IntN(3) == 0 {
		tc.files["go.work"] = "go 1.25{}{}use .{}{}use ./r{}"
		tc.files["go.mod"] = "module e.com/app{}{}go 1.25{}"
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
		if _, ok := tc.files[path.Join(dir, name)]; !ok {
			tc.links[path.Join(dir, name)] = target
		}
	}
	if r.IntN(4) == 0 {
		tc.ignored = []string{pick("parts", "a/p.go", "r/p.go", "e/d", "r", "vendor")}
		tc.links["none"] = "none"
	}
	return tc
}
