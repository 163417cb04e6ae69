package reffs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/moby/buildkit/frontend/gateway/client"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/gokiln/gokiln/llb/llbtest"
)

func TestFS(t *testing.T) {
	files := fstest.MapFS{
		"go.mod":           {Data: []byte("module x\n")},
		"cmd/api/main.go":  {Data: []byte("package main\n" + strings.Repeat("// filler\n", 4096))},
		"cmd/api/empty.go": {Data: nil},
	}
	fsys := newFS(t.Context(), &llbtest.Ref{FS: files})
	if err := fstest.TestFS(fsys, "go.mod", "cmd/api/main.go", "cmd/api/empty.go"); err != nil {
		t.Error(err)
	}
}

// What a link leads to is asked of the listing, as it is written.
func TestFSLinks(t *testing.T) {
	ref := &countingRef{Ref: llbtest.Ref{FS: fstest.MapFS{"a/x.go": {Data: []byte("../../outer/x.go"), Mode: fs.ModeSymlink | 0o777}, "a/y.go": {}}}}
	fsys := newFS(t.Context(), ref)
	if target, err := fs.ReadLink(fsys, "a/x.go"); err != nil || target != "../../outer/x.go" {
		t.Errorf("x.go leads to %q, %v", target, err)
	}
	for _, name := range []string{"a/y.go", "a/none.go", "a", "../x"} {
		if target, err := fs.ReadLink(fsys, name); err == nil {
			t.Errorf("%s leads to %q", name, target)
		}
	}
	if ref.calls != 2 {
		t.Errorf("%d calls to the daemon, want those for two folders", ref.calls)
	}
}

func TestFSMissing(t *testing.T) {
	ref := &countingRef{Ref: llbtest.Ref{FS: fstest.MapFS{"go.mod": {}, "cmd/main.go": {}}}}
	fsys := newFS(t.Context(), ref)
	for _, name := range []string{"go.sum", "no/such/folder", "go.mod/x"} {
		if _, err := fs.Stat(fsys, name); err == nil {
			t.Errorf("stat %s: no error", name)
		}
		if _, err := fs.ReadFile(fsys, name); err == nil {
			t.Errorf("read %s: no error", name)
		}
	}
	if _, err := fs.ReadFile(fsys, "go.sum"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("go.sum: %v is not fs.ErrNotExist", err)
	}
	if _, err := fs.ReadDir(fsys, "no/such"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no/such: %v is not fs.ErrNotExist", err)
	}
	if ref.calls != 1 {
		t.Errorf("%d calls to the daemon for questions about one folder, want 1", ref.calls)
	}
}

func TestFSReadsInPieces(t *testing.T) {
	ref := &countingRef{Ref: llbtest.Ref{FS: fstest.MapFS{"big.go": {Data: []byte(strings.Repeat("x", 10*pieceSize))}}}}
	f, err := newFS(t.Context(), ref).Open("big.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if ref.bytes != pieceSize {
		t.Errorf("%d bytes were fetched for the first 100, want %d", ref.bytes, pieceSize)
	}
}

// What was read of a file before may be any part of its beginning.
func TestFSReadsOn(t *testing.T) {
	data := []byte(strings.Repeat("0123456789abcdef", 3*pieceSize/16))
	fsys := newFS(t.Context(), &llbtest.Ref{FS: fstest.MapFS{"a.go": {Data: data}, "b.go": {Data: data[:100]}}})
	for _, n := range []int{1, 600, 0, 100, 3 * pieceSize, 20} {
		for name, whole := range map[string][]byte{"a.go": data, "b.go": data[:100]} {
			f, err := fsys.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			want := whole[:min(n, len(whole))]
			got, err := io.ReadAll(io.LimitReader(f, int64(n)))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("the first %d bytes of %s: %d bytes that differ, or %v", n, name, len(got), err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if kept := fsys.heads.kept; kept > 2*readSize {
		t.Errorf("%d bytes are kept of files that were last read to their 20th byte", kept)
	}
}

// The Go files of a folder are fetched together, each once, and of what is no source
// of the package nothing is.
func TestFSReadsAhead(t *testing.T) {
	all := fstest.MapFS{"p/a_test.go": {Data: []byte("x")}, "p/zz.txt": {Data: []byte("x")}, "p/_b.go": {Data: []byte("x")}}
	const n = 3 * window
	for i := range n {
		all[fmt.Sprintf("p/f%03d.go", i)] = &fstest.MapFile{Data: []byte(strings.Repeat("x", 2*pieceSize))}
	}
	ref := &countingRef{Ref: llbtest.Ref{FS: all}}
	fsys := newFS(t.Context(), ref)
	for i := range n {
		f, err := fsys.Open(fmt.Sprintf("p/f%03d.go", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if calls, bytes := ref.count(); calls != n+2 || bytes != n*pieceSize {
		t.Errorf("%d calls for %d bytes, want one for each of %d files and two folders", calls, bytes, n)
	}
	if kept := fsys.heads.kept; kept != n*10 {
		t.Errorf("%d bytes are kept, want the %d that were read", kept, n*10)
	}
}

// Files that were asked for and that nobody reads are kept up to a bound.
func TestFSKeepsABound(t *testing.T) {
	all, piece := fstest.MapFS{}, []byte(strings.Repeat("x", 2*pieceSize))
	const folders = 2 * mostKept / pieceSize / window
	for i := range folders {
		for j := range window {
			all[fmt.Sprintf("p%d/f%02d.go", i, j)] = &fstest.MapFile{Data: piece}
		}
	}
	fsys := newFS(t.Context(), &llbtest.Ref{FS: all})
	for i := range folders {
		if _, err := fsys.Open(fmt.Sprintf("p%d/f00.go", i)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := fsys.heads.of(fmt.Sprintf("p%d/f00.go", i)); err != nil {
			t.Fatal(err)
		}
		fsys.heads.read(fmt.Sprintf("p%d/f00.go", i), 10)
	}
	fsys.heads.mu.Lock()
	defer fsys.heads.mu.Unlock()
	if most := mostKept + window*pieceSize; fsys.heads.kept > most {
		t.Errorf("%d bytes are kept, want %d at most", fsys.heads.kept, most)
	}
}

// A failure reaches each reader that waits for it, and none that comes later.
func TestFSForgetsFailures(t *testing.T) {
	ref := failingRef{Ref: &llbtest.Ref{FS: fstest.MapFS{"a.go": {Data: []byte("a")}}}}
	fsys := newFS(t.Context(), &ref)
	for _, ref.failing = range []bool{true, false} {
		f, err := fsys.Open("a.go")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(f); (err != nil) != ref.failing {
			t.Errorf("the daemon fails: %t, reading: %v", ref.failing, err)
		}
	}
}

type failingRef struct {
	*llbtest.Ref
	failing bool
}

func (r *failingRef) ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error) {
	if r.failing {
		return nil, errors.New("the daemon is gone")
	}
	return r.Ref.ReadFile(ctx, req)
}

// countingRef counts calls to the daemon.
type countingRef struct {
	llbtest.Ref
	mu           sync.Mutex
	calls, bytes int
}

func (r *countingRef) count() (calls, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls, r.bytes
}

func (r *countingRef) ReadDir(ctx context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	r.mu.Lock()
	r.calls++
	r.mu.Unlock()
	return r.Ref.ReadDir(ctx, req)
}

func (r *countingRef) ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error) {
	data, err := r.Ref.ReadFile(ctx, req)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	r.bytes += len(data)
	return data, err
}
