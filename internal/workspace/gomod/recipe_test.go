package gomod

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

var recipeCases = []struct {
	name     string
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
		dir:    ".",
		recipe: "go.mod", alone: true, needed: "go.mod",
	},
	{
		name:   "an external module",
		dir:    "svc",
		recipe: "svc/go.mod svc/go.sum", requires: true,
	},
	{
		name:   "replaced by a folder, and what that requires too",
		dir:    "svc",
		recipe: "a/go.mod libs/b/go.mod svc/go.mod", alone: true, needed: "a/go.mod libs/b/go.mod svc/go.mod",
	},
	{
		name:   "an old module leaves out what its replacements require",
		dir:    ".",
		recipe: "a/go.mod b/go.mod go.mod", alone: true, needed: "a/go.mod b/go.mod go.mod",
	},
	{
		name:     "a replacement requires an external module",
		dir:      ".",
		recipe:   "a/go.mod go.mod",
		requires: true,
	},
	{
		name:   "replaced at one version only",
		dir:    ".",
		recipe: "a/go.mod go.mod", alone: true, needed: "a/go.mod go.mod",
	},
	{
		name:     "replaced at another version",
		dir:      ".",
		recipe:   "go.mod",
		requires: true,
	},
	{
		name:     "replaced by another module",
		dir:      ".",
		recipe:   "go.mod",
		requires: true,
	},
	{
		name:   "stale replacements are no errors, present ones may be needed",
		dir:    ".",
		recipe: "b/go.mod go.mod", alone: true, needed: "go.mod",
	},
	{
		name:   "since Go 1.17 what only a replacement requires may be absent",
		dir:    ".",
		recipe: "a/go.mod go.mod",
	},
	{
		name:   "a replacement's go.mod may be of a newer Go",
		dir:    ".",
		recipe: "a/go.mod go.mod", alone: true, needed: "a/go.mod go.mod",
	},
	{
		name:   "a module inside its main module requires that",
		dir:    ".",
		recipe: "api/go.mod go.mod", alone: true, needed: "api/go.mod go.mod",
	},
	{
		name:   "a workspace",
		dir:    "a",
		recipe: "a/go.mod b/go.mod b/go.sum go.work go.work.sum", alone: true, needed: "a/go.mod b/go.mod go.work",
	},
	{
		name:   "a workspace's replacements go before its members'",
		dir:    "w/a",
		recipe: "w/a/go.mod w/b/go.mod w/go.work w/x/go.mod w/y/go.mod", alone: true, needed: "w/a/go.mod w/b/go.mod w/x/go.mod w/y/go.mod",
	},
	{
		name:     "a workspace with an external module",
		dir:      ".",
		recipe:   "b/go.mod go.mod go.work",
		requires: true,
	},
	{
		name:     "vendored: what is not in the context is not looked for",
		dir:      ".",
		recipe:   "go.mod",
		requires: false,
	},
}

func TestRecipe(t *testing.T) {
	for _, tc := range recipeCases {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), tree.New(worktest.Read(t, "recipe", tc.name).MapFS()), tc.dir, Options{})
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
			if out, err := listModules(t, worktest.Read(t, "recipe", tc.name).Files, w, ""); err != nil {
				t.Errorf("the go command fails with the recipe files alone: %v\n%s", err, out)
			}
			for _, without := range strings.Fields(tc.needed) {
				if _, err := listModules(t, worktest.Read(t, "recipe", tc.name).Files, w, without); err == nil {
					t.Errorf("the go command does without %s", without)
				}
			}
		})
	}
}

// listModules lets the go command load the module graph where only the recipe
// files are present, or all but one of them.
func listModules(t *testing.T, files map[string]string, w *Module, without string) (string, error) {
	t.Helper()
	only := make(map[string]string)
	for _, name := range w.RecipeFiles {
		if name != without {
			only[name] = files[name]
		}
	}
	root := worktest.RealDir(t)
	worktest.WriteTree(t, root, only)
	if err := os.MkdirAll(root+"/"+w.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return worktest.TryGo(t, root+"/"+w.Dir, []string{"GOMODCACHE=" + t.TempDir()}, "list", "-mod=readonly", "-m", "all")
}
