package builder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/moby/buildkit/frontend/gateway/client"
	fstypes "github.com/tonistiigi/fsutil/types"
)

func TestRefFS(t *testing.T) {
	files := fstest.MapFS{
		"go.mod":           {Data: []byte("module x\n")},
		"cmd/api/main.go":  {Data: []byte("package main\n" + strings.Repeat("// filler\n", 4096))},
		"cmd/api/empty.go": {Data: nil},
	}
	fsys := newRefFS(t.Context(), &stubRef{fs: files})
	if err := fstest.TestFS(fsys, "go.mod", "cmd/api/main.go", "cmd/api/empty.go"); err != nil {
		t.Error(err)
	}
}

func TestRefFSMissing(t *testing.T) {
	ref := &countingRef{stubRef: stubRef{fs: fstest.MapFS{"go.mod": {}, "cmd/main.go": {}}}}
	fsys := newRefFS(t.Context(), ref)
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

func TestRefFSReadsInPieces(t *testing.T) {
	ref := &countingRef{stubRef: stubRef{fs: fstest.MapFS{"big.go": {Data: []byte(strings.Repeat("x", 10*pieceSize))}}}}
	f, err := newRefFS(t.Context(), ref).Open("big.go")
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

// countingRef counts calls to the daemon.
type countingRef struct {
	stubRef
	calls, bytes int
}

func (r *countingRef) ReadDir(ctx context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	r.calls++
	return r.stubRef.ReadDir(ctx, req)
}

func (r *countingRef) ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error) {
	data, err := r.stubRef.ReadFile(ctx, req)
	r.calls++
	r.bytes += len(data)
	return data, err
}
