package tree

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
)

// maxLinks is the number of links that Linux follows on the way to one file.
const maxLinks = 40

// BrokenLink is a link that leads to nothing in the tree.
type BrokenLink struct {
	Name, Target string
	// Why is the end of a sentence about where it leads.
	Why string
	// cure is what to do besides putting a file in the link's place.
	cure string
	// Inside reports whether it leads to a path of the build context.
	Inside bool
}

// walkTo is the way to a path and what is at its end, with symbolic links followed.
type walkTo struct {
	// real is the path without links on it.
	real string
	kind Kind
	// link is the link, the first of a chain, that the way ends at or gets lost in; nil
	// without one.
	link *BrokenLink
	// missing is the path that the links lead to and that does not exist.
	missing string
}

// follow goes to a path from the root down, so that a path that does not exist
// costs only the lists of the folders above it that do.
func (t *Tree) follow(ctx context.Context, name string) (walkTo, error) {
	if _, _, held := t.at(name); !held {
		return walkTo{}.lost(name), nil
	}
	to := walkTo{real: ".", kind: IsDir}
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
		if to.kind != IsDir {
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
			to.link, after = &BrokenLink{Name: next, Target: target}, len(pending)
		}
		if links++; links > maxLinks || path.IsAbs(target) {
			to.link.blame(links > maxLinks)
			to.real, to.kind = next, Absent
			return to, nil
		}
		pending = append(strings.Split(target, "/"), pending...)
	}
	if _, _, held := t.at(to.real); !held || to.kind == Absent {
		return to.lost(to.real), nil
	}
	return to, nil
}

// lost ends the way at a path that does not exist.
func (to walkTo) lost(name string) walkTo {
	to.real, to.kind, to.missing = name, Absent, name
	return to
}

// onward appends to a path that does not exist what should follow it, up to a "..".
func onward(name string, pending []string) string {
	for _, elem := range pending {
		if elem == ".." {
			break
		}
		name = path.Join(name, elem)
	}
	return name
}

// entryIn returns the entry of a name in a folder without links on its path.
func (t *Tree) entryIn(ctx context.Context, dir, name string) (fs.DirEntry, error) {
	if _, _, held := t.at(dir); !held {
		return nil, nil
	}
	entries, err := t.listReal(ctx, dir)
	if err != nil {
		return nil, err
	}
	return find(entries, name), nil
}

func (t *Tree) readLink(ctx context.Context, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fsys, below, _ := t.at(name)
	target, err := fs.ReadLink(fsys, below)
	if err != nil {
		return "", fmt.Errorf("read the link %q in %s: %w", name, t.Where(name), err)
	}
	return target, nil
}

func (l *BrokenLink) blame(tooMany bool) {
	if tooMany {
		l.Why = "leads through too many links"
		return
	}
	l.Why = "is an absolute path, which the build context does not have"
	l.cure = ", or make the link relative"
}

// Broken returns the link on the way to a path that can't be followed, or nil.
func (t *Tree) Broken(ctx context.Context, name string) (*BrokenLink, error) {
	to, err := t.follow(ctx, name)
	if err != nil || to.link == nil || to.kind != Absent {
		return nil, err
	}
	l := *to.link
	switch _, _, held := t.at(to.missing); {
	case l.Why != "":
	case held && !IsOutside(to.missing):
		l.Inside = true
		l.Why = fmt.Sprintf("leads to %q, and the build context lacks that%s", to.missing, t.leftOutHint(ctx, to.missing))
	default:
		l.Why = "leads out of the build context"
		l.cure = ", or build with a folder as the context that holds both and set module to this module's folder in it, " +
			"or name a module's folder in a replace line and pass it with --build-context"
	}
	return &l, nil
}

// Err is the error about a link that the program may depend on.
func (l *BrokenLink) Err() *diag.Error {
	return diag.Errorf(diag.Source{Filename: l.Name}, diag.Range{},
		"it is a symbolic link to %q, which %s, so the program may become another one than with it; put what it leads to in its place%s; where nothing needs the link, leave it out with .dockerignore",
		l.Target, l.Why, l.cure)
}

// HasChecked is Has for a file that the go command would do without: a link that can't
// be followed is an error.
func (t *Tree) HasChecked(ctx context.Context, name string) (bool, error) {
	ok, err := t.Has(ctx, name)
	if err == nil && !ok {
		err = t.CheckLinks(ctx, name)
	}
	return ok, err
}

// CheckLinks returns an error if a link on the way to a path can't be followed.
func (t *Tree) CheckLinks(ctx context.Context, name string) error {
	l, err := t.Broken(ctx, name)
	if err != nil || l == nil {
		return err
	}
	return l.Err()
}

// Hint says that a link leads out of the context, or that a file may have
// been kept out of it on purpose. It is part of another error, so it ignores a failure
// to look.
func (t *Tree) Hint(ctx context.Context, name string) string {
	if l, err := t.Broken(ctx, name); err == nil && l != nil {
		return fmt.Sprintf(" (%q is a symbolic link to %q, which %s)", l.Name, l.Target, l.Why)
	}
	return t.leftOutHint(ctx, name)
}

// leftOutHint is Hint where no link is to blame.
func (t *Tree) leftOutHint(ctx context.Context, name string) string {
	if IsOutside(name) {
		return ""
	}
	if ok, err := t.Has(ctx, ".dockerignore"); err != nil || !ok {
		return ""
	}
	return fmt.Sprintf(" (does .dockerignore leave %s out?)", name)
}
