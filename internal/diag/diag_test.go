package diag

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func at(line, column int) Range {
	return Range{Start: Position{line, column}, End: Position{line, column + 1}}
}

func TestErrorText(t *testing.T) {
	src := Source{Filename: "gokiln.yaml"}
	for want, err := range map[string]*Error{
		"gokiln.yaml:3:5: main: no":  Errorf(src, at(3, 5), "main: no"),
		"gokiln.yaml: main: no":      Errorf(src, Range{}, "main: no"),
		"main: no":                   Errorf(Source{}, Range{}, "main: no"),
		"gokiln.yaml:1:1: x: a file": Errorf(src, at(1, 1), "x: %w", errors.New("a file")),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

func TestListIsSortedAndWithoutRepetitions(t *testing.T) {
	a, b := Source{Filename: "a.yaml"}, Source{Filename: "b.yaml"}
	err := List{
		Errorf(b, at(1, 1), "five"), Errorf(a, at(10, 1), "four"), Errorf(a, at(2, 9), "three"),
		Errorf(a, at(2, 3), "two"), Errorf(a, at(2, 3), "two"), Errorf(a, at(1, 7), "one"),
	}.Err()
	var got []string
	for _, e := range All(fmt.Errorf("spec: %w", err)) {
		got = append(got, e.Err.Error())
	}
	if s := strings.Join(got, " "); s != "one two three four five" {
		t.Errorf("order: %s", s)
	}
}

func TestEmptyListIsNoError(t *testing.T) {
	if err := (List{}).Err(); err != nil {
		t.Errorf("%v", err)
	}
}

func TestUnwrap(t *testing.T) {
	err := List{Errorf(Source{}, Range{}, "x"), Errorf(Source{}, Range{}, "read: %w", fs.ErrNotExist)}.Err()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause of a listed error is lost")
	}
	if All(errors.New("plain")) != nil {
		t.Error("a plain error has places")
	}
	if one := All(fmt.Errorf("wrap: %w", Errorf(Source{}, at(1, 1), "x"))); len(one) != 1 {
		t.Errorf("%d errors, want 1", len(one))
	}
}
