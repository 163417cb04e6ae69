//go:build unix

package site

import (
	"fmt"
	"io/fs"
	"syscall"
)

// ownerOf returns a file's owner as uid:gid.
func ownerOf(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "unknown"
	}
	return fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)
}
