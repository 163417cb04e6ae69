package gomod

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

func TestLoad(t *testing.T) {
	type facts struct{ Path, Go, Toolchain, GoWork string }
	for _, tc := range []struct {
		name  string
		files map[string]string
		dir   string
		want  facts
		// Lines that the helpers point at, "file:line text".
		goLine, toolchainLine, moduleLine string
	}{
		{
			name: "bare", files: map[string]string{"go.mod": "module example.com/m\n"}, dir: ".",
			want:   facts{Path: "example.com/m"},
			goLine: "go.mod:0", toolchainLine: "go.mod:0", moduleLine: "go.mod:1 module example.com/m",
		},
		{
			name: "lines", files: map[string]string{"a/go.mod": "// x\nmodule m // y\n\ngo 1.25.1\ntoolchain   go1.25.9\n"}, dir: "a",
			want:   facts{Path: "m", Go: "1.25.1", Toolchain: "1.25.9"},
			goLine: "a/go.mod:4 go 1.25.1", toolchainLine: "a/go.mod:5 toolchain   go1.25.9", moduleLine: "a/go.mod:2 module m",
		},
		{
			name: "crlf", files: map[string]string{"go.mod": "module m\r\ngo 1.25\r\n"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25"},
			goLine: "go.mod:2 go 1.25", toolchainLine: "go.mod:0", moduleLine: "go.mod:1 module m",
		},
		{
			name: "toolchain of a vendor", files: map[string]string{"go.mod": "module m\ngo 1.25rc1\ntoolchain go1.25.9-custom\n"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25rc1", Toolchain: "1.25.9"},
			goLine: "go.mod:2 go 1.25rc1", toolchainLine: "go.mod:3 toolchain go1.25.9-custom", moduleLine: "go.mod:1 module m",
		},
		{
			name: "toolchain default", files: map[string]string{"go.mod": "module m\ngo 1.25\ntoolchain default\n"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25"},
			goLine: "go.mod:2 go 1.25", toolchainLine: "go.mod:3 toolchain default", moduleLine: "go.mod:1 module m",
		},
		{
			name: "toolchain without effect", files: map[string]string{"go.mod": "module m\ngo 1.25.3\ntoolchain go1.25.1\n"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25.3"},
			goLine: "go.mod:2 go 1.25.3", toolchainLine: "go.mod:3 toolchain go1.25.1", moduleLine: "go.mod:1 module m",
		},
		{
			name: "go.work above", files: map[string]string{
				"go.work": "go 1.26\ntoolchain go1.26.2\nuse ./x/y\n", "x/y/go.mod": "module m\ngo 1.20\ntoolchain go1.25.1\n",
			}, dir: "x/y",
			want:   facts{Path: "m", Go: "1.26", Toolchain: "1.26.2", GoWork: "go.work"},
			goLine: "go.work:1 go 1.26", toolchainLine: "go.work:2 toolchain go1.26.2", moduleLine: "x/y/go.mod:1 module m",
		},
		{
			name: "the nearest go.work, without a go line", files: map[string]string{
				"go.work": "broken", "x/go.work": "use ./y\n", "x/y/go.mod": "module m\ngo 1.20\n",
			}, dir: "x/y",
			want:   facts{Path: "m", Go: "1.20", GoWork: "x/go.work"},
			goLine: "x/y/go.mod:2 go 1.20", toolchainLine: "x/go.work:0", moduleLine: "x/y/go.mod:1 module m",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), tree.New(worktest.MapFS(tc.files)), tc.dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, facts{w.Path, w.Go, w.Toolchain, w.GoWork}); diff != "" {
				t.Errorf("workspace (-want +got):\n%s", diff)
			}
			got := []string{spot(w.GoLine), spot(w.ToolchainLine), spot(w.ModuleLine)}
			if diff := cmp.Diff([]string{tc.goLine, tc.toolchainLine, tc.moduleLine}, got); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
		})
	}
}

// spot renders what a place covers.
func spot(p Place) string {
	s := fmt.Sprintf("%s:%d", p.Source.Filename, p.Range.Start.Line)
	if p.Range.IsZero() {
		return s
	}
	line := strings.Split(string(p.Source.Data), "\n")[p.Range.Start.Line-1]
	return s + " " + line[p.Range.Start.Column-1:p.Range.End.Column-1]
}

func TestVendor(t *testing.T) {
	const own, work = "# e.com/x v1.0.0\n", "## workspace\n# e.com/x v1.0.0\n"
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  bool
	}{
		{"none", map[string]string{"m/go.mod": "module m\ngo 1.25"}, false},
		{"beside go.mod", map[string]string{"m/go.mod": "module m\ngo 1.14", "m/vendor/modules.txt": own}, true},
		{"too old", map[string]string{"m/go.mod": "module m\ngo 1.13", "m/vendor/modules.txt": own}, false},
		{"no go line", map[string]string{"m/go.mod": "module m", "m/vendor/modules.txt": own}, false},
		{"another tool's", map[string]string{"m/go.mod": "module m\ngo 1.25", "m/vendor/autoload.php": ""}, false},
		{"a file", map[string]string{"m/go.mod": "module m\ngo 1.25", "m/vendor": ""}, false},
		{"made for a workspace", map[string]string{"m/go.mod": "module m\ngo 1.25", "m/vendor/modules.txt": work}, false},
		{"beside go.work", map[string]string{"go.work": "go 1.22\nuse ./m", "m/go.mod": "module m", "vendor/modules.txt": work}, true},
		{"go.work too old", map[string]string{"go.work": "go 1.21\nuse ./m", "m/go.mod": "module m", "vendor/modules.txt": work}, false},
		{"beside go.mod in a workspace", map[string]string{"go.work": "go 1.25\nuse ./m", "m/go.mod": "module m", "m/vendor/modules.txt": own}, false},
		{"not made for the workspace", map[string]string{"go.work": "go 1.25\nuse ./m", "m/go.mod": "module m", "vendor/modules.txt": own}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), tree.New(worktest.MapFS(tc.files)), "m", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if w.Vendor != tc.want {
				t.Errorf("Vendor is %v, want %v", w.Vendor, tc.want)
			}
		})
	}
}
