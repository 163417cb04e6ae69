package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/gokiln/gokiln/internal/diag"
)

// maxSize is the largest spec in bytes. The largest real ones are some 10 KiB.
const maxSize = 1 << 20

// readYAML returns the document's root node, nil for a file without one, or
// what is wrong with the file as YAML.
func readYAML(src diag.Source, t *text) (*yaml.Node, *diag.Error) {
	if len(src.Data) > maxSize {
		size := len(src.Data)
		src.Data = nil // To show it is to send it, and there may be gigabytes.
		return nil, diag.Errorf(src, diag.Range{}, "a spec of %d bytes is too large: at most %d (1 MiB)", size, maxSize)
	}
	if err := checkBytes(src, t); err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(t.data))
	first, err := nextDocument(decoder)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxError(src, t, err)
	}
	second, err := nextDocument(decoder)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxError(src, t, err)
	default:
		at := t.lineRange(t.editorLine(second.Line))
		return nil, diag.Errorf(src, at, `a spec is one YAML document, and a second one begins here: remove the "---" line, or build each file by itself with -f`)
	}
	if len(first.Content) == 0 {
		return nil, nil
	}
	return first.Content[0], nil
}

// nextDocument turns a panic of the YAML library into an error: it panics on
// states it deems impossible, and what it reads comes from anywhere.
func nextDocument(decoder *yaml.Decoder) (n *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML library fails on this file: %v", r)
		}
	}()
	n = &yaml.Node{}
	return n, decoder.Decode(n)
}

// checkBytes finds what no YAML file may hold, with its exact place.
func checkBytes(src diag.Source, t *text) *diag.Error {
	for i := 0; i < len(t.data); {
		r, width := utf8.DecodeRune(t.data[i:])
		at := func() diag.Range { return t.rangeOf(i, i+width) }
		switch {
		case r == utf8.RuneError && width == 1 && i == 0 && (t.data[0] == 0xff || t.data[0] == 0xfe):
			return diag.Errorf(src, at(), "the file is UTF-16: save it as UTF-8")
		case r == utf8.RuneError && width == 1:
			return diag.Errorf(src, at(), "the byte 0x%02x is not UTF-8: save the file as UTF-8", t.data[i])
		case !isAllowed(r):
			return diag.Errorf(src, at(), `the character %U may not stand in a YAML file: write it as an escape in double quotes, or remove it`, r)
		}
		i += width
	}
	return nil
}

// isAllowed is YAML's set of printable characters.
func isAllowed(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

var (
	told   = regexp.MustCompile(`^(?:line (\d+): )?(.*)$`)
	anchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntaxError locates an error of the YAML library. It tells a line, and for
// what its parser (not its scanner) finds, the line before; of an anchor it tells
// the name only.
func syntaxError(src diag.Source, t *text, err error) *diag.Error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if m := told.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	if m := anchor.FindStringSubmatch(message); m != nil {
		return unknownAnchor(src, t, m[1])
	}
	fromParser := strings.HasPrefix(message, "did not find expected") && !strings.Contains(message, "alphabetic") &&
		!strings.Contains(message, "comment or line break")
	if fromParser {
		line++
	}
	if message == "did not find expected key" || message == "did not find expected '-' indicator" {
		line = breakingLine(t, message, line)
	}
	line = t.editorLine(max(line, 1))
	at := t.lineRange(line)
	for at.Start == at.End && line > 1 {
		line-- // What ends too early is told at the file's end.
		at = t.lineRange(line)
	}
	whole := t.line(line)
	if message == "found unexpected end of stream" && !strings.ContainsAny(whole, `'"`) {
		// The library tells the end where the quote is in the first line.
		at, whole = t.lineRange(1), t.line(1)
	}
	return diag.Errorf(src, at, "not valid YAML: %s%s", plainWords(message), syntaxHint(message, whole))
}

// editorLine turns the library's line into an editor's.
func (t *text) editorLine(line int) int { return t.position(t.offset(line, 1)).Line }

func (t *text) line(n int) string {
	start := t.newlines[n-1]
	return string(t.data[start:t.lineEnd(start)])
}

// breakingLine finds the first line that makes the library fail with message:
// of an indentation error it tells only where the enclosing collection began.
// The library reads in one pass, so once a beginning of the file fails this
// way every longer one does.
func breakingLine(t *text, message string, line int) int {
	if len(t.data) > 64<<10 {
		return line
	}
	low, high := max(line, 1), len(t.lines)
	for low < high {
		middle := (low + high) / 2
		_, err := nextDocument(yaml.NewDecoder(bytes.NewReader(t.data[:t.lines[middle]])))
		if err != nil && strings.HasSuffix(err.Error(), message) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

func unknownAnchor(src diag.Source, t *text, name string) *diag.Error {
	at := diag.Range{}
	use := regexp.MustCompile(`\*` + regexp.QuoteMeta(name) + `([^0-9A-Za-z_-]|$)`)
	if m := use.FindIndex(t.data); m != nil {
		at = t.rangeOf(m[0], m[0]+1+len(name))
	}
	return diag.Errorf(src, at, `not valid YAML: no anchor &%s stands before *%s: define it first, or quote a value that begins with "*"`, show(name), show(name))
}

// plainWords replaces the library's terms where they say nothing to a user.
func plainWords(message string) string {
	switch message {
	case "did not find expected key":
		return "this line does not fit the ones before it: check its indentation and quotes"
	case "did not find expected '-' indicator":
		return "this line does not fit the list before it: check its indentation"
	case "mapping values are not allowed in this context":
		return `a ":" cannot stand here`
	case "could not find expected ':'":
		return `a key without a ":"`
	case "found character that cannot start any token":
		return "a value cannot begin with this character"
	case "found a tab character that violates indentation", "found a tab character where an indentation space is expected":
		return "a tab in the indentation"
	case "found unexpected end of stream":
		return "the quoted value that begins here has no end"
	case "did not find expected ',' or ']'":
		return `a list that begins with "[" lacks a "," or its "]"`
	case "did not find expected ',' or '}'":
		return `a map that begins with "{" lacks a "," or its "}"`
	case "did not find expected alphabetic or numeric character":
		return `a "&" or "*" without a name: quote a value that begins with it`
	case "exceeded max depth of 10000":
		return "values are nested too deeply"
	}
	return message
}

// syntaxHint says what to do about the usual mistakes.
func syntaxHint(message, line string) string {
	text := strings.TrimLeft(line, " \t")
	indentation := line[:len(line)-len(text)]
	switch {
	case strings.Contains(indentation, "\t"):
		return ": indent with spaces, not tabs"
	case strings.Contains(text, ": {{") || strings.HasPrefix(text, "- {{"):
		return `: a value that begins with "{{" needs quotes`
	case message == "mapping values are not allowed in this context" && strings.Count(text, ": ") > 1:
		return `: a value that holds ": " needs quotes`
	case message == "mapping values are not allowed in this context":
		return ": check the indentation of this line and the quotes of the one before"
	case strings.Contains(message, "cannot start any token"):
		return ": a value that begins with @, % or a backquote needs quotes"
	}
	return ""
}

// show keeps a quoted piece of the user's text short.
func show(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-3], "") + "..."
}
