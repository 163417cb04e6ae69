package tree

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// IsOutside reports whether a clean path leads out of the build context.
func IsOutside(name string) bool { return name == ".." || strings.HasPrefix(name, "../") }

// Mount makes a folder outside the build context part of the tree. It must not be called
// while the tree is in use by several goroutines.
func (t *Tree) Mount(dir string, fsys fs.FS) { t.mounts[dir] = fsys }

// Mounted reports whether the folder itself is mounted.
func (t *Tree) Mounted(dir string) bool { return t.mounts[dir] != nil }

// at says which file system has a path, and where in it. ok is false for what can't be a
// path of the tree.
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

// MountOf returns the innermost mounted folder that contains a path.
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
