package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	var b strings.Builder
	err := list(&b, &debug.BuildInfo{
		Main: debug.Module{Path: "example.com/app"},
		Deps: []*debug.Module{{Path: "git.example.com/acme/lib", Version: "v1.2.3"}},
	})
	want := "example.com/app: 1 dependencies\ngit.example.com/acme/lib v1.2.3\n"
	if err != nil || b.String() != want {
		t.Errorf("%q, %v; want %q", b.String(), err, want)
	}
}
