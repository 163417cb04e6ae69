package worktest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
)

// Golden compares with testdata/name, or writes it.
func Golden(t *testing.T, update bool, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

// Record writes an error as the golden files show it: each with its place and the text
// that the place covers.
func Record(t *testing.T, all *strings.Builder, name string, err error) {
	t.Helper()
	fmt.Fprintf(all, "== %s\n", name)
	located := diag.All(err)
	if located == nil {
		t.Errorf("%s: the error is not a located one: %v", name, err)
	}
	for _, e := range located {
		fmt.Fprintln(all, e)
		if problem := Misplaced(e); problem != "" {
			t.Errorf("%s: %v: %s", name, e, problem)
		}
		if !e.Range.IsZero() {
			lines := strings.Split(string(e.Source.Data), "\n")
			fmt.Fprintf(all, "\tat %q\n", lines[e.Range.Start.Line-1][e.Range.Start.Column-1:])
		}
	}
}

// Misplaced says how an error's range leaves its file, "" when it does not.
func Misplaced(e *diag.Error) string {
	if e.Range.IsZero() {
		return ""
	}
	lines := strings.Split(string(e.Source.Data), "\n")
	for _, p := range []diag.Position{e.Range.Start, e.Range.End} {
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			return fmt.Sprintf("position %v is outside the file", p)
		}
	}
	if s, e := e.Range.Start, e.Range.End; e.Line < s.Line || e.Line == s.Line && e.Column < s.Column {
		return "the range ends before it starts"
	}
	return ""
}

// CheckErrors holds that every error is located and that no place leaves its file.
func CheckErrors(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	located := diag.All(err)
	if located == nil {
		t.Errorf("not a located error: %v", err)
	}
	for _, e := range located {
		if problem := Misplaced(e); problem != "" {
			t.Errorf("%v: %s", e, problem)
		}
		if strings.ContainsAny(e.Err.Error(), "\n") {
			t.Errorf("message of several lines: %q", e.Err)
		}
	}
}
