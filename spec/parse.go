package spec

import (
	"go.yaml.in/yaml/v3"

	"github.com/gokiln/gokiln/internal/diag"
)

// extension begins a top-level key that is the user's own.
const extension = "x-"

// Parse reads a spec. The error is a diag.List of everything that is wrong with
// it, sorted by position; only a file that is no YAML at all gives one error
// alone. A file that is empty or holds only comments is the spec with every
// default. Parse keeps data and expects it not to change.
func Parse(filename string, data []byte) (*Spec, error) {
	src := diag.Source{Filename: filename, Language: "yaml", Data: data}
	errs := &problems{src: src}
	text := newText(data[:min(len(data), maxSize+1)])
	root, problem := readYAML(src, text)
	if problem != nil {
		errs.list = diag.List{problem}
		if problem.Source.Data != nil {
			censor(errs, text, nil)
		}
		return nil, errs.list
	}
	s := defaults(src)
	if root == nil {
		return s, nil
	}
	t := tree{src: src, text: text, errs: errs, open: map[*yaml.Node]bool{}}
	d := decoder{problems: errs, spec: s, parsed: parsedTexts{}}
	if n, _ := t.build(root, 0); n != nil {
		d.document(n)
		if d.apps != nil {
			d.readApps(n)
		} else {
			d.validate()
		}
	}
	censor(errs, text, d.secrets)
	if err := errs.list.Err(); err != nil {
		return nil, err
	}
	return s, nil
}
