package note

import (
	"errors"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	tests := []struct {
		name, text, want string
		invalid          bool
	}{
		{name: "plain", text: "buy clay", want: "buy clay"},
		{name: "trimmed", text: "\t buy clay \n", want: "buy clay"},
		{name: "longest, in characters and not bytes", text: strings.Repeat("ü", MaxLength), want: strings.Repeat("ü", MaxLength)},
		{name: "too long", text: strings.Repeat("ü", MaxLength+1), invalid: true},
		{name: "empty", text: "", invalid: true},
		{name: "white space", text: " \n\t", invalid: true},
		{name: "not UTF-8", text: "\xff", invalid: true},
		{name: "NUL", text: "a\x00b", invalid: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Clean(test.text)
			if errors.Is(err, ErrInvalid) != test.invalid {
				t.Fatalf("error is %v, want invalid: %t", err, test.invalid)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
