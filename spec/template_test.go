package spec

import (
	"fmt"
	"testing"

	"github.com/gokiln/gokiln/internal/template"
)

func TestTemplates(t *testing.T) {
	s := mustParse(t, "build:\n  tags: 'a,{{.OS}}'\n  ldflags: -X main.v={{.Version}}\n  env: ['A={{.Arch}}']\nimage:\n  labels: {a.b: '{{.Args.X}}', c: d}\n")
	got := map[string]string{}
	for _, tmpl := range s.Templates() {
		text, err := tmpl.Expand(template.Values{Version: "1", OS: "linux", Arch: "arm"})
		if err != nil {
			text = err.Error()
		}
		got[tmpl.Path()] = fmt.Sprint(text, tmpl.Uses(), s.At(tmpl.Path()).Start.Line)
	}
	want := map[string]string{
		"build.tags[0]": "a,linux[OS] 2", "build.ldflags[0]": "-X main.v=1[Version] 3", "build.env.A": "arm[Arch] 4",
		`image.labels["a.b"]`: "no build argument X: pass --build-arg X=...[Args.X] 6", "image.labels.c": "d[] 6",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestInheritedTemplatesAreParsedOnce: what a fleet's templates take in memory
// grows with the file, not with the apps that inherit them. A label of 64 KiB that
// a thousand apps inherit would take 6 GB.
func TestInheritedTemplatesAreParsedOnce(t *testing.T) {
	s := mustParse(t, "image: {labels: {a: '{{.OS}}'}}\napps: {one: {}, two: {}}\n")
	first := s.Image.Labels["a"]
	for _, app := range s.Apps {
		if app.Spec.Image.Labels["a"] != first {
			t.Errorf("app %q has parsed the inherited label again", app.Name)
		}
	}
}
