package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/llb/reffs"
	"github.com/gokiln/gokiln/spec"
)

// ownerFunc finds the numeric owner for image.files' owner.
type ownerFunc func(owner string) (uid, gid int, err error)

// resolveFiles turns image.files into folders to make and copies that name what
// exists in the context: each problem is found, with its place in the spec,
// before any step runs.
//
// A folder's content goes into `to`. A file goes to `to`, or into it where `to`
// ends with a slash. What a glob matches goes into `to` always, so that the
// number of matches does not change the layout; `**` keeps the folders below
// the part of the pattern before it. Folders that come from the context belong
// to the entry's owner, those above them to root.
func resolveFiles(fsys fs.FS, s *spec.Spec, owner ownerFunc) (plan.Files, error) {
	var files plan.Files
	var above []plan.Dir
	var errs diag.List
	for i, f := range s.Image.Files {
		field := spec.Index("image.files", i)
		uid, gid, err := owner(f.Owner)
		if err != nil {
			errs = append(errs, s.Errorf(spec.Key(field, "owner"), "%w", err))
			continue
		}
		e := entry{fsys: fsys, file: f, index: i, uid: uid, gid: gid}
		if err := e.expand(); err != nil {
			errs = append(errs, s.Errorf(spec.Key(field, "from"), "%w", err))
			continue
		}
		files.Dirs = append(files.Dirs, e.owned...)
		files.Copies = append(files.Copies, e.copies...)
		above = append(above, e.above...)
	}
	files.Dirs = uniqueDirs(append(files.Dirs, above...))
	return files, errs.Err()
}

// uniqueDirs sorts by path and keeps the first entry for each: an entry's own
// folder goes before one that is only above another's, the spec's order decides
// the rest.
func uniqueDirs(dirs []plan.Dir) []plan.Dir {
	slices.SortStableFunc(dirs, func(a, b plan.Dir) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(dirs, func(a, b plan.Dir) bool { return a.Path == b.Path })
}

// entry is one entry of image.files while it is expanded.
type entry struct {
	fsys     fs.FS
	file     spec.File
	index    int
	uid, gid int

	copies []plan.Copy
	// owned are folders of the entry's owner, above those that are root's.
	owned, above []plan.Dir
}

// copy adds a file or a folder's content.
func (e *entry) copy(from, to string) {
	e.copies = append(e.copies, plan.Copy{From: abs(from), To: to, UID: e.uid, GID: e.gid, Mode: e.file.Mode, Entry: e.index})
}

// parent adds the folder above a path, which is root's.
func (e *entry) parent(p string) {
	if dir := path.Dir(path.Clean(p)); dir != "/" {
		e.above = append(e.above, plan.Dir{Path: dir})
	}
}

// own adds a folder that belongs to the entry's owner.
func (e *entry) own(dir string) {
	if dir = path.Clean(dir); dir != "/" {
		e.owned = append(e.owned, plan.Dir{Path: dir, UID: e.uid, GID: e.gid})
	}
}

func (e *entry) expand() error {
	f := e.file
	switch {
	case !isGlob(f.From):
		return e.path(f.From, f.To)
	case strings.Contains(f.From, "**"):
		return e.tree()
	}
	tree := &reffs.AllNamed{FS: e.fsys}
	matches, err := fs.Glob(tree, f.From)
	if tree.Err() != nil {
		return tree.Err()
	}
	if err != nil {
		return fmt.Errorf("pattern %q: %w", f.From, err)
	}
	if len(matches) == 0 {
		return notInContext("nothing matches", f.From)
	}
	e.parent(f.To)
	e.own(f.To)
	for _, m := range matches {
		if err := e.path(m, folder(f.To)); err != nil {
			return err
		}
	}
	return nil
}

func isGlob(p string) bool { return strings.ContainsAny(p, `*?[`) }

func folder(p string) string { return strings.TrimSuffix(p, "/") + "/" }

func notInContext(what, from string) error {
	return fmt.Errorf("%s %q in the build context; check the spelling and .dockerignore", what, from)
}

// path copies a file, or a folder's content. BuildKit gives one mode to all that
// a copy holds; with 0644 folders could not be entered. So a folder with a mode
// is copied file by file.
func (e *entry) path(from, to string) error {
	info, err := fs.Stat(e.fsys, from)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return notInContext("there is no", from)
	case err != nil:
		return err
	}
	if !info.IsDir() {
		if strings.HasSuffix(to, "/") {
			to += path.Base(from)
		}
		e.parent(to)
		e.copy(from, to)
		return nil
	}
	e.parent(to)
	e.own(to)
	if e.file.Mode == nil {
		e.copy(from, folder(to))
		return nil
	}
	_, err = e.matches(from, to, func(string) (bool, error) { return true, nil })
	return err
}

// tree handles `**`.
func (e *entry) tree() error {
	f := e.file
	pm, err := patternmatcher.New([]string{f.From})
	if err != nil {
		return fmt.Errorf("pattern %q: %w", f.From, err)
	}
	e.parent(f.To)
	n, err := e.matches(staticPrefix(f.From), f.To, pm.MatchesOrParentMatches)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if n == 0 {
		return notInContext("nothing matches", f.From)
	}
	return nil
}

// staticPrefix is the folder above a pattern's first wildcard.
func staticPrefix(pattern string) string {
	parts := strings.Split(pattern, "/")
	n := slices.IndexFunc(parts, isGlob)
	return path.Join(append([]string{"."}, parts[:n]...)...)
}

// matches copies each file below root that match accepts to the same place below
// to, and returns their number.
func (e *entry) matches(root, to string, match func(string) (bool, error)) (int, error) {
	n := 0
	err := fs.WalkDir(&reffs.AllNamed{FS: e.fsys}, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ok, err := match(p)
		if err != nil || !ok {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
		if root == "." {
			rel = p
		}
		n++
		target := path.Join(to, rel)
		e.own(path.Dir(target))
		e.copy(p, target)
		return nil
	})
	return n, err
}

func abs(p string) string { return path.Join("/", p) }
