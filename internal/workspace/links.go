package workspace

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
)

// A link may lead to what the build context lacks, while a build on the host has
// it. The go command passes over many such links without a word, and so would make
// another program. Where it would read what a link leads to, a link that can't be
// followed is an error therefore.
//
// Links are followed here and not by the file system: a builder takes the
// context's root for the root of all paths, so that "../x" and "/x" would be the
// context's x.

// maxLinks is the number of links that Linux follows on the way to one file.
const maxLinks = 40

// brokenLink is a link that leads to nothing in the tree.
type brokenLink struct {
	name, target string
	// why is the end of a sentence about where it leads.
	why string
	// cure is what to do besides putting a file in the link's place.
	cure string
	// inside tells that it leads to a path of the build context.
	inside bool
}

// walkTo is the way to a path: what stands at its end, symbolic links followed.
type walkTo struct {
	// real is the path without links on it.
	real string
	kind kind
	// link is the link that the way ends in or is lost in, the first one of a chain;
	// nil without one.
	link *brokenLink
	// missing is what the links lead to and is not there, of a kind that is absent.
	missing string
}

// follow goes to a path from the root down, so that a path that does not exist
// costs only the lists of the folders above it that do.
func (t *tree) follow(ctx context.Context, name string) (walkTo, error) {
	if _, _, held := t.at(name); !held {
		return walkTo{}.lost(name), nil
	}
	to := walkTo{real: ".", kind: isDir}
	pending, after := strings.Split(name, "/"), 0
	for links := 0; len(pending) > 0; {
		if _, _, held := t.at(to.real); held && len(pending) <= after {
			to.link = nil // it was followed to its end
		}
		elem := pending[0]
		pending = pending[1:]
		if elem == "" || elem == "." {
			continue
		}
		next := path.Join(to.real, elem)
		if to.kind != isDir {
			return to.lost(onward(next, pending)), nil
		}
		if _, _, held := t.at(next); !held || elem == ".." || t.mounts[next] != nil {
			to.real = next
			continue
		}
		e, err := t.entryIn(ctx, to.real, elem)
		switch {
		case err != nil:
			return walkTo{}, err
		case e == nil:
			return to.lost(onward(next, pending)), nil
		case e.Type()&fs.ModeSymlink == 0:
			to.real, to.kind = next, kindOf(e.Type())
			continue
		}
		target, err := t.readLink(ctx, next)
		if err != nil {
			return walkTo{}, err
		}
		if to.link == nil {
			to.link, after = &brokenLink{name: next, target: target}, len(pending)
		}
		if links++; links > maxLinks || path.IsAbs(target) {
			to.link.blame(links > maxLinks)
			to.real, to.kind = next, absent
			return to, nil
		}
		pending = append(strings.Split(target, "/"), pending...)
	}
	if _, _, held := t.at(to.real); !held || to.kind == absent {
		return to.lost(to.real), nil
	}
	return to, nil
}

// lost ends the way at a path that is not there.
func (to walkTo) lost(name string) walkTo {
	to.real, to.kind, to.missing = name, absent, name
	return to
}

// onward is a path that is not there with what should follow it, as far as that
// does not lead back.
func onward(name string, pending []string) string {
	for _, elem := range pending {
		if elem == ".." {
			break
		}
		name = path.Join(name, elem)
	}
	return name
}

// entryIn is the entry of a name in a folder that has no links on its path.
func (t *tree) entryIn(ctx context.Context, dir, name string) (fs.DirEntry, error) {
	if _, _, held := t.at(dir); !held {
		return nil, nil
	}
	entries, err := t.listReal(ctx, dir)
	if err != nil {
		return nil, err
	}
	return find(entries, name), nil
}

func (t *tree) readLink(ctx context.Context, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fsys, below, _ := t.at(name)
	target, err := fs.ReadLink(fsys, below)
	if err != nil {
		return "", fmt.Errorf("read the link %q in %s: %w", name, t.whose(name), err)
	}
	return target, nil
}

func (l *brokenLink) blame(tooMany bool) {
	if tooMany {
		l.why = "leads through too many links"
		return
	}
	l.why = "is an absolute path, which the build context does not have"
	l.cure = ", or make the link relative"
}

// broken is the link on the way to a path that can't be followed, nil where all
// can or there is none.
func (t *tree) broken(ctx context.Context, name string) (*brokenLink, error) {
	to, err := t.follow(ctx, name)
	if err != nil || to.link == nil || to.kind != absent {
		return nil, err
	}
	l := *to.link
	switch _, _, held := t.at(to.missing); {
	case l.why != "":
	case held && !isOutside(to.missing):
		l.inside = true
		l.why = fmt.Sprintf("leads to %q, and the build context lacks that%s", to.missing, leftOutHint(ctx, t, to.missing))
	default:
		l.why = "leads out of the build context"
		l.cure = ", or build with a folder as the context that holds both and set module to this module's folder in it, " +
			"or name a module's folder in a replace line and pass it with --build-context"
	}
	return &l, nil
}

// err is the error about a link that the program may depend on.
func (l *brokenLink) err() *diag.Error {
	return diag.Errorf(diag.Source{Filename: l.name}, diag.Range{},
		"it is a symbolic link to %q, which %s, so the program may become another one than with it; put what it leads to in its place%s; where nothing needs the link, leave it out with .dockerignore",
		l.target, l.why, l.cure)
}

// hasOrWhole is has for a file without which the go command would go on: a link
// that can't be followed is an error.
func (t *tree) hasOrWhole(ctx context.Context, name string) (bool, error) {
	ok, err := t.has(ctx, name)
	if err == nil && !ok {
		err = t.whole(ctx, name)
	}
	return ok, err
}

// whole is the error about a link on the way to a path, nil where all can be
// followed.
func (t *tree) whole(ctx context.Context, name string) error {
	l, err := t.broken(ctx, name)
	if err != nil || l == nil {
		return err
	}
	return l.err()
}

// brokenGo are the links in a folder that can't be followed and that a build for
// the target would read as Go files.
func (l loader) brokenGo(ctx context.Context, dir string) ([]brokenLink, error) {
	entries, err := l.tree.list(ctx, dir)
	if err != nil {
		return nil, err
	}
	var all []brokenLink
	for _, e := range entries {
		name := e.Name()
		if e.Type()&fs.ModeSymlink == 0 || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || !l.named(name) {
			continue
		}
		broken, err := l.tree.broken(ctx, path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if broken != nil {
			all = append(all, *broken)
		}
	}
	return all, nil
}
