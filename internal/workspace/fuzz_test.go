package workspace

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
)

// checkErrors holds that every error is located and that no place leaves its
// file.
func checkErrors(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	located := diag.All(err)
	if located == nil {
		t.Errorf("not a located error: %v", err)
	}
	for _, e := range located {
		if problem := outside(e); problem != "" {
			t.Errorf("%v: %s", e, problem)
		}
		if strings.ContainsAny(e.Err.Error(), "\n") {
			t.Errorf("message of several lines: %q", e.Err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, tc := range loadErrors {
		fsys := mapFS(tc.files)
		f.Add(content(fsys, "go.mod"), content(fsys, "go.work"), content(fsys, "x/go.mod"))
	}
	for _, tc := range recipeCases {
		fsys := mapFS(tc.files)
		f.Add(content(fsys, "go.mod"), content(fsys, "go.work"), content(fsys, "a/go.mod"))
	}
	f.Fuzz(func(t *testing.T, mod, work, other string) {
		fsys := fstest.MapFS{
			"go.mod": {Data: []byte(mod)}, "main.go": {Data: []byte(mainFile)},
			"a/go.mod": {Data: []byte(other)}, "x/go.mod": {Data: []byte(other)},
		}
		if work != "" {
			fsys["go.work"] = &fstest.MapFile{Data: []byte(work)}
		}
		w, err := Load(t.Context(), fsys, ".", Options{})
		checkErrors(t, err)
		if err != nil {
			return
		}
		for _, place := range []gomod.Place{w.ModuleLine, w.GoLine, w.ToolchainLine} {
			if problem := outside(&diag.Error{Source: place.Source, Range: place.Range}); problem != "" {
				t.Error(problem)
			}
		}
		for _, name := range w.RecipeFiles {
			if _, err := fs.Stat(fsys, name); err != nil {
				t.Errorf("recipe file %q: %v", name, err)
			}
		}
	})
}

func content(fsys fstest.MapFS, name string) string {
	if file := fsys[name]; file != nil {
		return string(file.Data)
	}
	return ""
}

func FuzzMain(f *testing.F) {
	for _, file := range mapFS(mainErrorFiles()) {
		f.Add(string(file.Data), "cmd/a", true)
	}
	f.Add(mainFile, "../..", false)
	f.Add("import \"C\"", "/", true)
	f.Fuzz(func(t *testing.T, source, dir string, cgo bool) {
		fsys := fstest.MapFS{"go.mod": {Data: []byte("module m")}, "cmd/a/main.go": {Data: []byte(source)}}
		w, err := Load(context.Background(), fsys, ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		target := Target{GOOS: "linux", GOARCH: "amd64", Cgo: cgo, GoVersion: dir}
		mains, err := w.Mains(t.Context(), target)
		if err != nil {
			t.Errorf("mains: %v", err)
		}
		_, err = w.Main(t.Context(), dir, target)
		checkErrors(t, err)
		if _, err := w.Main(t.Context(), "cmd/a", target); err == nil && len(mains) == 0 {
			t.Error("Main accepts what Mains leaves out")
		}
	})
}
