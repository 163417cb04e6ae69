package gomod

import (
	"flag"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

var update = flag.Bool("update", false, "write the golden files")

var loadErrors = []struct {
	name, dir string
}{
	{"empty context", "."},
	{"no such folder", "svc"},
	{"no such folder in a module", "svc"},
	{"near name in a module", "services/app"},
	{"near name", "service/api"},
	{"one module elsewhere", "."},
	{"many modules elsewhere", "."},
	{"a folder of a module", "cmd/a"},
	{"a folder of a module below", "svc/cmd/a"},
	{"a file", "svc"},
	{"dockerignore", "."},
	{"dockerignore in a folder", "svc"},
	{"go.mod is a folder", "."},
	{"above the context", "../x"},
	{"absolute", "/x"},
	{"not clean", "a//b"},

	{"empty go.mod", "."},
	{"no module line", "."},
	{"bad module path", "."},
	{"bad characters in the module path", "."},
	{"several errors", "svc"},
	{"unterminated", "."},
	{"stray character", "."},
	{"unknown block", "."},
	{"merge conflict", "."},
	{"byte order mark", "."},

	{"replace outside the context", "svc"},
	{"replace absolute", "."},
	{"replace by a folder without go.mod", "."},
	{"replace by a folder that is not there", "."},
	{"replace by a broken module", "."},
	{"all bad replacements at once", "."},
	{"an old module needs what its replacements require", "."},
	{"conflicting replacements", "."},

	{"broken go.work", "svc"},
	{"go.work does not use the module", "svc"},
	{"go.work beside the module does not use it", "x"},
	{"empty go.work", "."},
	{"members outside the context", "."},
	{"member without go.mod", "."},
	{"member left out", "."},
	{"member twice", "."},
	{"broken member", "."},
	{"go.work too old", "."},
	{"go.work without a go line", "."},
	{"go.work replaces a member", "."},
	{"members disagree", "."},
}

func TestLoadErrors(t *testing.T) {
	var all strings.Builder
	for _, tc := range loadErrors {
		_, err := Load(t.Context(), tree.New(loadFS(t, tc.name)), tc.dir, Options{})
		worktest.Record(t, &all, tc.name, err)
	}
	worktest.Golden(t, *update, "load_errors.txt", all.String())
}

// loadFS is the build context of one of loadErrors. An archive is a text, so that the
// byte order mark comes here.
func loadFS(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	fsys := worktest.Read(t, "load", name).MapFS()
	if name == "byte order mark" {
		fsys["go.mod"] = &fstest.MapFile{Data: []byte("\ufeffmodule m")}
	}
	return fsys
}
