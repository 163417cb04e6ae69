package download

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// storeFormat is the folder of the mount that has the store. Another layout gets
// another name: older and newer programs use one mount at once.
const storeFormat = "v2"

// store is the persistent folder of zips and go.mod files, each named by its hash.
// Whoever may build on the builder can write to it, at any time, whatever he likes:
// nothing is believed of an entry but its name, nothing but a regular file is
// opened, and no link in it leads out of it. One that can't be used is nil, and
// lends and keeps nothing.
type store struct {
	root *os.Root
	dir  string
}

// openStore opens the store below a mount. What is wrong with it costs time alone.
func openStore(mount string) store {
	root, err := os.OpenRoot(mount)
	if err != nil {
		return store{}
	}
	defer root.Close()
	if info, err := root.Lstat(storeFormat); err == nil && !info.IsDir() {
		_ = root.RemoveAll(storeFormat) // else it can't be opened
	}
	_ = root.Mkdir(storeFormat, 0o755) // it may be there
	below, err := root.OpenRoot(storeFormat)
	if err != nil {
		return store{}
	}
	return store{below, filepath.Join(mount, storeFormat)}
}

func (s store) close() {
	if s.root != nil {
		_ = s.root.Close() // it was read, or what was written is there already
	}
}

// entryOf is the name of a file with a hash as go.sum writes it; ok is false for
// a hash of another kind.
func entryOf(hash, ext string) (name string, ok bool) {
	sum, h1 := strings.CutPrefix(hash, "h1:")
	raw, err := base64.StdEncoding.DecodeString(sum)
	if err != nil || !h1 || len(raw) != 32 {
		return "", false
	}
	return hex.EncodeToString(raw) + ext, true
}

// holds reports whether the store has a regular file of a name. Anything else of
// that name goes.
func (s store) holds(name string) bool {
	if s.root == nil {
		return false
	}
	info, err := s.root.Lstat(name)
	if err != nil {
		return false
	}
	if !info.Mode().IsRegular() {
		s.remove(name)
		return false
	}
	return true
}

// errIrregular is what an entry is that is no file.
var errIrregular = errors.New("not a regular file")

// open opens an entry without waiting for anybody.
func (s store) open(name string) (*os.File, fs.FileInfo, error) {
	if !s.holds(name) {
		return nil, nil, errIrregular
	}
	f, err := s.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// check holds an entry against the hash in its name. An entry that is the file it
// was when it was last looked at is not read again.
func (s store) check(name, hash string, last fs.FileInfo) (fs.FileInfo, bool) {
	f, info, err := s.open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	if last != nil && os.SameFile(last, info) && last.Size() == info.Size() && changed(last).Equal(changed(info)) {
		return info, true
	}
	got, err := hashFile(f, info.Size(), filepath.Ext(name))
	return info, err == nil && got == hash
}

// remove takes an entry out, whatever it is. One that can't be removed is not lent
// again in this run.
func (s store) remove(name string) {
	if s.root != nil {
		_ = s.root.RemoveAll(name)
	}
}

// keep puts a file in, as a whole or not at all.
func (s store) keep(name string, from io.Reader) (err error) {
	temp := ".new-" + rand.Text()
	out, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.root.Remove(temp) // the first error is the one to tell
		}
	}()
	_, err = io.Copy(out, from)
	if err = errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	return s.root.Rename(temp, name)
}
