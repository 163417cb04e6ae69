package gomod

import (
	"context"
	"io/fs"
)

// Options say how a module is loaded.
type Options struct {
	// NoWork is GOWORK=off: a go.work file has no effect.
	NoWork bool
	// Mod is -mod: "vendor", "readonly" or "mod". Empty means the go command's
	// choice, which depends on the vendor folder.
	Mod string
	// Outside opens a folder outside the build context that a replace or use line
	// names. modulePath is the replaced module's path, "" for a use line; written is
	// the folder as the line has it. ok is false where the user gave no such folder.
	// A nil Outside has none.
	Outside func(ctx context.Context, modulePath, written string) (fsys fs.FS, ok bool, err error)
}

// Outside is a folder outside the build context that is in use.
type Outside struct {
	// Path is clean and relative to the context's root, so it always begins
	// with "../".
	Path string
	// Module is the path of the module that the folder replaces, "" for a use
	// line.
	Module string
}
