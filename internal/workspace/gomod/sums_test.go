package gomod

import (
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

func TestCheckSums(t *testing.T) {
	const mod = "module example.com/app\n\ngo 1.26\n\nrequire (\n\ta.example.com v1.0.0\n\tb.example.com v1.0.0\n)\n"
	const both = "a.example.com v1.0.0 h1:x\na.example.com v1.0.0/go.mod h1:x\nb.example.com v1.0.0/go.mod h1:x\n"
	for name, tc := range map[string]struct {
		mod, sum string
		lines    []int
	}{
		"complete":           {mod, both, nil},
		"no file":            {mod, "", []int{6, 7}},
		"empty file":         {mod, "\n", []int{6, 7}},
		"one lacking":        {mod, "a.example.com v1.0.0 h1:x\n", []int{7}},
		"other version":      {mod, both[:len(both)-1] + "\nb.example.com v1.0.1 h1:x\n", nil},
		"only other version": {mod, "a.example.com v1.0.0 h1:x\nb.example.com v1.0.1 h1:x\n", []int{7}},
		"replaced by folder": {mod + "replace b.example.com => ./b\n", "a.example.com v1.0.0 h1:x\n", nil},
		"replaced by module": {mod + "replace b.example.com => c.example.com v2.0.0\n", "a.example.com v1.0.0 h1:x\n", []int{7}},
		"replacement known":  {mod + "replace b.example.com v1.0.0 => c.example.com v2.0.0\n", "a.example.com v1.0.0 h1:x\nc.example.com v2.0.0 h1:x\n", nil},
		"replaced, one version before all": {
			mod + "replace b.example.com => d.example.com v3.0.0\nreplace b.example.com v1.0.0 => c.example.com v2.0.0\n",
			"a.example.com v1.0.0 h1:x\nc.example.com v2.0.0 h1:x\n", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{
				"go.mod":   {Data: []byte(tc.mod)},
				"b/go.mod": {Data: []byte("module b.example.com\n")},
			}
			if tc.sum != "" {
				fsys["go.sum"] = &fstest.MapFile{Data: []byte(tc.sum)}
			}
			w, err := Load(t.Context(), tree.New(fsys), ".", Options{})
			if err != nil {
				t.Fatal(err)
			}
			located := diag.All(w.CheckSums(t.Context()))
			if len(located) != len(tc.lines) {
				t.Fatalf("%d errors, want %d: %v", len(located), len(tc.lines), located)
			}
			for i, e := range located {
				if e.Range.Start.Line != tc.lines[i] {
					t.Errorf("line %d, want %d", e.Range.Start.Line, tc.lines[i])
				}
			}
		})
	}
}
