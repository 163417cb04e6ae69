package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
)

// Unnamed is the name of an entry, no regular file, that stands for files of its
// folder whose names fsys can't tell.
const Unnamed = "\uFFFD"

// tree is the build context, and what is mounted beside it. What exists is answered
// from the lists of folders, which it asks for again and again: the file systems
// remember them.
type tree struct {
	fsys   fs.FS
	mounts map[string]fs.FS
}

func newTree(fsys fs.FS) *tree { return &tree{fsys: fsys, mounts: make(map[string]fs.FS)} }

// kind is what stands at a path, symbolic links followed.
type kind int

const (
	absent kind = iota
	isFile
	isDir
)

// list returns a folder's entries sorted by name. The folder has to exist.
func (t *tree) list(ctx context.Context, dir string) ([]fs.DirEntry, error) {
	to, err := t.follow(ctx, dir)
	switch {
	case err != nil:
		return nil, err
	case to.kind == absent:
		return nil, fmt.Errorf("list %q in %s: %w", dir, t.whose(dir), fs.ErrNotExist)
	}
	return t.listReal(ctx, to.real)
}

// listReal lists a folder that has no link on its path.
func (t *tree) listReal(ctx context.Context, dir string) ([]fs.DirEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fsys, below, ok := t.at(dir)
	if !ok {
		return nil, fmt.Errorf("list %q in the build context: %w", dir, fs.ErrInvalid)
	}
	entries, err := fs.ReadDir(fsys, below)
	if err != nil {
		return nil, fmt.Errorf("list %q in %s: %w", dir, t.whose(dir), err)
	}
	return entries, nil
}

// kind is what stands at a path, links followed.
func (t *tree) kind(ctx context.Context, name string) (kind, error) {
	to, err := t.follow(ctx, name)
	return to.kind, err
}

// entryKind looks further only for a symbolic link.
func (t *tree) entryKind(ctx context.Context, dir string, e fs.DirEntry) (kind, error) {
	if e.Type()&fs.ModeSymlink != 0 {
		return t.kind(ctx, path.Join(dir, e.Name()))
	}
	return kindOf(e.Type()), nil
}

func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsDir():
		return isDir
	case mode.IsRegular():
		return isFile
	}
	return absent
}

// link is the first symbolic link on the way to a path, "" without one.
func (t *tree) link(ctx context.Context, name string) (string, error) {
	if _, _, ok := t.at(name); !ok || name == "." || t.mounts[name] != nil {
		return "", nil
	}
	parent := path.Dir(name)
	if above, err := t.link(ctx, parent); err != nil || above != "" {
		return above, err
	}
	if k, err := t.kind(ctx, parent); err != nil || k != isDir {
		return "", err
	}
	e, err := t.entry(ctx, parent, path.Base(name))
	if err != nil || e == nil || e.Type()&fs.ModeSymlink == 0 {
		return "", err
	}
	return name, nil
}

// linkBelow is a symbolic link somewhere in a folder, the first one of those that
// are least deep, "" when there is none.
func (t *tree) linkBelow(ctx context.Context, dir string) (string, error) {
	var first string
	err := t.below(ctx, dir, func(name string, e fs.DirEntry) {
		if first == "" && e.Type()&fs.ModeSymlink != 0 {
			first = name
		}
	})
	return first, err
}

// entry is the one of a name in a folder, nil where there is none.
func (t *tree) entry(ctx context.Context, dir, name string) (fs.DirEntry, error) {
	entries, err := t.list(ctx, dir)
	if err != nil {
		return nil, err
	}
	return find(entries, name), nil
}

func find(entries []fs.DirEntry, name string) fs.DirEntry {
	i, ok := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, s string) int {
		return strings.Compare(e.Name(), s)
	})
	if !ok {
		return nil
	}
	return entries[i]
}

// has reports whether a path is a file.
func (t *tree) has(ctx context.Context, name string) (bool, error) {
	k, err := t.kind(ctx, name)
	return k == isFile, err
}

// maxFile bounds what is read of one file, so that a context cannot exhaust the
// frontend's memory. go.mod and go.work are far below it, and so is every Go
// file up to its imports.
const maxFile = 32 << 20

// read returns a whole file.
func (t *tree) read(ctx context.Context, name string) ([]byte, error) {
	return t.head(ctx, name, maxFile+1)
}

// head returns a file's first n bytes; to read past maxFile is an error.
func (t *tree) head(ctx context.Context, name string, n int64) ([]byte, error) {
	f, err := t.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, n))
}

// open opens a file whose reads fail once the context is done or maxFile is
// passed.
func (t *tree) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, _, ok := t.at(name); !ok {
		return nil, fmt.Errorf("open %q in the build context: %w", name, fs.ErrInvalid)
	}
	to, err := t.follow(ctx, name)
	if err != nil {
		return nil, err
	}
	fsys, below, ok := t.at(to.real)
	if !ok || to.kind == absent {
		return nil, fmt.Errorf("open %q in %s: %w", name, t.whose(name), fs.ErrNotExist)
	}
	f, err := fsys.Open(below)
	if err != nil {
		return nil, fmt.Errorf("open %q in %s: %w", name, t.whose(name), err)
	}
	return &boundedFile{file: f, name: name, ctx: ctx, left: maxFile}, nil
}

// boundedFile is a file that ends with an error, not with EOF, at its bound.
type boundedFile struct {
	file fs.File
	name string
	ctx  context.Context
	left int
}

func (f *boundedFile) Close() error { return f.file.Close() }

func (f *boundedFile) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.file.Read(p)
	if f.left -= n; f.left < 0 {
		src := diag.Source{Filename: f.name}
		return 0, diag.Errorf(src, diag.Range{}, "more than %d MiB to read; make the file smaller or leave it out of the build context", maxFile>>20)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read %q from the build context: %w", f.name, err)
	}
	return n, err
}
