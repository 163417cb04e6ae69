package workspace

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const asmFunc = "#include \"textflag.h\"{}TEXT ·f(SB), NOSPLIT, $0-0{}\tRET{}"

// program is a main package's file.
const program = "package main{}func main() { }{}"

// closureCase is a module and what the closure of its mains has to be: files are
// those beside RecipeFiles and Dirs, or part of Whole.
type closureCase struct {
	name    string
	files   map[string]string
	links   map[string]string
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

func app(files map[string]string) map[string]string {
	if files["go.mod"] == "" {
		files["go.mod"] = "module e.com/app{}go 1.25"
	}
	return files
}

var closureCases = []closureCase{
	{
		name: "what belongs to a build and what does not",
		files: app(map[string]string{
			"main.go": importing("main", "e.com/app/a", "e.com/app/internal/b"), "main_test.go": importing("main", "e.com/app/c"), "README.md": "", "default.txt": "",
			"a/a.go": importing("a", "e.com/app/a/deep"), "a/a_windows.go": importing("a", "e.com/app/win"), "a/a_linux.go": "package a", "a/a_arm64.go": "package a",
			"a/tag.go": "//go:build extra{}{}package a", "a/not.go": "//go:build !extra{}{}package a", "a/cgo.go": "//go:build cgo{}{}package a", "a/c.go": "package a{}import \"C\"",
			"a/old.go": "//go:build go1.20{}{}package a", "a/new.go": "//go:build go1.99{}{}package a", "a/gen.go": "//go:build ignore{}{}package main", "a/_h.go": "package x", "a/.h.go": "package x",
			"a/x_test.go": "package a_test", "a/testdata/t.txt": "", "a/deep/d.go": "//line x.y:1{}package deep{}//line ../../gone.go:7{}func F() { }",
			"internal/b/b.go": "package b", "c/c.go": "package c", "win/w.go": "package win", "cmd/other/main.go": program, "Makefile": "",
		}),
		tags: []string{"extra"},
		want: "a/a.go a/a_linux.go a/deep/d.go a/old.go a/tag.go internal/b/b.go main.go",
	},
	{
		name: "embedded files",
		files: app(map[string]string{
			"main.go": importing("main", "e.com/app/web"), "web/none.txt": "", "web/a.txt": "a", "web/b c.txt": "b", "web/.dot": "d", "web/_under": "u", "web/ünï.txt": "u",
			"web/web.go":    "package web{}{}import \"embed\"{}{}//go:embed a.txt \"b c.txt\" `ünï.txt`{}//go:embed img/*.png all:all dir{}//go:embed .dot _under x[1].txt q/*/z.txt{}var FS embed.FS{}",
			"web/img/1.png": "1", "web/img/.2.png": "2", "web/img/3.gif": "3", "web/all/_x/y": "y", "web/dir/sub/t_test.go": "package t", "web/dir/.hidden": "h", "web/dir/mod/go.mod": "module m", "web/dir/mod/x.txt": "x",
			"web/x1.txt": "1", "web/q/1/z.txt": "z", "web/q/2/y.txt": "y", "web/q/3": "", "web/e_test.go": "package web{}{}import _ \"embed\"{}{}//go:embed none.txt{}var s string{}",
		}),
		want: "main.go web/.dot web/_under web/a.txt web/b c.txt web/img/.2.png web/img/1.png web/q/1/z.txt web/web.go web/x1.txt web/ünï.txt",
		dirs: "web/all web/dir",
	},
	{
		name: "embedded far down, beside a line directive, and in testdata",
		files: app(map[string]string{
			"main.go": "package main{}{}import _ \"embed\"{}{}" + strings.Repeat("// words and words{}", 2000) + "//line /tmp/x.go:1{}//go:embed testdata/x.txt{}var s string{}{}func main() { println(s) }{}", "testdata/x.txt": "x", "testdata/y.txt": "y",
		}),
		want: "main.go testdata/x.txt",
	},
	{
		name: "everything embedded",
		files: app(map[string]string{
			"main.go": "package main{}{}import \"embed\"{}{}//go:embed *{}var fs embed.FS{}{}func main() { println(fs) }{}", "main_test.go": "package main", "README.md": "", "sub/x.go": "package sub", ".hid": "", "s/[x] *?.txt": "",
		}),
		want: ".hid README.md go.mod main.go main_test.go", dirs: "s sub", broken: "cannot embed file s/[x] *?.txt",
	},
	{
		name: "assembly, headers, and object files",
		files: app(map[string]string{
			"main.go": importing("main", "e.com/app/a"), "a/a.go": "package a{}{}func f(){}", "a/f_amd64.s": "#include \"../common/m.h\"{}#include \"go_asm.h\"{}" + asmFunc, "a/f_arm64.s": asmFunc, "a/own.h": "#include \"inc/deep.inc\"{}",
			"a/tagged.s": "//go:build windows{}{}" + asmFunc, "common/m.h": "#include \"own.h\"{}", "a/inc/deep.inc": "", "a/inc/not.inc": "", "common/n.h": "", "a/unused_windows.h": "", "a/gcc.S": "", "a/win.c": "", "a/r_windows_amd64.syso": "", "a/h_test.h": "",
		}),
		want: "a/a.go a/f_amd64.s a/h_test.h a/inc/deep.inc a/own.h a/tagged.s a/unused_windows.h common/m.h main.go",
	},
	{
		name: "an object file",
		files: app(map[string]string{
			"main.go": importing("main", "e.com/app/a"), "a/a.go": "package a", "a/r_windows_amd64.syso": "", "a/r_linux.syso": "", "a/_h.syso": "",
		}),
		want: "a/a.go a/r_linux.syso main.go",
	},
	{
		name: "a workspace with a member without Go files, and folders that replace modules",
		files: map[string]string{
			"go.work": "go 1.25{}use ./a{}use ./b{}use ./c", "a/go.mod": "module e.com/a{}go 1.25{}require e.com/r v0.0.0{}replace e.com/r => ../r", "b/go.mod": "module e.com/b{}go 1.25", "c/go.mod": "module e.com/c{}go 1.25",
			"a/main.go": importing("main", "e.com/b/p", "e.com/r"), "b/p/p.go": "package p{}{}import _ \"embed\"{}{}//go:embed p.txt{}var s string{}", "b/p/p.txt": "", "b/q/q.go": "package q", "r/go.mod": "module e.com/r", "r/r.go": "package r", "r/x/x.go": "package x", "b/README": "",
		},
		dir: "a", want: "a/main.go b/p/p.go b/p/p.txt r/r.go",
	},
	{
		name: "a vendor folder",
		files: map[string]string{
			"go.mod": "module e.com/app{}go 1.25{}require e.com/y v1.0.0", "main.go": importing("main", "e.com/y"), "p/p.go": "package p",
			"vendor/modules.txt": "# e.com/y v1.0.0{}## explicit{}e.com/y{}", "vendor/e.com/y/y.go": "package y",
		},
		want: "main.go", dirs: "vendor",
	},
	{
		name: "a workspace's vendor folder",
		files: map[string]string{
			"go.work": "go 1.25{}use ./a", "a/go.mod": "module e.com/a{}go 1.25{}require e.com/y v1.0.0", "a/main.go": importing("main", "e.com/y"),
			"vendor/modules.txt": "## workspace{}# e.com/y v1.0.0{}## explicit{}e.com/y{}", "vendor/e.com/y/y.go": "package y",
		},
		dir: "a", want: "a/main.go", dirs: "vendor",
	},
	{
		name:  "the profile of each main package",
		files: app(map[string]string{"main.go": importing("main", "e.com/app/a"), "default.pgo": "", "a/a.go": "package a", "a/default.pgo": "", "cmd/b/main.go": program, "cmd/b/default.pgo": "", "cmd/c/main.go": program, "cmd/c/default.pgo": ""}), unbuilt: true,
		mains: []string{".", "cmd/b"},
		want:  "a/a.go cmd/b/default.pgo cmd/b/main.go default.pgo main.go",
	},
	{
		name:  "no profile",
		files: app(map[string]string{"main.go": program, "default.pgo": ""}), options: ClosureOptions{PGO: "off"},
		want: "main.go",
	},
	{
		name:  "a profile of its own",
		files: app(map[string]string{"main.go": program, "default.pgo": "", "prof/cpu.pgo": ""}), options: ClosureOptions{PGO: "./prof/cpu.pgo"}, unbuilt: true,
		want: "main.go prof/cpu.pgo",
	},
	{
		name: "a fork that a dependency imports",
		files: map[string]string{
			"go.mod": "module e.com/app{}go 1.25{}require ({}e.com/x v1.0.0{}e.com/y v1.0.0{}e.com/priv v0.0.0{}){}replace e.com/y => ./y{}replace e.com/priv => ./priv", "main.go": importing("main", "e.com/x/sub"), "p/p.go": "package p",
			"y/go.mod": "module e.com/y{}go 1.25", "y/y.go": importing("y", "e.com/y/in"), "y/y_test.go": "package y", "y/in/in.go": "package in", "y/w/w_windows.go": "package w", "y/cmd/main.go": program, "y/testdata/t.go": "package t", "y/README": "",
			"y/sub/go.mod": "module e.com/y/sub", "y/sub/s.go": "package sub", "y/late/l.go": importing("late", "e.com/priv", "e.com/none"), "priv/go.mod": "module e.com/priv", "priv/p.go": "package priv", "priv/q/q.go": "package q",
		},
		want: "main.go priv/p.go y/in/in.go y/late/l.go y/y.go", unbuilt: true, proxy: true,
	},
	{
		name: "a fork that embeds a link", links: map[string]string{"y/x": "z"},
		files: map[string]string{
			"go.mod": "module e.com/app{}go 1.25{}require ({}e.com/x v1.0.0{}e.com/y v1.0.0{}){}replace e.com/y => ./y", "main.go": importing("main", "e.com/x/sub"),
			"y/go.mod": "module e.com/y{}go 1.25", "y/y.go": "package y{}{}import _ \"embed\"{}{}//go:embed x{}var s string{}", "y/z": "",
		},
		want: "main.go y/x y/y.go", whole: `package "e.com/y" needs y/x, a symbolic link`, outside: true, unbuilt: true, proxy: true,
	},
	{
		name: "a nested module", files: app(map[string]string{"main.go": importing("main", "e.com/app/api/x"), "api/x/x.go": "package x", "api/go.mod": "module e.com/app/api"}),
		want: "main.go", whole: `package "e.com/app/api/x" has no Go files in the module that its path names`, broken: "no required module",
	},
	{name: "embedded files of another module", files: app(map[string]string{
		"main.go": "package main{}{}import \"embed\"{}{}//go:embed sub/x.txt{}var fs embed.FS{}{}func main() { }{}", "sub/go.mod": "module m", "sub/x.txt": "",
	}), want: "main.go sub/x.txt", whole: "belongs to another module", broken: "in different module"},
	{name: "nothing to embed", files: app(map[string]string{
		"main.go": "package main{}{}import \"embed\"{}{}//go:embed *.png{}var fs embed.FS{}{}func main() { }{}",
	}), want: "main.go", whole: `package "e.com/app" embeds "*.png", which no file matches`, broken: "no matching files found"},
	{name: "an invalid pattern", files: app(map[string]string{
		"main.go": "package main{}{}import \"embed\"{}{}//go:embed ../x{}var fs embed.FS{}{}func main() { }{}",
	}), want: "main.go", whole: `invalid, "../x"`, broken: "invalid pattern syntax"},
	{name: "an embedded file's name", files: app(map[string]string{
		"main.go": "package main{}{}import \"embed\"{}{}//go:embed *.txt{}var fs embed.FS{}{}func main() { }{}", "a'b.txt": "",
	}), want: "a'b.txt main.go", whole: "can't be embedded", broken: "invalid name"},
	{name: "a package that is not there", files: app(map[string]string{"main.go": importing("main", "e.com/app/gone")}),
		want: "main.go", whole: `package "e.com/app/gone" has no Go files`, broken: "no required module provides package e.com/app/gone"},
	{name: "a package for other targets", files: app(map[string]string{"main.go": importing("main", "e.com/app/w"), "w/w_windows.go": "package w"}),
		want: "main.go", whole: `package "e.com/app/w" does not load`, broken: "exclude all Go files"},
	{name: "names that differ in case alone", files: app(map[string]string{"main.go": program, "X_test.go": "package main", "x_test.go": "package main"}),
		want: "main.go", whole: "differ in case alone, X_test.go and x_test.go", broken: "case-insensitive file name collision"},
	{name: "a name like a flag", files: app(map[string]string{"main.go": program, "-x_test.go": "package main"}),
		want: "main.go", whole: "takes for a flag", broken: "invalid input file name"},
	{name: "a release that may be", files: app(map[string]string{"main.go": program, "new.go": "//go:build go1.27{}{}package main", "old.go": "//go:build go1.25{}{}package main"}), guess: true,
		want: "main.go old.go", whole: "ask for go1.27, and the toolchain's release is not known"},
	{name: "a release that makes no difference", files: app(map[string]string{"main.go": program, "new.go": "//go:build go1.27 && windows{}{}package main", "old.go": "//go:build go1.20{}{}package main"}), guess: true,
		want: "main.go old.go"},
	{name: "an experiment", files: app(map[string]string{"main.go": program, "x.go": "//go:build goexperiment.jsonv2{}{}package main"}),
		want: "main.go", whole: "ask for goexperiment.jsonv2"},
	{name: "an experiment by its old name", files: app(map[string]string{"main.go": program, "x.go": "//go:build boringcrypto{}{}package main"}),
		want: "main.go", whole: "ask for boringcrypto"},
	{name: "a release of the FIPS module", files: app(map[string]string{"main.go": program, "x.go": "//go:build !fips140v1.0{}{}package main"}),
		want: "main.go x.go", whole: "ask for fips140v1.0"},
	{name: "an architecture's variant", files: app(map[string]string{"main.go": program, "x.go": "//go:build amd64.v1{}{}package main"}),
		want: "main.go", whole: "ask for amd64.v1"},
	{name: "a link to a Go file", files: app(map[string]string{"main.txt": program}), links: map[string]string{"main.go": "main.txt"},
		want: "main.go", whole: `package "e.com/app" needs main.go, a symbolic link`},
	{name: "a link to a folder above a package", files: app(map[string]string{"main.go": importing("main", "e.com/app/l/p"), "real/p/p.go": "package p"}), links: map[string]string{"l": "real"},
		want: "l/p/p.go main.go", whole: `package "e.com/app/l/p" is reached through l, a symbolic link`},
	{name: "a link to an embedded file", files: app(map[string]string{"main.go": "package main{}{}import \"embed\"{}{}//go:embed x{}var fs embed.FS{}{}func main() { }{}", "y": ""}), links: map[string]string{"x": "y"},
		want: "main.go x", whole: "needs x, a symbolic link", broken: "irregular file"},
	{name: "a link to a header", files: app(map[string]string{"main.go": "package main{}func f(){}func main() { }", "f_amd64.s": "#include \"i/h.inc\"{}" + asmFunc, "real/h.inc": ""}), links: map[string]string{"i": "real"},
		want: "f_amd64.s i/h.inc main.go", whole: "needs i/h.inc through i, a symbolic link"},
	{name: "a link to go.mod", files: map[string]string{"x.mod": "module e.com/app{}go 1.25", "main.go": program}, links: map[string]string{"go.mod": "x.mod"},
		want: "main.go", whole: "go.mod is a symbolic link"},
	{name: "a link in the vendor folder", files: map[string]string{
		"go.mod": "module e.com/app{}go 1.25{}require e.com/y v1.0.0", "main.go": importing("main", "e.com/y"),
		"vendor/modules.txt": "# e.com/y v1.0.0{}## explicit{}e.com/y{}", "vendor/e.com/x": "", "y/y.go": "package y",
	}, links: map[string]string{"vendor/e.com/y": "../../y"},
		want: "main.go", dirs: "vendor", whole: "vendor/e.com/y is a symbolic link"},
	{name: "links that nothing needs", files: app(map[string]string{"main.go": program, "a/a.go": "package a"}), links: map[string]string{"b": "a", "README": "main.go", "x_test.go": "main.go", "testdata": "."},
		want: "main.go"},
	{name: "an include that can't be read", files: app(map[string]string{"main.go": "package main{}func f(){}func main() { }", "f_amd64.s": "#include F{}" + asmFunc}),
		want: "f_amd64.s main.go", whole: "has f_amd64.s, with an #include line that may name any file", broken: "expected string after #include"},
	{name: "cgo", cgo: true, files: app(map[string]string{
		"main.go": "package main{}{}// #include <stdio.h>{}// #include \"x.h\"{}// #cgo LDFLAGS: -lm -Wl,--as-needed{}import \"C\"{}{}func main() { C.f() }{}", "x.h": "#include \"y.inc\"{}void f(void);", "y.inc": "", "x.c": "#include \"x.h\"{}#include <sys/types.h>{}void f(void) { }", "z.inc": "", "w_windows.c": "",
	}), want: "main.go x.c x.h y.inc"},
	{name: "cgo with files elsewhere", cgo: true, files: app(map[string]string{
		"main.go": "package main{}{}// #include \"inc/x.h\"{}import \"C\"{}{}func main() { C.f() }{}", "inc/x.h": "static void f(void) { }",
	}), want: "inc/x.h main.go", whole: "includes inc/x.h from C, which is outside of its folder"},
	{name: "cgo with a folder among its flags", cgo: true, files: app(map[string]string{
		"main.go": "package main{}{}// #cgo CFLAGS: -I${SRCDIR}/inc{}// #include \"x.h\"{}import \"C\"{}{}func main() { C.f() }{}", "inc/x.h": "static void f(void) { }",
	}), want: "main.go", whole: `has the #cgo flag "-Iinc", which may name a file`},
	{name: "cgo that asks whether a file is there", cgo: true, files: app(map[string]string{
		"main.go": "package main{}{}// #if __has_include(\"x.txt\"){}// #endif{}// static void f(void) { }{}import \"C\"{}{}func main() { C.f() }{}", "x.txt": "",
	}), want: "main.go", whole: "where __has_include may name any file"},
	{name: "SWIG", cgo: true, unbuilt: true, files: app(map[string]string{"main.go": program, "x.swig": ""}),
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
			root := realDir(t)
			writeTree(t, root, expand(tc.files))
			link(t, root, tc.links)
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
