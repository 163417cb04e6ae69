// Package reffs shows a result that BuildKit has solved, such as the build context, as
// an fs.FS. It asks the gateway for little: each folder is listed once, files are read in
// pieces, and the beginnings of Go files are kept, because imports are read for every
// target and every app. It knows what the gateway can't tell: names that are not UTF-8,
// files that are no regular files, errors without an identity.
package reffs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/frontend/gateway/client"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/gokiln/gokiln/internal/crash"
	"github.com/gokiln/gokiln/internal/diag"
)

// Reader is what FS needs of a solved result; a client.Reference is one.
type Reader interface {
	ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error)
	ReadDir(ctx context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error)
	StatFile(ctx context.Context, req client.StatRequest) (*fstypes.Stat, error)
}

// FS is a solved result as an fs.FS. Each folder is listed once: whether a file exists
// is answered from its folder's listing, which costs one call for all the questions that
// Go asks about a folder.
type FS struct {
	ctx   context.Context
	ref   Reader
	heads heads
	// named solves a folder without the names that the gateway can't tell; nil
	// where nobody can.
	named func(dir string) (Reader, error)

	mu   sync.Mutex
	dirs map[string]*listing
}

type listing struct {
	once    sync.Once
	entries []fs.DirEntry
	err     error
}

func newFS(ctx context.Context, ref Reader) *FS {
	f := &FS{ctx: ctx, ref: ref, dirs: map[string]*listing{}}
	f.heads = heads{list: f.ReadDir, piece: f.piece, files: map[string]*head{}}
	return f
}

var (
	_ fs.ReadDirFS  = (*FS)(nil)
	_ fs.ReadFileFS = (*FS)(nil)
	_ fs.StatFS     = (*FS)(nil)
	_ fs.ReadLinkFS = (*FS)(nil)
)

// ReadDir lists a folder, sorted by name.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
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
	l.once.Do(func() {
		// Done even after a panic: nobody may take the folder for an empty one then.
		l.err = crash.Do(func() (err error) {
			l.entries, err = f.list(name)
			return err
		})
	})
	return l.entries, l.err
}

func (f *FS) list(name string) ([]fs.DirEntry, error) {
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
	if notText(err) && f.named != nil {
		stats, err = f.listNamed(name)
	}
	if err != nil {
		return nil, readError("readdir", name, err)
	}
	entries := make([]fs.DirEntry, len(stats))
	for i, st := range stats {
		entries[i] = fs.FileInfoToDirEntry(newFileInfo(st))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat follows symbolic links, for which the builder takes the context's root for
// the root of all paths.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	info, err := f.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return info, err
	}
	st, err := f.ref.StatFile(f.ctx, client.StatRequest{Path: name})
	if err != nil {
		return nil, readError("stat", name, err)
	}
	return newFileInfo(st), nil
}

// Lstat follows no link in the path's last place.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return newFileInfo(&fstypes.Stat{Path: ".", Mode: uint32(fs.ModeDir | 0o755)}), nil
	}
	entries, err := f.ReadDir(path.Dir(name))
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errors.Unwrap(err)}
	}
	i, ok := slices.BinarySearchFunc(entries, path.Base(name), func(e fs.DirEntry, s string) int { return strings.Compare(e.Name(), s) })
	if !ok {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return entries[i].Info()
}

// ReadLink says where a symbolic link leads, as it is written.
func (f *FS) ReadLink(name string) (string, error) {
	info, err := f.Lstat(name)
	if err != nil {
		return "", err
	}
	st, ok := info.(fileInfo)
	if !ok || info.Mode()&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return st.Linkname, nil
}

// ReadFile reads a whole file.
func (f *FS) ReadFile(name string) ([]byte, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := readable("read", name, info); err != nil {
		return nil, err
	}
	if info.Size() > mostRead {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it has %d bytes, and gokiln reads at most %d", info.Size(), mostRead)}
	}
	data, err := f.ref.ReadFile(f.ctx, client.ReadRequest{Filename: name})
	if err != nil {
		return nil, readError("read", name, err)
	}
	return data, nil
}

// Open opens a file for reading in pieces, or a folder.
func (f *FS) Open(name string) (fs.File, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return &openDir{fs: f, name: name, info: info}, nil
	}
	if err := readable("open", name, info); err != nil {
		return nil, err
	}
	if path.Base(name) == unnamedGo {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errName}
	}
	return &openFile{fs: f, name: name, info: info}, nil
}

func (f *FS) piece(name string, offset int) ([]byte, error) {
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
	fs   *FS
	name string
	info fs.FileInfo
	// piece is what was fetched and not read yet. It ends at offset, which is the
	// file's end if eof is set.
	piece  []byte
	offset int
	begun  bool
	eof    bool
}

func (o *openFile) Stat() (fs.FileInfo, error) { return o.info, nil }

// Close says how far the file was read.
func (o *openFile) Close() error {
	if o.begun {
		o.fs.heads.read(o.name, o.offset-len(o.piece))
	}
	return nil
}

func (o *openFile) Read(p []byte) (int, error) {
	for len(o.piece) == 0 && !o.eof {
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	if len(o.piece) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), readSize)], o.piece)
	o.piece = o.piece[n:]
	return n, nil
}

// next fetches what follows: at first what is kept of the file.
func (o *openFile) next() (err error) {
	if !o.begun {
		o.piece, o.eof, err = o.fs.heads.of(o.name)
		o.begun = err == nil
	} else {
		o.piece, err = o.fs.piece(o.name, o.offset)
		o.eof = err == nil && len(o.piece) < pieceSize
	}
	o.offset += len(o.piece)
	return err
}

type openDir struct {
	fs   *FS
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
	// An error of the daemon's keeps its lines, and a name has none.
	name = diag.Plain(name)
	text := err.Error()
	if strings.Contains(text, "no such file or directory") || strings.Contains(text, "file does not exist") {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// fileInfo is a fsutil stat as an fs.FileInfo. Its mode uses Go's bits.
type fileInfo struct {
	*fstypes.Stat
	name string
}

func newFileInfo(st *fstypes.Stat) fileInfo { return fileInfo{st, path.Base(st.Path)} }

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.Stat.Size }
func (i fileInfo) Mode() fs.FileMode  { return fs.FileMode(i.Stat.Mode) }
func (i fileInfo) ModTime() time.Time { return time.Unix(0, i.Stat.ModTime) }
func (i fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i fileInfo) Sys() any           { return nil }
