package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/template"
)

// FuzzParse: no bytes make Parse panic or hang, every place lies inside the
// file, errors are sorted and short, and what is accepted keeps its promises.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(fleet))
	for _, field := range Fields() {
		data, _ := wrap(field.Path, field.Example)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("gokiln.yaml", data)
		again, err2 := Parse("gokiln.yaml", data)
		if err != nil {
			if s != nil || err2 == nil || err.Error() != err2.Error() {
				t.Fatalf("%+v, %v and then %v", s, err, err2)
			}
			checkErrors(t, data, diag.All(err))
			return
		}
		if diff := cmp.Diff(s, again, plain); diff != "" {
			t.Errorf("read twice:\n%s", diff)
		}
		for path, at := range s.ranges {
			if _, ok := sliceOf(data, at); !ok {
				t.Errorf("%s: %v is not inside the file", path, at)
			}
		}
		checkPromises(t, s)
		for _, app := range s.Apps {
			checkApp(t, s, app)
			checkPromises(t, app.Spec)
		}
	})
}

func checkApp(t *testing.T, s *Spec, app App) {
	t.Helper()
	if len(app.Spec.Apps) > 0 || app.Spec.Name == "" || app.Spec.Source.Filename != s.Source.Filename {
		t.Errorf("app %q: %+v", app.Name, app.Spec)
	}
	if !cmp.Equal(app.Spec.Modules, s.Modules) || app.Spec.Cache != s.Cache {
		t.Errorf("app %q has modules or a cache of its own: %+v", app.Name, app.Spec)
	}
	for _, name := range append([]string{app.Name}, app.Groups...) {
		if _, err := checkAppName(name); err != nil {
			t.Error(err)
		}
	}
	for path, at := range app.Spec.ranges {
		if _, ok := sliceOf(s.Source.Data, at); !ok {
			t.Errorf("%s: %s: %v is not inside the file", app.Name, path, at)
		}
	}
}

func checkErrors(t *testing.T, data []byte, errs []*diag.Error) {
	t.Helper()
	if len(errs) == 0 || len(errs) > maxProblems+1 {
		t.Fatalf("%d errors", len(errs))
	}
	for i, e := range errs {
		if _, ok := sliceOf(data, e.Range); !ok {
			t.Errorf("%v: %v is not inside the file", e, e.Range)
		}
		if len(e.Error()) > 2000 {
			t.Errorf("a message of %d bytes: %.300s", len(e.Error()), e)
		}
		if i > 0 && e.Range.Start.Line < errs[i-1].Range.Start.Line {
			t.Errorf("%v comes after %v", e, errs[i-1])
		}
	}
}

// checkPromises holds what the fields' comments say.
func checkPromises(t *testing.T, s *Spec) {
	t.Helper()
	inside := func(path string) bool {
		return path != ".." && !strings.HasPrefix(path, "../") && !strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "\\\x00")
	}
	if !inside(s.Module) {
		t.Errorf("module %q", s.Module)
	}
	for _, main := range s.Main {
		if isImportPath(main) {
			if err := module.CheckImportPath(main); err != nil {
				t.Errorf("main %q: %v", main, err)
			}
			continue
		}
		if main != "." && (!strings.HasPrefix(main, "./") || !inside(main[2:]) || slices.Contains(strings.Split(main, "/"), "..")) {
			t.Errorf("main %q", main)
		}
	}
	for _, file := range s.Image.Files {
		if !inside(file.From) || !strings.HasPrefix(file.To, "/") || slices.Contains(strings.Split(file.To, "/"), "..") {
			t.Errorf("file %+v", file)
		}
	}
	checkModulePromises(t, s.Modules)
	for _, tmpl := range s.Templates() {
		if _, err := template.Parse(tmpl.Text()); err != nil {
			t.Errorf("%s: template %q: %v", tmpl.Path(), tmpl.Text(), err)
		}
		if _, ok := s.ranges[tmpl.Path()]; tmpl.Path() != "" && !ok {
			t.Errorf("the template %q has no place: %q", tmpl.Text(), tmpl.Path())
		}
	}
}
