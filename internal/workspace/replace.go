package workspace

import (
	"context"
	"go/version"
	"maps"
	"path"
	"slices"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
)

// replacement is a replace directive that is in force.
type replacement struct {
	src    diag.Source
	line   *modfile.Replace
	local  bool
	dir    string // of a local one, when reason is ""
	reason string // why a local one is not in the context
}

// same reports whether two directives for the same module agree.
func (r replacement) same(o replacement) bool {
	if r.local && o.local && r.reason == "" && o.reason == "" {
		return r.dir == o.dir
	}
	return r.line.New == o.line.New
}

func (r replacement) at() diag.Range { return lineRange(r.src.Data, r.line.Syntax) }

// recipe gathers the files that decide which modules are downloaded.
type recipe struct {
	w        *Workspace
	files    map[string]bool
	order    []module.Version // of replaces
	replaces map[module.Version]replacement
	members  map[string]bool
	errs     diag.List
}

// requirement is a require line; root says that a main module has it.
type requirement struct {
	module.Version
	root bool
}

func (w *Workspace) loadRecipe(ctx context.Context) error {
	r := recipe{w: w, files: make(map[string]bool), replaces: make(map[module.Version]replacement), members: make(map[string]bool)}
	for _, m := range w.members {
		r.members[m.file.Module.Mod.Path] = true
	}
	r.gatherReplaces()
	for _, phase := range []func(context.Context) error{r.ownFiles, r.follow, r.rest} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	if err := r.errs.Err(); err != nil {
		return err
	}
	w.RecipeFiles = slices.Sorted(maps.Keys(r.files))
	return nil
}

// gatherReplaces applies Go's precedence: go.work's directives for a path make
// the members' for the same path void, and members may not disagree.
func (r *recipe) gatherReplaces() {
	overridden := make(map[string]bool)
	if k := r.w.work; k != nil {
		for _, line := range k.file.Replace {
			overridden[line.Old.Path] = true
			if line.Old.Version == "" && r.members[line.Old.Path] {
				r.errs = append(r.errs, diag.Errorf(k.src, lineRange(k.src.Data, line.Syntax), "replace %q: go.work uses this module, so it can't be replaced at all versions; take the line out or name a version", line.Old.Path))
				continue
			}
			r.addReplace(path.Dir(r.w.GoWork), k.src, line)
		}
	}
	for _, m := range r.w.members {
		for _, line := range m.file.Replace {
			if !overridden[line.Old.Path] {
				r.addReplace(m.dir, m.src, line)
			}
		}
	}
}

func (r *recipe) addReplace(base string, src diag.Source, line *modfile.Replace) {
	add := replacement{src: src, line: line}
	if line.New.Version == "" {
		add.local = true
		add.dir, add.reason = resolve(base, line.New.Path)
	}
	if prior, ok := r.replaces[line.Old]; ok && !prior.same(add) {
		r.errs = append(r.errs, diag.Errorf(src, add.at(), "replace %q: %s replaces it otherwise; make the two agree, or decide in go.work", line.Old.String(), prior.src.Filename))
		return
	}
	if _, ok := r.replaces[line.Old]; !ok {
		r.order = append(r.order, line.Old)
	}
	r.replaces[line.Old] = add
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
		ok, err := r.w.tree.has(ctx, name)
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
		if seen[req.Version] || r.members[req.Path] {
			continue
		}
		seen[req.Version] = true
		rep, ok := r.replacementOf(req.Version)
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

func (r *recipe) replacementOf(m module.Version) (replacement, bool) {
	if rep, ok := r.replaces[m]; ok {
		return rep, true
	}
	rep, ok := r.replaces[module.Version{Path: m.Path}]
	return rep, ok
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
	if r.w.Vendor {
		return false
	}
	goLine := r.w.mod.goLine()
	unpruned := r.w.work == nil && (goLine == "" || version.Compare("go"+goLine, "go1.17") < 0)
	return req.root || unpruned
}

// locate returns the go.mod of a local replacement, or what is wrong with it.
func (r *recipe) locate(ctx context.Context, rep replacement) (string, *diag.Error, error) {
	if rep.reason != "" {
		return "", diag.Errorf(rep.src, rep.at(), "replace %q: %q %s; build with a context that holds it, or replace it by a published version", rep.line.Old.String(), rep.line.New.Path, rep.reason), nil
	}
	name := path.Join(rep.dir, modName)
	ok, err := r.w.tree.has(ctx, name)
	if err != nil {
		return "", nil, err
	}
	if !ok {
		return "", diag.Errorf(rep.src, rep.at(), "replace %q: there is no %s in the build context%s; add one, or bring the folder into the context", rep.line.Old.String(), name, ignoreHint(ctx, r.w.tree, name)), nil
	}
	return name, nil, nil
}

// rest adds local replacements that no known requirement reaches, where they
// exist: a module that is still to be downloaded may require them.
func (r *recipe) rest(ctx context.Context) error {
	for _, old := range r.order {
		rep := r.replaces[old]
		if !rep.local {
			continue
		}
		name, problem, err := r.locate(ctx, rep)
		if err != nil {
			return err
		}
		if problem == nil {
			r.files[name] = true
		}
	}
	return nil
}
