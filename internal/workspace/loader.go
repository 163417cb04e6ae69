package workspace

import (
	"cmp"
	"context"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
	"unique"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// loader is go/build over the tree: which files of a folder a target has, and
// what they say up to their imports. It is the one place that knows go/build.
type loader struct {
	tree   *tree.Tree
	target Target
	// guessed reports whether the toolchain's release is not known. It is at least
	// floor, the workspace's go line.
	guessed bool
	floor   string
	// key stands for all that decides what a folder's files are. A copy with
	// another target must not ask the memo.
	key unique.Handle[string]
}

func (w *Workspace) loader(t Target) loader {
	guessed := t.GoVersion == ""
	t.GoVersion = cmp.Or(t.GoVersion, w.Toolchain, w.Go)
	key := fmt.Sprintf("%q %t %t %q", []string{t.GOOS, t.GOARCH, t.GoVersion}, t.Cgo, guessed, t.Tags)
	return loader{tree: w.tree, target: t, guessed: guessed, floor: w.Go, key: unique.Make(key)}
}

// goFiles names the folder's Go files that a build looks at: no tests, and none
// that Go hides by its name.
func (l loader) goFiles(ctx context.Context, dir string) ([]string, error) {
	entries, err := l.tree.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || gomod.Hidden(name) || !fs.ValidPath(name) {
			continue
		}
		k, err := l.tree.EntryKind(ctx, dir, e)
		if err != nil {
			return nil, err
		}
		if k == tree.IsFile {
			names = append(names, name)
		}
	}
	return names, nil
}

// importFiles lets go/build read some files of a folder as if there were no
// others. The package is never nil; its error is about the files. The second
// error is a failure to read, which go/build would flatten into text.
func (l loader) importFiles(ctx context.Context, dir string, names []string) (pkg *build.Package, err, failure error) {
	files := &hooks{ctx: ctx, tree: l.tree, names: names}
	bc := l.context()
	// The names have been chosen: what is a folder was left out.
	bc.IsDir = func(name string) bool { return name == dir }
	bc.ReadDir = files.readDir
	bc.OpenFile = files.open
	pkg, err = bc.ImportDir(dir, 0)
	if files.failure == nil {
		files.failure = ctx.Err()
	}
	return pkg, err, files.failure
}

// context is the target's, with the paths of a tree instead of the host's.
func (l loader) context() build.Context {
	bc := l.target.context()
	bc.JoinPath = path.Join
	bc.SplitPathList = func(list string) []string { return strings.Split(list, ":") }
	bc.IsAbsPath = path.IsAbs
	bc.HasSubdir = func(_, _ string) (string, bool) { return "", false }
	return bc
}

// hooks are go/build's doors to the tree. They remember the first failure.
type hooks struct {
	ctx     context.Context
	tree    *tree.Tree
	names   []string
	failure error
}

func (h *hooks) readDir(string) ([]fs.FileInfo, error) {
	infos := make([]fs.FileInfo, len(h.names))
	for i, name := range h.names {
		infos[i] = fileName(name)
	}
	return infos, nil
}

func (h *hooks) open(name string) (io.ReadCloser, error) {
	f, err := h.tree.Open(h.ctx, name)
	if err != nil {
		h.fail(err)
		return nil, err
	}
	return &watched{f, h}, nil
}

func (h *hooks) fail(err error) {
	if h.failure == nil {
		h.failure = err
	}
}

// watched tells the hooks of a read that failed.
type watched struct {
	io.ReadCloser
	hooks *hooks
}

func (f *watched) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		f.hooks.fail(err)
	}
	return n, err
}

// fileName is a regular file of which only the name is known and asked.
type fileName string

func (n fileName) Name() string     { return string(n) }
func (fileName) Size() int64        { return 0 }
func (fileName) Mode() fs.FileMode  { return 0 }
func (fileName) ModTime() time.Time { return time.Time{} }
func (fileName) IsDir() bool        { return false }
func (fileName) Sys() any           { return nil }

// brokenGo returns the links in a folder that can't be followed and that a build for
// the target would read as Go files.
func (l loader) brokenGo(ctx context.Context, dir string) ([]tree.BrokenLink, error) {
	entries, err := l.tree.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	var all []tree.BrokenLink
	for _, e := range entries {
		name := e.Name()
		if e.Type()&fs.ModeSymlink == 0 || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || !l.named(name) {
			continue
		}
		broken, err := l.tree.Broken(ctx, path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if broken != nil {
			all = append(all, *broken)
		}
	}
	return all, nil
}
