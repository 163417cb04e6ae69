package gomod

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

func TestOutsideErrors(t *testing.T) {
	files := worktest.MapFS(map[string]string{"go.mod": "module m\ngo 1.25\nrequire e.com/x v1.0.0\nreplace e.com/x => ../x"})
	broken := errors.New("the daemon is gone")
	for name, tc := range map[string]struct {
		fsys fs.FS
		ok   bool
		err  error
		want string
	}{
		"not given":      {nil, false, nil, "--build-context e.com/x=../x"},
		"fails":          {nil, false, broken, broken.Error()},
		"without go.mod": {worktest.MapFS(map[string]string{"x.go": "package x"}), true, nil, "there is no ../x/go.mod in the folder given as ../x"},
	} {
		_, err := Load(t.Context(), tree.New(files), ".", Options{Outside: func(context.Context, string, string) (fs.FS, bool, error) { return tc.fsys, tc.ok, tc.err }})
		if err == nil || !strings.Contains(err.Error(), tc.want) || tc.err != nil && !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", name, err)
		}
		if located := diag.All(err); (tc.err == nil) != (len(located) == 1 && located[0].Range.Start.Line == 4) {
			t.Errorf("%s: located at %v", name, located)
		}
	}
}

func TestNoWork(t *testing.T) {
	files := worktest.MapFS(map[string]string{
		"go.work": "go 1.26\nuse ./other", "go.work.sum": "x", "other/go.mod": "module e.com/o\ngo 1.25",
		"m/go.mod": "module e.com/m\ngo 1.25\nrequire e.com/x v1.0.0", "m/go.sum": "x",
	})
	if _, err := Load(t.Context(), tree.New(files), "m", Options{}); err == nil {
		t.Error("a go.work that does not use the module is no error")
	}
	w, err := Load(t.Context(), tree.New(files), "m", Options{NoWork: true})
	if err != nil {
		t.Fatal(err)
	}
	if w.GoWork != "" || w.Go != "1.25" || !slices.Equal(w.RecipeFiles, []string{"m/go.mod", "m/go.sum"}) || !slices.Equal(w.SumFiles, []string{"m/go.sum"}) {
		t.Errorf("%+v", w)
	}
	if err := w.CheckSums(t.Context()); err == nil {
		t.Error("without go.work a missing sum is an error")
	}
}

func TestWorkspaceSums(t *testing.T) {
	w, err := Load(t.Context(), tree.New(worktest.MapFS(map[string]string{
		"go.work": "go 1.26\nuse ./a\nuse ./b\nreplace e.com/x v1.0.0 => ./x", "go.work.sum": "", "a/go.mod": "module e.com/a\ngo 1.25\nrequire e.com/x v1.1.0\nreplace e.com/x v1.1.0 => ../y",
		"b/go.mod": "module e.com/b\ngo 1.25", "b/go.sum": "", "x/go.mod": "module e.com/x", "y/go.mod": "module e.com/x",
	})), "a", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b/go.sum", "go.work.sum"}, w.SumFiles); diff != "" {
		t.Error(diff)
	}
	// go.work speaks of another version, so the member's line stays in force.
	if !slices.Contains(w.RecipeFiles, "y/go.mod") || w.Requires {
		t.Errorf("recipe %v, requires %v", w.RecipeFiles, w.Requires)
	}
	if err := w.CheckSums(t.Context()); err != nil {
		t.Error(err)
	}
}
