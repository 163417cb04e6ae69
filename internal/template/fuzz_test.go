package template

import (
	"strings"
	"testing"
)

// FuzzTemplate: no text makes Parse or Expand panic, expanding twice gives the
// same, output is bounded, and what is plain text comes out as it is.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"", "{{.Version}}", "{{if .Args.X}}a{{else}}b{{end}}", `{{printf "%-10.3s|%q" .OS 1}}`, "{{with $x := .OS}}{{$x}}{{.}}{{end}}",
		`{{replace .OS "l" "ll" | quote}}`, `{{default (printf "%d" 1) .Args.A | upper}}`, "{{(", "{{/*", "{{- -}}", "{{$}}", "{{nil}}", "{{.OS.Arch}}",
		`{{date "Monday" .Date}}`, `{{define "x"}}{{end}}`, "{{range .}}{{break}}{{end}}", "{{eq 1 1 'a'}}", "{{1i}}", "{{and .OS | or}}",
		`{{or (not true) (and 1 0 .Args.A)}}`, "{{$x := 1}}{{$x = .OS}}{{$x}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tmpl, err := Parse(s)
		if err != nil {
			if err.Error() == "" || strings.Contains(err.Error(), "template: template:") {
				t.Errorf("Parse(%q): error %q", s, err)
			}
			return
		}
		tmpl.Uses()
		tmpl.Literal("x")
		for _, v := range []Values{{}, full()} {
			one, err1 := tmpl.Expand(v)
			two, err2 := tmpl.Expand(v)
			if one != two || (err1 == nil) != (err2 == nil) {
				t.Errorf("%q expands to %q, %v and %q, %v", s, one, err1, two, err2)
			}
			if len(one) > MaxSize {
				t.Errorf("%q expands to %d bytes", s, len(one))
			}
			if err1 == nil && !strings.Contains(s, "{{") && one != s {
				t.Errorf("the plain text %q expands to %q", s, one)
			}
		}
	})
}

// FuzzSplit: words that quote makes are one word again.
func FuzzSplit(f *testing.F) {
	f.Add("a b")
	f.Add(`it's "x"`)
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = Split(s)
		word, err := quoted([]value{text(s)})
		if err != nil {
			return
		}
		words, err := Split("-X " + word.text + " -s")
		if err != nil || len(words) != 3 || words[1].Text != s {
			t.Errorf("%q quoted is %q and splits into %v, %v", s, word.text, words, err)
		}
	})
}
