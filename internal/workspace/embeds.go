package workspace

import (
	"context"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// embeds resolves the go:embed patterns as the go command does. What it would
// find fault with is a fault, so that it gets to say so. An embedded folder is
// taken whole: that needs no list of what is in it, and the files that go leaves
// out, hidden ones and those of nested modules, do no harm.
func (g *gathering) embeds(ctx context.Context) error {
	for _, pattern := range g.pkg.embeds {
		if err := g.embed(ctx, pattern); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) embed(ctx context.Context, pattern string) error {
	glob := strings.TrimPrefix(pattern, "all:")
	if !validEmbed(glob) {
		g.blame("has a go:embed pattern that is invalid, %q", pattern)
		return nil
	}
	elems := strings.Split(glob, "/")
	dirs := []string{g.pkg.dir}
	for _, elem := range elems[:len(elems)-1] {
		var below []string
		for _, dir := range dirs {
			matches, err := g.match(ctx, dir, elem)
			if err != nil {
				return err
			}
			for _, e := range matches {
				if e.Type()&fs.ModeSymlink != 0 {
					g.blame("embeds %q, and %s is a symbolic link", pattern, path.Join(dir, e.Name()))
				}
				if e.IsDir() {
					below = append(below, path.Join(dir, e.Name()))
				}
			}
		}
		dirs = below
	}
	found := false
	for _, dir := range dirs {
		matches, err := g.match(ctx, dir, elems[len(elems)-1])
		if err != nil {
			return err
		}
		for _, e := range matches {
			found = true
			if err := g.embedded(ctx, pattern, dir, e); err != nil {
				return err
			}
		}
	}
	if !found {
		g.blame("embeds %q, which no file matches", pattern)
	}
	return nil
}

// validEmbed is the go command's rule for patterns.
func validEmbed(glob string) bool {
	_, err := path.Match(glob, "")
	return err == nil && glob != "." && fs.ValidPath(glob)
}

// match returns a folder's entries that one element of a pattern matches.
func (g *gathering) match(ctx context.Context, dir, elem string) ([]fs.DirEntry, error) {
	if !strings.ContainsAny(elem, `*?[\`) {
		e, err := g.tree.Entry(ctx, dir, elem)
		if err != nil || e == nil {
			return nil, err
		}
		return []fs.DirEntry{e}, nil
	}
	entries, err := g.tree.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	var matches []fs.DirEntry
	for _, e := range entries {
		if e.Name() == tree.Unnamed {
			g.blame("embeds from %s, where a name is not UTF-8", dir)
		}
		if ok, err := path.Match(elem, e.Name()); ok && err == nil {
			matches = append(matches, e)
		}
	}
	return matches, nil
}

// embedded adds what a pattern matches, and holds it against the rules for what
// can be embedded.
func (g *gathering) embedded(ctx context.Context, pattern, dir string, e fs.DirEntry) error {
	full := path.Join(dir, e.Name())
	for at := full; at != g.pkg.dir && at != "."; at = path.Dir(at) {
		if badEmbedName(path.Base(at)) {
			g.blame("embeds %q, and %s has a name that can't be embedded", pattern, at)
		}
		if at == full && !e.IsDir() {
			continue
		}
		if k, err := g.tree.Kind(ctx, path.Join(at, gomod.FileName)); err != nil {
			return err
		} else if k != tree.Absent {
			g.blame("embeds %q, and %s belongs to another module", pattern, at)
		}
	}
	if e.IsDir() {
		g.dirs[full] = true
		return g.boundaries(ctx, full)
	}
	g.take(e, full)
	return nil
}

// boundaries finds fault with links named go.mod below an embedded folder. Of all
// that may be there it is the one that go follows, and it leaves out the folder
// of another module.
func (g *gathering) boundaries(ctx context.Context, dir string) error {
	var links []string
	err := g.tree.Below(ctx, dir, func(name string, e fs.DirEntry) {
		if e.Type()&fs.ModeSymlink != 0 && path.Base(name) == gomod.FileName {
			links = append(links, name)
		}
	})
	for _, name := range links {
		g.blame("embeds a folder with %s, a symbolic link", name)
		if err := g.noteBroken(ctx, name); err != nil {
			return err
		}
	}
	return err
}

// badEmbedName is the go command's rule for names that are never embedded.
func badEmbedName(name string) bool {
	switch name {
	case ".bzr", ".hg", ".git", ".svn":
		return true
	}
	return module.CheckFilePath(name) != nil
}
