package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/frontend/gateway/client"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// refReader is what refFS needs of a solved result.
type refReader interface {
	ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error)
	ReadDir(ctx context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error)
	StatFile(ctx context.Context, req client.StatRequest) (*fstypes.Stat, error)
}

// refFS shows a solved result as an fs.FS. Each folder is listed once: whether
// a file exists is answered from its folder's listing, which costs one call
// for all the questions that Go asks about a folder. The beginning of each file
// is fetched once: imports are read for every target.
type refFS struct {
	ctx context.Context
	ref refReader

	mu   sync.Mutex
	dirs map[string]*listing
	// heads are the first pieces of opened files, as far as kept allows.
	heads map[string][]byte
	kept  int
}

type listing struct {
	once    sync.Once
	entries []fs.DirEntry
	err     error
}

func newRefFS(ctx context.Context, ref refReader) *refFS {
	return &refFS{ctx: ctx, ref: ref, dirs: map[string]*listing{}, heads: map[string][]byte{}}
}

var (
	_ fs.ReadDirFS  = (*refFS)(nil)
	_ fs.ReadFileFS = (*refFS)(nil)
	_ fs.StatFS     = (*refFS)(nil)
)

// ReadDir lists a folder, sorted by name.
func (f *refFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	f.mu.Lock()
	l := f.dirs[name]
	if l == nil {
		l = &listing{}
		f.dirs[name] = l
	}
	f.mu.Unlock()
	l.once.Do(func() { l.entries, l.err = f.list(name) })
	return l.entries, l.err
}

func (f *refFS) list(name string) ([]fs.DirEntry, error) {
	// A folder that its parent does not list need not be asked for.
	if name != "." {
		info, err := f.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
		}
	}
	stats, err := f.ref.ReadDir(f.ctx, client.ReadDirRequest{Path: name})
	if err != nil {
		return nil, readError("readdir", name, err)
	}
	entries := make([]fs.DirEntry, len(stats))
	for i, st := range stats {
		entries[i] = fs.FileInfoToDirEntry(fileInfo{st})
	}
	return entries, nil
}

// Stat follows symbolic links.
func (f *refFS) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return fileInfo{&fstypes.Stat{Path: ".", Mode: uint32(fs.ModeDir | 0o755)}}, nil
	}
	entries, err := f.ReadDir(path.Dir(name))
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errors.Unwrap(err)}
	}
	for _, e := range entries {
		if e.Name() != path.Base(name) {
			continue
		}
		if e.Type()&fs.ModeSymlink == 0 {
			return e.Info()
		}
		st, err := f.ref.StatFile(f.ctx, client.StatRequest{Path: name})
		if err != nil {
			return nil, readError("stat", name, err)
		}
		return fileInfo{st}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// ReadFile reads a whole file.
func (f *refFS) ReadFile(name string) ([]byte, error) {
	if _, err := f.Stat(name); err != nil {
		return nil, err
	}
	data, err := f.ref.ReadFile(f.ctx, client.ReadRequest{Filename: name})
	if err != nil {
		return nil, readError("read", name, err)
	}
	return data, nil
}

// Open opens a file for reading in pieces, or a folder.
func (f *refFS) Open(name string) (fs.File, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return &openDir{fs: f, name: name, info: info}, nil
	}
	return &openFile{fs: f, name: name, info: info}, nil
}

// pieceSize is how much of an opened file is fetched at a time: a Go file's
// package clause and imports fit in one piece nearly always.
const pieceSize = 8 << 10

// mostKept bounds the memory for the beginnings of files: 16000 usual Go files.
const mostKept = 64 << 20

// head fetches the first piece of a file.
func (f *refFS) head(name string) ([]byte, error) {
	f.mu.Lock()
	data, ok := f.heads[name]
	f.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := f.piece(name, 0)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept+len(data) <= mostKept {
		f.heads[name] = data
		f.kept += len(data)
	}
	return data, nil
}

func (f *refFS) piece(name string, offset int) ([]byte, error) {
	data, err := f.ref.ReadFile(f.ctx, client.ReadRequest{
		Filename: name,
		Range:    &client.FileRange{Offset: offset, Length: pieceSize},
	})
	if err != nil {
		return nil, readError("read", name, err)
	}
	return data, nil
}

type openFile struct {
	fs     *refFS
	name   string
	info   fs.FileInfo
	offset int
	piece  []byte
	eof    bool
}

func (o *openFile) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openFile) Close() error               { return nil }

func (o *openFile) Read(p []byte) (int, error) {
	if len(o.piece) == 0 && !o.eof {
		data, err := o.next()
		if err != nil {
			return 0, err
		}
		o.piece, o.eof = data, len(data) < pieceSize
		o.offset += len(data)
	}
	if len(o.piece) == 0 {
		return 0, io.EOF
	}
	n := copy(p, o.piece)
	o.piece = o.piece[n:]
	return n, nil
}

func (o *openFile) next() ([]byte, error) {
	if o.offset == 0 {
		return o.fs.head(o.name)
	}
	return o.fs.piece(o.name, o.offset)
}

type openDir struct {
	fs   *refFS
	name string
	info fs.FileInfo
	next int
}

func (o *openDir) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openDir) Close() error               { return nil }
func (o *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: o.name, Err: errors.New("is a directory")}
}

func (o *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	all, err := o.fs.ReadDir(o.name)
	if err != nil {
		return nil, err
	}
	rest := all[o.next:]
	if n <= 0 {
		o.next = len(all)
		return rest, nil
	}
	if len(rest) == 0 {
		return nil, io.EOF
	}
	rest = rest[:min(n, len(rest))]
	o.next += len(rest)
	return rest, nil
}

// readError gives an error from the daemon a path and, where the file is
// missing, the identity that fs promises: over the gateway only the text of the
// system error survives.
func readError(op, name string, err error) error {
	text := err.Error()
	if strings.Contains(text, "no such file or directory") || strings.Contains(text, "file does not exist") {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("build context: %w", err)}
}

// fileInfo is a fsutil stat as an fs.FileInfo. Its mode uses Go's bits.
type fileInfo struct{ *fstypes.Stat }

func (i fileInfo) Name() string       { return path.Base(i.Path) }
func (i fileInfo) Size() int64        { return i.Stat.Size }
func (i fileInfo) Mode() fs.FileMode  { return fs.FileMode(i.Stat.Mode) }
func (i fileInfo) ModTime() time.Time { return time.Unix(0, i.Stat.ModTime) }
func (i fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i fileInfo) Sys() any           { return nil }
