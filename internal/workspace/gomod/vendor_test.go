package gomod

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// vendoredModule is a module, and vendoredWork a workspace, that the go command
// has vendored.
func vendoredModule(goLine string) map[string]string {
	return map[string]string{
		"go.mod":   "module e.com/app\n\n" + goLine + "\n\nrequire (\n\te.com/r v0.0.0\n\te.com/y v1.0.0\n)\n\nreplace e.com/r => ./r\n\nreplace e.com/none v1.0.0 => ./none\n",
		"main.go":  worktest.Importing("main", "e.com/r", "e.com/y"),
		"r/go.mod": "module e.com/r\n\n" + goLine + "\n", "r/r.go": "package r\n",
		"none/go.mod": "module e.com/none\n\n" + goLine + "\n",
	}
}

func vendoredWork() map[string]string {
	return map[string]string{
		"go.work":    "go 1.25\n\nuse ./a\nuse ./b\n\nreplace e.com/w => ./w\n",
		"a/go.mod":   "module e.com/a\n\ngo 1.25\n\nrequire e.com/r v0.0.0\n\nreplace e.com/r => ../r\n",
		"a/main.go":  worktest.Importing("main", "e.com/r", "e.com/b"),
		"b/go.mod":   "module e.com/b\n\ngo 1.25\n\nrequire e.com/w v0.0.0\n",
		"b/b.go":     "package b\n\nimport _ \"e.com/w\"\n",
		"r/go.mod":   "module e.com/r\n\ngo 1.25\n",
		"r/r.go":     "package r\n",
		"w/go.mod":   "module e.com/w\n\ngo 1.25\n",
		"w/w.go":     "package w\n",
		"r2/go.mod":  "module e.com/r\n\ngo 1.25\n",
		"r2/r.go":    "package r\n",
		"a/sub/x.md": "",
	}
}

// vendorEdit is a change after vendoring: in file, old becomes new; with no old
// the file goes away.
type vendorEdit struct{ name, file, old, new string }

// TestCheckVendorAsGoBuild holds CheckVendor against `go build -mod=vendor`.
func TestCheckVendorAsGoBuild(t *testing.T) {
	const list = "vendor/modules.txt"
	common := []vendorEdit{
		{"untouched", "main.go", "package main", "package main"},
		{"no modules.txt", list, "", ""},
		{"no explicit mark", list, "## explicit", "## other"},
		{"another version required", "go.mod", "e.com/y v1.0.0", "e.com/y v1.1.0"},
		{"another version vendored", list, "# e.com/y v1.0.0", "# e.com/y v1.2.0"},
		{"a new requirement", "go.mod", "e.com/y v1.0.0", "e.com/y v1.0.0\n\te.com/x v1.0.0"},
		{"a requirement taken out", "go.mod", "\te.com/y v1.0.0\n", ""},
		{"replaced by another folder", "go.mod", "e.com/r => ./r", "e.com/r => ./r2"},
		{"replaced by a module", "go.mod", "e.com/r => ./r", "e.com/r => e.com/r2 v1.0.0"},
		{"replaced no more", "go.mod", "replace e.com/r => ./r\n", ""},
		{"replaced at one version now", "go.mod", "e.com/r => ./r", "e.com/r v0.0.0 => ./r"},
		{"a new replacement", "go.mod", "replace e.com/r =>", "replace e.com/x => ./x\n\nreplace e.com/r =>"},
		{"the main module is replaced", "go.mod", "replace e.com/r =>", "replace e.com/app => ./x\n\nreplace e.com/r =>"},
		{"an unused replacement not listed", list, "# e.com/none v1.0.0 => ./none\n", ""},
		{"lines nobody knows", list, "# e.com/y", "# new line of a newer Go\n# x\n## words; more\n# e.com/y"},
	}
	for _, goLine := range []string{"go 1.25", "go 1.16", "go 1.13"} {
		compareVendor(t, goLine, vendoredModule(goLine), ".", common)
	}
	compareVendor(t, "workspace", vendoredWork(), "a", []vendorEdit{
		{"untouched", "go.work", "go 1.25", "go 1.25"},
		{"no modules.txt", list, "", ""},
		{"no header", list, "## workspace\n", ""},
		{"no explicit mark", list, "## explicit", "## other"},
		{"a new requirement of another member", "b/go.mod", "require ", "require e.com/z v1.0.0\nrequire "},
		{"replaced otherwise by a member", "a/go.mod", "../r", "../r2"},
		{"the same folder by another name", "a/go.mod", "../r", "../a/../r"},
		{"go.work replaces otherwise", "go.work", "=> ./w", "=> ./r2"},
		{"go.work replaces what a member does", "go.work", "replace ", "replace e.com/r => ./r\nreplace "},
		{"go.work replaces no more", "go.work", "replace e.com/w => ./w", ""},
		{"a member gone", "go.work", "use ./b\n", ""},
	})
}

func compareVendor(t *testing.T, what string, files map[string]string, dir string, edits []vendorEdit) {
	t.Helper()
	env := []string{"GOPROXY=" + worktest.Proxy(t, worktest.Published()), "GOMODCACHE=" + t.TempDir(), "GOFLAGS=-modcacherw"}
	root := worktest.RealDir(t)
	worktest.WriteTree(t, root, files)
	if dir == "." {
		worktest.Go(t, root, append(env, "GOFLAGS=-mod=mod -modcacherw"), "list", "-deps", ".")
		worktest.Go(t, root, env, "mod", "vendor")
	} else {
		worktest.Go(t, root, env, "work", "vendor")
	}
	made := worktest.ReadTree(t, root)
	for _, edit := range edits {
		t.Run(what+"/"+edit.name, func(t *testing.T) {
			root, files := worktest.RealDir(t), maps.Clone(made)
			switch was := files[edit.file]; {
			case edit.old == "":
				delete(files, edit.file)
			case !strings.Contains(was, edit.old):
				// modules.txt of an old Go has no such line.
				if what != "go 1.13" {
					t.Fatalf("%s has no %q:\n%s", edit.file, edit.old, was)
				}
			default:
				files[edit.file] = strings.ReplaceAll(was, edit.old, edit.new)
			}
			worktest.WriteTree(t, root, files)
			w, err := Load(t.Context(), tree.New(os.DirFS(root)), dir, Options{})
			if err != nil {
				if out, gerr := worktest.TryGo(t, filepath.Join(root, dir), env, "build", "-mod=vendor", "-o", os.DevNull, "."); gerr == nil {
					t.Fatalf("Load fails where go builds: %v %s", err, out)
				}
				return
			}
			ours := w.CheckVendor(t.Context())
			out, _ := worktest.TryGo(t, filepath.Join(root, dir), env, "build", "-mod=vendor", "-o", os.DevNull, ".")
			if theirs := strings.Contains(out, "inconsistent vendoring"); theirs != (ours != nil) {
				t.Errorf("go: %s\nours: %v", out, ours)
			}
			worktest.CheckErrors(t, ours)
			for _, e := range diag.All(ours) {
				if !strings.HasSuffix(e.Error(), symptom.Vendor.Tag()) || !strings.Contains(e.Error(), " vendor`") {
					t.Errorf("error without cure or tag: %v", e)
				}
			}
		})
	}
}

func TestCheckVendorErrors(t *testing.T) {
	var all strings.Builder
	for _, tc := range []struct {
		name  string
		files map[string]string
		dir   string
	}{
		{"no modules.txt", map[string]string{".dockerignore": "x", "m/go.mod": "module m\ngo 1.25\nrequire e.com/x v1.0.0"}, "m"},
		{"not explicit", map[string]string{"go.mod": "module m\ngo 1.25\nrequire e.com/x v1.0.0", "vendor/modules.txt": "# e.com/x v1.0.0\ne.com/x"}, "."},
		{"other version", map[string]string{"go.mod": "module m\ngo 1.13\nrequire e.com/x v1.1.0", "vendor/modules.txt": "# e.com/x v1.0.0\ne.com/x"}, "."},
		{"replaced otherwise", map[string]string{"go.mod": "module m\ngo 1.25\nrequire e.com/x v1.0.0\nreplace e.com/x => ./y", "y/go.mod": "module y", "vendor/modules.txt": "# e.com/x v1.0.0 => ./x\n## explicit\n# e.com/x => ./x"}, "."},
		{"left over", map[string]string{"go.mod": "module m\ngo 1.25", "vendor/modules.txt": "# e.com/x v1.0.0\n## explicit\ne.com/x\n# e.com/y => ./y"}, "."},
		{"workspace", map[string]string{"go.work": "go 1.25\nuse ./m", "m/go.mod": "module m\ngo 1.25\nrequire e.com/x v1.0.0", "vendor/modules.txt": "## workspace"}, "m"},
	} {
		w, err := Load(t.Context(), tree.New(worktest.MapFS(tc.files)), tc.dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		worktest.Record(t, &all, tc.name, w.CheckVendor(t.Context()))
	}
	worktest.Golden(t, *update, "vendor_errors.txt", all.String())
}
