package workspace

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

var update = flag.Bool("update", false, "write the golden files")

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
			name: "bare", files: map[string]string{"go.mod": "module example.com/m{}"}, dir: ".",
			want:   facts{Path: "example.com/m"},
			goLine: "go.mod:0", toolchainLine: "go.mod:0", moduleLine: "go.mod:1 module example.com/m",
		},
		{
			name: "lines", files: map[string]string{"a/go.mod": "// x{}module m // y{}{}go 1.25.1{}toolchain   go1.25.9{}"}, dir: "a",
			want:   facts{Path: "m", Go: "1.25.1", Toolchain: "1.25.9"},
			goLine: "a/go.mod:4 go 1.25.1", toolchainLine: "a/go.mod:5 toolchain   go1.25.9", moduleLine: "a/go.mod:2 module m",
		},
		{
			name: "crlf", files: map[string]string{"go.mod": "module m\r{}go 1.25\r{}"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25"},
			goLine: "go.mod:2 go 1.25", toolchainLine: "go.mod:0", moduleLine: "go.mod:1 module m",
		},
		{
			name: "toolchain of a vendor", files: map[string]string{"go.mod": "module m{}go 1.25rc1{}toolchain go1.25.9-custom{}"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25rc1", Toolchain: "1.25.9"},
			goLine: "go.mod:2 go 1.25rc1", toolchainLine: "go.mod:3 toolchain go1.25.9-custom", moduleLine: "go.mod:1 module m",
		},
		{
			name: "toolchain default", files: map[string]string{"go.mod": "module m{}go 1.25{}toolchain default{}"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25"},
			goLine: "go.mod:2 go 1.25", toolchainLine: "go.mod:3 toolchain default", moduleLine: "go.mod:1 module m",
		},
		{
			name: "toolchain without effect", files: map[string]string{"go.mod": "module m{}go 1.25.3{}toolchain go1.25.1{}"}, dir: ".",
			want:   facts{Path: "m", Go: "1.25.3"},
			goLine: "go.mod:2 go 1.25.3", toolchainLine: "go.mod:3 toolchain go1.25.1", moduleLine: "go.mod:1 module m",
		},
		{
			name: "go.work above", files: map[string]string{
				"go.work": "go 1.26{}toolchain go1.26.2{}use ./x/y{}", "x/y/go.mod": "module m{}go 1.20{}toolchain go1.25.1{}",
			}, dir: "x/y",
			want:   facts{Path: "m", Go: "1.26", Toolchain: "1.26.2", GoWork: "go.work"},
			goLine: "go.work:1 go 1.26", toolchainLine: "go.work:2 toolchain go1.26.2", moduleLine: "x/y/go.mod:1 module m",
		},
		{
			name: "the nearest go.work, without a go line", files: map[string]string{
				"go.work": "broken", "x/go.work": "use ./y{}", "x/y/go.mod": "module m{}go 1.20{}",
			}, dir: "x/y",
			want:   facts{Path: "m", Go: "1.20", GoWork: "x/go.work"},
			goLine: "x/y/go.mod:2 go 1.20", toolchainLine: "x/go.work:0", moduleLine: "x/y/go.mod:1 module m",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), mapFS(tc.files), tc.dir, Options{})
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
func spot(p gomod.Place) string {
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
		{"none", map[string]string{"m/go.mod": "module m{}go 1.25"}, false},
		{"beside go.mod", map[string]string{"m/go.mod": "module m{}go 1.14", "m/vendor/modules.txt": own}, true},
		{"too old", map[string]string{"m/go.mod": "module m{}go 1.13", "m/vendor/modules.txt": own}, false},
		{"no go line", map[string]string{"m/go.mod": "module m", "m/vendor/modules.txt": own}, false},
		{"another tool's", map[string]string{"m/go.mod": "module m{}go 1.25", "m/vendor/autoload.php": ""}, false},
		{"a file", map[string]string{"m/go.mod": "module m{}go 1.25", "m/vendor": ""}, false},
		{"made for a workspace", map[string]string{"m/go.mod": "module m{}go 1.25", "m/vendor/modules.txt": work}, false},
		{"beside go.work", map[string]string{"go.work": "go 1.22{}use ./m", "m/go.mod": "module m", "vendor/modules.txt": work}, true},
		{"go.work too old", map[string]string{"go.work": "go 1.21{}use ./m", "m/go.mod": "module m", "vendor/modules.txt": work}, false},
		{"beside go.mod in a workspace", map[string]string{"go.work": "go 1.25{}use ./m", "m/go.mod": "module m", "m/vendor/modules.txt": own}, false},
		{"not made for the workspace", map[string]string{"go.work": "go 1.25{}use ./m", "m/go.mod": "module m", "vendor/modules.txt": own}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := Load(t.Context(), mapFS(tc.files), "m", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if w.Vendor != tc.want {
				t.Errorf("Vendor is %v, want %v", w.Vendor, tc.want)
			}
		})
	}
}

// remembering is a context that remembers the lists of its folders, as the one over
// the gateway does.
type remembering struct {
	fs.FS
	mu    sync.Mutex
	lists map[string][]fs.DirEntry
}

func remember(fsys fs.FS) *remembering {
	return &remembering{FS: fsys, lists: make(map[string][]fs.DirEntry)}
}

func (r *remembering) ReadDir(name string) ([]fs.DirEntry, error) {
	r.mu.Lock()
	entries, ok := r.lists[name]
	r.mu.Unlock()
	if ok {
		return entries, nil
	}
	entries, err := fs.ReadDir(r.FS, name)
	if err == nil {
		r.mu.Lock()
		r.lists[name] = entries
		r.mu.Unlock()
	}
	return entries, err
}

// counting is a context that writes down what is asked of it.
type counting struct {
	fs.FS
	mu  sync.Mutex
	ops []string
}

func (c *counting) note(op, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops = append(c.ops, op+" "+name)
}

func (c *counting) Open(name string) (fs.File, error) {
	c.note("open", name)
	return c.FS.Open(name)
}

func (c *counting) ReadDir(name string) ([]fs.DirEntry, error) {
	c.note("list", name)
	return fs.ReadDir(c.FS, name)
}

func (c *counting) Stat(name string) (fs.FileInfo, error) {
	c.note("stat", name)
	return fs.Stat(c.FS, name)
}

// TestCalls holds what is asked of the builder: every line is a round trip.
func TestCalls(t *testing.T) {
	files := map[string]string{
		"go.work": "go 1.25{}use ./svc{}use ./lib", "lib/go.mod": "module e.com/lib{}go 1.25", "lib/lib.go": "package lib",
		"svc/go.mod":     "module e.com/svc{}go 1.25{}require e.com/rep v0.0.0{}replace e.com/rep => ../third/rep",
		"svc/cmd/a/a.go": mainFile, "svc/cmd/a/a_test.go": mainFile, "svc/cmd/a/a_windows.go": mainFile,
		"svc/cmd/a/asm.s": "", "svc/cmd/a/sub/x.go": mainFile, "svc/cmd/b/b.go": mainFile, "svc/go.sum": "",
		"svc/node_modules/x/x.go": mainFile, ".git/HEAD": "", "third/rep/go.mod": "module e.com/rep", "third/rep/r.go": "package rep",
	}
	c := &counting{FS: mapFS(files)}
	w, err := Load(t.Context(), remember(c), "svc", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Main(t.Context(), "./cmd/a", Target{GOOS: "linux", GOARCH: "amd64"}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"list .", "list svc", "open svc/go.mod", "open go.work", "list lib", "open lib/go.mod",
		"list third", "list third/rep", "open third/rep/go.mod",
		"list svc/cmd", "list svc/cmd/a", "open svc/cmd/a/a.go",
	}
	if diff := cmp.Diff(want, c.ops); diff != "" {
		t.Errorf("calls of Load and Main (-want +got):\n%s", diff)
	}

	c.ops = nil
	mains, err := w.Mains(t.Context(), Target{GOOS: "linux", GOARCH: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cmd/a", "cmd/a/sub", "cmd/b", "node_modules/x"}, mains); diff != "" {
		t.Errorf("mains (-want +got):\n%s", diff)
	}
	slices.Sort(c.ops) // folders are looked at side by side
	want = []string{
		"list svc/cmd/a/sub", "list svc/cmd/b", "list svc/node_modules", "list svc/node_modules/x",
		"open svc/cmd/a/a.go", "open svc/cmd/a/sub/x.go", "open svc/cmd/b/b.go", "open svc/node_modules/x/x.go",
	}
	if diff := cmp.Diff(want, c.ops); diff != "" {
		t.Errorf("calls of Mains (-want +got):\n%s", diff)
	}
}

// TestMainsReadsLittle: in a large file nothing below the imports is read.
func TestMainsReadsLittle(t *testing.T) {
	body := strings.Repeat("var _ = 1 // filler\n", 100_000)
	meter := &metered{FS: mapFS(map[string]string{"go.mod": "module m", "main.go": mainFile + body, "other.go": "package main\n" + body})}
	w, err := Load(t.Context(), meter, ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Mains(t.Context(), Target{GOOS: "linux", GOARCH: "amd64"}); err != nil {
		t.Fatal(err)
	}
	if meter.bytes > 16<<10 {
		t.Errorf("%d bytes were read of two files of 2 MB", meter.bytes)
	}
}

// TestHugeFile: a file without end is an error, not the end of the memory.
func TestHugeFile(t *testing.T) {
	huge := strings.Repeat("// filler\n", tree.MaxFile/10+1)
	for name, files := range map[string]map[string]string{
		"go.mod":      {"go.mod": "module m\n" + huge},
		"cmd/main.go": {"go.mod": "module m", "cmd/main.go": huge + mainFile},
	} {
		w, err := Load(t.Context(), mapFS(files), ".", Options{})
		if err == nil {
			_, err = w.Main(t.Context(), "cmd", Target{GOOS: "linux", GOARCH: "amd64"})
		}
		if located := diag.All(err); len(located) != 1 || located[0].Source.Filename != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// metered counts the bytes that are read.
type metered struct {
	fs.FS
	bytes int
}

type meteredFile struct {
	fs.File
	m *metered
}

func (m *metered) Open(name string) (fs.File, error) {
	f, err := m.FS.Open(name)
	return &meteredFile{f, m}, err
}

func (m *metered) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(m.FS, name) }

func (f *meteredFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.m.bytes += n
	return n, err
}

// failing is a context of which one call fails: opening, reading or listing.
type failing struct {
	fs.FS
	mu   sync.Mutex
	left int
	fail func() error
}

func (f *failing) next(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left == -1 {
		if err := f.fail(); err != nil {
			return &fs.PathError{Op: "call", Path: name, Err: err}
		}
	}
	return nil
}

func (f *failing) Open(name string) (fs.File, error) {
	if err := f.next(name); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(name)
	return &failingFile{file, f, name}, err
}

type failingFile struct {
	fs.File
	fsys *failing
	name string
}

func (f *failingFile) Read(p []byte) (int, error) {
	if err := f.fsys.next(f.name); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *failing) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.next(name); err != nil {
		return nil, err
	}
	return fs.ReadDir(f.FS, name)
}

// everything calls the whole API once, the way that leads into an error too.
func everything(ctx context.Context, fsys fs.FS) error {
	target := Target{GOOS: "linux", GOARCH: "amd64"}
	w, err := Load(ctx, fsys, "svc", Options{})
	if err != nil {
		return err
	}
	if _, err := w.Mains(ctx, target); err != nil {
		return err
	}
	if _, err := w.Main(ctx, "cmd/a", target); err != nil {
		return err
	}
	_, err = w.Main(ctx, "win", target)
	if diag.All(err) == nil {
		return errors.Join(errors.New("main in win: no located error"), err)
	}
	return nil
}

func failureFiles() map[string]string {
	return map[string]string{
		"go.work": "go 1.25{}use ./svc", "svc/go.mod": "module m{}go 1.25{}require e.com/r v0.0.0{}replace e.com/r => ../r",
		"r/go.mod": "module r", "svc/cmd/a/a.go": mainFile, "svc/cmd/b/b.go": mainFile, "svc/win/w_windows.go": mainFile,
		"svc/lib/lib.go": "package lib", "vendor/modules.txt": "",
	}
}

// TestFailingCalls: whichever call fails, its error comes back, never a message
// about the user's files.
func TestFailingCalls(t *testing.T) {
	broken := errors.New("the builder has gone")
	for left := 0; ; left++ {
		fsys := &failing{FS: mapFS(failureFiles()), left: left, fail: func() error { return broken }}
		err := everything(t.Context(), remember(fsys))
		if err == nil && left > 30 {
			return
		}
		if !errors.Is(err, broken) || diag.All(err) != nil || left > 100 {
			t.Fatalf("call %d failed, but the error is: %v", left, err)
		}
	}
}

// TestCancelled: whenever the context ends, no further call is made and its
// error comes back.
func TestCancelled(t *testing.T) {
	for left := 0; ; left++ {
		ctx, cancel := context.WithCancel(t.Context())
		fsys := &failing{FS: mapFS(failureFiles()), left: left, fail: func() error { cancel(); return nil }}
		err := everything(ctx, remember(fsys))
		cancel()
		if err == nil && left > 30 {
			return
		}
		if !errors.Is(err, context.Canceled) || left > 100 {
			t.Fatalf("cancelled at call %d, but the error is: %v", left, err)
		}
		if fsys.left < -1-tree.Readers {
			t.Errorf("cancelled at call %d: %d calls followed", left, -1-fsys.left)
		}
	}
}

// golden compares with testdata/name, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
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
