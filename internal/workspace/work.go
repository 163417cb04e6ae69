package workspace

import (
	"context"
	"go/version"
	"path"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
)

// goWork is a parsed go.work.
type goWork struct {
	src  diag.Source
	file *modfile.WorkFile
}

func (k *goWork) goLine() string {
	if k.file.Go == nil {
		return ""
	}
	return k.file.Go.Version
}

// loadWork finds the go.work in force as the go command does: the first one
// from the module's folder upwards, whether or not it uses the module.
func (w *Workspace) loadWork(ctx context.Context) error {
	var name string
	if !w.opts.NoWork {
		var err error
		if name, err = findWork(ctx, w.tree, w.Dir); err != nil {
			return err
		}
	}
	if name == "" {
		w.members = []goMod{w.mod}
		return nil
	}
	work, err := readWork(ctx, w.tree, name)
	if err != nil {
		return err
	}
	w.work, w.GoWork = work, name
	for _, use := range w.work.file.Use {
		dir, reason := resolve(path.Dir(w.GoWork), use.Path)
		if reason != outsideContext {
			continue
		}
		if err := w.openOutside(ctx, Outside{Path: dir}, use.Path); err != nil {
			return err
		}
	}
	return w.loadMembers(ctx)
}

func findWork(ctx context.Context, t *tree, dir string) (string, error) {
	for {
		name := path.Join(dir, workName)
		ok, err := t.hasOrWhole(ctx, name)
		if err != nil {
			return "", err
		}
		if ok {
			return name, nil
		}
		if dir == "." {
			return "", nil
		}
		dir = path.Dir(dir)
	}
}

func readWork(ctx context.Context, t *tree, name string) (*goWork, error) {
	data, err := t.read(ctx, name)
	if err != nil {
		return nil, err
	}
	k := &goWork{src: diag.Source{Filename: name, Language: modName, Data: data}}
	if k.file, err = modfile.ParseWork(name, data, nil); err != nil {
		return nil, parseErrors(k.src, err)
	}
	return k, nil
}

// loadMembers reads the module of every use line; go.work and its members are
// loaded as a whole, so one that is broken breaks all, as in Go.
func (w *Workspace) loadMembers(ctx context.Context) error {
	var errs diag.List
	seen := make(map[string]bool)
	for _, use := range w.work.file.Use {
		at := lineRange(w.work.src, use.Syntax)
		dir, reason := resolve(path.Dir(w.GoWork), use.Path)
		if _, given := w.tree.mountOf(dir); given {
			reason = ""
		}
		switch {
		case reason != "":
			errs = append(errs, diag.Errorf(w.work.src, at, "use %q %s; %s, or run `go work edit -dropuse=%q` %s",
				use.Path, reason, outsideCure(reason, path.Base(dir), dir), use.Path, symptom.Replace.Tag()))
			continue
		case seen[dir]:
			errs = append(errs, diag.Errorf(w.work.src, at, "use %q appears twice; take one out", use.Path))
			continue
		}
		seen[dir] = true
		m, err := w.readMember(ctx, use, dir)
		if located := diag.All(err); located != nil {
			errs = append(errs, located...)
			continue
		}
		if err != nil {
			return err
		}
		w.members = append(w.members, m)
	}
	if !seen[w.Dir] {
		errs = append(errs, w.notUsed())
	}
	return errs.Err()
}

func (w *Workspace) readMember(ctx context.Context, use *modfile.Use, dir string) (goMod, error) {
	at := lineRange(w.work.src, use.Syntax)
	if dir == w.Dir {
		return w.mod, w.checkMemberGo(w.mod)
	}
	name := path.Join(dir, modName)
	ok, err := w.tree.has(ctx, name)
	if err != nil {
		return goMod{}, err
	}
	if !ok {
		return goMod{}, diag.Errorf(w.work.src, at, "use %q: there is no %s in %s%s; run `go work edit -dropuse=%q`, or bring it there %s",
			use.Path, name, w.tree.whose(name), ignoreHint(ctx, w.tree, name), use.Path, symptom.Replace.Tag())
	}
	m, err := readMain(ctx, w.tree, dir)
	if err != nil {
		return goMod{}, err
	}
	return m, w.checkMemberGo(m)
}

// checkMemberGo holds the go command's rule that go.work's go line is at least
// each member's. The rule is about go lines from 1.21 on; without a line
// go.work counts as 1.18.
func (w *Workspace) checkMemberGo(m goMod) error {
	mine, theirs := "go1.18", "go"+m.goLine()
	at := w.work.goLine()
	if at != "" {
		mine = "go" + at
	}
	if m.goLine() == "" || version.Compare(theirs, mine) <= 0 || version.Compare(theirs, "go1.21") < 0 {
		return nil
	}
	place := w.GoLine()
	if at == "" {
		return diag.Errorf(w.work.src, diag.Range{}, "no go line, but module %q wants go %s; run `go work use`", m.dir, m.goLine())
	}
	return diag.Errorf(place.Source, place.Range, "go %s is older than go %s, which %s wants; run `go work use`", at, m.goLine(), m.src.Filename)
}

// notUsed is the error of a go.work that is in force without using the main
// module: every go command in it would fail.
func (w *Workspace) notUsed() *diag.Error {
	var at diag.Range
	for _, use := range w.work.file.Use {
		at = lineRange(w.work.src, use.Syntax)
		break
	}
	root := path.Dir(w.GoWork)
	add := dotted(w.Dir)
	if root != "." {
		add = dotted(strings.TrimPrefix(w.Dir, root+"/"))
		if w.Dir == root {
			add = "."
		}
	}
	return diag.Errorf(w.work.src, at, "module folder %q is not among the modules that go.work uses; run `go work use %s` in %q, or leave go.work out of the build context", w.Dir, add, root)
}
