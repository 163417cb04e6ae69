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
	"github.com/gokiln/gokiln/spec"
)

// ownerFunc finds the numeric owner for image.files' owner.
type ownerFunc func(owner string) (uid, gid int, err error)

// resolveFiles turns image.files into copies that name what exists in the
// context: each problem is found, with its place in the spec, before any step
// runs.
//
// A folder's content goes into `to`. A file goes to `to`, or into it where `to`
// ends with a slash. What a glob matches goes into `to` always, so that the
// number of matches does not change the layout; `**` keeps the folders below
// the part of the pattern before it.
func resolveFiles(fsys fs.FS, s *spec.Spec, owner ownerFunc) ([]plan.Copy, error) {
	var copies []plan.Copy
	var errs diag.List
	for i, f := range s.Image.Files {
		field := fmt.Sprintf("image.files[%d]", i)
		uid, gid, err := owner(f.Owner)
		if err != nil {
			errs = append(errs, diag.Errorf(s.Source, s.At(field+".owner"), "%s.owner: %w", field, err))
			continue
		}
		found, err := expandFile(fsys, f)
		if err != nil {
			errs = append(errs, diag.Errorf(s.Source, s.At(field+".from"), "%s.from: %w", field, err))
			continue
		}
		for j := range found {
			found[j].UID, found[j].GID, found[j].Mode = uid, gid, f.Mode
		}
		copies = append(copies, found...)
	}
	return copies, errs.Err()
}

func expandFile(fsys fs.FS, f spec.File) ([]plan.Copy, error) {
	switch {
	case !isGlob(f.From):
		return expandPath(fsys, f.From, f.To, f.Mode != nil)
	case strings.Contains(f.From, "**"):
		return expandTree(fsys, f)
	}
	matches, err := fs.Glob(fsys, f.From)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", f.From, err)
	}
	if len(matches) == 0 {
		return nil, notInContext("nothing matches", f.From)
	}
	var copies []plan.Copy
	for _, m := range matches {
		found, err := expandPath(fsys, m, folder(f.To), f.Mode != nil)
		if err != nil {
			return nil, err
		}
		copies = append(copies, found...)
	}
	return copies, nil
}

func isGlob(p string) bool { return strings.ContainsAny(p, `*?[`) }

func folder(p string) string { return strings.TrimSuffix(p, "/") + "/" }

func notInContext(what, from string) error {
	return fmt.Errorf("%s %q in the build context; check the spelling and .dockerignore", what, from)
}

// expandPath copies a file, or a folder's content. BuildKit gives one mode to
// all that a copy holds; with 0644 folders could not be entered. So a folder
// with a mode is copied file by file.
func expandPath(fsys fs.FS, from, to string, hasMode bool) ([]plan.Copy, error) {
	info, err := fs.Stat(fsys, from)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notInContext("there is no", from)
	case err != nil:
		return nil, err
	}
	if !info.IsDir() {
		if strings.HasSuffix(to, "/") {
			to += path.Base(from)
		}
		return []plan.Copy{{From: abs(from), To: to}}, nil
	}
	if !hasMode {
		return []plan.Copy{{From: abs(from), To: folder(to)}}, nil
	}
	return copyMatches(fsys, from, to, func(string) (bool, error) { return true, nil })
}

// expandTree handles `**`.
func expandTree(fsys fs.FS, f spec.File) ([]plan.Copy, error) {
	root := staticPrefix(f.From)
	pm, err := patternmatcher.New([]string{f.From})
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", f.From, err)
	}
	copies, err := copyMatches(fsys, root, f.To, pm.MatchesOrParentMatches)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(copies) == 0 {
		return nil, notInContext("nothing matches", f.From)
	}
	return copies, nil
}

// staticPrefix is the folder above a pattern's first wildcard.
func staticPrefix(pattern string) string {
	parts := strings.Split(pattern, "/")
	n := slices.IndexFunc(parts, isGlob)
	return path.Join(append([]string{"."}, parts[:n]...)...)
}

// copyMatches copies each file below root that match accepts to the same place
// below to.
func copyMatches(fsys fs.FS, root, to string, match func(string) (bool, error)) ([]plan.Copy, error) {
	var copies []plan.Copy
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ok, err := match(p)
		if err != nil || !ok {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
		copies = append(copies, plan.Copy{From: abs(p), To: path.Join(to, rel)})
		return nil
	})
	return copies, err
}

func abs(p string) string { return path.Join("/", p) }
