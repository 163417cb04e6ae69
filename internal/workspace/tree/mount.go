package tree

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// IsOutside reports whether a clean path leads out of the build context.
func IsOutside(name string) bool { return name == ".." || strings.HasPrefix(name, "../") }

// Mount makes a folder outside of the build context a part of the tree. All
// mounting is done before the tree is asked from several sides at once.
func (t *Tree) Mount(dir string, fsys fs.FS) { t.mounts[dir] = fsys }

// Mounted reports whether a folder itself is a mounted one.
func (t *Tree) Mounted(dir string) bool { return t.mounts[dir] != nil }

// at says which file system holds a path, and where in it. ok is false for what
// can't be a path of the tree.
func (t *Tree) at(name string) (fsys fs.FS, below string, ok bool) {
	if !IsOutside(name) {
		return t.fsys, name, fs.ValidPath(name)
	}
	if path.Clean(name) != name {
		return nil, "", false
	}
	dir, ok := t.MountOf(name)
	if !ok {
		return nil, "", false
	}
	below = "."
	if name != dir {
		below = name[len(dir)+1:]
	}
	return t.mounts[dir], below, fs.ValidPath(below)
}

// MountOf is the innermost mounted folder that holds a path.
func (t *Tree) MountOf(name string) (dir string, ok bool) {
	for mounted := range t.mounts {
		holds := name == mounted || strings.HasPrefix(name, mounted+"/")
		if holds && len(mounted) > len(dir) {
			dir, ok = mounted, true
		}
	}
	return dir, ok
}

// Where names the file system of a path in a message.
func (t *Tree) Where(name string) string {
	if dir, ok := t.MountOf(name); ok {
		return fmt.Sprintf("the folder given as %s", dir)
	}
	return "the build context"
}
