package workspace

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// isOutside reports whether a clean path leads out of the build context.
func isOutside(name string) bool { return name == ".." || strings.HasPrefix(name, "../") }

// mount makes a folder outside of the build context a part of the tree. All
// mounting is done before the tree is asked from several sides at once.
func (t *tree) mount(dir string, fsys fs.FS) { t.mounts[dir] = fsys }

// at says which file system holds a path, and where in it. ok is false for what
// can't be a path of the tree.
func (t *tree) at(name string) (fsys fs.FS, below string, ok bool) {
	if !isOutside(name) {
		return t.fsys, name, fs.ValidPath(name)
	}
	if path.Clean(name) != name {
		return nil, "", false
	}
	dir, ok := t.mountOf(name)
	if !ok {
		return nil, "", false
	}
	below = "."
	if name != dir {
		below = name[len(dir)+1:]
	}
	return t.mounts[dir], below, fs.ValidPath(below)
}

// mountOf is the innermost mounted folder that holds a path.
func (t *tree) mountOf(name string) (dir string, ok bool) {
	for mounted := range t.mounts {
		holds := name == mounted || strings.HasPrefix(name, mounted+"/")
		if holds && len(mounted) > len(dir) {
			dir, ok = mounted, true
		}
	}
	return dir, ok
}

// whose names the file system of a path in a message.
func (t *tree) whose(name string) string {
	if dir, ok := t.mountOf(name); ok {
		return fmt.Sprintf("the folder given as %s", dir)
	}
	return "the build context"
}

// openOutside asks the user's side for a folder outside of the build context,
// once for each path.
func (w *Workspace) openOutside(ctx context.Context, o Outside, written string) error {
	if w.opts.Outside == nil || w.tree.mounts[o.Path] != nil {
		return nil
	}
	fsys, ok, err := w.opts.Outside(ctx, o.Module, written)
	if err != nil {
		return fmt.Errorf("open %q outside of the build context: %w", o.Path, err)
	}
	if ok {
		w.tree.mount(o.Path, fsys)
		w.Outside = append(w.Outside, o)
	}
	return nil
}

// The reasons why a folder written in a go.mod or go.work can't be used.
const (
	absolutePath   = "is an absolute path, which the build context does not have"
	outsideContext = "is outside the build context"
	aboveContext   = "holds the build context itself"
)

// resolve turns a folder written in a go.mod or go.work that stands in base
// into a path of the tree; reason says what is wrong with it.
func resolve(base, written string) (dir, reason string) {
	slashed := strings.ReplaceAll(written, `\`, "/")
	if path.IsAbs(slashed) || len(slashed) > 1 && slashed[1] == ':' {
		return "", absolutePath
	}
	dir = path.Join(base, slashed)
	switch {
	case strings.Trim(dir, "./") == "" && isOutside(dir):
		return dir, aboveContext
	case isOutside(dir):
		return dir, outsideContext
	}
	return dir, ""
}

// outsideCure says how to bring in a folder that resolve found fault with. name
// is what the user can call it.
func outsideCure(reason, name, dir string) string {
	switch reason {
	case outsideContext:
		return fmt.Sprintf("pass --build-context %s=%s", strings.ToLower(name), dir)
	case aboveContext:
		return "build with that folder as the context, and set module to this module's folder in it"
	}
	return "write a path relative to this file"
}
