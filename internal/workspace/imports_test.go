package workspace

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

var importCases = []struct {
	name   string
	dir    string
	mains  []string
	unsure string // part of Why
}{
	{
		name:  "nothing from elsewhere, no go.sum",
		mains: []string{"."},
	},
	{
		name:  "required modules, major versions, platforms, and tags",
		mains: []string{"cmd/a"},
	},
	{
		name: "folders that replace modules",
		dir:  "svc", mains: []string{"."},
	},
	{
		name: "a workspace",
		dir:  "a", mains: []string{"."},
	},
	{
		name:  "a dependency's main package, and a tool line",
		mains: []string{"e.com/x/cmd/z", "."},
	},
	{
		name:  "nested modules",
		mains: []string{"."},
	},
	{
		name:   "a module that might have the package too",
		mains:  []string{"."},
		unsure: "looks for it in e.com/x too",
	},
	{
		name:   "a module without dots",
		mains:  []string{"."},
		unsure: "",
	},
	{
		name:   "a module named like the library",
		mains:  []string{"."},
		unsure: "standard library",
	},
	{
		name:   "an old module",
		mains:  []string{"."},
		unsure: "before 1.17",
	},
}

// TestImportsAsGoList compares with what `go list -deps` finds.
func TestImportsAsGoList(t *testing.T) {
	proxy := worktest.Proxy(t, worktest.Published())
	cache := t.TempDir()
	env := []string{"GOPROXY=" + proxy, "GOMODCACHE=" + cache, "GOFLAGS=-modcacherw"}
	for _, tc := range importCases {
		t.Run(tc.name, func(t *testing.T) {
			root := worktest.RealDir(t)
			worktest.Read(t, "imports", tc.name).Write(t, root)
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
	out := worktest.Go(t, dir, env, append(list, args...)...)
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
		{"a package that is not there", "", worktest.Importing("main", "e.com/app/gone"), `package "e.com/app/gone" has no Go files in the module that its path names`},
		{"a package for other targets", "", worktest.Importing("main", "e.com/app/win"), `package "e.com/app/win" does not load`},
		{"a relative import", "", worktest.Importing("main", "./win"), "is no import path of a module"},
		{"a replacement that may not be in force", "require e.com/r v1.0.0\nreplace e.com/r v1.1.0 => ./r", worktest.Importing("main", "e.com/r"), "may come from the folder that replaces e.com/r"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), worktest.MapFS(map[string]string{
				"go.mod": "module e.com/app\ngo 1.25\n" + tc.mod, "main.go": tc.main, "win/w_windows.go": "package win", "r/go.mod": "module e.com/r", "r/r.go": "package r",
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
