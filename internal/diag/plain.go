package diag

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Plain is a name or a message as it may stand in a log, on one line: what is
// printable stays, and all else is written as %q writes it. A file's name may hold
// anything, such as the codes that clear a screen or a line that looks like the
// client's own. What comes from a context or a spec goes through here before anybody
// reads it: names of steps in llb/lower, errors where they leave llb/builder.
func Plain(s string) string { return escape(s, func(rune) bool { return false }) }

// Text is Plain for text that has lines and tabs of its own.
func Text(s string) string { return escape(s, func(r rune) bool { return r == '\n' || r == '\t' }) }

func escape(s string, keep func(rune) bool) string {
	clean := func(r rune) bool { return r != utf8.RuneError && (strconv.IsPrint(r) || keep(r)) }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, width := utf8.DecodeRuneInString(s)
		if clean(r) || r == utf8.RuneError && width > 1 {
			b.WriteString(s[:width])
		} else {
			quoted := strconv.Quote(s[:width])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[width:]
	}
	return b.String()
}

// Excerpt is source to be shown: what is not printable has a question mark for each
// of its bytes, so that lines and columns stay.
func Excerpt(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); {
		r, width := utf8.DecodeRune(data[i:])
		switch {
		case strconv.IsPrint(r) && (r != utf8.RuneError || width > 1), r == '\n', r == '\t',
			r == '\r' && i+1 < len(data) && data[i+1] == '\n':
			out = append(out, data[i:i+width]...)
		default:
			for range width {
				out = append(out, '?')
			}
		}
		i += width
	}
	return out
}
