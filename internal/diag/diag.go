// Package diag says what is wrong and where: positions, ranges and located
// errors that every room up to the gateway shares. An error gets its range
// where it is born; only the gateway adapter turns it into BuildKit's form, so
// this package knows neither YAML nor BuildKit.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Source is a file's name, as the user wrote or would write it, and its bytes.
type Source struct {
	Filename string
	// Language is a hint for highlighting: "yaml", "go.mod".
	Language string
	Data     []byte
}

// Position is a 1-based line and a 1-based column counted in bytes. The zero
// Position is unknown.
type Position struct{ Line, Column int }

// Range is the stretch from Start up to, not including, End. The zero Range is
// unknown.
type Range struct{ Start, End Position }

// IsZero reports whether the place is unknown.
func (r Range) IsZero() bool { return r == Range{} }

// Error is one thing wrong at one place. Err holds the message: lower case, the
// field path first where there is one, what to do last.
type Error struct {
	Source Source
	Range  Range
	Err    error
}

// Errorf returns an *Error at a place; format takes %w as fmt.Errorf does.
func Errorf(src Source, at Range, format string, args ...any) *Error {
	return &Error{Source: src, Range: at, Err: fmt.Errorf(format, args...)}
}

// Error renders "file:line:column: message" on one line, leaving out what is
// unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Source.Filename != "" {
		b.WriteString(e.Source.Filename)
		if e.Range.Start.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Range.Start.Line, e.Range.Start.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	return Plain(b.String())
}

// Unwrap returns the message's own error.
func (e *Error) Unwrap() error { return e.Err }

// List is several errors of one reading, sorted by file and position.
type List []*Error

// Err returns the list sorted and without repetitions as an error: nil when it
// is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(a.Source.Filename, b.Source.Filename),
			cmp.Compare(a.Range.Start.Line, b.Range.Start.Line),
			cmp.Compare(a.Range.Start.Column, b.Range.Start.Column),
		)
	})
	return slices.CompactFunc(sorted, func(a, b *Error) bool { return a.Error() == b.Error() })
}

// Error renders one error a line.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As look into each error.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// All returns every located error in err, in order.
func All(err error) []*Error {
	var list List
	if errors.As(err, &list) {
		return list
	}
	var one *Error
	if errors.As(err, &one) {
		return []*Error{one}
	}
	return nil
}
