package gomod

import (
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// The hash is of what decides the modules, and of nothing else.
func TestHash(t *testing.T) {
	hash := func(change map[string]string) string {
		fsys := fstest.MapFS{}
		files := map[string]string{"go.mod": "module example.com/a\n\ngo 1.26\n", "go.sum": "example.com/b v1.0.0 h1:x\n", "main.go": "package main\n"}
		for name, data := range change {
			files[name] = data
		}
		for name, data := range files {
			if data != "" {
				fsys[name] = &fstest.MapFile{Data: []byte(data)}
			}
		}
		w, err := Load(t.Context(), tree.New(fsys), ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		h, err := w.Hash(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := hash(nil)
	if len(first) != 64 || hash(map[string]string{"main.go": "package other\n"}) != first {
		t.Errorf("%q changes with the code", first)
	}
	for name, change := range map[string]map[string]string{
		"go.mod":     {"go.mod": "module example.com/a\n\ngo 1.25\n"},
		"go.sum":     {"go.sum": "example.com/b v1.0.0 h1:y\n"},
		"no go.sum":  {"go.sum": ""},
		"a go.work":  {"go.work": "go 1.26\n\nuse .\n"},
		"its go.sum": {"go.work": "go 1.26\n\nuse .\n", "go.work.sum": "example.com/c v1.0.0 h1:z\n"},
	} {
		if hash(change) == first {
			t.Errorf("%s: the hash is the same", name)
		}
	}
}
