package template

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func full() Values {
	return Values{
		Name: "api", Version: "1.4.0", Revision: "9fceb02d0ae598e95dc970b74767f19372d61af8-dirty",
		Date:     time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600)),
		Platform: "linux/arm/v7", OS: "linux", Arch: "arm", Variant: "v7",
		Args: map[string]string{"FOO": "foo", "EMPTY": "", "TWO": "two words", "NOVALUE": "<no value>"},
	}
}

func TestExpand(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"plain } { text", "plain } { text"},
		{"-X main.v={{.Version}}", "-X main.v=1.4.0"},
		{"{{.Revision}}", "9fceb02d0ae598e95dc970b74767f19372d61af8-dirty"},
		{"{{.Commit}} {{.FullCommit}} {{.Git.FullCommit}}", strings.TrimSpace(strings.Repeat("9fceb02d0ae598e95dc970b74767f19372d61af8-dirty ", 3))},
		{"{{.ShortRevision}} {{.ShortCommit}} {{.Git.ShortCommit}}", "9fceb02-dirty 9fceb02-dirty 9fceb02-dirty"},
		{"{{.Date}} {{.CommitDate}} {{.Timestamp}}", "2026-03-01T12:00:00Z 2026-03-01T12:00:00Z 1772366400"},
		{"{{.Platform}} {{.OS}} {{.Os}} {{.Arch}} {{.Variant}} {{.Name}} {{.ProjectName}}", "linux/arm/v7 linux linux arm v7 api api"},
		{"{{.Args.FOO}}{{.Env.FOO}}{{$.Args.FOO}}[{{.Args.EMPTY}}]", "foofoofoo[]"},
		{"{{.Args.NOVALUE}}", "<no value>"},
		{"a {{- .Version -}} b", "a1.4.0b"},
		{"{{/* nothing */}}x", "x"},
		{`{{default "none" .Args.BAR}} {{.Args.BAR | default "none"}} {{default "none" .Args.EMPTY}}`, "none none none"},
		{`{{or .Args.BAR .Version "x"}} {{or .Version .Args.BAR}} {{and .Version "yes"}} {{not .Args.BAR}}`, "1.4.0 1.4.0 yes true"},
		{`{{if .Args.BAR}}yes{{else}}no{{end}} {{if .Version}}v{{.Version}}{{end}}`, "no v1.4.0"},
		{`{{with .Version}}v{{.}} {{$.Arch}}{{end}}{{with .Args.BAR}}x{{else}}y{{end}}{{with .Args.BAR}}x{{else with .Arch}}{{.}}{{end}}`, "v1.4.0 armyarm"},
		{`{{if eq .Arch "amd64" "arm"}}a{{else if ne .OS "linux"}}b{{end}}`, "a"},
		{`{{$v := .Version}}{{if true}}{{$v = "2"}}{{end}}{{$v}}`, "2"},
		{`{{$v := "1"}}{{if true}}{{$v := "2"}}{{end}}{{$v}}`, "1"},
		{`{{upper .Arch}} {{.Arch | toupper}} {{lower "A"}} {{tolower "A"}} [{{trim " a "}}]`, "ARM ARM a a [a]"},
		{`{{trimPrefix .Variant "v"}} {{.Variant | trimprefix "v"}} {{trimSuffix .Revision "-dirty" | printf "%.4s"}}`, "7 7 9fce"},
		{`{{replace .Platform "/" "-"}} {{.Platform | replace "/" "."}}`, "linux-arm-v7 linux.arm.v7"},
		{`{{contains .Platform "arm"}} {{hasPrefix .Variant "v"}} {{hasSuffix .Revision "-dirty"}}`, "true true true"},
		{`{{printf "%s|%5s|%-5s|%q|%d|%x|%t|%%|%v" .Arch "a" "b" "c" 7 255 true 3}}`, `arm|    a|b    |"c"|7|ff|true|%|3`},
		{`{{ne .OS "linux"}} {{ne .OS "x"}} {{default 1 false}} {{default "x" 0}}`, "false true false 0"},
		{`{{quote "main.x=" .Args.TWO}} {{quote "plain"}} {{quote "it's here"}} {{quote ""}} {{quote "'"}}`, `'main.x=two words' plain "it's here" '' "'"`},
		{`{{date "20060102" .Date}} {{.Date | date "15:04"}}`, "20260301 12:00"},
		{"{{`raw`}} {{1}} {{true}} {{'a'}}", "raw 1 true 97"},
	} {
		tmpl, err := Parse(tt.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.text, err)
			continue
		}
		got, err := tmpl.Expand(full())
		if err != nil || got != tt.want {
			t.Errorf("Expand(%q) = %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
}

func TestMissing(t *testing.T) {
	for _, tt := range []struct{ text, name, want string }{
		{"{{.Version}}", "Version", "no version: pass --build-arg VERSION=..."},
		{"{{.ShortCommit}}", "ShortRevision", "no revision: buildx sends it when the context is a git checkout; else pass --build-arg REVISION=$(git rev-parse HEAD)"},
		{"{{upper .Commit}}", "Revision", "no revision: buildx sends it when the context is a git checkout; else pass --build-arg REVISION=$(git rev-parse HEAD)"},
		{"{{.Timestamp}}", "Date", "no date: pass --build-arg SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)"},
		{"{{.Env.FOO}}", "Args.FOO", "no build argument FOO: pass --build-arg FOO=..."},
		{`{{if eq .Version "1"}}x{{end}}`, "Version", "no version: pass --build-arg VERSION=..."},
		{`{{or .Args.A .Args.B}}`, "Args.B", "no build argument B: pass --build-arg B=..."},
		{`{{$v := .Version}}{{printf "%s" $v}}`, "Version", "no version: pass --build-arg VERSION=..."},
	} {
		tmpl, err := Parse(tt.text)
		if err != nil {
			t.Fatalf("Parse(%q): %v", tt.text, err)
		}
		got, err := tmpl.Expand(Values{})
		var missing *MissingError
		if !errors.As(err, &missing) || missing.Name != tt.name || err.Error() != tt.want {
			t.Errorf("Expand(%q) = %q, %v; want the error %q", tt.text, got, err, tt.want)
		}
	}
}

const allFunctions = "and, contains, date, default, eq, hasPrefix, hasSuffix, lower, ne, not, or, printf, quote, replace, " +
	"tolower, toupper, trim, trimPrefix, trimSuffix, trimprefix, trimsuffix, upper"

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"{{.Version", "template: unclosed action"},
		{"{{}}", "template: missing value for command"},
		{"{{if .Version}}x", "template: unexpected EOF"},
		{"{{if .Versoin}}x{{end}}", "template: unknown name .Versoin; did you mean .Version?"},
		{"{{if .OS}}{{else}}{{.Versoin}}{{end}}", "template: unknown name .Versoin; did you mean .Version?"},
		{"{{(upper)}}", "template: upper: wrong number of arguments (0): write upper A"},
		{"{{lower upper}}", "template: upper: wrong number of arguments (0): write upper A"},
		{"{{" + strings.Repeat("x", 300) + "}}", `template: unknown function "` + strings.Repeat("x", 57) + `...": there are ` + allFunctions},
		{"{{.Versoin}}", "template: unknown name .Versoin; did you mean .Version?"},
		{"{{.version}}", "template: unknown name .version; did you mean .Version?"},
		{"{{.Git.Commitdate}}", "template: unknown name .Git.Commitdate; did you mean .Git.CommitDate?"},
		{"{{.Foo}}", "template: unknown name .Foo: there are .Version, .Revision, .ShortRevision, .Date, .Timestamp, .Name, .Platform, .OS, .Arch, .Variant, .Args.NAME"},
		{"{{.Git.Branch}}", "template: unknown name .Git.Branch: pass --build-arg BRANCH=$(git branch --show-current) and write .Args.BRANCH"},
		{"{{.Tag}}", "template: unknown name .Tag: .Version is what --build-arg VERSION=... says: pass the tag there"},
		{"{{.IsGitDirty}}", `template: unknown name .IsGitDirty: .Revision ends in "-dirty" where the work tree had changes`},
		{"{{.Args}}", "template: unknown name .Args: name one build argument, such as .Args.NAME"},
		{"{{uper .Version}}", `template: unknown function "uper"; did you mean "upper"?`},
		{"{{html .Version}}", `template: unknown function "html": there are ` + allFunctions},
		{"{{upper}}", "template: upper: wrong number of arguments (0): write upper A"},
		{"{{upper .OS .Arch}}", "template: upper: wrong number of arguments (2): write upper A"},
		{"{{.OS .Arch}}", "template: .OS takes no arguments: it is not a function"},
		{"{{.OS | .Arch}}", "template: .Arch cannot take a piped value: it is not a function"},
		{"{{range .Args}}{{end}}", "template: range is not supported"},
		{`{{define "x"}}{{end}}`, "template: define and block are not supported"},
		{`{{template "x"}}`, "template: calling other templates is not supported"},
		{"{{.}}", "template: . is not a value: write a name such as .Version"},
		{"{{$}}", "template: $ is not a value: write a name such as .Version"},
		{"{{$x}}", `template: undefined variable "$x"`},
		{"{{with .OS}}{{.Arch}}{{end}}", "template: inside with, the dot is the value itself: write $.Arch"},
		{"{{(upper .OS).Foo}}", "template: (upper .OS).Foo is not a value: write a name such as .Version"},
		{"{{1.5}}", "template: 1.5: only whole numbers are supported"},
		{`{{trimPrefix "v" .Version}}`, "template: trimPrefix takes the text to work on first: write trimPrefix A PREFIX"},
		{strings.Repeat("x", MaxSize+1), "template of 65537 bytes is too long: at most 65536"},
	} {
		_, err := Parse(tt.text)
		if err == nil || err.Error() != tt.want {
			t.Errorf("Parse(%.40q): %v; want %q", tt.text, err, tt.want)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	long := strings.Repeat("a", 1000)
	for _, tt := range []struct{ text, want string }{
		{`{{printf "%d" "a"}}`, `template: printf: "%d" does not fit a string`},
		{`{{printf "%s"}}`, `template: printf: "%s" has no argument`},
		{`{{printf "x" 1}}`, "template: printf: 1 more arguments than verbs"},
		{`{{printf "%*d" 1}}`, `template: printf: "%*" does not fit a number`},
		{`{{printf "%9999s" "a"}}`, `template: printf: "%9999" does not fit a string`},
		{`{{eq "a" 1}}`, "template: eq: cannot compare a string with a number"},
		{`{{ne 1 true}}`, "template: ne: cannot compare a number with a bool"},
		{`{{printf 1}}`, "template: printf: argument 1: want a string, found a number"},
		{`{{date 1 .Date}}`, "template: date: argument 1: want a string, found a number"},
		{`{{date .Args.LONG3 .Date}}`, "template: date: the layout is longer than 1000 bytes"},
		{`{{upper 1}}`, "template: upper: argument 1: want a string, found a number"},
		{`{{date "2006" "x"}}`, `template: date: "x" is not a date such as .Date`},
		{`{{quote "'" "\" "}}`, `template: quote: "'\" " holds both kinds of quotes, which go build cannot read`},
		{`{{replace .OS "" "x"}}`, "template: replace: the text to replace is empty"},
		{`{{replace (replace "` + long + `" "a" "` + long + `") "a" "b"}}`, "template: replace: the text is longer than 65536 bytes"},
		{strings.Repeat("{{.Args.LONG}}", 70), "template: the text is longer than 65536 bytes"},
	} {
		tmpl, err := Parse(tt.text)
		if err != nil {
			t.Errorf("Parse(%.40q): %v", tt.text, err)
			continue
		}
		v := full()
		v.Args["LONG"], v.Args["LONG3"] = long, long+"x"
		got, err := tmpl.Expand(v)
		if err == nil || err.Error() != tt.want {
			t.Errorf("Expand(%.40q) = %.40q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
}

// TestReplaceMemory: a result that is too long is refused before it is made; made
// first it would take 400 MB here and 4 GiB at worst.
func TestReplaceMemory(t *testing.T) {
	tmpl, err := Parse(`{{replace .Args.A "a" .Args.A}}`)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = tmpl.Expand(Values{Args: map[string]string{"A": strings.Repeat("a", 20_000)}})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 50<<20 {
		t.Errorf("%v after %d MB", err, used>>20)
	}
}

func TestUses(t *testing.T) {
	tmpl, err := Parse(`{{.Commit}}{{if .Env.FOO}}{{with .Os}}{{$.Git.ShortCommit}}{{end}}{{else}}{{default "x" .Args.BAR}}{{.CommitTimestamp}}{{end}}{{.Revision}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Args.BAR", "Args.FOO", "OS", "Revision", "ShortRevision", "Timestamp"}
	if diff := cmp.Diff(want, tmpl.Uses()); diff != "" {
		t.Errorf("Uses (-want +got):\n%s", diff)
	}
}

// TestNames holds that every documented name and alias expands, and that no
// foreign name shadows one of ours.
func TestNames(t *testing.T) {
	for _, n := range Names() {
		for _, name := range append([]string{n.Name}, n.Aliases...) {
			name = strings.Replace(name, ".NAME", ".FOO", 1)
			tmpl, err := Parse("{{." + name + "}}")
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got, err := tmpl.Expand(full()); err != nil || got == "" {
				t.Errorf("%s = %q, %v", name, got, err)
			}
			if _, ok := foreign()[name]; ok {
				t.Errorf("%s is ours and foreign", name)
			}
		}
		if n.Doc == "" {
			t.Errorf("%s has no doc", n.Name)
		}
	}
}

func TestLiteral(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		ok         bool
	}{
		{"", "", true},
		{"-X 'a={{.Version}} b'{{/* c */}}", "-X 'a=x b'", true},
		{"{{$v := .Version}}{{$v}}", "x", true},
		{"{{if .Version}}a{{end}}", "", false},
	} {
		tmpl, err := Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tmpl.Literal("x"); got != tt.want || ok != tt.ok {
			t.Errorf("Literal(%q) = %q, %v; want %q, %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []Word
	}{
		{"", nil},
		{" -s\t-w\n", []Word{{"-s", 1}, {"-w", 4}}},
		{`-X 'a=b c' "d'e"`, []Word{{"-X", 0}, {"a=b c", 3}, {"d'e", 11}}},
		{`a=b'c d`, []Word{{"a=b'c", 0}, {"d", 6}}},
		{`''`, []Word{{"", 0}}},
	} {
		got, err := Split(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("Split(%q): %v (-want +got):\n%s", tt.text, err, diff)
		}
	}
	for text, offset := range map[string]int{`-X 'a=b`: 3, `"`: 0, `'a' "b'`: 4} {
		words, err := Split(text)
		var quote *QuoteError
		if !errors.As(err, &quote) || quote.Offset != offset || !strings.Contains(err.Error(), string(quote.Quote)) {
			t.Errorf("Split(%q) = %v, %v; want an error at %d", text, words, err, offset)
		}
	}
}

func TestFunctions(t *testing.T) {
	for _, f := range Functions() {
		if !strings.HasPrefix(f.Usage, f.Name+" ") || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%+v lacks a usage or a sentence", f)
		}
	}
}
