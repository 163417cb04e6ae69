package spec

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gokiln/gokiln/internal/diag"
)

const (
	// maxNodes bounds the values of a spec with every alias written out, which
	// is what a YAML bomb multiplies.
	maxNodes = 100_000
	// maxDepth bounds nesting; the deepest real value is at 5.
	maxDepth = 32
)

type kind int

const (
	kindString kind = iota
	kindNumber
	kindBool
	kindDate
	kindNull
	kindList
	kindMap
)

func (k kind) String() string {
	return [...]string{"a string", "a number", "true or false", "a date", "no value", "a list", "a map"}[k]
}

// node is a YAML value with aliases and merge keys written out.
type node struct {
	kind kind
	// text is a scalar as it was written, without quotes.
	text string
	at   diag.Range
	// action is a flow map that begins with "{{": a template without quotes.
	action  bool
	items   []*node
	entries []entry
}

type entry struct {
	key   string
	keyAt diag.Range
	value *node
	// merged entries came from "<<".
	merged bool
}

func (n *node) isScalar() bool { return n.kind < kindNull }

// tree turns the library's nodes into ours, within bounds.
type tree struct {
	src    diag.Source
	text   *text
	errs   *problems
	nodes  int
	open   map[*yaml.Node]bool
	failed bool
	// path is the field path of the node being built.
	path string
}

// build returns the node and the offset where its text ends; nil after a bound
// was passed, which is reported once.
func (t *tree) build(n *yaml.Node, depth int) (*node, int) {
	t.nodes++
	switch {
	case t.failed:
		return nil, 0
	case t.nodes > maxNodes:
		return t.fail(n, "more than %d values with the aliases written out: a spec is small", maxNodes)
	case depth > maxDepth:
		return t.fail(n, "values are nested more than %d deep", maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return t.alias(n, depth)
	case yaml.ScalarNode:
		return t.scalar(n)
	case yaml.SequenceNode:
		return t.list(n, depth)
	}
	return t.mapping(n, depth)
}

// at builds a node one step further down.
func (t *tree) at(path string, n *yaml.Node, depth int) (*node, int) {
	outer := t.path
	t.path = path
	defer func() { t.path = outer }()
	return t.build(n, depth)
}

// errorf reports an error in the node at t.path.
func (t *tree) errorf(at diag.Range, format string, args ...any) {
	t.errs.errorf(at, t.path, format, args...)
}

func (t *tree) fail(n *yaml.Node, format string, args ...any) (*node, int) {
	t.failed = true
	start, end := t.text.span(n, 0)
	t.errorf(t.text.rangeOf(start, end), format, args...)
	return nil, 0
}

func (t *tree) alias(n *yaml.Node, depth int) (*node, int) {
	start, end := t.text.span(n, 0)
	if t.open[n.Alias] {
		t.failed = true
		t.errorf(t.text.rangeOf(start, end), "the anchor &%s contains itself", show(n.Value))
		return nil, 0
	}
	value, _ := t.build(n.Alias, depth+1)
	return value, end
}

func (t *tree) scalar(n *yaml.Node) (*node, int) {
	start, end := t.text.span(n, 0)
	value := &node{kind: kindString, text: n.Value, at: t.text.rangeOf(start, end)}
	switch n.ShortTag() {
	case "!!str", "!!merge":
	case "!!int", "!!float":
		value.kind = kindNumber
	case "!!bool":
		value.kind = kindBool
	case "!!timestamp":
		value.kind = kindDate
	case "!!null":
		value.kind = kindNull
	default:
		t.unknownTag(n, value.at)
		n.Tag = "" // What the text is without it, so that no second error follows.
		return t.scalar(n)
	}
	return value, end
}

func (t *tree) unknownTag(n *yaml.Node, at diag.Range) {
	t.errorf(at, "the tag %s is not supported: remove it", show(n.ShortTag()))
}

func (t *tree) list(n *yaml.Node, depth int) (*node, int) {
	t.open[n] = true
	defer delete(t.open, n)
	value := &node{kind: kindList}
	last := 0
	for _, child := range n.Content {
		item, end := t.at(Index(t.path, len(value.items)), child, depth+1)
		if item == nil {
			return nil, 0
		}
		value.items = append(value.items, item)
		last = end
	}
	end := t.close(value, n, last)
	if n.ShortTag() != "!!seq" {
		t.unknownTag(n, value.at)
	}
	return value, end
}

// close sets a collection's range.
func (t *tree) close(value *node, n *yaml.Node, last int) int {
	start, end := t.text.span(n, last)
	value.at = t.text.rangeOf(start, end)
	return end
}

func (t *tree) mapping(n *yaml.Node, depth int) (*node, int) {
	t.open[n] = true
	defer delete(t.open, n)
	start, _ := t.text.span(n, 0)
	value := &node{kind: kindMap, action: bytes.HasPrefix(t.text.data[start:], []byte("{{"))}
	var merges []*node
	seen := map[string]diag.Range{}
	last := 0
	for i := 0; i+1 < len(n.Content); i += 2 {
		keyNode, valueNode := n.Content[i], n.Content[i+1]
		if depth == 0 && strings.HasPrefix(keyNode.Value, extension) {
			// The user's own, and so not looked into.
			_, last = t.text.span(keyNode, 0)
			continue
		}
		key, keyEnd := t.build(keyNode, depth+1)
		child, end := t.at(Key(t.path, keyNode.Value), valueNode, depth+1)
		if key == nil || child == nil {
			return nil, 0
		}
		last = max(keyEnd, end)
		if keyNode.ShortTag() == "!!merge" {
			if merges != nil {
				t.errorf(key.at, `"<<" is written twice: write it once, with a list`)
			}
			merges = append(merges, child)
			continue
		}
		t.add(value, seen, entry{key: key.text, keyAt: key.at, value: child}, key.kind)
	}
	for _, m := range merges {
		t.merge(value, seen, m)
	}
	end := t.close(value, n, last)
	if n.ShortTag() != "!!map" {
		t.unknownTag(n, value.at)
	}
	return value, end
}

func (t *tree) add(value *node, seen map[string]diag.Range, e entry, k kind) {
	if value.action {
		return // The decoder says that it is no map.
	}
	if k >= kindNull {
		t.errorf(e.keyAt, "a key must be a string, found %s", k)
		return
	}
	if first, ok := seen[e.key]; ok {
		t.errs.errorf(e.keyAt, Key(t.path, show(e.key)), "the key is written twice: first at line %d", first.Start.Line)
		return
	}
	seen[e.key] = e.keyAt
	value.entries = append(value.entries, e)
}

// merge adds what "<<" brings: one map, or a list of which the earlier win.
// Keys that are written in the map itself win over both.
func (t *tree) merge(value *node, seen map[string]diag.Range, from *node) {
	switch from.kind {
	case kindMap:
		for _, e := range from.entries {
			if _, ok := seen[e.key]; ok {
				continue
			}
			seen[e.key] = e.keyAt
			e.merged = true
			value.entries = append(value.entries, e)
		}
	case kindList:
		for _, item := range from.items {
			if item.kind != kindMap {
				t.errorf(item.at, `"<<" merges maps, found %s`, item.kind)
				continue
			}
			t.merge(value, seen, item)
		}
	default:
		t.errorf(from.at, `"<<" merges a map or a list of maps, found %s`, from.kind)
	}
}

// maxProblems bounds how many errors are reported of a file that is no spec.
const maxProblems = 100

// problems gathers located errors up to a bound.
type problems struct {
	src  diag.Source
	list diag.List
}

// errorf reports an error of the value at a field path.
func (p *problems) errorf(at diag.Range, path, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if path != "" {
		err = fmt.Errorf("%s: %w", show(path), err)
	}
	p.add(at, err)
}

func (p *problems) add(at diag.Range, err error) {
	switch {
	case len(p.list) < maxProblems:
		p.list = append(p.list, &diag.Error{Source: p.src, Range: at, Err: err})
	case len(p.list) == maxProblems:
		p.list = append(p.list, diag.Errorf(p.src, at, "more than %d errors: the rest is not shown", maxProblems))
	}
}

func (p *problems) full() bool { return len(p.list) > maxProblems }
