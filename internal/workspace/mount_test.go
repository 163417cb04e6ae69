package workspace

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
)

// given opens the folders that a user gave, by how they are written.
func given(folders map[string]fs.FS, asked *[]string) func(context.Context, string, string) (fs.FS, bool, error) {
	return func(_ context.Context, modulePath, written string) (fs.FS, bool, error) {
		*asked = append(*asked, modulePath+"="+written)
		fsys, ok := folders[written]
		return fsys, ok, nil
	}
}

func TestOutside(t *testing.T) {
	lib := mapFS(map[string]string{"go.mod": "module e.com/lib{}go 1.25{}require e.com/y v1.0.0", "go.sum": "x", "p/p.go": importing("p", "e.com/y", "os"), "in/go.mod": "module e.com/in{}go 1.25", "in/i.go": importing("in", "embed")})
	for _, tc := range []struct {
		name, dir              string
		files                  map[string]string
		folders                map[string]fs.FS
		asked, recipe, modules string
		outside                []gomod.Outside
	}{
		{
			name: "a replacement, and one inside it", dir: "svc",
			files: map[string]string{
				"svc/go.mod":  "module e.com/app{}go 1.25{}require ({}e.com/lib v0.0.0{}e.com/in v0.0.0{}e.com/y v1.0.0{}){}replace e.com/lib => ../../lib{}replace e.com/in => ../../lib/in",
				"svc/main.go": importing("main", "e.com/lib/p", "e.com/in"),
			},
			folders: map[string]fs.FS{"../../lib": lib},
			asked:   "e.com/lib=../../lib e.com/in=../../lib/in",
			recipe:  "../lib/go.mod ../lib/in/go.mod svc/go.mod",
			modules: "e.com/app e.com/in e.com/lib", outside: []gomod.Outside{{Path: "../lib", Module: "e.com/lib"}},
		},
		{
			name: "a workspace member", dir: ".",
			files:   map[string]string{"go.work": "go 1.25{}use .{}use ../lib", "go.mod": "module e.com/app{}go 1.25", "main.go": importing("main", "e.com/lib/p")},
			folders: map[string]fs.FS{"../lib": lib}, asked: "=../lib",
			recipe: "../lib/go.mod ../lib/go.sum go.mod go.work", modules: "e.com/app e.com/lib", outside: []gomod.Outside{{Path: "../lib", Module: ""}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var asked []string
			w, err := Load(t.Context(), mapFS(tc.files), tc.dir, Options{Outside: given(tc.folders, &asked)})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{strings.Join(asked, " "), strings.Join(w.RecipeFiles, " "), strings.Join(w.Local, " ")}
			if diff := cmp.Diff([]string{tc.asked, tc.recipe, tc.modules}, got); diff != "" {
				t.Errorf("asked, recipe, local (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.outside, w.Outside); diff != "" {
				t.Errorf("outside (-want +got):\n%s", diff)
			}
			imports, err := w.Imports(t.Context(), []Package{{ImportPath: "e.com/app"}}, Target{GOOS: "linux", GOARCH: "amd64"})
			if err != nil || !imports.Sure || !slices.Equal(imports.Packages, []string{"e.com/y"}) || !slices.Contains(imports.Std, "os") {
				t.Errorf("imports %+v, %v", imports, err)
			}
		})
	}
}

func TestOutsideErrors(t *testing.T) {
	files := mapFS(map[string]string{"go.mod": "module m{}go 1.25{}require e.com/x v1.0.0{}replace e.com/x => ../x"})
	broken := errors.New("the daemon is gone")
	for name, tc := range map[string]struct {
		fsys fs.FS
		ok   bool
		err  error
		want string
	}{
		"not given":      {nil, false, nil, "--build-context e.com/x=../x"},
		"fails":          {nil, false, broken, broken.Error()},
		"without go.mod": {mapFS(map[string]string{"x.go": "package x"}), true, nil, "there is no ../x/go.mod in the folder given as ../x"},
	} {
		_, err := Load(t.Context(), files, ".", Options{Outside: func(context.Context, string, string) (fs.FS, bool, error) { return tc.fsys, tc.ok, tc.err }})
		if err == nil || !strings.Contains(err.Error(), tc.want) || tc.err != nil && !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", name, err)
		}
		if located := diag.All(err); (tc.err == nil) != (len(located) == 1 && located[0].Range.Start.Line == 4) {
			t.Errorf("%s: located at %v", name, located)
		}
	}
}

func TestNoWork(t *testing.T) {
	files := mapFS(map[string]string{
		"go.work": "go 1.26{}use ./other", "go.work.sum": "x", "other/go.mod": "module e.com/o{}go 1.25",
		"m/go.mod": "module e.com/m{}go 1.25{}require e.com/x v1.0.0", "m/go.sum": "x",
	})
	if _, err := Load(t.Context(), files, "m", Options{}); err == nil {
		t.Error("a go.work that does not use the module is no error")
	}
	w, err := Load(t.Context(), files, "m", Options{NoWork: true})
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
	w, err := Load(t.Context(), mapFS(map[string]string{
		"go.work": "go 1.26{}use ./a{}use ./b{}replace e.com/x v1.0.0 => ./x", "go.work.sum": "", "a/go.mod": "module e.com/a{}go 1.25{}require e.com/x v1.1.0{}replace e.com/x v1.1.0 => ../y",
		"b/go.mod": "module e.com/b{}go 1.25", "b/go.sum": "", "x/go.mod": "module e.com/x", "y/go.mod": "module e.com/x",
	}), "a", Options{})
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

func TestExternalMain(t *testing.T) {
	files := mapFS(map[string]string{
		"go.mod": "module e.com/app{}go 1.25{}require ({}e.com/x v1.0.0{}e.com/l v0.0.0{}){}replace e.com/l => ./l", "cmd/api/main.go": mainFile, "a.b/main.go": mainFile,
		"l/go.mod": "module e.com/l", "l/cmd/l/main.go": mainFile, "l/lib/l.go": "package lib",
	})
	w, err := Load(t.Context(), files, ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		arg, err string
		want     Package
	}{
		{"e.com/x/cmd/z/v2", "", Package{ImportPath: "e.com/x/cmd/z/v2", Program: "z", External: true}},
		{"e.com/x", "", Package{ImportPath: "e.com/x", Program: "x", External: true}},
		{"e.com/l/cmd/l", "", Package{ImportPath: "e.com/l/cmd/l", Program: "l", External: true}},
		{"e.com/app/cmd/api", "", Package{Dir: "cmd/api", ImportPath: "e.com/app/cmd/api", Program: "api"}},
		{"a.b", "", Package{Dir: "a.b", ImportPath: "e.com/app/a.b", Program: "a.b"}},
		{"e.com/l/lib", "is package lib, not main", Package{}},
		{"e.com/x/cmd/z@v1.0.0", "names a version", Package{}},
		{"e.com/other/cmd/z", "run `go get e.com/other/cmd/z`", Package{}},
		{"e.com/app/cmd/apl", "no module that go.mod requires", Package{}},
		{"./e.com/x", "does not exist", Package{}},
	} {
		got, err := w.Main(t.Context(), tc.arg, Target{GOOS: "linux", GOARCH: "amd64"})
		checkErrors(t, err)
		if diff := cmp.Diff(tc.want, got); diff != "" || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v %s", tc.arg, err, diff)
		}
	}
}
