package gocache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Others write to a store, and what they leave may be of any kind: a pipe that
// nobody writes to would be waited for for ever, a link leads anywhere. So what is
// opened there is opened here.

// maxOutput bounds what is believed to be an output. The largest packages compile
// to some hundred megabytes; a sparse file takes no space and hours to hash.
const maxOutput = 2 << 30

// errKind tells of something that is no regular file, or no folder.
var errKind = errors.New("of another kind")

// openRegular opens a regular file for reading, and nothing else.
func openRegular(name string) (*os.File, error) {
	return open(name, os.O_RDONLY, fs.FileMode.IsRegular)
}

// openFolder opens a folder, and nothing else.
func openFolder(name string) (*os.File, error) {
	return open(name, os.O_RDONLY|syscall.O_DIRECTORY, fs.FileMode.IsDir)
}

// open looks before it opens, because to open a device may do something, and
// after, because somebody may have put another file there.
func open(name string, flags int, ok func(fs.FileMode) bool) (*os.File, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !ok(info.Mode()) {
		return nil, fmt.Errorf("%s is %w: %s", name, errKind, info.Mode())
	}
	f, err := os.OpenFile(name, flags|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !ok(info.Mode()) {
		err = fmt.Errorf("%s is %w: %s", name, errKind, info.Mode())
	}
	if err != nil {
		_ = f.Close() // nothing was written to it
		return nil, err
	}
	return f, nil
}

// openLock opens the lock file, and makes it where there is none. What is no file
// locks nothing and is removed.
func openLock(name string) (*os.File, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		if err := os.RemoveAll(name); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0o644)
}

// names lists a folder of the store. What stands in a folder's place is removed
// where it can be, so that the store is of use again.
func (s store) names(shard string) ([]string, error) {
	names, err := namesIn(s.path(shard))
	if errors.Is(err, errKind) {
		_ = os.RemoveAll(s.path(shard)) // else the store is as good as empty there
		return nil, nil
	}
	return names, err
}
