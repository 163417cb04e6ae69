package spec

import (
	"fmt"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
)

// decoder moves a node tree into a Spec as the table says.
type decoder struct {
	*problems
	spec   *Spec
	parsed parsedTexts
	// secrets are values that no error may show.
	secrets []*node
	// apps is the map below the key apps, once it is read.
	apps *node
	// app is the field path of the app that is decoded, empty for the top level.
	app string
}

// place remembers where the value at a path stands.
func (d *decoder) place(path string, at diag.Range) { d.spec.ranges[path] = at }

// fail reports an error of a value that was decoded before.
func (d *decoder) fail(path, format string, args ...any) {
	d.errorf(d.spec.At(path), path, format, args...)
}

func (d *decoder) document(n *node) {
	switch {
	case n.kind == kindNull:
	case n.kind != kindMap || n.action:
		d.errorf(n.at, "", "a spec is a map of keys such as `main: ./cmd/api`, found %s", n.kind)
	default:
		d.fields("", n, schema(d.spec))
	}
}

// fields decodes a map whose keys the table knows.
func (d *decoder) fields(path string, n *node, fields []field) {
	if n.kind != kindMap || n.action {
		d.wrongType(path, n, "a map with the keys "+keyList(fields))
		return
	}
	for _, e := range n.entries {
		if d.full() {
			return
		}
		f, ok := find(fields, e.key)
		if !ok {
			if strings.HasPrefix(path, "modules.auth[") {
				d.hideUnlessHost(e.value) // A password with a key that sounds right, say.
			}
			if path != "" || d.app != "" || !strings.HasPrefix(e.key, extension) {
				d.unknownKey(path, e, fields)
			}
			continue
		}
		child := Key(path, e.key)
		if e.value.kind == kindNull {
			d.errorf(e.keyAt, child, "no value: write one, or leave the key out for its default")
			continue
		}
		d.place(child, e.value.at)
		f.read(d, child, e.value)
	}
}

func find(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

func keyList(fields []field) string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return strings.Join(keys, ", ")
}

// wrongType says what a value should be and what it is.
func (d *decoder) wrongType(path string, n *node, want string) {
	hint := ""
	switch {
	case n.kind == kindNull:
		d.errorf(n.at, path, "no value: want %s", want)
		return
	case n.action:
		hint = `: quote a value that begins with "{{"`
	case n.isScalar() && n.kind != kindString && strings.HasPrefix(want, "a string"):
		hint = fmt.Sprintf(`: write "%s" with quotes if a string is meant`, show(n.text))
	}
	d.errorf(n.at, path, "want %s, found %s%s", want, n.kind, hint)
}

// scalarOf returns a scalar's text; literal ones take numbers, booleans and dates
// as they were written.
func (d *decoder) scalarOf(path string, n *node, literal bool, want string) (string, bool) {
	if !n.isScalar() || (n.kind != kindString && !literal) {
		d.wrongType(path, n, want)
		return "", false
	}
	if i := strings.IndexByte(n.text, 0); i >= 0 {
		d.errorf(n.at, path, "%q holds a NUL character: remove it", show(n.text))
		return "", false
	}
	return n.text, true
}
