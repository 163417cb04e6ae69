package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

var testContext = fstest.MapFS{
	"config.yaml":            {Data: []byte("a")},
	"static/index.html":      {Data: []byte("b")},
	"static/css/site.css":    {Data: []byte("c")},
	"static/css/print.css":   {Data: []byte("d")},
	"templates/a.tmpl":       {Data: []byte("e")},
	"templates/b.tmpl":       {Data: []byte("f")},
	"templates/sub/c.tmpl":   {Data: []byte("g")},
	"odd [x]/file.txt":       {Data: []byte("h")},
	"link":                   {Data: []byte("config.yaml"), Mode: fs.ModeSymlink | 0o777},
	"empty":                  {Mode: fs.ModeDir | 0o755},
	"deep/one/two/three.txt": {Data: []byte("i")},
}

func TestResolveFiles(t *testing.T) {
	mode := uint32(0o644)
	for name, tc := range map[string]struct {
		file spec.File
		want []plan.Copy
	}{
		"file to path":         {spec.File{From: "config.yaml", To: "/etc/app/c.yaml"}, []plan.Copy{{From: "/config.yaml", To: "/etc/app/c.yaml"}}},
		"file into folder":     {spec.File{From: "config.yaml", To: "/etc/app/"}, []plan.Copy{{From: "/config.yaml", To: "/etc/app/config.yaml"}}},
		"folder":               {spec.File{From: "static", To: "/srv"}, []plan.Copy{{From: "/static", To: "/srv/"}}},
		"empty folder":         {spec.File{From: "empty", To: "/srv"}, []plan.Copy{{From: "/empty", To: "/srv/"}}},
		"context root":         {spec.File{From: ".", To: "/srv"}, []plan.Copy{{From: "/", To: "/srv/"}}},
		"folder with owner":    {spec.File{From: "static", To: "/srv", Owner: "1:2"}, []plan.Copy{{From: "/static", To: "/srv/", UID: 1, GID: 2}}},
		"glob, several":        {spec.File{From: "templates/*.tmpl", To: "/t"}, []plan.Copy{{From: "/templates/a.tmpl", To: "/t/a.tmpl"}, {From: "/templates/b.tmpl", To: "/t/b.tmpl"}}},
		"glob, one":            {spec.File{From: "conf*.yaml", To: "/t"}, []plan.Copy{{From: "/config.yaml", To: "/t/config.yaml"}}},
		"glob matching folder": {spec.File{From: "stat*", To: "/t"}, []plan.Copy{{From: "/static", To: "/t/"}}},
		"folder with mode": {spec.File{From: "static/css", To: "/srv", Mode: &mode}, []plan.Copy{
			{From: "/static/css/print.css", To: "/srv/print.css", Mode: &mode},
			{From: "/static/css/site.css", To: "/srv/site.css", Mode: &mode},
		}},
		"tree": {spec.File{From: "static/**", To: "/srv"}, []plan.Copy{
			{From: "/static/css/print.css", To: "/srv/css/print.css"},
			{From: "/static/css/site.css", To: "/srv/css/site.css"},
			{From: "/static/index.html", To: "/srv/index.html"},
		}},
		"tree of some": {spec.File{From: "**/*.css", To: "/srv"}, []plan.Copy{
			{From: "/static/css/print.css", To: "/srv/static/css/print.css"},
			{From: "/static/css/site.css", To: "/srv/static/css/site.css"},
		}},
		"tree below": {spec.File{From: "deep/**/three.txt", To: "/srv"}, []plan.Copy{{From: "/deep/one/two/three.txt", To: "/srv/one/two/three.txt"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &spec.Spec{Image: spec.Image{Files: []spec.File{tc.file}}}
			got, err := resolveFiles(testContext, s, owners{}.find)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Copies); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResolveFilesErrors(t *testing.T) {
	s, err := spec.Parse("gokiln.yaml", []byte(`image:
  files:
    - {from: nothing.txt, to: /a}
    - {from: "*.nothing", to: /a}
    - {from: "nowhere/**", to: /a}
    - {from: config.yaml, to: /a, owner: nobody-knows}
    - {from: config.yaml, to: /a}
`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = resolveFiles(testContext, s, func(o string) (int, int, error) {
		if o != "" {
			return 0, 0, fmt.Errorf("the base image has no user %q; give its number", o)
		}
		return 0, 0, nil
	})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d errors, want 4:\n%v", len(lines), err)
	}
	for i, want := range []string{"gokiln.yaml:3:", "gokiln.yaml:4:", "gokiln.yaml:5:", "gokiln.yaml:6:"} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("%q does not start with %q", lines[i], want)
		}
	}
}

func TestOwners(t *testing.T) {
	image := fstest.MapFS{
		"etc/passwd": {Data: []byte("root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n")},
		"etc/group":  {Data: []byte("root:x:0:\nstaff:x:50:\n")},
	}
	o := owners{open: func() (fs.FS, error) { return image, nil }}
	for owner, want := range map[string][2]int{
		"": {0, 0}, "1000": {1000, 1000}, "1000:5": {1000, 5}, "app": {1000, 1001},
		"app:staff": {1000, 50}, "app:7": {1000, 7}, "7:staff": {7, 50},
	} {
		uid, gid, err := o.find(owner)
		if err != nil || uid != want[0] || gid != want[1] {
			t.Errorf("%q: %d:%d, %v; want %v", owner, uid, gid, err, want)
		}
	}
	for _, owner := range []string{"ghost", "app:ghost"} {
		if _, _, err := o.find(owner); err == nil || !strings.Contains(err.Error(), `"ghost"`) {
			t.Errorf("%q: %v", owner, err)
		}
	}
	broken := owners{open: func() (fs.FS, error) { return nil, errors.New("no image") }}
	if _, _, err := broken.find("1000:1000"); err != nil {
		t.Errorf("numbers should not need the image: %v", err)
	}
	scratch := owners{open: func() (fs.FS, error) { return fstest.MapFS{}, nil }}
	if _, _, err := scratch.find("app"); err == nil {
		t.Error("a name without /etc/passwd resolved")
	}
}

func TestResolveFilesDirs(t *testing.T) {
	s := &spec.Spec{Image: spec.Image{Files: []spec.File{
		{From: "config.yaml", To: "/etc/app/c.yaml", Owner: "7"},
		{From: "config.yaml", To: "/srv/static/c.yaml"},
		{From: "static", To: "/srv/static", Owner: "8:9"},
		{From: "**/*.css", To: "/css", Owner: "7"},
		{From: "config.yaml", To: "/top.yaml"},
	}}}
	got, err := resolveFiles(testContext, s, owners{}.find)
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Dir{
		{Path: "/css/static/css", UID: 7, GID: 7}, {Path: "/etc/app"}, {Path: "/srv"}, {Path: "/srv/static", UID: 8, GID: 9},
	}
	if diff := cmp.Diff(want, got.Dirs); diff != "" {
		t.Error(diff)
	}
}
