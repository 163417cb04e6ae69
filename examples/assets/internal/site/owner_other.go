//go:build !unix

package site

import "io/fs"

// ownerOf says "unknown": this system has no numeric owners.
func ownerOf(fs.FileInfo) string { return "unknown" }
