package workspace

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// mapFS makes a context of file names and contents; "{}" stands for a line end,
// which keeps tables on one line each.
func mapFS(files map[string]string) fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(data, "{}", "\n")), Mode: 0o644}
	}
	return fsys
}

var recipeCases = []struct {
	name     string
	files    map[string]string
	dir      string
	recipe   string
	requires bool
	// alone: the go command lists the modules with the recipe files and nothing
	// else, and without any one of needed it does not.
	alone  bool
	needed string
}{
	{
		name:   "nothing required",
		files:  map[string]string{"go.mod": "module m{}go 1.25", "main.go": mainFile, "go.work.sum": "", "sub/go.mod": "module sub"},
		dir:    ".",
		recipe: "go.mod", alone: true, needed: "go.mod",
	},
	{
		name:   "an external module",
		files:  map[string]string{"svc/go.mod": "module m{}go 1.25{}require example.com/x v1.0.0", "svc/go.sum": "x"},
		dir:    "svc",
		recipe: "svc/go.mod svc/go.sum", requires: true,
	},
	{
		name:   "replaced by a folder, and what that requires too",
		files:  map[string]string{"svc/go.mod": "module m{}go 1.25{}require ({}e.com/a v0.0.0{}e.com/b v0.0.0{}){}replace e.com/a => ../a{}replace e.com/b => ../libs/b", "a/go.mod": "module e.com/a{}go 1.25{}require e.com/b v0.0.0{}replace e.com/b => ./nowhere", "a/go.sum": "x", "libs/b/go.mod": "module e.com/b{}go 1.25", "libs/go.mod": "module libs"},
		dir:    "svc",
		recipe: "a/go.mod libs/b/go.mod svc/go.mod", alone: true, needed: "a/go.mod libs/b/go.mod svc/go.mod",
	},
	{
		name:   "an old module leaves out what its replacements require",
		files:  map[string]string{"go.mod": "module m{}go 1.16{}require e.com/a v0.0.0{}replace e.com/a => ./a{}replace e.com/b => ./b", "a/go.mod": "module e.com/a{}go 1.16{}require e.com/b v0.0.0", "b/go.mod": "module e.com/b{}go 1.16"},
		dir:    ".",
		recipe: "a/go.mod b/go.mod go.mod", alone: true, needed: "a/go.mod b/go.mod go.mod",
	},
	{
		name:     "a replacement requires an external module",
		files:    map[string]string{"go.mod": "module m{}go 1.16{}require e.com/a v0.0.0{}replace e.com/a => ./a", "a/go.mod": "module e.com/a{}require e.com/x v1.2.3"},
		dir:      ".",
		recipe:   "a/go.mod go.mod",
		requires: true,
	},
	{
		name:   "replaced at one version only",
		files:  map[string]string{"go.mod": "module m{}go 1.25{}require e.com/a v1.1.0{}replace e.com/a v1.1.0 => ./a{}replace e.com/a v1.0.0 => ./gone", "a/go.mod": "module e.com/a{}go 1.25"},
		dir:    ".",
		recipe: "a/go.mod go.mod", alone: true, needed: "a/go.mod go.mod",
	},
	{
		name:     "replaced at another version",
		files:    map[string]string{"go.mod": "module m{}go 1.25{}require e.com/a v1.2.0{}replace e.com/a v1.1.0 => ./gone"},
		dir:      ".",
		recipe:   "go.mod",
		requires: true,
	},
	{
		name:     "replaced by another module",
		files:    map[string]string{"go.mod": "module m{}go 1.25{}require e.com/a v1.2.0{}replace e.com/a => e.com/fork v1.2.1"},
		dir:      ".",
		recipe:   "go.mod",
		requires: true,
	},
	{
		name:   "stale replacements are no errors, present ones may be needed",
		files:  map[string]string{"go.mod": "module m{}go 1.25{}replace e.com/a => ../../a{}replace e.com/b => ./b{}replace e.com/c => ./c", "b/go.mod": "module b"},
		dir:    ".",
		recipe: "b/go.mod go.mod", alone: true, needed: "go.mod",
	},
	{
		name:   "since Go 1.17 what only a replacement requires may be absent",
		files:  map[string]string{"go.mod": "module m{}go 1.17{}require e.com/a v0.0.0{}replace e.com/a => ./a{}replace e.com/b => ../b", "a/go.mod": "module e.com/a{}go 1.17{}require e.com/b v0.0.0"},
		dir:    ".",
		recipe: "a/go.mod go.mod",
	},
	{
		name:   "a replacement's go.mod may be of a newer Go",
		files:  map[string]string{"go.mod": "module m{}go 1.25{}require e.com/a v0.0.0{}replace e.com/a => ./a", "a/go.mod": "module e.com/a{}go 1.25{}novelty x{}"},
		dir:    ".",
		recipe: "a/go.mod go.mod", alone: true, needed: "a/go.mod go.mod",
	},
	{
		name:   "a module inside its main module requires that",
		files:  map[string]string{"go.mod": "module m.com/m{}go 1.25{}require m.com/m/api v0.0.0{}replace m.com/m/api => ./api", "api/go.mod": "module m.com/m/api{}go 1.25{}require m.com/m v0.0.0"},
		dir:    ".",
		recipe: "api/go.mod go.mod", alone: true, needed: "api/go.mod go.mod",
	},
	{
		name:   "a workspace",
		files:  map[string]string{"go.work": "go 1.25{}use ({}./a{}./b{}){}replace e.com/b v0.0.0 => ./b", "a/go.mod": "module e.com/a{}go 1.25{}require e.com/b v0.0.0", "b/go.mod": "module e.com/b{}go 1.25", "b/go.sum": "", "go.work.sum": "", "go.sum": "stray", "a/main.go": mainFile},
		dir:    "a",
		recipe: "a/go.mod b/go.mod b/go.sum go.work go.work.sum", alone: true, needed: "a/go.mod b/go.mod go.work",
	},
	{
		name:   "a workspace's replacements go before its members'",
		files:  map[string]string{"w/go.work": "go 1.25{}use ./a{}use ./b{}replace e.com/x => ./x", "w/a/go.mod": "module e.com/a{}go 1.25{}require e.com/x v1.0.0{}replace e.com/x => ../gone", "w/b/go.mod": "module e.com/b{}go 1.25{}require e.com/y v1.0.0{}replace e.com/y => ../y{}replace e.com/x => ./other", "w/x/go.mod": "module e.com/x{}go 1.25", "w/y/go.mod": "module e.com/y{}go 1.25"},
		dir:    "w/a",
		recipe: "w/a/go.mod w/b/go.mod w/go.work w/x/go.mod w/y/go.mod", alone: true, needed: "w/a/go.mod w/b/go.mod w/x/go.mod w/y/go.mod",
	},
	{
		name:     "a workspace with an external module",
		files:    map[string]string{"go.work": "go 1.25{}use .{}use ./b", "go.mod": "module e.com/a{}go 1.25", "b/go.mod": "module e.com/b{}go 1.25{}require e.com/x v1.0.0"},
		dir:      ".",
		recipe:   "b/go.mod go.mod go.work",
		requires: true,
	},
	{
		name:     "vendored: what is not in the context is not looked for",
		files:    map[string]string{"go.mod": "module m{}go 1.25{}require e.com/a v0.0.0{}replace e.com/a => ../a", "vendor/modules.txt": "# e.com/a v0.0.0 => ../a"},
		dir:      ".",
		recipe:   "go.mod",
		requires: false,
	},
}

func TestRecipe(t *testing.T) {
	for _, tc := range recipeCases {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), mapFS(tc.files), tc.dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(tc.recipe), w.RecipeFiles); diff != "" {
				t.Errorf("recipe files (-want +got):\n%s", diff)
			}
			if w.Requires != tc.requires {
				t.Errorf("Requires is %v, want %v", w.Requires, tc.requires)
			}
			if !tc.alone {
				return
			}
			if out, err := listModules(t, tc.files, w, ""); err != nil {
				t.Errorf("the go command fails with the recipe files alone: %v\n%s", err, out)
			}
			for _, without := range strings.Fields(tc.needed) {
				if _, err := listModules(t, tc.files, w, without); err == nil {
					t.Errorf("the go command does without %s", without)
				}
			}
		})
	}
}

// listModules lets the go command load the module graph where only the recipe
// files are present, or all but one of them.
func listModules(t *testing.T, files map[string]string, w *Workspace, without string) (string, error) {
	t.Helper()
	only := make(map[string]string)
	for _, name := range w.RecipeFiles {
		if name != without {
			only[name] = string(mapFS(files)[name].Data)
		}
	}
	root := realDir(t)
	writeTree(t, root, only)
	if err := os.MkdirAll(root+"/"+w.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return tryGo(t, root+"/"+w.Dir, []string{"GOMODCACHE=" + t.TempDir()}, "list", "-mod=readonly", "-m", "all")
}
