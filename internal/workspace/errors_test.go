package workspace

import (
	"flag"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

var update = flag.Bool("update", false, "write the golden files")

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

// mainErrorFS is the module that mainErrors are about. An archive is a text, so that
// what is not comes here.
func mainErrorFS(t testing.TB) fstest.MapFS {
	t.Helper()
	fsys := worktest.Read(t, ".", "main errors").MapFS()
	fsys["app/bom/main.go"] = &fstest.MapFile{Data: []byte("\ufeffpackage main\nimport 1")}
	fsys["app/zero/main.go"] = &fstest.MapFile{Data: []byte("package main\x00")}
	return fsys
}

func TestMainErrors(t *testing.T) {
	w, err := Load(t.Context(), mainErrorFS(t), "app", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, tc := range mainErrors {
		target := Target{GOOS: "linux", GOARCH: "arm64", Tags: []string{"a", "b", "arm64.v8.0"}, Cgo: tc.name == "bad cgo line"}
		_, err := w.Main(t.Context(), tc.dir, target)
		worktest.Record(t, &all, tc.name, err)
	}
	for _, tc := range []struct {
		name  string
		files map[string]string
	}{
		{"no main package at all", map[string]string{"go.mod": "module m", "x.go": "package x"}},
		{"one main package", map[string]string{"go.mod": "module m", "x.go": "package x", "cmd/a/main.go": worktest.MainFile}},
		{"empty module", map[string]string{"go.mod": "module m"}},
	} {
		w, err := Load(t.Context(), worktest.MapFS(tc.files), ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Main(t.Context(), ".", Target{GOOS: "linux", GOARCH: "amd64"})
		worktest.Record(t, &all, tc.name, err)
	}
	worktest.Golden(t, *update, "main_errors.txt", all.String())
}
