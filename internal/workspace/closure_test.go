package workspace

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// closureCase is a module and what the closure of its mains has to be: files are
// those beside RecipeFiles and Dirs, or part of Whole.
type closureCase struct {
	name string
	// more are files beside those of the archive.
	more    map[string]string
	dir     string
	mains   []string // "." without any
	tags    []string
	options ClosureOptions
	guess   bool // the toolchain's release is not known
	cgo     bool
	want    string
	dirs    string
	whole   string
	outside bool
	// broken tells that go build fails, and how; "?" that it may.
	broken string
	// unbuilt: with a profile the library would be compiled again, and SWIG may
	// not be there.
	unbuilt bool
	// proxy gives go list the published modules, or these.
	proxy   bool
	modules map[string]map[string]string
}

var closureCases = []closureCase{
	{
		name: "what belongs to a build and what does not",
		tags: []string{"extra"},
		want: "a/a.go a/a_linux.go a/deep/d.go a/old.go a/tag.go internal/b/b.go main.go",
	},
	{
		name: "embedded files",
		want: "main.go web/.dot web/_under web/a.txt web/b c.txt web/img/.2.png web/img/1.png web/q/1/z.txt web/web.go web/x1.txt web/ünï.txt",
		dirs: "web/all web/dir",
	},
	{
		name: "embedded far down, beside a line directive, and in testdata",
		more: map[string]string{"main.go": "package main\n\nimport _ \"embed\"\n\n" + strings.Repeat("// words and words\n", 2000) + "//line /tmp/x.go:1\n//go:embed testdata/x.txt\nvar s string\n\nfunc main() { println(s) }\n"},
		want: "main.go testdata/x.txt",
	},
	{
		name: "everything embedded",
		want: ".hid README.md go.mod main.go main_test.go", dirs: "s sub", broken: "cannot embed file s/[x] *?.txt",
	},
	{
		name: "assembly, headers, and object files",
		want: "a/a.go a/f_amd64.s a/h_test.h a/inc/deep.inc a/own.h a/tagged.s a/unused_windows.h common/m.h main.go",
	},
	{
		name: "an object file",
		want: "a/a.go a/r_linux.syso main.go",
	},
	{
		name: "a workspace with a member without Go files, and folders that replace modules",
		dir:  "a", want: "a/main.go b/p/p.go b/p/p.txt r/r.go",
	},
	{
		name: "a vendor folder",
		want: "main.go", dirs: "vendor",
	},
	{
		name: "a workspace's vendor folder",
		dir:  "a", want: "a/main.go", dirs: "vendor",
	},
	{
		name:    "the profile of each main package",
		unbuilt: true,
		mains:   []string{".", "cmd/b"},
		want:    "a/a.go cmd/b/default.pgo cmd/b/main.go default.pgo main.go",
	},
	{
		name:    "no profile",
		options: ClosureOptions{PGO: "off"},
		want:    "main.go",
	},
	{
		name:    "a profile of its own",
		options: ClosureOptions{PGO: "./prof/cpu.pgo"}, unbuilt: true,
		want: "main.go prof/cpu.pgo",
	},
	{
		name: "a fork that a dependency imports",
		want: "main.go priv/p.go y/in/in.go y/late/l.go y/y.go", unbuilt: true, proxy: true,
	},
	{
		name: "a fork that embeds a link",
		want: "main.go y/x y/y.go", whole: `package "e.com/y" needs y/x, a symbolic link`, outside: true, unbuilt: true, proxy: true,
	},
	{
		name: "a nested module",
		want: "main.go", whole: `package "e.com/app/api/x" has no Go files in the module that its path names`, broken: "no required module",
	},
	{name: "embedded files of another module", want: "main.go sub/x.txt", whole: "belongs to another module", broken: "in different module"},
	{name: "nothing to embed", want: "main.go", whole: `package "e.com/app" embeds "*.png", which no file matches`, broken: "no matching files found"},
	{name: "an invalid pattern", want: "main.go", whole: `invalid, "../x"`, broken: "invalid pattern syntax"},
	{name: "an embedded file's name", want: "a'b.txt main.go", whole: "can't be embedded", broken: "invalid name"},
	{name: "a package that is not there",
		want: "main.go", whole: `package "e.com/app/gone" has no Go files`, broken: "no required module provides package e.com/app/gone"},
	{name: "a package for other targets",
		want: "main.go", whole: `package "e.com/app/w" does not load`, broken: "exclude all Go files"},
	{name: "names that differ in case alone",
		want: "main.go", whole: "differ in case alone, X_test.go and x_test.go", broken: "case-insensitive file name collision"},
	{name: "a name like a flag",
		want: "main.go", whole: "takes for a flag", broken: "invalid input file name"},
	{name: "a release that may be", guess: true,
		want: "main.go old.go", whole: "ask for go1.27, and the toolchain's release is not known"},
	{name: "a release that makes no difference", guess: true,
		want: "main.go old.go"},
	{name: "an experiment",
		want: "main.go", whole: "ask for goexperiment.jsonv2"},
	{name: "an experiment by its old name",
		want: "main.go", whole: "ask for boringcrypto"},
	{name: "a release of the FIPS module",
		want: "main.go x.go", whole: "ask for fips140v1.0"},
	{name: "an architecture's variant",
		want: "main.go", whole: "ask for amd64.v1"},
	{name: "a link to a Go file",
		want: "main.go", whole: `package "e.com/app" needs main.go, a symbolic link`},
	{name: "a link to a folder above a package",
		want: "l/p/p.go main.go", whole: `package "e.com/app/l/p" is reached through l, a symbolic link`},
	{name: "a link to an embedded file",
		want: "main.go x", whole: "needs x, a symbolic link", broken: "irregular file"},
	{name: "a link to a header",
		want: "f_amd64.s i/h.inc main.go", whole: "needs i/h.inc through i, a symbolic link"},
	{name: "a link to go.mod",
		want: "main.go", whole: "go.mod is a symbolic link"},
	{name: "a link in the vendor folder",
		want: "main.go", dirs: "vendor", whole: "vendor/e.com/y is a symbolic link"},
	{name: "links that nothing needs",
		want: "main.go"},
	{name: "an include that can't be read",
		want: "f_amd64.s main.go", whole: "has f_amd64.s, with an #include line that may name any file", broken: "expected string after #include"},
	{name: "cgo", cgo: true, want: "main.go x.c x.h y.inc"},
	{name: "cgo with files elsewhere", cgo: true, want: "inc/x.h main.go", whole: "includes inc/x.h from C, which is outside of its folder"},
	{name: "cgo with a folder among its flags", cgo: true, want: "main.go", whole: `has the #cgo flag "-Iinc", which may name a file`},
	{name: "cgo that asks whether a file is there", cgo: true, want: "main.go", whole: "where __has_include may name any file"},
	{name: "SWIG", cgo: true, unbuilt: true,
		want: "main.go x.swig", whole: "uses SWIG"},
}

func (tc closureCase) target() Target {
	t := Target{GOOS: "linux", GOARCH: "amd64", Tags: tc.tags, Cgo: tc.cgo, GoVersion: "1.26"}
	if tc.guess {
		t.GoVersion = ""
	}
	return t
}

// closureOf loads a folder and finds the closure of its mains.
func closureOf(t *testing.T, fsys fs.FS, tc closureCase) (*Workspace, Closure) {
	t.Helper()
	w, err := Load(t.Context(), fsys, path.Clean(tc.dir), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var mains []Package
	for _, dir := range tc.mainDirs() {
		mains = append(mains, Package{Dir: dir, ImportPath: path.Join(w.Path, dir)})
	}
	c, err := w.Closure(t.Context(), mains, tc.target(), tc.options)
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

func (tc closureCase) mainDirs() []string {
	if tc.mains == nil {
		return []string{"."}
	}
	return tc.mains
}

// all are the closure's files, sorted.
func (c Closure) all() []string {
	files := slices.Clone(c.Files)
	for _, p := range c.Packages {
		files = append(files, p.Files...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func TestClosure(t *testing.T) {
	for _, tc := range closureCases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			root := worktest.RealDir(t)
			worktest.Read(t, "closure", tc.name).Write(t, root)
			worktest.WriteTree(t, root, tc.more)
			w, c := closureOf(t, os.DirFS(root), tc)
			var own []string
			for _, p := range c.Packages {
				own = append(own, p.Files...)
			}
			own = append(own, slices.DeleteFunc(slices.Clone(c.Files), func(name string) bool { return slices.Contains(w.RecipeFiles, name) })...)
			slices.Sort(own)
			got := strings.ReplaceAll(strings.Join(slices.Compact(own), " "), "\n", "")
			if diff := cmp.Diff([]string{tc.want, tc.dirs}, []string{got, strings.Join(c.Dirs, " ")}); diff != "" {
				t.Errorf("files, folders (-want +got):\n%s", diff)
			}
			if (c.Whole == "") != (tc.whole == "") || !strings.Contains(c.Whole, tc.whole) {
				t.Errorf("Whole is %q, want %q", c.Whole, tc.whole)
			}
			if outside := tc.outside || c.Whole != "" && !strings.HasPrefix(c.Whole, "package "); c.WholeOutside != outside {
				t.Errorf("WholeOutside is %v", c.WholeOutside)
			}
			if missing := missingFiles(t, root, c, tc); missing != nil {
				t.Errorf("go list has %q, and the closure lacks it", missing)
			}
			if !tc.unbuilt {
				compareBuilds(t, root, c, tc)
			}
		})
	}
}
