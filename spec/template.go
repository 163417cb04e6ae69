package spec

import (
	"maps"
	"slices"

	"github.com/gokiln/gokiln/internal/template"
)

// Template is a value that may hold template actions, parsed: what it says can
// fail by a missing value alone. The zero Template is the empty text.
type Template struct {
	text, path string
	parsed     *template.Template
}

// Text returns the value as it was written.
func (t Template) Text() string { return t.text }

// Path returns the value's field path, for At and Errorf.
func (t Template) Path() string { return t.path }

// Uses returns the values that the template names, sorted, each by its canonical
// name: "Version" and "Args.FOO".
func (t Template) Uses() []string {
	if t.parsed == nil {
		return nil
	}
	return t.parsed.Uses()
}

// Expand fills in the values. The error has no place: it is Path's.
func (t Template) Expand(v template.Values) (string, error) {
	if t.parsed == nil {
		return t.text, nil
	}
	return t.parsed.Expand(v)
}

// literal is the text with a placeholder for each action; false where it depends
// on if or with.
func (t Template) literal(placeholder string) (string, bool) {
	if t.parsed == nil {
		return t.text, true
	}
	return t.parsed.Literal(placeholder)
}

// Templates returns the values of all keys that take templates.
func (s *Spec) Templates() []Template {
	b := s.Build
	return slices.Concat(b.Tags, b.LDFlags, b.GCFlags, b.ASMFlags,
		slices.Collect(maps.Values(b.Env)), slices.Collect(maps.Values(s.Image.Labels)))
}

// parsedTexts parses each text of a spec once: apps inherit most of theirs, and what a
// spec holds in memory grows with its own size, not with that of the fleet.
type parsedTexts map[string]*template.Template

func (p parsedTexts) parse(text string) (*template.Template, error) {
	if t, ok := p[text]; ok {
		return t, nil
	}
	t, err := template.Parse(text)
	if err == nil {
		p[text] = t
	}
	return t, err
}

// template makes a Template of a text that a reader has checked.
func (d *decoder) template(path, text string) Template {
	t, _ := d.parsed.parse(text)
	return Template{text: text, path: path, parsed: t}
}

// templates reads a list of templates. The rule checks an element first, and may
// make several of it.
func templates(target *[]Template, rule func(string) ([]string, error), unique bool) reader {
	return reader{stringOrList, func(d *decoder, path string, n *node) {
		var texts []string
		list(&texts, stringOrList, listOptions{single: true, unique: unique, rule: func(s string) ([]string, error) {
			values, err := rule(s)
			for _, v := range values {
				if err == nil {
					_, err = d.parsed.parse(v)
				}
			}
			return values, err
		}}).read(d, path, n)
		if texts == nil {
			return // It was no list, and the error is reported.
		}
		*target = make([]Template, len(texts))
		for i, text := range texts {
			(*target)[i] = d.template(Index(path, i), text)
		}
	}}
}

// templatePairs reads a map whose values are templates.
func templatePairs(target *map[string]Template, o pairsOptions) reader {
	return reader{stringMap, func(d *decoder, path string, n *node) {
		var texts map[string]string
		check := o.value
		o := o
		o.value = func(key, text string) error {
			if err := check(key, text); err != nil {
				return err
			}
			_, err := d.parsed.parse(text)
			return err
		}
		pairs(&texts, stringMap, o).read(d, path, n)
		if texts == nil {
			return
		}
		*target = make(map[string]Template, len(texts))
		for key, text := range texts {
			(*target)[key] = d.template(Key(path, key), text)
		}
	}}
}
