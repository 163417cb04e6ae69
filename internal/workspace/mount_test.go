package workspace

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
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
	lib := worktest.Read(t, "more", "a module with one inside it, beside the context").MapFS()
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
				"svc/go.mod":  "module e.com/app\ngo 1.25\nrequire (\ne.com/lib v0.0.0\ne.com/in v0.0.0\ne.com/y v1.0.0\n)\nreplace e.com/lib => ../../lib\nreplace e.com/in => ../../lib/in",
				"svc/main.go": worktest.Importing("main", "e.com/lib/p", "e.com/in"),
			},
			folders: map[string]fs.FS{"../../lib": lib},
			asked:   "e.com/lib=../../lib e.com/in=../../lib/in",
			recipe:  "../lib/go.mod ../lib/in/go.mod svc/go.mod",
			modules: "e.com/app e.com/in e.com/lib", outside: []gomod.Outside{{Path: "../lib", Module: "e.com/lib"}},
		},
		{
			name: "a workspace member", dir: ".",
			files:   map[string]string{"go.work": "go 1.25\nuse .\nuse ../lib", "go.mod": "module e.com/app\ngo 1.25", "main.go": worktest.Importing("main", "e.com/lib/p")},
			folders: map[string]fs.FS{"../lib": lib}, asked: "=../lib",
			recipe: "../lib/go.mod ../lib/go.sum go.mod go.work", modules: "e.com/app e.com/lib", outside: []gomod.Outside{{Path: "../lib", Module: ""}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var asked []string
			w, err := Load(t.Context(), worktest.MapFS(tc.files), tc.dir, Options{Outside: given(tc.folders, &asked)})
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

func TestExternalMain(t *testing.T) {
	files := worktest.Read(t, "more", "main packages here and in dependencies").MapFS()
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
		worktest.CheckErrors(t, err)
		if diff := cmp.Diff(tc.want, got); diff != "" || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v %s", tc.arg, err, diff)
		}
	}
}
