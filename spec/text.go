package spec

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/gokiln/gokiln/internal/diag"
)

// step is how many characters lie between two checkpoints of a line that is not
// plain ASCII.
const step = 64

// text maps the YAML library's places (a line and a column in characters, where
// NEL, LS and PS end lines too) to byte offsets, and offsets to places in the
// file as an editor counts them.
type text struct {
	// data is what the library sees: the file without its byte order mark.
	data []byte
	// skipped is the length of the byte order mark.
	skipped int
	// lines are the offsets at which the library's lines begin.
	lines []int
	// newlines are the offsets after each "\n".
	newlines []int
	// checkpoints hold, for a line with characters of several bytes, the
	// offset of every step-th character.
	checkpoints map[int][]int
}

func newText(data []byte) *text {
	t := &text{data: data, lines: []int{0}, newlines: []int{0}, checkpoints: map[int][]int{}}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		t.data, t.skipped = data[3:], 3
	}
	wide := false
	for i := 0; i < len(t.data); {
		width := lineBreak(t.data[i:])
		if width == 0 {
			wide = wide || t.data[i] >= utf8.RuneSelf
			i++
			continue
		}
		if wide {
			t.checkpoint(len(t.lines)-1, i)
		}
		wide = false
		i += width
		t.lines = append(t.lines, i)
		if t.data[i-1] == '\n' {
			t.newlines = append(t.newlines, i)
		}
	}
	if wide {
		t.checkpoint(len(t.lines)-1, len(t.data))
	}
	return t
}

// lineBreak returns the length of the YAML line break that data begins with.
func lineBreak(data []byte) int {
	switch {
	case bytes.HasPrefix(data, []byte("\r\n")):
		return 2
	case data[0] == '\n' || data[0] == '\r':
		return 1
	case bytes.HasPrefix(data, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(data, []byte("\u2028")), bytes.HasPrefix(data, []byte("\u2029")):
		return 3
	}
	return 0
}

func (t *text) checkpoint(line, end int) {
	var points []int
	n := 0
	for i := t.lines[line]; i < end; n++ {
		if n%step == 0 {
			points = append(points, i)
		}
		_, width := utf8.DecodeRune(t.data[i:])
		i += width
	}
	t.checkpoints[line] = points
}

// offset returns the byte at the library's 1-based line and column.
func (t *text) offset(line, column int) int {
	if line < 1 || line > len(t.lines) {
		return len(t.data)
	}
	points, wide := t.checkpoints[line-1]
	if !wide {
		return min(t.lines[line-1]+max(column-1, 0), len(t.data))
	}
	column = max(column-1, 0)
	i := min(column/step, len(points)-1)
	at := points[i]
	for n := i * step; n < column && at < len(t.data); n++ {
		_, width := utf8.DecodeRune(t.data[at:])
		at += width
	}
	return at
}

// position returns where an offset is in the file.
func (t *text) position(offset int) diag.Position {
	line, found := slices.BinarySearch(t.newlines, offset)
	if !found {
		line--
	}
	column := offset - t.newlines[line] + 1
	if line == 0 {
		column += t.skipped
	}
	return diag.Position{Line: line + 1, Column: column}
}

func (t *text) rangeOf(start, end int) diag.Range {
	return diag.Range{Start: t.position(start), End: t.position(max(start, end))}
}

// lineRange returns the text of an editor's line, without the space around it.
func (t *text) lineRange(line int) diag.Range {
	line = min(max(line, 1), len(t.newlines))
	start, end := t.newlines[line-1], len(t.data)
	if line < len(t.newlines) {
		end = t.newlines[line]
	}
	trimmed := bytes.TrimSpace(t.data[start:end])
	if len(trimmed) > 0 {
		start += bytes.Index(t.data[start:end], trimmed)
	}
	return t.rangeOf(start, start+len(trimmed))
}

// span returns where a node's own text begins and ends: after its anchor and
// tag. The end of a collection is found from its last child's end.
func (t *text) span(n *yaml.Node, lastChild int) (start, end int) {
	start = t.offset(n.Line, n.Column)
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&^yaml.TaggedStyle == 0 {
		return start, start
	}
	start = t.skipProperties(start)
	switch n.Kind {
	case yaml.AliasNode:
		return start, min(start+1+len(n.Value), len(t.data))
	case yaml.ScalarNode:
		return start, t.scalarEnd(n, start)
	}
	if n.Style&yaml.FlowStyle != 0 {
		return start, t.flowEnd(max(lastChild, min(start+1, len(t.data))))
	}
	return start, max(lastChild, start)
}
