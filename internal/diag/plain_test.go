package diag

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	for s, want := range map[string]string{
		"":                       "",
		`cmd/api: "x" \d`:        `cmd/api: "x" \d`,
		"café 日本 🚀":              "café 日本 🚀",
		"a\n#99 DONE":            `a\n#99 DONE`,
		"\x1b[2J\x1b[H":          `\x1b[2J\x1b[H`,
		"a\rb\tc\x00\x7f":        `a\rb\tc\x00\x7f`,
		"\u009b2J":               `\u009b2J`,
		"user\u202enimda":        `user\u202enimda`,
		"zero\u200bwidth\u2028x": `zero\u200bwidth\u2028x`,
		"caf\xe9":                `caf\xe9`,
		"\uFFFD":                 "\uFFFD",
	} {
		if got := Plain(s); got != want {
			t.Errorf("Plain(%q) = %q, want %q", s, got, want)
		}
	}
	if got := Text("one:\n\ttwo\x1b[2J\r\n"); got != "one:\n\ttwo\\x1b[2J\\r\n" {
		t.Errorf("Text gives %q", got)
	}
}

func TestExcerpt(t *testing.T) {
	for s, want := range map[string]string{
		"a: b # é\n":         "a: b # é\n",
		"a\r\nb\rc\x1b[2J":   "a\r\nb?c?[2J",
		"\u202eab\xff":       "???ab?",
		"\t{\u009b}\uFFFD\n": "\t{??}\uFFFD\n",
	} {
		if got := string(Excerpt([]byte(s))); got != want {
			t.Errorf("Excerpt(%q) = %q, want %q", s, got, want)
		}
	}
}

// FuzzPlain: what comes out is printable and one line, printable text stays, and
// nothing moves in an excerpt.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "a b", "\x1b", "\n::error::", "\xff\xfe", "é\uFFFD\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain := Plain(s)
		if strings.IndexFunc(plain, func(r rune) bool { return !strconv.IsPrint(r) }) >= 0 || !utf8.ValidString(plain) {
			t.Errorf("Plain(%q) = %q", s, plain)
		}
		if Plain(plain) != plain {
			t.Errorf("%q is not plain", plain)
		}
		data := Excerpt([]byte(s))
		if len(data) != len(s) || strings.Count(string(data), "\n") != strings.Count(s, "\n") || !utf8.Valid(data) {
			t.Errorf("Excerpt(%q) = %q", s, data)
		}
	})
}
