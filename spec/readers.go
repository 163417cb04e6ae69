package spec

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// check is a rule for one value: it returns the value in its normal form, or
// what is wrong with it.
type check func(string) (string, error)

// reader decodes one kind of value.
type reader struct {
	// want names the kind in errors and in the reference.
	want string
	read func(d *decoder, path string, n *node)
}

// scalar reads one string.
func scalar(target *string, want string, literal bool, rule check) reader {
	return reader{want, func(d *decoder, path string, n *node) {
		s, ok := d.scalarOf(path, n, literal, want)
		if !ok {
			return
		}
		s, err := rule(s)
		if err != nil {
			d.refuse(path, n, err)
			return
		}
		*target = s
	}}
}

func boolean(target *bool) reader {
	const want = "true or false"
	return reader{want, func(d *decoder, path string, n *node) {
		switch {
		case n.kind == kindBool:
			*target = strings.EqualFold(n.text, "true")
		case n.kind == kindString && asBool(n.text) != "":
			d.errorf(n.at, path, "want true or false, found the string %q: write %s", n.text, asBool(n.text))
		default:
			d.wrongType(path, n, want)
		}
	}}
}

// asBool reads the words that YAML 1.1 and shells take for booleans.
func asBool(s string) string {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "y", "enabled":
		return "true"
	case "false", "no", "off", "n", "disabled":
		return "false"
	}
	return ""
}

func count(target *int, most int) reader {
	const want = "a number"
	return reader{want, func(d *decoder, path string, n *node) {
		if n.kind != kindNumber {
			d.wrongType(path, n, want)
			return
		}
		i, err := strconv.Atoi(n.text)
		if err != nil || i < 0 || i > most {
			d.errorf(n.at, path, "want a whole number from 0 to %d, found %s", most, show(n.text))
			return
		}
		*target = i
	}}
}

// listOptions say what a list of strings takes.
type listOptions struct {
	// single lists may be written as one string.
	single bool
	// literal elements may be numbers and booleans.
	literal bool
	// unique elements are kept once.
	unique bool
	// line says why one string does not do.
	line func(string) error
	// rule checks an element and may make several of it.
	rule func(string) ([]string, error)
}

// list reads a list of strings.
func list(target *[]string, want string, o listOptions) reader {
	return reader{want, func(d *decoder, path string, n *node) {
		items := []*node{n}
		single := true
		switch {
		case n.kind == kindList:
			items, single = n.items, false
		case o.line != nil && n.isScalar():
			d.errorf(n.at, path, "%w", o.line(n.text))
			return
		case !o.single:
			d.wrongType(path, n, want)
			return
		}
		values := []string{}
		for i, item := range items {
			at, wantItem := path, want
			if !single {
				at, wantItem = Index(path, i), "a string"
			}
			s, ok := d.scalarOf(at, item, o.literal, wantItem)
			if !ok {
				continue
			}
			made, err := o.rule(s)
			if err != nil {
				d.refuse(at, item, err)
				continue
			}
			for _, v := range made {
				if !o.unique || !slices.Contains(values, v) {
					d.place(Index(path, len(values)), item.at)
					values = append(values, v)
				}
			}
		}
		*target = values
	}}
}

// duration reads a duration; the zero one is "inherit".
func duration(target *time.Duration) reader {
	const want = "a duration such as 30s or 1m30s"
	return reader{want, func(d *decoder, path string, n *node) {
		s, ok := d.scalarOf(path, n, true, want)
		if !ok {
			return
		}
		v, err := parseDuration(s)
		if err != nil {
			d.errorf(n.at, path, "%w", err)
			return
		}
		*target = v
	}}
}

// pairsOptions say what a map of strings takes.
type pairsOptions struct {
	// key checks a key; value checks the value of one.
	key   func(string) error
	value func(key, value string) error
	// bare says what to think of an element without "=".
	bare string
}

// pairs reads a map of strings, or a list of KEY=VALUE strings.
func pairs(target *map[string]string, want string, o pairsOptions) reader {
	return reader{want, func(d *decoder, path string, n *node) {
		values := map[string]string{}
		switch {
		case n.kind == kindMap && !n.action:
			d.pairsMap(path, n, o, values)
		case n.kind == kindList:
			d.pairsList(path, n, o, values)
		default:
			d.wrongType(path, n, want)
			return
		}
		*target = values
	}}
}

func (d *decoder) pairsMap(path string, n *node, o pairsOptions, values map[string]string) {
	for _, e := range n.entries {
		at := Key(path, e.key)
		if err := o.key(e.key); err != nil {
			d.errorf(e.keyAt, at, "%w", err)
			continue
		}
		if e.value.kind == kindNull {
			d.errorf(e.keyAt, at, `no value: write "" for an empty one`)
			continue
		}
		s, ok := d.scalarOf(at, e.value, true, "a string")
		if !ok {
			continue
		}
		d.place(at, e.value.at)
		if err := o.value(e.key, s); err != nil {
			d.errorf(e.value.at, at, "%w", err)
			continue
		}
		values[e.key] = s
	}
}

func (d *decoder) pairsList(path string, n *node, o pairsOptions, values map[string]string) {
	lines := map[string]int{}
	for i, item := range n.items {
		at := Index(path, i)
		s, ok := d.scalarOf(at, item, true, "a string KEY=VALUE")
		if !ok {
			continue
		}
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			d.errorf(item.at, at, "%q has no value: write %s=VALUE%s", show(s), show(s), o.bare)
			continue
		}
		if err := o.key(key); err != nil {
			d.errorf(item.at, at, "%w", err)
			continue
		}
		if line, ok := lines[key]; ok {
			d.errorf(item.at, at, "%q is written twice: first at line %d", show(key), line)
			continue
		}
		lines[key] = item.at.Start.Line
		d.place(Key(path, key), item.at)
		if err := o.value(key, value); err != nil {
			d.errorf(item.at, Key(path, key), "%w", err)
			continue
		}
		values[key] = value
	}
}
