package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	for range 2 {
		if err := run(&out, dir); err != nil {
			t.Fatal(err)
		}
	}
	want := "migrate: " + dir + " layout 0 -> 2\nmigrate: " + dir + " layout 2 -> 2\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if err := run(&out, ""); err == nil {
		t.Error("no folder gave no error")
	}
}
