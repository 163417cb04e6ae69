package reffs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/gokiln/gokiln/internal/workspace"
)

// A name on Linux is bytes; the gateway's are UTF-8, and it lists no folder that
// has another one in it. Such a folder is listed from a copy without those names,
// and each kind of them that may matter gets an entry that stands for it: a Go file
// that can't be opened, a header and a file that are no regular files. Whoever needs
// one is told, or sees the whole build context; all others build.

// badByte is what BuildKit's patterns match a byte with that is no UTF-8.
const badByte = "\uFFFD"

// errName is of a file that can't be named.
var errName = errors.New("the name of a file there is not UTF-8, and such a file can't be read; rename it, or leave it out with .dockerignore")

// notText reports whether the daemon has failed over a name.
func notText(err error) bool {
	return err != nil && strings.Contains(err.Error(), "invalid UTF-8")
}

// solver hands a state to the daemon.
type solver func(context.Context, llb.State) (client.Reference, error)

// Open shows a state that was solved. solve solves what the daemon can't list as it is.
func Open(ctx context.Context, st llb.State, ref client.Reference, solve solver) *FS {
	f := newFS(ctx, ref)
	f.named = func(dir string) (Reader, error) {
		info := &llb.CopyInfo{CopyDirContentsOnly: true, ExcludePatterns: []string{"*" + badByte + "*", "*/*"}}
		return solve(ctx, llb.Scratch().File(llb.Copy(st, "/"+dir, "/", info),
			llb.WithCustomName("[internal] list a folder without the names that are not UTF-8")))
	}
	return f
}

// listNamed lists a folder in which not all names are UTF-8.
func (f *FS) listNamed(dir string) ([]*fstypes.Stat, error) {
	named, err := f.named(dir)
	if err != nil {
		return nil, err
	}
	stats, err := named.ReadDir(f.ctx, client.ReadDirRequest{Path: "."})
	if notText(err) {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: errors.New("a symbolic link there has a target that is not UTF-8; leave it out with .dockerignore")}
	}
	if err != nil {
		return nil, err
	}
	stats = append(stats, &fstypes.Stat{Path: workspace.Unnamed, Mode: uint32(fs.ModeIrregular)})
	hasGo, err := f.hasUnnamed(dir, goPatterns())
	if err != nil {
		return nil, err
	}
	if hasGo {
		stats = append(stats, &fstypes.Stat{Path: unnamedGo, Mode: 0o644})
	}
	for _, st := range stats {
		hasGo = hasGo || strings.HasSuffix(st.Path, ".go")
	}
	if !hasGo {
		return stats, nil // no package, whatever else is there
	}
	hasOther, err := f.hasUnnamed(dir, otherPatterns())
	if hasOther {
		stats = append(stats, &fstypes.Stat{Path: workspace.Unnamed + ".h", Mode: uint32(fs.ModeIrregular)})
	}
	return stats, err
}

// unnamedGo stands for all Go files of a folder that can't be named.
const unnamedGo = workspace.Unnamed + ".go"

// goPatterns match Go files that can't be named, but not those that Go passes over.
func goPatterns() []string { return []string{badByte + "*.go", "[^_.]*" + badByte + "*.go"} }

// otherPatterns match all other files that may belong to a package, and some more.
func otherPatterns() []string {
	var all []string
	for _, ext := range []string{
		"[chmsSFf]", "[ch][ch]", "[ch][px][px]", "f[o9][r0]", "sx", "swig", "swigcxx", "syso",
	} {
		all = append(all, "*"+badByte+"*."+ext)
	}
	return all
}

// hasUnnamed asks for names in the one way that there is: to list them fails.
func (f *FS) hasUnnamed(dir string, patterns []string) (bool, error) {
	for _, pattern := range patterns {
		_, err := f.ref.ReadDir(f.ctx, client.ReadDirRequest{Path: dir, IncludePattern: pattern})
		if notText(err) {
			return true, nil
		}
		if err != nil {
			return false, readError("readdir", dir, err)
		}
	}
	return false, nil
}

// AllNamed shows a tree in which no folder can be listed that has names which
// can't be told. A pattern may match them.
type AllNamed struct {
	fs.FS
	failed error
}

// Err is the error that fs.Glob keeps to itself.
func (a *AllNamed) Err() error { return a.failed }

// Stat is fs.StatFS's.
func (a *AllNamed) Stat(name string) (fs.FileInfo, error) { return fs.Stat(a.FS, name) }

// ReadDir fails for a folder with such names.
func (a *AllNamed) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(a.FS, name)
	for _, e := range entries {
		if e.Name() == workspace.Unnamed {
			err = fmt.Errorf("list %q: %w", name, errName)
			a.failed = err
		}
	}
	return entries, err
}
