package gomod

import (
	"context"
	"fmt"
	"go/version"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
)

// recipe gathers the files that decide which modules are downloaded.
type recipe struct {
	m     *Module
	files map[string]bool
	// wanted are the versions that known requirements name, by module path.
	wanted map[string][]string
	errs   diag.List
}

// requirement is a require line; root reports whether it is a main module's.
type requirement struct {
	module.Version
	root bool
}

func (m *Module) loadRecipe(ctx context.Context) error {
	m.replaced = replacements{byOld: make(map[module.Version]replacement), mains: make(map[string]bool)}
	for _, member := range m.members {
		m.replaced.mains[member.file.Module.Mod.Path] = true
	}
	r := recipe{m: m, files: make(map[string]bool), wanted: make(map[string][]string)}
	r.gatherReplaces()
	for _, phase := range []func(context.Context) error{r.openOutside, r.ownFiles, r.follow, r.rest} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	if err := r.errs.Err(); err != nil {
		return err
	}
	m.RecipeFiles = slices.Sorted(maps.Keys(r.files))
	for _, name := range m.RecipeFiles {
		if base := path.Base(name); base == sumName || base == workSumName {
			m.SumFiles = append(m.SumFiles, name)
		}
	}
	slices.SortFunc(m.Outside, func(a, b Outside) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// openOutside opens the folders outside the build context that replace lines name. A
// folder inside another one that was given needs no context of its own. A build from the
// vendor folder reads none of them, so it asks for none.
func (r *recipe) openOutside(ctx context.Context) error {
	if r.m.Vendored {
		return nil
	}
	for _, old := range r.m.replaced.order {
		if rep := r.m.replaced.byOld[old]; rep.reason == outsideContext {
			if err := r.m.openOutside(ctx, Outside{rep.dir, old.Path}, rep.line.New.Path); err != nil {
				return err
			}
		}
	}
	for _, old := range r.m.replaced.order {
		rep := r.m.replaced.byOld[old]
		if _, given := r.m.tree.MountOf(rep.dir); given {
			rep.reason = ""
			r.m.replaced.byOld[old] = rep
		}
	}
	return nil
}

// ownFiles adds the main module's, or the workspace's, files.
func (r *recipe) ownFiles(ctx context.Context) error {
	var optional []string
	if r.m.work != nil {
		r.files[r.m.GoWork] = true
		optional = append(optional, path.Join(path.Dir(r.m.GoWork), workSumName))
	}
	for _, member := range r.m.members {
		r.files[member.src.Filename] = true
		optional = append(optional, path.Join(member.dir, sumName))
	}
	for _, name := range optional {
		ok, err := r.m.tree.HasChecked(ctx, name)
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
	for _, member := range r.m.members {
		for _, req := range member.file.Require {
			queue = append(queue, requirement{req.Mod, true})
		}
	}
	seen := make(map[module.Version]bool)
	for len(queue) > 0 {
		req := queue[0]
		queue = queue[1:]
		if seen[req.Version] || r.m.isMember(req.Path) {
			continue
		}
		seen[req.Version] = true
		r.wanted[req.Path] = append(r.wanted[req.Path], req.Version.Version)
		rep, ok := r.m.replaced.of(req.Version)
		if !ok || !rep.local {
			r.m.Requires = true
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
	member, err := readDependency(ctx, r.m.tree, rep.dir)
	if located := diag.All(err); located != nil {
		if r.needed(req) {
			r.errs = append(r.errs, located...)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	more := make([]requirement, len(member.file.Require))
	for i, next := range member.file.Require {
		more[i] = requirement{Version: next.Mod}
	}
	return more, nil
}

// needed reports whether Go would fail without the module. With a vendor folder it
// never does. Since Go 1.17 a main module names all it needs, so Go may never look at
// what only a dependency requires.
func (r *recipe) needed(req requirement) bool {
	if r.m.Vendored {
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
	name := path.Join(rep.dir, FileName)
	ok, err := r.m.tree.Has(ctx, name)
	if err != nil {
		return "", nil, err
	}
	if !ok {
		return "", diag.Errorf(rep.src, rep.at(), "replace %q: there is no %s in %s%s; add one, or bring the folder there %s", rep.line.Old.String(), name, r.m.tree.Where(name), r.m.tree.Hint(ctx, name), symptom.Replace.Tag()), nil
	}
	return name, nil, nil
}

// rest adds local replacements that no known requirement reaches, where they exist: a
// module that is still to be downloaded may require them. With them all local modules
// are known.
func (r *recipe) rest(ctx context.Context) error {
	m := r.m
	m.wanted, m.require = r.wanted, slices.Sorted(maps.Keys(r.wanted))
	m.Requirements = len(m.require)
	for _, member := range m.members {
		m.sources = append(m.sources, Source{Path: member.file.Module.Mod.Path, Dir: member.dir, sure: true})
	}
	for _, old := range r.m.replaced.order {
		rep := r.m.replaced.byOld[old]
		if !rep.local {
			m.Forks = append(m.Forks, fmt.Sprintf("%s => %s", old, rep.line.New))
		}
		if !rep.local || m.isMember(old.Path) {
			continue
		}
		name, problem, err := r.locate(ctx, rep)
		if err != nil {
			return err
		}
		if problem == nil {
			r.files[name] = true
			m.sources = append(m.sources, Source{Path: old.Path, Dir: rep.dir, sure: r.chosen(old)})
		}
	}
	for _, s := range m.sources {
		m.Local = append(m.Local, s.Path)
	}
	slices.Sort(m.Forks)
	slices.Sort(m.Local)
	m.Local = slices.Compact(m.Local)
	return nil
}

// chosen reports whether the build is certain to use a replacement of this module, or of
// this version of it. Modules that are still to be downloaded may raise a version, except
// where one go.mod lists them all (Go 1.17).
func (r *recipe) chosen(old module.Version) bool {
	wanted := slices.Clone(r.wanted[old.Path])
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for other := range r.m.replaced.byOld {
		if other.Path == old.Path && other != old {
			return false
		}
	}
	if old.Version == "" {
		return len(wanted) > 0
	}
	return r.m.work == nil && !r.unpruned() && len(wanted) == 1 && wanted[0] == old.Version
}

// unpruned reports whether go.mod dates from before it listed all modules that the build
// needs. A workspace's members each list what they need.
func (r *recipe) unpruned() bool { return r.m.work == nil && !r.m.ListsAll() }

// ListsAll reports whether the main module's go.mod names all modules that its build
// needs, as it does from Go 1.17 on.
func (m *Module) ListsAll() bool {
	goLine := m.mod.goLine()
	return goLine != "" && version.Compare("go"+goLine, "go1.17") >= 0
}
