package workspace

import (
	"context"
	"fmt"
	"go/version"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
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

// replacements are the replace directives in force, by what they replace.
type replacements struct {
	byOld map[module.Version]replacement
	order []module.Version // as written
	// mains are the paths of the main modules: go.mod's, or go.work's members.
	mains map[string]bool
}

// of is the directive for a module: the one of its version goes before the one of
// all versions. Of a main module there is none for all versions.
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

// recipe gathers the files that decide which modules are downloaded.
type recipe struct {
	w     *Workspace
	files map[string]bool
	// wanted are the versions that known requirements name, by module path.
	wanted map[string][]string
	errs   diag.List
}

// requirement is a require line; root says that a main module has it.
type requirement struct {
	module.Version
	root bool
}

func (w *Workspace) loadRecipe(ctx context.Context) error {
	w.replaced = replacements{byOld: make(map[module.Version]replacement), mains: make(map[string]bool)}
	for _, m := range w.members {
		w.replaced.mains[m.file.Module.Mod.Path] = true
	}
	r := recipe{w: w, files: make(map[string]bool), wanted: make(map[string][]string)}
	r.gatherReplaces()
	for _, phase := range []func(context.Context) error{r.openOutside, r.ownFiles, r.follow, r.rest} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	if err := r.errs.Err(); err != nil {
		return err
	}
	w.RecipeFiles = slices.Sorted(maps.Keys(r.files))
	for _, name := range w.RecipeFiles {
		if base := path.Base(name); base == sumName || base == workSumName {
			w.SumFiles = append(w.SumFiles, name)
		}
	}
	slices.SortFunc(w.Outside, func(a, b Outside) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// openOutside opens the folders outside of the build context that replace lines
// name. A folder inside another one that was given needs none of its own. With
// a vendor folder none is read, so none is asked for.
func (r *recipe) openOutside(ctx context.Context) error {
	if r.w.Vendored {
		return nil
	}
	for _, old := range r.w.replaced.order {
		if rep := r.w.replaced.byOld[old]; rep.reason == outsideContext {
			if err := r.w.openOutside(ctx, Outside{rep.dir, old.Path}, rep.line.New.Path); err != nil {
				return err
			}
		}
	}
	for _, old := range r.w.replaced.order {
		rep := r.w.replaced.byOld[old]
		if _, given := r.w.tree.mountOf(rep.dir); given {
			rep.reason = ""
			r.w.replaced.byOld[old] = rep
		}
	}
	return nil
}

// gatherReplaces applies Go's precedence: go.work's directive for a path makes
// the members' for the same path void, and members may not disagree. A go.work
// that names versions leaves the members' for other versions in force.
func (r *recipe) gatherReplaces() {
	overridden := make(map[string]bool)
	decided := make(map[module.Version]bool)
	if k := r.w.work; k != nil {
		for _, line := range k.file.Replace {
			overridden[line.Old.Path] = true
			decided[line.Old] = true
			if line.Old.Version == "" && r.w.isMember(line.Old.Path) {
				r.errs = append(r.errs, diag.Errorf(k.src, lineRange(k.src, line.Syntax), "replace %q: go.work uses this module, so it can't be replaced at all versions; take the line out or name a version", line.Old.Path))
				continue
			}
			r.addReplace(path.Dir(r.w.GoWork), k.src, line)
		}
	}
	for _, m := range r.w.members {
		for _, line := range m.file.Replace {
			_, known := r.w.replaced.byOld[line.Old]
			switch {
			case !overridden[line.Old.Path]:
				r.addReplace(m.dir, m.src, line)
			case !known && !decided[line.Old] && !decided[module.Version{Path: line.Old.Path}]:
				// Where go.work speaks of the path Go lets members disagree.
				r.addReplace(m.dir, m.src, line)
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
	if prior, ok := r.w.replaced.byOld[line.Old]; ok && !prior.same(add) {
		r.errs = append(r.errs, diag.Errorf(src, add.at(), "replace %q: %s replaces it otherwise; make the two agree, or decide in go.work", line.Old.String(), prior.src.Filename))
		return
	}
	if _, ok := r.w.replaced.byOld[line.Old]; !ok {
		r.w.replaced.order = append(r.w.replaced.order, line.Old)
	}
	r.w.replaced.byOld[line.Old] = add
}

// ownFiles adds the main module's, or the workspace's, files.
func (r *recipe) ownFiles(ctx context.Context) error {
	var optional []string
	if r.w.work != nil {
		r.files[r.w.GoWork] = true
		optional = append(optional, path.Join(path.Dir(r.w.GoWork), workSumName))
	}
	for _, m := range r.w.members {
		r.files[m.src.Filename] = true
		optional = append(optional, path.Join(m.dir, sumName))
	}
	for _, name := range optional {
		ok, err := r.w.tree.hasOrWhole(ctx, name)
		if err != nil {
			return err
		}
		if ok {
			r.files[name] = true
		}
	}
	return nil
}

// follow walks the requirements from the main modules through local
// replacements.
func (r *recipe) follow(ctx context.Context) error {
	var queue []requirement
	for _, m := range r.w.members {
		for _, req := range m.file.Require {
			queue = append(queue, requirement{req.Mod, true})
		}
	}
	seen := make(map[module.Version]bool)
	for len(queue) > 0 {
		req := queue[0]
		queue = queue[1:]
		if seen[req.Version] || r.w.isMember(req.Path) {
			continue
		}
		seen[req.Version] = true
		r.wanted[req.Path] = append(r.wanted[req.Path], req.Version.Version)
		rep, ok := r.w.replaced.of(req.Version)
		if !ok || !rep.local {
			r.w.Requires = true
			continue
		}
		more, err := r.visit(ctx, req, rep)
		if err != nil {
			return err
		}
		queue = append(queue, more...)
	}
	return nil
}

// visit reads a local replacement's go.mod and returns what it requires.
func (r *recipe) visit(ctx context.Context, req requirement, rep replacement) ([]requirement, error) {
	name, problem, err := r.locate(ctx, rep)
	if err != nil {
		return nil, err
	}
	if problem != nil {
		if r.needed(req) {
			r.errs = append(r.errs, problem)
		}
		return nil, nil
	}
	if r.files[name] {
		return nil, nil
	}
	r.files[name] = true
	m, err := readDependency(ctx, r.w.tree, rep.dir)
	if located := diag.All(err); located != nil {
		if r.needed(req) {
			r.errs = append(r.errs, located...)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	more := make([]requirement, len(m.file.Require))
	for i, next := range m.file.Require {
		more[i] = requirement{Version: next.Mod}
	}
	return more, nil
}

// needed reports whether Go would fail without the module: with a vendor folder
// never; since Go 1.17 a main module names all it needs, so what only a
// dependency requires may never be looked at.
func (r *recipe) needed(req requirement) bool {
	if r.w.Vendored {
		return false
	}
	return req.root || r.unpruned()
}

// locate returns the go.mod of a local replacement, or what is wrong with it.
func (r *recipe) locate(ctx context.Context, rep replacement) (string, *diag.Error, error) {
	if rep.reason != "" {
		return "", diag.Errorf(rep.src, rep.at(), "replace %q: %q %s; %s, or replace it by a published version %s", rep.line.Old.String(), rep.line.New.Path, rep.reason,
			outsideCure(rep.reason, rep.line.Old.Path, rep.dir), symptom.Replace.Tag()), nil
	}
	name := path.Join(rep.dir, modName)
	ok, err := r.w.tree.has(ctx, name)
	if err != nil {
		return "", nil, err
	}
	if !ok {
		return "", diag.Errorf(rep.src, rep.at(), "replace %q: there is no %s in %s%s; add one, or bring the folder there %s", rep.line.Old.String(), name, r.w.tree.whose(name), ignoreHint(ctx, r.w.tree, name), symptom.Replace.Tag()), nil
	}
	return name, nil, nil
}

// rest adds local replacements that no known requirement reaches, where they
// exist: a module that is still to be downloaded may require them. It then
// knows all modules that are local.
func (r *recipe) rest(ctx context.Context) error {
	w := r.w
	w.wanted, w.require = r.wanted, slices.Sorted(maps.Keys(r.wanted))
	for _, m := range w.members {
		w.sources = append(w.sources, source{path: m.file.Module.Mod.Path, dir: m.dir, sure: true})
	}
	for _, old := range r.w.replaced.order {
		rep := r.w.replaced.byOld[old]
		if !rep.local {
			w.Forks = append(w.Forks, fmt.Sprintf("%s => %s", old, rep.line.New))
		}
		if !rep.local || w.isMember(old.Path) {
			continue
		}
		name, problem, err := r.locate(ctx, rep)
		if err != nil {
			return err
		}
		if problem == nil {
			r.files[name] = true
			w.sources = append(w.sources, source{path: old.Path, dir: rep.dir, sure: r.chosen(old)})
		}
	}
	for _, s := range w.sources {
		w.Local = append(w.Local, s.path)
	}
	slices.Sort(w.Forks)
	slices.Sort(w.Local)
	w.Local = slices.Compact(w.Local)
	return nil
}

// chosen reports whether it is certain that a replacement of this module, or of
// this version of it, is what the build uses. Modules that are still to be
// downloaded may raise a version, except where one go.mod lists all (Go 1.17).
func (r *recipe) chosen(old module.Version) bool {
	wanted := slices.Clone(r.wanted[old.Path])
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for other := range r.w.replaced.byOld {
		if other.Path == old.Path && other != old {
			return false
		}
	}
	if old.Version == "" {
		return len(wanted) > 0
	}
	return r.w.work == nil && !r.unpruned() && len(wanted) == 1 && wanted[0] == old.Version
}

// unpruned reports whether go.mod is of a time when it did not list all modules
// that the build needs. A workspace's members list what each of them needs.
func (r *recipe) unpruned() bool { return r.w.work == nil && !r.w.listsAll() }

// listsAll reports whether the main module's go.mod names all modules that its
// build needs, as from Go 1.17 on.
func (w *Workspace) listsAll() bool {
	goLine := w.mod.goLine()
	return goLine != "" && version.Compare("go"+goLine, "go1.17") >= 0
}
