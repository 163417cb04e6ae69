package workspace

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/tree"
	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

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
		"go.work": "go 1.25\nuse ./svc\nuse ./lib", "lib/go.mod": "module e.com/lib\ngo 1.25", "lib/lib.go": "package lib",
		"svc/go.mod":     "module e.com/svc\ngo 1.25\nrequire e.com/rep v0.0.0\nreplace e.com/rep => ../third/rep",
		"svc/cmd/a/a.go": worktest.MainFile, "svc/cmd/a/a_test.go": worktest.MainFile, "svc/cmd/a/a_windows.go": worktest.MainFile,
		"svc/cmd/a/asm.s": "", "svc/cmd/a/sub/x.go": worktest.MainFile, "svc/cmd/b/b.go": worktest.MainFile, "svc/go.sum": "",
		"svc/node_modules/x/x.go": worktest.MainFile, ".git/HEAD": "", "third/rep/go.mod": "module e.com/rep", "third/rep/r.go": "package rep",
	}
	c := &counting{FS: worktest.MapFS(files)}
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
	meter := &metered{FS: worktest.MapFS(map[string]string{"go.mod": "module m", "main.go": worktest.MainFile + body, "other.go": "package main\n" + body})}
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
		"cmd/main.go": {"go.mod": "module m", "cmd/main.go": huge + worktest.MainFile},
	} {
		w, err := Load(t.Context(), worktest.MapFS(files), ".", Options{})
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
		"go.work": "go 1.25\nuse ./svc", "svc/go.mod": "module m\ngo 1.25\nrequire e.com/r v0.0.0\nreplace e.com/r => ../r",
		"r/go.mod": "module r", "svc/cmd/a/a.go": worktest.MainFile, "svc/cmd/b/b.go": worktest.MainFile, "svc/win/w_windows.go": worktest.MainFile,
		"svc/lib/lib.go": "package lib", "vendor/modules.txt": "",
	}
}

// TestFailingCalls: whichever call fails, its error comes back, never a message
// about the user's files.
func TestFailingCalls(t *testing.T) {
	broken := errors.New("the builder has gone")
	for left := 0; ; left++ {
		fsys := &failing{FS: worktest.MapFS(failureFiles()), left: left, fail: func() error { return broken }}
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
		fsys := &failing{FS: worktest.MapFS(failureFiles()), left: left, fail: func() error { cancel(); return nil }}
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
