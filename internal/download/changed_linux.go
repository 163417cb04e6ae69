package download

import (
	"io/fs"
	"syscall"
	"time"
)

// changed is when the kernel last saw a file change, which nobody can set.
func changed(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return info.ModTime()
}
