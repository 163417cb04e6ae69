package spec

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/reference.md")

// golden compares got with a file, or rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test ./spec -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test ./spec -update rewrites it:\n%s", file, diff)
	}
}

// TestErrors renders every error of each bad spec, with the text that its range
// holds.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad specs: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(file, "testdata/"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse("gokiln.yaml", data)
			if err == nil || s != nil {
				t.Fatalf("Parse gives %+v, %v; want an error and no Spec", s, err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", render(t, err))
		})
	}
}

func render(t *testing.T, err error) string {
	t.Helper()
	var b strings.Builder
	for _, e := range diag.All(err) {
		text, ok := sliceOf(e.Source.Data, e.Range)
		if !ok {
			t.Errorf("%v: the range %v is not inside the file", e, e.Range)
		}
		fmt.Fprintf(&b, "%v\n\t%q\n", e, show(text))
	}
	return b.String()
}

// sliceOf cuts a range out of a file as an editor would: lines end with "\n",
// columns are bytes.
func sliceOf(data []byte, r diag.Range) (string, bool) {
	offset := func(p diag.Position) int {
		lines := bytes.SplitAfter(data, []byte("\n"))
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			return -1
		}
		return len(bytes.Join(lines[:p.Line-1], nil)) + p.Column - 1
	}
	start, end := offset(r.Start), offset(r.End)
	if start < 0 || end < start {
		return "", false
	}
	return string(data[start:end]), true
}

// TestTypes gives every key of the table a value of every kind: each is taken
// or refused at its own place.
func TestTypes(t *testing.T) {
	values := []struct{ kind, yaml string }{
		{"a string", "text"}, {"a number", "42"}, {"a bool", "true"}, {"a date", "2024-01-01"},
		{"no value", "~"}, {"a list", "[[1]]"}, {"a map", "{not: {known: 1}}"},
	}
	var b strings.Builder
	for _, f := range Fields() {
		for _, v := range values {
			data, _ := wrap(f.Path, v.yaml)
			_, err := Parse("gokiln.yaml", data)
			if err == nil {
				fmt.Fprintf(&b, "%s takes %s\n", f.Path, v.kind)
				continue
			}
			path := strings.NewReplacer("[]", "[0]", "*", "api").Replace(f.Path)
			for _, e := range diag.All(err) {
				if !strings.HasPrefix(e.Err.Error(), path) {
					t.Errorf("%s with %s: the error %q is not about it", f.Path, v.kind, e.Err)
				}
				if text, ok := sliceOf(data, e.Range); !ok || text == "" && v.kind != "a string" {
					t.Errorf("%s with %s: the error %q has the place %v", f.Path, v.kind, e.Err, e.Range)
				}
				fmt.Fprintf(&b, "%s with %s\n\t%s\n", f.Path, v.kind, e.Err)
			}
		}
	}
	golden(t, "testdata/types.txt", b.String())
}

// wrap makes a spec of one value, with what the value cannot do without, and
// returns the field path of the value.
func wrap(path, value string) ([]byte, string) {
	path = strings.ReplaceAll(path, "*", "api")
	keys := strings.Split(path, ".")
	var b strings.Builder
	for i, key := range keys[:len(keys)-1] {
		name, isList := strings.CutSuffix(key, "[]")
		fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("    ", i), name)
		if isList {
			fmt.Fprintf(&b, "%s- x: y\n", strings.Repeat("    ", i))
		}
	}
	indent := strings.Repeat("    ", len(keys)-1)
	last := keys[len(keys)-1]
	head := strings.TrimSuffix(b.String(), "- x: y\n")
	switch {
	case strings.HasPrefix(path, "image.files[]."):
		head = strings.TrimSuffix(head, strings.Repeat("    ", 1)) + "    - x-none: 1\n"
		head = strings.Replace(head, "x-none: 1", "from: a\n      to: /b", 1)
		head = without(head, last)
		indent = "      "
	case strings.HasPrefix(path, "modules.auth[]."):
		lines := "host: example.com\n      token: t"
		switch last {
		case "netrc":
			lines = "host: example.com"
		case "ssh", "known_hosts":
			lines = "host: example.com\n      ssh: s\n      known_hosts: k"
		}
		head = without(strings.TrimSuffix(head, strings.Repeat("    ", 1))+"    - "+lines+"\n", last)
		indent = "      "
	case strings.HasPrefix(path, "image.healthcheck.") && last != "test":
		head += indent + "test: [CMD, /a]\n"
	case path == "build.race":
		head += indent + "cgo: true\n"
	}
	return []byte(head + indent + last + ": " + value + "\n"), strings.ReplaceAll(path, "[]", "[0]")
}

// without drops a key's line from the first element of a list of maps, where the
// key is to be written again.
func without(head, key string) string {
	lines := strings.SplitAfter(head, "\n")
	dash := 0
	var kept []string
	for _, line := range lines {
		text := strings.TrimPrefix(strings.TrimSpace(line), "- ")
		if strings.HasPrefix(strings.TrimSpace(line), "- ") {
			dash = len(kept)
		}
		if !strings.HasPrefix(text, key+": ") {
			kept = append(kept, line)
		}
	}
	if len(kept) > dash && !strings.HasPrefix(strings.TrimSpace(kept[dash]), "- ") {
		kept[dash] = strings.Replace(kept[dash], "      ", "    - ", 1)
	}
	return strings.Join(kept, "")
}
