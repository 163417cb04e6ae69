// Package tree shows a build context, and the folders that are mounted beside it, as
// one tree of slash-separated paths.
//
// It is the only room of the workspace that reads. Links are followed here and not by the
// file system: a builder takes the context's root for the root of all paths, so that
// "../x" and "/x" would be the context's x. A link to something that the tree lacks is
// not the same as no link: the go command passes over many of them, and the build would
// silently produce a different program. It knows nothing of Go.
package tree

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

// Unnamed is the name of an irregular entry that stands for files in its folder whose
// names the file system can't tell.
const Unnamed = "\uFFFD"

// Tree is the build context and what is mounted beside it. It finds out what exists from
// the lists of folders, which it asks for again and again: the file systems remember
// them.
type Tree struct {
	fsys   fs.FS
	mounts map[string]fs.FS
}

// New returns the tree of a build context.
func New(fsys fs.FS) *Tree { return &Tree{fsys: fsys, mounts: make(map[string]fs.FS)} }

// Kind is what a path leads to, with symbolic links followed.
type Kind int

// The kinds. Absent is also what is neither a file nor a folder, such as a socket.
const (
	Absent Kind = iota
	IsFile
	IsDir
)

// List returns a folder's entries sorted by name. The folder has to exist.
func (t *Tree) List(ctx context.Context, dir string) ([]fs.DirEntry, error) {
	to, err := t.follow(ctx, dir)
	switch {
	case err != nil:
		return nil, err
	case to.kind == Absent:
		return nil, fmt.Errorf("list %q in %s: %w", dir, t.Where(dir), fs.ErrNotExist)
	}
	return t.listReal(ctx, to.real)
}

// listReal lists a folder that has no link on its path.
func (t *Tree) listReal(ctx context.Context, dir string) ([]fs.DirEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fsys, below, ok := t.at(dir)
	if !ok {
		return nil, fmt.Errorf("list %q in the build context: %w", dir, fs.ErrInvalid)
	}
	entries, err := fs.ReadDir(fsys, below)
	if err != nil {
		return nil, fmt.Errorf("list %q in %s: %w", dir, t.Where(dir), err)
	}
	return entries, nil
}

// Kind returns what a path leads to.
func (t *Tree) Kind(ctx context.Context, name string) (Kind, error) {
	to, err := t.follow(ctx, name)
	return to.kind, err
}

// EntryKind is Kind for an entry of a folder.
func (t *Tree) EntryKind(ctx context.Context, dir string, e fs.DirEntry) (Kind, error) {
	if e.Type()&fs.ModeSymlink != 0 {
		return t.Kind(ctx, path.Join(dir, e.Name()))
	}
	return kindOf(e.Type()), nil
}

func kindOf(mode fs.FileMode) Kind {
	switch {
	case mode.IsDir():
		return IsDir
	case mode.IsRegular():
		return IsFile
	}
	return Absent
}

// Link returns the first symbolic link on the way to a path, "" without one.
func (t *Tree) Link(ctx context.Context, name string) (string, error) {
	if _, _, ok := t.at(name); !ok || name == "." || t.mounts[name] != nil {
		return "", nil
	}
	parent := path.Dir(name)
	if above, err := t.Link(ctx, parent); err != nil || above != "" {
		return above, err
	}
	if k, err := t.Kind(ctx, parent); err != nil || k != IsDir {
		return "", err
	}
	e, err := t.Entry(ctx, parent, path.Base(name))
	if err != nil || e == nil || e.Type()&fs.ModeSymlink == 0 {
		return "", err
	}
	return name, nil
}

// LinkBelow returns a symbolic link somewhere below a folder, the first of the topmost
// ones, "" when there is none.
func (t *Tree) LinkBelow(ctx context.Context, dir string) (string, error) {
	var first string
	err := t.Below(ctx, dir, func(name string, e fs.DirEntry) {
		if first == "" && e.Type()&fs.ModeSymlink != 0 {
			first = name
		}
	})
	return first, err
}

// Entry returns a folder's entry of a name, or nil.
func (t *Tree) Entry(ctx context.Context, dir, name string) (fs.DirEntry, error) {
	entries, err := t.List(ctx, dir)
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

// Has reports whether a path is a file.
func (t *Tree) Has(ctx context.Context, name string) (bool, error) {
	k, err := t.Kind(ctx, name)
	return k == IsFile, err
}

// MaxFile bounds what is read of one file, so that a context cannot exhaust the
// frontend's memory. go.mod and go.work are far below it, and so is every Go
// file up to its imports.
const MaxFile = 32 << 20

// Read returns a whole file.
func (t *Tree) Read(ctx context.Context, name string) ([]byte, error) {
	return t.Head(ctx, name, MaxFile+1)
}

// Head returns a file's first n bytes; to read past MaxFile is an error.
func (t *Tree) Head(ctx context.Context, name string, n int64) ([]byte, error) {
	f, err := t.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, n))
}

// Open opens a file whose reads fail once the context is done or MaxFile is
// passed.
func (t *Tree) Open(ctx context.Context, name string) (io.ReadCloser, error) {
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
	if !ok || to.kind == Absent {
		return nil, fmt.Errorf("open %q in %s: %w", name, t.Where(name), fs.ErrNotExist)
	}
	f, err := fsys.Open(below)
	if err != nil {
		return nil, fmt.Errorf("open %q in %s: %w", name, t.Where(name), err)
	}
	return &boundedFile{file: f, name: name, ctx: ctx, left: MaxFile}, nil
}

// boundedFile is a file that fails, instead of ending, at its bound.
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
		return 0, diag.Errorf(src, diag.Range{}, "more than %d MiB to read; make the file smaller or leave it out of the build context", MaxFile>>20)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read %q from the build context: %w", f.name, err)
	}
	return n, err
}
