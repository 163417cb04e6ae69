package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

func texts(args []value) ([]string, error) {
	list := make([]string, len(args))
	for i, v := range args {
		if v.kind != kindText {
			return nil, fmt.Errorf("argument %d: want a string, found %s", i+1, v.kind)
		}
		list[i] = v.text
	}
	return list, nil
}

func fallback(args []value) (value, error) {
	if args[1].isTrue() || args[1].kind == kindBool || args[1].kind == kindInt {
		return args[1], nil
	}
	return args[0], nil
}

func last(args []value) (value, error) { return args[len(args)-1], nil }

func not(args []value) (value, error) { return boolean(!args[0].isTrue()), nil }

func equal(args []value) (value, error) {
	same := false
	for _, v := range args[1:] {
		if v.kind != args[0].kind {
			return value{}, fmt.Errorf("cannot compare %s with %s", args[0].kind, v.kind)
		}
		same = same || v == args[0]
	}
	return boolean(same), nil
}

func differ(args []value) (value, error) {
	v, err := equal(args)
	return boolean(!v.truth), err
}

func lower(s []string) (value, error) { return text(strings.ToLower(s[0])), nil }
func upper(s []string) (value, error) { return text(strings.ToUpper(s[0])), nil }
func trim(s []string) (value, error)  { return text(strings.TrimSpace(s[0])), nil }

func trimPrefix(s []string) (value, error) { return text(strings.TrimPrefix(s[0], s[1])), nil }
func trimSuffix(s []string) (value, error) { return text(strings.TrimSuffix(s[0], s[1])), nil }
func contains(s []string) (value, error)   { return boolean(strings.Contains(s[0], s[1])), nil }
func hasPrefix(s []string) (value, error)  { return boolean(strings.HasPrefix(s[0], s[1])), nil }
func hasSuffix(s []string) (value, error)  { return boolean(strings.HasSuffix(s[0], s[1])), nil }

// replace knows its result's size before it makes it.
func replace(s []string) (value, error) {
	if s[1] == "" {
		return value{}, errors.New("the text to replace is empty")
	}
	if grow := len(s[2]) - len(s[1]); len(s[0])+strings.Count(s[0], s[1])*grow > MaxSize {
		return value{}, errTooLong
	}
	return text(strings.ReplaceAll(s[0], s[1], s[2])), nil
}

// quoted joins its arguments to one word and quotes it where the go command
// would split it. Go knows no escapes inside quotes, so a word that holds both
// kinds of quotes cannot be written.
func quoted(args []value) (value, error) {
	var b strings.Builder
	for _, v := range args {
		s, err := v.print()
		if err != nil {
			return value{}, err
		}
		b.WriteString(s)
	}
	s := b.String()
	switch {
	case s != "" && s[0] != '\'' && s[0] != '"' && !strings.ContainsAny(s, " \t\r\n"):
		return text(s), nil
	case !strings.Contains(s, "'"):
		return text("'" + s + "'"), nil
	case !strings.Contains(s, `"`):
		return text(`"` + s + `"`), nil
	}
	return value{}, fmt.Errorf("%q holds both kinds of quotes, which go build cannot read", clip(s))
}

var verb = regexp.MustCompile(`%[-+# 0]{0,5}([0-9]{0,3})(\.[0-9]{0,3})?(.?)`)

// printf is fmt.Sprintf for the verbs that cannot fail or take much memory.
func printf(args []value) (value, error) {
	if args[0].kind != kindText {
		return value{}, fmt.Errorf("argument 1: want a string, found %s", args[0].kind)
	}
	var b strings.Builder
	format, rest := args[0].text, args[1:]
	for format != "" {
		at := verb.FindStringSubmatchIndex(format)
		if at == nil {
			b.WriteString(format)
			break
		}
		b.WriteString(format[:at[0]])
		item, letter := format[at[0]:at[1]], format[at[6]:at[7]]
		format = format[at[1]:]
		if item == "%%" {
			b.WriteByte('%')
			continue
		}
		if len(rest) == 0 {
			return value{}, fmt.Errorf("%q has no argument", item)
		}
		s, err := formatOne(item, letter, rest[0])
		if err != nil {
			return value{}, err
		}
		rest = rest[1:]
		if b.WriteString(s); b.Len() > MaxSize {
			return value{}, errTooLong
		}
	}
	if len(rest) > 0 {
		return value{}, fmt.Errorf("%d more arguments than verbs", len(rest))
	}
	return text(b.String()), nil
}

func formatOne(item, letter string, v value) (string, error) {
	var arg any
	var allowed string
	switch v.kind {
	case kindText:
		arg, allowed = v.text, "sqvx"
	case kindInt:
		arg, allowed = v.number, "dvx"
	case kindBool:
		arg, allowed = v.truth, "tv"
	default:
		return "", &MissingError{Name: v.text}
	}
	if letter == "" || !strings.Contains(allowed, letter) {
		return "", fmt.Errorf("%q does not fit %s", item, v.kind)
	}
	return fmt.Sprintf(item, arg), nil
}

func reformat(args []value) (value, error) {
	s, err := texts(args)
	if err != nil {
		return value{}, err
	}
	t, err := time.Parse(time.RFC3339, s[1])
	if err != nil {
		return value{}, fmt.Errorf("%q is not a date such as .Date", clip(s[1]))
	}
	if len(s[0]) > 1000 {
		return value{}, errors.New("the layout is longer than 1000 bytes")
	}
	return text(t.UTC().Format(s[0])), nil
}
