package reffs

import (
	"fmt"
	"io/fs"
)

// mostRead bounds a file that is read whole, such as go.sum or /etc/passwd. It is
// what fits in one answer of the daemon's.
const mostRead = 16 << 20

// readable says why a file is not to be read: of a pipe there may be no end, a
// device is that of the machine which runs the daemon.
func readable(op, name string, info fs.FileInfo) error {
	if mode := info.Mode(); !mode.IsRegular() {
		return &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("it is %s, not a regular file", kindOf(mode))}
	}
	return nil
}

// kindOf names what is no regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
