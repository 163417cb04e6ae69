package site

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodConfig = `{"title":"T","language":"en","stylesheets":["s.css"],"logo":"l.svg","pages":["index","a/b"]}`

// lay writes a small site, changed by edits: an empty value removes a file.
func lay(t *testing.T, edits map[string]string) (config, dir string) {
	t.Helper()
	files := map[string]string{
		"site.json":           goodConfig,
		"templates/page.html": `<title>{{.Page.Title}}</title>{{range .Nav}}{{.Path}} {{end}}{{range .Page.Paragraphs}}<p>{{.}}</p>{{end}}`,
		"static/s.css":        "p {}",
		"static/l.svg":        "<svg/>",
		"static/sub/t.css":    "q {}",
		"content/index.txt":   "Home\n\nOne & two.\n\nThree.\n",
		"content/a/b.txt":     "Below",
	}
	for name, text := range edits {
		files[name] = text
	}
	dir = t.TempDir()
	for name, text := range files {
		if text == "" {
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config = filepath.Join(dir, "site.json")
	if err := os.Chmod(config, 0o440); err != nil {
		t.Fatal(err)
	}
	return config, dir
}

func TestHandler(t *testing.T) {
	config, dir := lay(t, map[string]string{"overrides/a/b.txt": "Replaced"})
	loaded, err := Load(config, dir)
	if err != nil {
		t.Fatal(err)
	}
	h := loaded.Handler()
	tests := []struct {
		target string
		status int
		body   string
	}{
		{"/", 200, "<title>Home</title>/ /a/b <p>One &amp; two.</p><p>Three.</p>"},
		{"/a/b", 200, "<title>Replaced</title>/ /a/b "},
		{"/static/s.css", 200, "p {}"},
		{"/static/", 404, "<h1>404 Not Found</h1>"},
		{"/static/sub", 404, "<h1>404 Not Found</h1>"},
		{"/static/none.css", 404, "<h1>404 Not Found</h1>"},
		{"/none?<script>", 404, "<p>/none</p>"},
		{"/robots.txt", 200, "User-agent"},
		{"/.well-known/security.txt", 200, "Contact:"},
		{"/healthz", 200, ""},
	}
	for _, test := range tests {
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, test.target, nil))
		if recorder.Code != test.status || !strings.Contains(recorder.Body.String(), test.body) {
			t.Errorf("%s: got %d %s, want %d and %q in it", test.target, recorder.Code, recorder.Body, test.status, test.body)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	tests := map[string]struct {
		edits map[string]string
		want  string
	}{
		"no configuration":      {map[string]string{"site.json": "{}"}, "pages: none are listed"},
		"unknown key":           {map[string]string{"site.json": `{"titel":"T"}`}, `unknown field "titel"`},
		"no stylesheet":         {map[string]string{"static/s.css": ""}, `asset "s.css"`},
		"no page":               {map[string]string{"content/a/b.txt": ""}, `page "a/b"`},
		"no title":              {map[string]string{"content/index.txt": "one\ntwo\n"}, `page "index": needs a first line`},
		"no template":           {map[string]string{"templates/page.html": ""}, "read templates"},
		"template of no sense":  {map[string]string{"templates/page.html": "{{.Nothing}}"}, "render /"},
		"template without end":  {map[string]string{"templates/page.html": "{{if .Page}}"}, "read templates"},
		"page outside the root": {map[string]string{"site.json": `{"logo":"l.svg","pages":["../../x"]}`}, `page "../../x"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config, dir := lay(t, test.edits)
			if _, err := Load(config, dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	mine := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	tests := map[string]struct {
		edits map[string]string
		owner string
		mode  os.FileMode
		wrong string
	}{
		"right":        {owner: mine, mode: 0o440},
		"any owner":    {owner: "", mode: 0o440},
		"wrong owner":  {owner: "1:2", mode: 0o440, wrong: fmt.Sprintf("owner is %q", mine)},
		"wrong mode":   {owner: mine, mode: 0o644, wrong: "mode is 0644, want 0440"},
		"a draft":      {edits: map[string]string{"content/drafts/d.txt": "D"}, mode: 0o440, wrong: "content/drafts/d.txt"},
		"a page lacks": {edits: map[string]string{"content/a/b.txt": ""}, mode: 0o440, wrong: `page "a/b"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config, dir := lay(t, test.edits)
			if err := os.Chmod(config, test.mode); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err := Check(&out, config, dir, test.owner)
			if test.wrong == "" {
				line := fmt.Sprintf("0644 %s 4 %s %s\n", mine, "48d24394dd48", filepath.Join(dir, "static/s.css"))
				if err != nil || !strings.HasSuffix(out.String(), "check: ok\n") || !strings.Contains(out.String(), line) {
					t.Errorf("got %v and\n%swant the line %q and ok", err, out.String(), line)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(out.String(), "check: ok") {
				t.Errorf("got %v, want %q in it", err, test.wrong)
			}
		})
	}
}
