package workspace

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// published are the modules that the tests' proxy has, "path@version", with
// their files.
func published() map[string]map[string]string {
	return map[string]map[string]string{
		"e.com/x@v1.0.0":        {"go.mod": "module e.com/x{}go 1.25", "x.go": "package x", "sub/s.go": "package sub{}import _ \"e.com/y\"", "cmd/z/z.go": mainFile},
		"e.com/x/v2@v2.1.0":     {"go.mod": "module e.com/x/v2{}go 1.25", "x.go": "package x"},
		"e.com/y@v1.0.0":        {"go.mod": "module e.com/y{}go 1.25", "y.go": "package y"},
		"e.com/app/api@v1.0.0":  {"go.mod": "module e.com/app/api{}go 1.25", "v1/v1.go": "package v1"},
		"e.com/old@v1.0.0":      {"go.mod": "module e.com/old{}go 1.16{}require e.com/y v1.0.0", "o.go": "package old{}import _ \"e.com/y\""},
		"nodot.test/d/e@v0.1.0": {"go.mod": "module nodot.test/d/e", "e.go": "package e"},
	}
}

// fileProxy writes the published modules as a proxy's folder and returns its
// URL.
func fileProxy(t *testing.T) string {
	t.Helper()
	return proxyOf(t, published())
}

func proxyOf(t *testing.T, modules map[string]map[string]string) string {
	t.Helper()
	root := realDir(t)
	for name, files := range modules {
		modulePath, version, _ := strings.Cut(name, "@")
		src := t.TempDir()
		writeTree(t, src, expand(files))
		dir := filepath.Join(root, modulePath, "@v")
		writeTree(t, dir, map[string]string{
			"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": expand(files)["go.mod"],
		})
		f, err := os.Create(filepath.Join(dir, version+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := zip.CreateFromDir(f, module.Version{Path: modulePath, Version: version}, src); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + root
}

// expand puts the line ends of mapFS into files.
func expand(files map[string]string) map[string]string {
	full := make(map[string]string)
	for name, data := range files {
		full[name] = strings.ReplaceAll(data, "{}", "\n")
	}
	return full
}

// importing is a Go file of a package that imports others.
func importing(name string, paths ...string) string {
	return "package " + name + "{}import (_ \"" + strings.Join(paths, "\"; _ \"") + "\"){}" + map[bool]string{true: "func main() { }{}"}[name == "main"]
}

var importCases = []struct {
	name   string
	files  map[string]string
	dir    string
	mains  []string
	unsure string // part of Why
}{
	{
		name:  "nothing from elsewhere, no go.sum",
		files: map[string]string{"go.mod": "module e.com/app{}go 1.25", "main.go": importing("main", "fmt", "e.com/app/internal/a"), "internal/a/a.go": importing("a", "net/http"), "internal/a/a_test.go": importing("a", "testing")},
		mains: []string{"."},
	},
	{
		name: "required modules, major versions, platforms, and tags",
		files: map[string]string{
			"go.mod": "module e.com/app{}go 1.25{}require ({}e.com/x v1.0.0{}e.com/x/v2 v2.1.0{}e.com/y v1.0.0{})", "cmd/a/main.go": importing("main", "e.com/x/sub", "e.com/x/v2", "e.com/app/b"),
			"b/b.go": importing("b", "os"), "b/b_windows.go": importing("b", "e.com/x"), "b/b_arm64.go": importing("b", "e.com/y"), "b/b_test.go": importing("b", "testing"),
			"b/gen.go": "//go:build ignore{}{}" + importing("main", "embed"), "b/extra.go": "//go:build extra{}{}" + importing("b", "log/slog"),
			"cmd/unused/main.go": importing("main", "e.com/x", "expvar"),
		},
		mains: []string{"cmd/a"},
	},
	{
		name: "folders that replace modules",
		files: map[string]string{
			"svc/go.mod": "module e.com/app/v3{}go 1.25{}require ({}e.com/lib v0.0.0{}e.com/lib/sub v0.0.0{}e.com/y v1.0.0{}){}replace e.com/lib => ../lib{}replace e.com/lib/sub v0.0.0 => ../else",
			"lib/go.mod": "module e.com/lib{}go 1.25{}require e.com/y v1.0.0", "lib/deep/d.go": importing("deep", "e.com/y", "e.com/lib/sub/s"), "lib/deep/d_test.go": importing("deep", "e.com/x"),
			"else/go.mod": "module e.com/lib/sub{}go 1.25", "else/s/s.go": importing("s", "strings"), "svc/main.go": importing("main", "e.com/lib/deep", "e.com/app/v3/p"), "svc/p/p.go": "package p",
		},
		dir: "svc", mains: []string{"."},
	},
	{
		name: "a workspace",
		files: map[string]string{
			"go.work": "go 1.25{}use ./a{}use ./b", "a/go.mod": "module e.com/a{}go 1.25", "a/main.go": importing("main", "e.com/b/p", "sort"),
			"b/go.mod": "module e.com/b{}go 1.25{}require e.com/y v1.0.0", "b/p/p.go": importing("p", "e.com/y"), "b/q/q.go": importing("q", "errors"),
		},
		dir: "a", mains: []string{"."},
	},
	{
		name:  "a dependency's main package, and a tool line",
		files: map[string]string{"go.mod": "module e.com/app{}go 1.25{}require e.com/x v1.0.0{}tool e.com/x/cmd/z", "main.go": importing("main", "io")},
		mains: []string{"e.com/x/cmd/z", "."},
	},
	{
		name:  "nested modules",
		files: map[string]string{"go.mod": "module e.com/app{}go 1.25{}require e.com/app/api v1.0.0", "main.go": importing("main", "e.com/app/api/v1"), "api/go.mod": "module e.com/app/api", "api/v1/v1.go": importing("v1", "embed")},
		mains: []string{"."},
	},
	{
		name:   "a module that might have the package too",
		files:  map[string]string{"go.mod": "module e.com/x/sub/app{}go 1.25{}require e.com/x v1.0.0", "main.go": importing("main", "e.com/x/sub"), "p/p.go": "package p"},
		mains:  []string{"."},
		unsure: "looks for it in e.com/x too",
	},
	{
		name:   "a module without dots",
		files:  map[string]string{"go.mod": "module app{}go 1.25", "main.go": importing("main", "app/p", "sort"), "p/p.go": importing("p", "net/url")},
		mains:  []string{"."},
		unsure: "",
	},
	{
		name:   "a module named like the library",
		files:  map[string]string{"go.mod": "module net{}go 1.25", "main.go": importing("main", "net/url")},
		mains:  []string{"."},
		unsure: "standard library",
	},
	{
		name:   "an old module",
		files:  map[string]string{"go.mod": "module e.com/app{}go 1.16{}require e.com/old v1.0.0", "main.go": importing("main", "e.com/old", "e.com/y")},
		mains:  []string{"."},
		unsure: "before 1.17",
	},
}

// TestImportsAsGoList compares with what `go list -deps` finds.
func TestImportsAsGoList(t *testing.T) {
	proxy := fileProxy(t)
	cache := t.TempDir()
	env := []string{"GOPROXY=" + proxy, "GOMODCACHE=" + cache, "GOFLAGS=-modcacherw"}
	for _, tc := range importCases {
		t.Run(tc.name, func(t *testing.T) {
			root := realDir(t)
			writeTree(t, root, expand(tc.files))
			dir := filepath.Join(root, tc.dir)
			w, err := Load(t.Context(), os.DirFS(root), filepath.ToSlash(filepath.Clean(tc.dir)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range []Target{{GOOS: "linux", GOARCH: "amd64", GoVersion: "1.26"}, {GOOS: "windows", GOARCH: "arm64", Tags: []string{"extra"}, GoVersion: "1.26"}} {
				var packages []Package
				var args []string
				for _, main := range tc.mains {
					p, err := w.Main(t.Context(), main, target)
					if err != nil {
						t.Fatal(err)
					}
					packages, args = append(packages, p), append(args, p.ImportPath)
				}
				got, err := w.Imports(t.Context(), packages, target)
				if err != nil {
					t.Fatal(err)
				}
				if got.Sure != (tc.unsure == "") || !strings.Contains(got.Why, tc.unsure) {
					t.Errorf("sure %v, %q; want %q", got.Sure, got.Why, tc.unsure)
				}
				if !got.Sure {
					continue
				}
				want := listImports(t, dir, append(env, "GOOS="+target.GOOS, "GOARCH="+target.GOARCH, "CGO_ENABLED=0"), target, args, w.GoWork != "")
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-go list +ours):\n%s", target, diff)
				}
			}
		})
	}
}

func listImports(t *testing.T, dir string, env []string, target Target, args []string, work bool) Imports {
	t.Helper()
	const format = `{{if .Standard}}std{{else if or .Module.Main (and .Module.Replace (not .Module.Replace.Version))}}local{{else}}external{{end}} {{.ImportPath}} {{join .Imports " "}}`
	list := []string{"list", "-deps", "-tags", strings.Join(target.Tags, ","), "-f", format}
	if !work {
		list = append(list, "-mod=mod")
	}
	out := goCommand(t, dir, env, append(list, args...)...)
	kind, used := make(map[string]string), slices.Clone(args)
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		kind[f[1]] = f[0]
		if f[0] == "local" {
			used = append(used, f[2:]...)
		}
	}
	want := Imports{Sure: true}
	slices.Sort(used)
	for _, p := range slices.Compact(used) {
		switch kind[p] {
		case "std":
			want.Std = append(want.Std, p)
		case "external":
			want.Packages = append(want.Packages, p)
		}
	}
	return want
}

func TestImportsUnsure(t *testing.T) {
	for _, tc := range []struct{ name, mod, main, why string }{
		{"a package that is not there", "", importing("main", "e.com/app/gone"), `package "e.com/app/gone" has no Go files in the module that its path names`},
		{"a package for other targets", "", importing("main", "e.com/app/win"), `package "e.com/app/win" does not load`},
		{"a relative import", "", importing("main", "./win"), "is no import path of a module"},
		{"a replacement that may not be in force", "require e.com/r v1.0.0{}replace e.com/r v1.1.0 => ./r", importing("main", "e.com/r"), "may come from the folder that replaces e.com/r"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), mapFS(map[string]string{
				"go.mod": "module e.com/app{}go 1.25{}" + tc.mod, "main.go": tc.main, "win/w_windows.go": "package win", "r/go.mod": "module e.com/r", "r/r.go": "package r",
			}), ".", Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Imports(t.Context(), []Package{{Dir: ".", ImportPath: "e.com/app"}}, Target{GOOS: "linux", GOARCH: "amd64"})
			if err != nil || got.Sure || !strings.Contains(got.Why, tc.why) {
				t.Errorf("%+v, %v; want %q", got, err, tc.why)
			}
		})
	}
}
