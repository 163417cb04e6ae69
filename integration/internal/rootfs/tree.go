// Package rootfs composes file trees in memory and writes them as image layers
// whose bytes depend on nothing but the tree: entries sorted, one time for all,
// no user or group names, no device numbers.
//
// It unpacks nothing to disk and needs no privileges: owners and modes are
// values here.
package rootfs

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is a folder, a regular file or a symbolic link.
type Entry struct {
	// Type is tar.TypeDir, tar.TypeReg or tar.TypeSymlink.
	Type byte
	// Mode holds the permission bits with set-uid, set-gid and sticky, as chmod
	// takes them: 0o1777.
	Mode     int64
	UID, GID int
	// Link is where a symbolic link points.
	Link string
	// Data is a file's content, unless File names a file on disk that holds it.
	Data []byte
	File string
}

// Tree holds entries by their slash-separated path without a leading slash.
type Tree map[string]Entry

// Dir puts a folder at p.
func (t Tree) Dir(p string, mode int64, uid, gid int) {
	t[clean(p)] = Entry{Type: tar.TypeDir, Mode: mode, UID: uid, GID: gid}
}

// File puts a file of root's at p.
func (t Tree) File(p string, mode int64, data []byte) {
	t[clean(p)] = Entry{Type: tar.TypeReg, Mode: mode, Data: data}
}

// Symlink puts a link to target at p.
func (t Tree) Symlink(p, target string) {
	t[clean(p)] = Entry{Type: tar.TypeSymlink, Mode: 0o777, Link: target}
}

// Merge puts every entry of other over t's.
func (t Tree) Merge(other Tree) { maps.Copy(t, other) }

func clean(p string) string { return strings.TrimPrefix(path.Clean("/"+p), "/") }

// AddTar puts every entry of a tar stream into the tree. A hard link becomes a
// second entry with the same content; a device is an error.
func (t Tree) AddTar(r io.Reader) error {
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := t.entry(h, tr)
		if err != nil {
			return err
		}
		if name := clean(h.Name); name != "" {
			t[name] = e
		}
	}
}

func (t Tree) entry(h *tar.Header, content io.Reader) (Entry, error) {
	e := Entry{Type: h.Typeflag, Mode: h.Mode & 0o7777, UID: h.Uid, GID: h.Gid, Link: h.Linkname}
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeSymlink:
		return e, nil
	case tar.TypeReg:
		data, err := io.ReadAll(content)
		e.Data = data
		return e, err
	case tar.TypeLink:
		target, ok := t[clean(h.Linkname)]
		if !ok {
			return Entry{}, fmt.Errorf("%s: hard link to %q, which comes later or never", h.Name, h.Linkname)
		}
		return target, nil
	default:
		return Entry{}, fmt.Errorf("%s: entry of type %q has no place in an image", h.Name, h.Typeflag)
	}
}

// AddDisk puts the tree below dir on disk at prefix, owned by root. Its files
// are read when the layer is written. mode decides a file's permission bits
// from its path below dir and what the disk says.
func (t Tree) AddDisk(prefix, dir string, mode func(name string, info fs.FileInfo) (int64, error)) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name := path.Join(prefix, filepath.ToSlash(rel))
		switch {
		case d.IsDir():
			t.Dir(name, 0o755, 0, 0)
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(file)
			if err != nil {
				return err
			}
			t.Symlink(name, target)
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				return err
			}
			bits, err := mode(filepath.ToSlash(rel), info)
			if err != nil {
				return err
			}
			t[clean(name)] = Entry{Type: tar.TypeReg, Mode: bits, File: file}
		default:
			return fmt.Errorf("%s: neither a file, a folder nor a link", file)
		}
		return nil
	})
}

// WithParents is the tree and every folder above its entries that it lacks,
// owned by root with mode 0755.
func (t Tree) WithParents() Tree {
	full := maps.Clone(t)
	for name := range t {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := full[dir]; !ok {
				full.Dir(dir, 0o755, 0, 0)
			}
		}
	}
	return full
}

// WriteTar writes the tree, sorted, with one time for every entry.
func (t Tree) WriteTar(w io.Writer, when time.Time) error {
	tw := tar.NewWriter(w)
	full := t.WithParents()
	for _, name := range slices.SortedFunc(maps.Keys(full), cmp.Compare[string]) {
		if err := writeEntry(tw, name, full[name], when); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return tw.Close()
}

func writeEntry(tw *tar.Writer, name string, e Entry, when time.Time) error {
	h := &tar.Header{
		Typeflag: e.Type, Name: name, Linkname: e.Link,
		Mode: e.Mode, Uid: e.UID, Gid: e.GID, ModTime: when, Size: int64(len(e.Data)),
	}
	if e.Type == tar.TypeDir {
		h.Name += "/"
	}
	if e.File == "" {
		return errors.Join(tw.WriteHeader(h), writeAll(tw, e.Data))
	}
	f, err := os.Open(e.File)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h.Size = info.Size()
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(tw, f)
	return err
}

func writeAll(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}
