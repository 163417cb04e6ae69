package worktest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, comment := Parse("what it shows\n-- a.go --\npackage a\n\n-- b/empty --\n-- link -> b/empty --\n-- last -> x --\n-- z --\nno newline")
	want := Fixture{
		Files: map[string]string{"a.go": "package a\n\n", "b/empty": "", "z": "no newline"},
		Links: map[string]string{"link": "b/empty", "last": "x"},
	}
	if diff := cmp.Diff(want, got); diff != "" || comment != "what it shows" {
		t.Errorf("comment %q, fixture (-want +got):\n%s", comment, diff)
	}
	for _, none := range []string{"", "only a comment\n", "-- not a header"} {
		if got, _ := Parse(none); len(got.Links) > 0 || len(got.Files) > 1 {
			t.Errorf("%q has %v", none, got)
		}
	}
}
