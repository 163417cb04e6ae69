package workspace

import (
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

func (tc closureCase) env(t *testing.T) []string {
	t.Helper()
	cgo := "CGO_ENABLED=0"
	if tc.cgo {
		cgo = "CGO_ENABLED=1"
	}
	env := []string{cgo, "GOOS=linux", "GOARCH=amd64", "GOMODCACHE=" + t.TempDir()}
	if tc.proxy {
		env = append(env, "GOPROXY="+worktest.Proxy(t, tc.published()), "GOFLAGS=-modcacherw -mod=mod")
	}
	return env
}

func (tc closureCase) published() map[string]map[string]string {
	if tc.modules != nil {
		return tc.modules
	}
	return worktest.Published()
}

func (tc closureCase) args(verb ...string) []string {
	args := slices.Concat(verb, []string{"-tags=" + strings.Join(tc.tags, ",")})
	if tc.options.PGO != "" {
		args = append(args, "-pgo="+tc.options.PGO)
	}
	for _, dir := range tc.mainDirs() {
		args = append(args, gomod.Dotted(dir))
	}
	return args
}

// missingFiles are the files below root that go list names, as far as a closure
// that has to have them does not.
func missingFiles(t *testing.T, root string, c Closure, tc closureCase) []string {
	t.Helper()
	if c.Whole != "" {
		return nil
	}
	out := worktest.Go(t, filepath.Join(root, tc.dir), tc.env(t), tc.args("list", "-deps", "-e", "-json=Dir,Standard,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles")...)
	missing, _ := missingIn(t, root, c, out)
	return missing
}

// missingIn goes through what go list wrote, and counts the files below root.
func missingIn(t *testing.T, root string, c Closure, out string) (missing []string, named int) {
	t.Helper()
	has := c.all()
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p map[string]any
		if err := d.Decode(&p); err == io.EOF {
			return missing, named
		} else if err != nil {
			t.Fatal(err)
		}
		dir, _ := p["Dir"].(string)
		rel, err := filepath.Rel(root, dir)
		if err != nil || p["Standard"] == true || tree.IsOutside(rel) {
			continue
		}
		for _, list := range p {
			names, _ := list.([]any)
			for _, name := range names {
				named++
				file := path.Join(filepath.ToSlash(rel), name.(string))
				if _, ok := slices.BinarySearch(has, file); !ok && !c.inDirs(file) {
					missing = append(missing, file)
				}
			}
		}
	}
}

func (c Closure) inDirs(file string) bool {
	return slices.ContainsFunc(c.Dirs, func(dir string) bool { return strings.HasPrefix(file, dir+"/") })
}

// compareBuilds builds in a copy of the closure and in the whole folder: the
// programs are the same, and so is the message of what can't be built.
func compareBuilds(t *testing.T, root string, c Closure, tc closureCase) {
	t.Helper()
	roots := []string{root}
	switch {
	case c.Whole == "":
		roots = append(roots, worktest.RealDir(t))
		copyClosure(t, root, roots[1], c)
	case tc.broken == "":
		return
	}
	results := make([]map[string]string, len(roots))
	for i, from := range roots {
		out := t.TempDir()
		text, err := worktest.TryGo(t, filepath.Join(from, tc.dir), tc.env(t), tc.args("build", "-trimpath", "-buildvcs=false", "-o", out+"/")...)
		if tc.broken != "?" && ((err != nil) != (tc.broken != "") || !strings.Contains(text, tc.broken)) {
			t.Fatalf("go build in %s: %v\n%s", from, err, text)
		}
		results[i] = worktest.ReadTree(t, out)
		results[i]["output"] = strings.ReplaceAll(text, from, "")
	}
	if diff := cmp.Diff(results[0], results[len(results)-1], equateEmpty()); diff != "" {
		t.Errorf("a build with the closure alone differs (-whole +closure):\n%.2000s", diff)
	}
}

func equateEmpty() cmp.Option { return cmpopts.EquateEmpty() }

func copyClosure(t *testing.T, root, part string, c Closure) {
	t.Helper()
	files := make(map[string]string)
	for _, name := range c.all() {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	for _, dir := range c.Dirs {
		for name, data := range worktest.ReadTree(t, filepath.Join(root, dir)) {
			files[path.Join(dir, name)] = data
		}
	}
	worktest.WriteTree(t, part, files)
}
