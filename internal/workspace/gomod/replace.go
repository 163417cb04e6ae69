package gomod

import (
	"path"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
)

// replacement is a replace directive that is in force.
type replacement struct {
	src    diag.Source
	line   *modfile.Replace
	local  bool
	dir    string // of a local one, "" for an absolute path
	reason string // why a local one can't be looked at
}

// same reports whether two directives for the same module agree.
func (r replacement) same(o replacement) bool {
	if r.local && o.local && r.dir != "" {
		return r.dir == o.dir
	}
	return r.line.New == o.line.New
}

func (r replacement) at() diag.Range { return lineRange(r.src, r.line.Syntax) }

// replacements are the replace directives in force.
type replacements struct {
	byOld map[module.Version]replacement
	order []module.Version // as in the files
	// mains are the paths of the main modules: go.mod's, or go.work's members.
	mains map[string]bool
}

// of returns the directive for a module. One for its version takes precedence over one
// for all versions. A main module can't be replaced at all versions.
func (r replacements) of(m module.Version) (replacement, bool) {
	if m.Version == "" && r.mains[m.Path] {
		return replacement{}, false
	}
	if rep, ok := r.byOld[m]; ok {
		return rep, true
	}
	rep, ok := r.byOld[module.Version{Path: m.Path}]
	return rep, ok
}

// gatherReplaces applies Go's precedence: go.work's directive for a path overrides the
// members' for the same path, and members may not disagree. Where go.work names versions
// the members' directives for other versions stay in force.
func (r *recipe) gatherReplaces() {
	overridden := make(map[string]bool)
	decided := make(map[module.Version]bool)
	if k := r.m.work; k != nil {
		for _, line := range k.file.Replace {
			overridden[line.Old.Path] = true
			decided[line.Old] = true
			if line.Old.Version == "" && r.m.isMember(line.Old.Path) {
				r.errs = append(r.errs, diag.Errorf(k.src, lineRange(k.src, line.Syntax), "replace %q: go.work uses this module, so it can't be replaced at all versions; take the line out or name a version", line.Old.Path))
				continue
			}
			r.addReplace(path.Dir(r.m.GoWork), k.src, line)
		}
	}
	for _, member := range r.m.members {
		for _, line := range member.file.Replace {
			_, known := r.m.replaced.byOld[line.Old]
			switch {
			case !overridden[line.Old.Path]:
				r.addReplace(member.dir, member.src, line)
			case !known && !decided[line.Old] && !decided[module.Version{Path: line.Old.Path}]:
				// Where go.work mentions the path, Go lets members disagree.
				r.addReplace(member.dir, member.src, line)
			}
		}
	}
}

func newReplacement(base string, src diag.Source, line *modfile.Replace) replacement {
	r := replacement{src: src, line: line}
	if line.New.Version == "" {
		r.local = true
		r.dir, r.reason = resolve(base, line.New.Path)
	}
	return r
}

func (r *recipe) addReplace(base string, src diag.Source, line *modfile.Replace) {
	add := newReplacement(base, src, line)
	if prior, ok := r.m.replaced.byOld[line.Old]; ok && !prior.same(add) {
		r.errs = append(r.errs, diag.Errorf(src, add.at(), "replace %q: %s replaces it otherwise; make the two agree, or decide in go.work", line.Old.String(), prior.src.Filename))
		return
	}
	if _, ok := r.m.replaced.byOld[line.Old]; !ok {
		r.m.replaced.order = append(r.m.replaced.order, line.Old)
	}
	r.m.replaced.byOld[line.Old] = add
}
