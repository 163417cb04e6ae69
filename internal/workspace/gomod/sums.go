package gomod

import (
	"context"
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
)

// CheckSums finds requirements without an entry in go.sum: the go command would stop at
// them after it had used the network, or want to write to go.sum. It checks the main
// module's own requirements only, and only that there is any line for the version: the
// go command decides which hashes a build needs. The errors point at the require lines in
// go.mod.
//
// In a workspace nothing is missing, since the go command requires complete sums outside
// workspaces only. In a workspace it combines the members' go.sum and go.work.sum, asks
// the checksum database about what they lack, and writes that to go.work.sum.
func (m *Module) CheckSums(ctx context.Context) error {
	if m.work != nil {
		return nil
	}
	known, found, err := m.sums(ctx)
	if err != nil {
		return err
	}
	var errs diag.List
	for _, r := range m.mod.file.Require {
		v := r.Mod
		rep, ok := m.replaced.of(v)
		if ok {
			v = rep.line.New
		}
		if ok && rep.local || known[v] {
			continue
		}
		what := fmt.Sprintf("go.sum has no entry for %s %s", v.Path, v.Version)
		if !found {
			what = fmt.Sprintf("%s is missing, and the module requires %s %s", path.Join(m.Dir, sumName), v.Path, v.Version)
		}
		errs = append(errs, diag.Errorf(m.mod.src, lineRange(m.mod.src, r.Syntax),
			"%s; run `go mod tidy` and commit go.sum (check .dockerignore if it is there) %s", what, symptom.MissingSum.Tag()))
	}
	return errs.Err()
}

// sums returns the module versions that go.sum has a line for.
func (m *Module) sums(ctx context.Context) (known map[module.Version]bool, found bool, err error) {
	name := path.Join(m.Dir, sumName)
	found, err = m.tree.Has(ctx, name)
	if err != nil || !found {
		return nil, false, err
	}
	data, err := m.tree.Read(ctx, name)
	if err != nil {
		return nil, false, err
	}
	known = map[module.Version]bool{}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) == 3 {
			known[module.Version{Path: f[0], Version: strings.TrimSuffix(f[1], "/go.mod")}] = true
		}
	}
	return known, true, nil
}
