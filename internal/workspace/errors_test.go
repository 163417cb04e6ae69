package workspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/internal/diag"
)

var loadErrors = []struct {
	name  string
	files map[string]string
	dir   string
}{
	{"empty context", nil, "."},
	{"no such folder", map[string]string{"README": ""}, "svc"},
	{"no such folder in a module", map[string]string{"go.mod": "module m"}, "svc"},
	{"near name in a module", map[string]string{"go.mod": "module m", "services/api/go.mod": "module m"}, "services/app"},
	{"near name", map[string]string{"services/api/go.mod": "module m"}, "service/api"},
	{"one module elsewhere", map[string]string{"src/go.mod": "module m"}, "."},
	{"many modules elsewhere", map[string]string{"a/go.mod": "module a", "b/go.mod": "module b", "c/d/go.mod": "module d", "e/go.mod": "module e", "f/go.mod": "module f", "g/go.mod": "module g", "vendor/x/go.mod": "", "node_modules/x/go.mod": "", ".h/go.mod": ""}, "."},
	{"a folder of a module", map[string]string{"go.mod": "module m", "cmd/a/main.go": mainFile}, "cmd/a"},
	{"a folder of a module below", map[string]string{"svc/go.mod": "module m", "svc/cmd/a/main.go": mainFile}, "svc/cmd/a"},
	{"a file", map[string]string{"svc": ""}, "svc"},
	{"dockerignore", map[string]string{".dockerignore": "*.mod", "main.go": mainFile}, "."},
	{"dockerignore in a folder", map[string]string{".dockerignore": "*.mod", "svc/main.go": mainFile}, "svc"},
	{"go.mod is a folder", map[string]string{"go.mod/x": ""}, "."},
	{"above the context", map[string]string{"go.mod": "module m"}, "../x"},
	{"absolute", map[string]string{"go.mod": "module m"}, "/x"},
	{"not clean", map[string]string{"go.mod": "module m"}, "a//b"},

	{"empty go.mod", map[string]string{"go.mod": ""}, "."},
	{"no module line", map[string]string{"go.mod": "go 1.25"}, "."},
	{"bad module path", map[string]string{"go.mod": "go 1.25{}module  ex ample"}, "."},
	{"bad characters in the module path", map[string]string{"go.mod": "go 1.25{}{}module \"exämple.com/m\""}, "."},
	{"several errors", map[string]string{"svc/go.mod": "module m{}go 1.x{}requier example.com/x v1.0.0{}frobnicate{}require é.com/x{}require example.com/x/v2 v1.0.0{}require example.com/y master{}{}replace a => b{}toolchain 1.25"}, "svc"},
	{"unterminated", map[string]string{"go.mod": "module m{}require ({}\texample.com/x v1.0.0{}"}, "."},
	{"stray character", map[string]string{"go.mod": "module m{}go 1.25 )"}, "."},
	{"unknown block", map[string]string{"go.mod": "module m{}requires ({}){}"}, "."},
	{"merge conflict", map[string]string{"go.mod": "module m{}<<<<<<< HEAD{}go 1.25{}======={}go 1.26{}>>>>>>> x{}"}, "."},
	{"byte order mark", map[string]string{"go.mod": "\ufeffmodule m"}, "."},

	{"replace outside the context", map[string]string{"svc/go.mod": "module m{}go 1.25{}require e.com/x v0.0.0{}{}replace e.com/x => ../../x"}, "svc"},
	{"replace absolute", map[string]string{"go.mod": "module m{}go 1.25{}require e.com/x v0.0.0{}replace ({}\te.com/x v0.0.0 => /home/me/x{})"}, "."},
	{"replace by a folder without go.mod", map[string]string{"go.mod": "module m{}go 1.25{}require e.com/x v0.0.0{}replace e.com/x => ./x", "x/x.go": "package x"}, "."},
	{"replace by a folder that is not there", map[string]string{".dockerignore": "x", "go.mod": "module m{}go 1.25{}require e.com/x v0.0.0{}replace e.com/x => ./x"}, "."},
	{"replace by a broken module", map[string]string{"go.mod": "module m{}go 1.25{}require e.com/x v0.0.0{}replace e.com/x => ./x", "x/go.mod": "module x{}require ({}"}, "."},
	{"all bad replacements at once", map[string]string{"go.mod": "module m{}require ({}e.com/x v0.0.0{}e.com/y v0.0.0{}){}replace e.com/y => ./y{}replace e.com/x => ../x"}, "."},
	{"an old module needs what its replacements require", map[string]string{"go.mod": "module m{}go 1.16{}require e.com/x v0.0.0{}replace e.com/x => ./x{}replace e.com/y => ./y", "x/go.mod": "module x{}require e.com/y v0.0.0"}, "."},
	{"conflicting replacements", map[string]string{"go.mod": "module m{}replace e.com/x => ./x{}replace e.com/x => ./y"}, "."},

	{"broken go.work", map[string]string{"go.work": "go 1.25{}uses ./svc", "svc/go.mod": "module m"}, "svc"},
	{"go.work does not use the module", map[string]string{"go.work": "go 1.25{}{}use ({}\t./a{}\t./b{})", "a/go.mod": "module a", "b/go.mod": "module b", "svc/go.mod": "module m"}, "svc"},
	{"go.work beside the module does not use it", map[string]string{"x/go.work": "go 1.25{}use ./a", "x/a/go.mod": "module a", "x/go.mod": "module m"}, "x"},
	{"empty go.work", map[string]string{"go.work": "", "go.mod": "module m"}, "."},
	{"members outside the context", map[string]string{"go.work": "go 1.25{}use .{}use ../lib{}use /abs/lib", "go.mod": "module m"}, "."},
	{"member without go.mod", map[string]string{"go.work": "go 1.25{}use .{}use ./lib", "go.mod": "module m"}, "."},
	{"member left out", map[string]string{".dockerignore": "lib", "go.work": "go 1.25{}use .{}use ./lib", "go.mod": "module m"}, "."},
	{"member twice", map[string]string{"go.work": "go 1.25{}use .{}use ./{}", "go.mod": "module m"}, "."},
	{"broken member", map[string]string{"go.work": "go 1.25{}use .{}use ./lib", "go.mod": "module m", "lib/go.mod": "modul lib"}, "."},
	{"go.work too old", map[string]string{"go.work": "go 1.24{}use .{}use ./lib", "go.mod": "module m{}go 1.25", "lib/go.mod": "module lib{}go 1.24.1"}, "."},
	{"go.work without a go line", map[string]string{"go.work": "use .", "go.mod": "module m{}go 1.25"}, "."},
	{"go.work replaces a member", map[string]string{"go.work": "go 1.25{}use .{}replace m => ./x", "go.mod": "module m"}, "."},
	{"members disagree", map[string]string{"go.work": "go 1.25{}use .{}use ./lib", "go.mod": "module m{}replace e.com/x => ./x", "lib/go.mod": "module lib{}replace e.com/x => ./x"}, "."},
}

func TestLoadErrors(t *testing.T) {
	var all strings.Builder
	for _, tc := range loadErrors {
		fsys := mapFS(tc.files)
		_, err := Load(t.Context(), fsys, tc.dir, Options{})
		record(t, &all, tc.name, err)
	}
	golden(t, "load_errors.txt", all.String())
}

// record writes an error as the golden files show it: each with its place and
// the text that the place covers.
func record(t *testing.T, all *strings.Builder, name string, err error) {
	t.Helper()
	fmt.Fprintf(all, "== %s\n", name)
	located := diag.All(err)
	if located == nil {
		t.Errorf("%s: the error is not a located one: %v", name, err)
	}
	for _, e := range located {
		fmt.Fprintln(all, e)
		if problem := outside(e); problem != "" {
			t.Errorf("%s: %v: %s", name, e, problem)
		}
		if !e.Range.IsZero() {
			lines := strings.Split(string(e.Source.Data), "\n")
			fmt.Fprintf(all, "\tat %q\n", lines[e.Range.Start.Line-1][e.Range.Start.Column-1:])
		}
	}
}

// outside says how an error's range leaves its file, "" when it does not.
func outside(e *diag.Error) string {
	if e.Range.IsZero() {
		return ""
	}
	lines := strings.Split(string(e.Source.Data), "\n")
	for _, p := range []diag.Position{e.Range.Start, e.Range.End} {
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			return fmt.Sprintf("position %v is outside the file", p)
		}
	}
	if s, e := e.Range.Start, e.Range.End; e.Line < s.Line || e.Line == s.Line && e.Column < s.Column {
		return "the range ends before it starts"
	}
	return ""
}

var mainErrors = []struct{ name, dir string }{
	{"not there", "./cmd/nowhere"},
	{"misspelt", "./cmd/sevrer"},
	{"last element known", "./server"},
	{"outside", "../x"},
	{"absolute", "/cmd/server"},
	{"a file", "./cmd/server/main.go"},
	{"no go files", "./cmd"},
	{"tests only", "./tests"},
	{"a library", "./lib"},
	{"constraints", "./win"},
	{"documentation", "./doc"},
	{"cgo only", "./cgo"},
	{"two packages", "./two"},
	{"does not parse", "./broken"},
	{"does not parse, with line comments", "./moved"},
	{"does not parse, after a byte order mark", "./bom"},
	{"empty file", "./empty"},
	{"NUL in a file", "./zero"},
	{"bad import path", "./badimport"},
	{"bad cgo line", "./badcgo"},
	{"another module", "./nested"},
	{"in another module", "./nested/cmd/x"},
	{"vendored", "./vendor/e.com/x"},
	{"bad folder name", "./my cmd"},
	{"a flag's name", "./cmd/-o"},
	{"the module's folder", "."},
}

func mainErrorFiles() map[string]string {
	files := map[string]string{
		"app/go.mod": "module example.com/app", "app/doc.go": "package app", ".dockerignore": "x",
		"app/tests/x_test.go": mainFile, "app/lib/lib.go": "package lib", "app/lib/gen.go": "//go:build ignore{}{}package main",
		"app/win/main_windows.go": mainFile, "app/win/x.go": "// Copyright{}{}//go:build ignore{}{}package main", "app/win/y.go": "// +build plan9{}{}package main",
		"app/doc/doc.go": "package documentation", "app/cgo/main.go": "package main{}import \"C\"", "app/cgo/win_windows.go": mainFile,
		"app/two/a.go": "package main", "app/two/b.go": "// Doc.{}package other",
		"app/broken/a.go": mainFile, "app/broken/main.go": "package main{}{}import \"os{}{}func main() {",
		"app/moved/main.go": "//line elsewhere.go:900:80{}package main{}import 1",
		"app/bom/main.go":   "\ufeffpackage main{}import 1", "app/empty/main.go": "", "app/zero/main.go": "package main\x00",
		"app/badimport/main.go": "package main{}import \"a b\"",
		"app/badcgo/main.go":    "package main{}// #cgo NONSENSE: x{}import \"C\"",
		"app/nested/go.mod":     "module nested", "app/nested/cmd/x/main.go": mainFile,
		"app/vendor/e.com/x/x.go": mainFile, "app/my cmd/main.go": mainFile, "app/cmd/-o/main.go": mainFile,
	}
	for _, name := range []string{"server", "b", "c", "d", "e", "f"} {
		files["app/cmd/"+name+"/main.go"] = mainFile
	}
	return files
}

func TestMainErrors(t *testing.T) {
	w, err := Load(t.Context(), mapFS(mainErrorFiles()), "app", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, tc := range mainErrors {
		target := Target{GOOS: "linux", GOARCH: "arm64", Tags: []string{"a", "b", "arm64.v8.0"}, Cgo: tc.name == "bad cgo line"}
		_, err := w.Main(t.Context(), tc.dir, target)
		record(t, &all, tc.name, err)
	}
	for _, tc := range []struct {
		name  string
		files map[string]string
	}{
		{"no main package at all", map[string]string{"go.mod": "module m", "x.go": "package x"}},
		{"one main package", map[string]string{"go.mod": "module m", "x.go": "package x", "cmd/a/main.go": mainFile}},
		{"empty module", map[string]string{"go.mod": "module m"}},
	} {
		w, err := Load(t.Context(), mapFS(tc.files), ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Main(t.Context(), ".", Target{GOOS: "linux", GOARCH: "amd64"})
		record(t, &all, tc.name, err)
	}
	golden(t, "main_errors.txt", all.String())
}
