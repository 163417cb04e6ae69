package spec

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The YAML library tells where a node begins and not where it ends. What
// follows finds the end in the bytes; the library has accepted them, so it only
// has to be right about YAML that is, and must stay inside the data for any.

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// skipBlank skips white space and comments.
func (t *text) skipBlank(i int) int {
	for i < len(t.data) {
		switch {
		case isBlank(t.data[i]):
			i++
		case t.data[i] == '#' && i > 0 && isBlank(t.data[i-1]):
			i = t.lineEnd(i)
		default:
			return i
		}
	}
	return i
}

func (t *text) lineEnd(i int) int {
	if n := bytes.IndexByte(t.data[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(t.data)
}

// skipProperties skips a node's anchor and tag.
func (t *text) skipProperties(i int) int {
	for i < len(t.data) && (t.data[i] == '&' || t.data[i] == '!') {
		for i < len(t.data) && !isBlank(t.data[i]) {
			i++
		}
		i = t.skipBlank(i)
	}
	return i
}

func (t *text) scalarEnd(n *yaml.Node, start int) int {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return t.quotedEnd(start, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return t.quotedEnd(start, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return t.blockEnd(start, strings.TrimSpace(n.Value) == "")
	}
	i := start
	for j := 0; j < len(n.Value) && i < len(t.data); j++ {
		switch {
		case isBlank(n.Value[j]):
			for i < len(t.data) && isBlank(t.data[i]) {
				i++
			}
		case t.data[i] == n.Value[j]:
			i++
		default:
			return i
		}
	}
	return i
}

// quotedEnd finds the closing quote. In double quotes a backslash hides the
// next byte; in single quotes two quotes are one.
func (t *text) quotedEnd(start int, quote byte) int {
	for i := start + 1; i < len(t.data); i++ {
		switch {
		case quote == '"' && t.data[i] == '\\':
			i++
		case t.data[i] != quote:
		case quote == '\'' && i+1 < len(t.data) && t.data[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return len(t.data)
}

// blockEnd finds the end of a literal or folded scalar: the last line that is
// indented as its first one is.
func (t *text) blockEnd(start int, empty bool) int {
	end := t.lineEnd(start)
	if empty {
		return end
	}
	indent := -1
	for i := end + 1; i < len(t.data); {
		lineEnd := t.lineEnd(i)
		line := t.data[i:lineEnd]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if len(bytes.TrimSpace(line)) > 0 {
			if indent < 0 {
				indent = spaces
			}
			if spaces < indent {
				break
			}
			end = i + len(bytes.TrimRight(line, "\r"))
		}
		i = lineEnd + 1
	}
	return end
}

// flowEnd finds the bracket that closes a collection whose last child ends at i.
func (t *text) flowEnd(i int) int {
	end := i
	for i < len(t.data) {
		i = t.skipBlank(i)
		if i == len(t.data) {
			break
		}
		switch t.data[i] {
		case ',', ':', '?':
			i++
		case ']', '}':
			return i + 1
		default:
			return end
		}
	}
	return end
}
