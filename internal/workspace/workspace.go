package workspace

import (
	"context"
	"io/fs"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// Unnamed is tree.Unnamed, for the file systems that have such entries.
const Unnamed = tree.Unnamed

// Options say how a module is loaded.
type Options = gomod.Options

// Workspace is a module and the packages that can be built from it.
type Workspace struct {
	*gomod.Module
	tree *tree.Tree
	memo *memo
}

// Load reads the module in a folder of the build context, as gomod.Load does. fsys
// reports what is absent with fs.ErrNotExist and remembers the lists of its folders,
// which are asked for many times. It ends a call that blocks by itself, since fs.FS
// knows no context.
//
// Errors about files are *diag.Error or diag.List with the place. No go.mod in dir is
// a *diag.Error without a Source; it names folders that have one.
func Load(ctx context.Context, fsys fs.FS, dir string, opts Options) (*Workspace, error) {
	t := tree.New(fsys)
	m, err := gomod.Load(ctx, t, dir, opts)
	if err != nil {
		return nil, err
	}
	return &Workspace{Module: m, tree: t, memo: newMemo()}, nil
}
