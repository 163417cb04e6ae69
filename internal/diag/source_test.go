package diag

import "testing"

func TestSourceRange(t *testing.T) {
	src := Source{Data: []byte("a\nüb \t\r\n\nlast")}
	at := func(line, column, endLine, endColumn int) Range {
		return Range{Position{line, column}, Position{endLine, endColumn}}
	}
	for _, tt := range []struct {
		name      string
		got, want Range
	}{
		{"a line", src.Range(0, 1), at(1, 1, 1, 2)},
		{"columns are bytes", src.Range(2, 5), at(2, 1, 2, 4)},
		{"over lines", src.Range(0, 9), at(1, 1, 3, 1)},
		{"outside the file", src.Range(-3, 99), at(1, 1, 4, 5)},
		{"backwards", src.Range(5, 2), at(2, 4, 2, 4)},
		{"rest without the space at its end", src.RestOfLine(2), at(2, 1, 2, 4)},
		{"rest of an empty line", src.RestOfLine(9), at(3, 1, 3, 1)},
		{"rest of the last line", src.RestOfLine(11), at(4, 2, 4, 5)},
		{"rest after the end", src.RestOfLine(99), at(4, 5, 4, 5)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}
