package gomod

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

func FuzzLoad(f *testing.F) {
	for _, tc := range loadErrors {
		fsys := loadFS(f, tc.name)
		f.Add(content(fsys, "go.mod"), content(fsys, "go.work"), content(fsys, "x/go.mod"))
	}
	for _, tc := range recipeCases {
		fsys := worktest.Read(f, "recipe", tc.name).MapFS()
		f.Add(content(fsys, "go.mod"), content(fsys, "go.work"), content(fsys, "a/go.mod"))
	}
	f.Fuzz(func(t *testing.T, mod, work, other string) {
		fsys := fstest.MapFS{
			"go.mod": {Data: []byte(mod)}, "main.go": {Data: []byte(worktest.MainFile)},
			"a/go.mod": {Data: []byte(other)}, "x/go.mod": {Data: []byte(other)},
		}
		if work != "" {
			fsys["go.work"] = &fstest.MapFile{Data: []byte(work)}
		}
		w, err := Load(t.Context(), tree.New(fsys), ".", Options{})
		worktest.CheckErrors(t, err)
		if err != nil {
			return
		}
		for _, place := range []Place{w.ModuleLine, w.GoLine, w.ToolchainLine} {
			if problem := worktest.Misplaced(&diag.Error{Source: place.Source, Range: place.Range}); problem != "" {
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
