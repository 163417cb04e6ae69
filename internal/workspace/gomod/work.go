package gomod

import (
	"context"
	"go/version"
	"path"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// workFile is a parsed go.work.
type workFile struct {
	src  diag.Source
	file *modfile.WorkFile
}

func (k *workFile) goLine() string {
	if k.file.Go == nil {
		return ""
	}
	return k.file.Go.Version
}

// loadWork finds the go.work in force as the go command does: the first one
// from the module's folder upwards, whether or not it uses the module.
func (m *Module) loadWork(ctx context.Context) error {
	var name string
	if !m.opts.NoWork {
		var err error
		if name, err = findWork(ctx, m.tree, m.Dir); err != nil {
			return err
		}
	}
	if name == "" {
		m.members = []modFile{m.mod}
		return nil
	}
	work, err := readWork(ctx, m.tree, name)
	if err != nil {
		return err
	}
	m.work, m.GoWork = work, name
	for _, use := range m.work.file.Use {
		dir, reason := resolve(path.Dir(m.GoWork), use.Path)
		if reason != outsideContext {
			continue
		}
		if err := m.openOutside(ctx, Outside{Path: dir}, use.Path); err != nil {
			return err
		}
	}
	return m.loadMembers(ctx)
}

func findWork(ctx context.Context, t *tree.Tree, dir string) (string, error) {
	for {
		name := path.Join(dir, workName)
		ok, err := t.HasChecked(ctx, name)
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

func readWork(ctx context.Context, t *tree.Tree, name string) (*workFile, error) {
	data, err := t.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	k := &workFile{src: diag.Source{Filename: name, Language: FileName, Data: data}}
	if k.file, err = modfile.ParseWork(name, data, nil); err != nil {
		return nil, parseErrors(k.src, err)
	}
	return k, nil
}

// loadMembers reads the module of every use line. As in Go, one broken member fails the
// whole workspace.
func (m *Module) loadMembers(ctx context.Context) error {
	var errs diag.List
	seen := make(map[string]bool)
	for _, use := range m.work.file.Use {
		at := lineRange(m.work.src, use.Syntax)
		dir, reason := resolve(path.Dir(m.GoWork), use.Path)
		if _, given := m.tree.MountOf(dir); given {
			reason = ""
		}
		switch {
		case reason != "":
			errs = append(errs, diag.Errorf(m.work.src, at, "use %q %s; %s, or run `go work edit -dropuse=%q` %s",
				use.Path, reason, outsideCure(reason, path.Base(dir), dir), use.Path, symptom.Replace.Tag()))
			continue
		case seen[dir]:
			errs = append(errs, diag.Errorf(m.work.src, at, "use %q appears twice; take one out", use.Path))
			continue
		}
		seen[dir] = true
		member, err := m.readMember(ctx, use, dir)
		if located := diag.All(err); located != nil {
			errs = append(errs, located...)
			continue
		}
		if err != nil {
			return err
		}
		m.members = append(m.members, member)
	}
	if !seen[m.Dir] {
		errs = append(errs, m.notUsed())
	}
	return errs.Err()
}

func (m *Module) readMember(ctx context.Context, use *modfile.Use, dir string) (modFile, error) {
	at := lineRange(m.work.src, use.Syntax)
	if dir == m.Dir {
		return m.mod, m.checkMemberGo(m.mod)
	}
	name := path.Join(dir, FileName)
	ok, err := m.tree.Has(ctx, name)
	if err != nil {
		return modFile{}, err
	}
	if !ok {
		return modFile{}, diag.Errorf(m.work.src, at, "use %q: there is no %s in %s%s; run `go work edit -dropuse=%q`, or bring it there %s",
			use.Path, name, m.tree.Where(name), m.tree.Hint(ctx, name), use.Path, symptom.Replace.Tag())
	}
	member, err := readMain(ctx, m.tree, dir)
	if err != nil {
		return modFile{}, err
	}
	return member, m.checkMemberGo(member)
}

// checkMemberGo applies the go command's rule that go.work's go line is at least each
// member's. The rule applies to go lines from 1.21 on; a go.work without a line counts as
// 1.18.
func (m *Module) checkMemberGo(member modFile) error {
	mine, theirs := "go1.18", "go"+member.goLine()
	at := m.work.goLine()
	if at != "" {
		mine = "go" + at
	}
	if member.goLine() == "" || version.Compare(theirs, mine) <= 0 || version.Compare(theirs, "go1.21") < 0 {
		return nil
	}
	if at == "" {
		return diag.Errorf(m.work.src, diag.Range{}, "no go line, but module %q wants go %s; run `go work use`", member.dir, member.goLine())
	}
	return diag.Errorf(m.work.src, lineRange(m.work.src, m.work.file.Go.Syntax), "go %s is older than go %s, which %s wants; run `go work use`", at, member.goLine(), member.src.Filename)
}

// notUsed is the error for a go.work in force that does not use the main module: every
// go command would fail there.
func (m *Module) notUsed() *diag.Error {
	var at diag.Range
	for _, use := range m.work.file.Use {
		at = lineRange(m.work.src, use.Syntax)
		break
	}
	root := path.Dir(m.GoWork)
	add := Dotted(m.Dir)
	if root != "." {
		add = Dotted(strings.TrimPrefix(m.Dir, root+"/"))
		if m.Dir == root {
			add = "."
		}
	}
	return diag.Errorf(m.work.src, at, "module folder %q is not among the modules that go.work uses; run `go work use %s` in %q, or leave go.work out of the build context", m.Dir, add, root)
}
