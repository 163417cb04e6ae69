package workspace

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/nearest"
)

const (
	// maxLook bounds the folders that are listed to find modules for a message.
	maxLook = 64
	// maxNamed bounds the folders or packages that a message names.
	maxNamed = 5
)

// missingModule is the error for a folder without go.mod.
func missingModule(ctx context.Context, t *tree, dir string) error {
	found, err := t.kind(ctx, dir)
	if err != nil {
		return err
	}
	name := path.Join(dir, modName)
	inPlace, err := t.kind(ctx, name)
	if err != nil {
		return err
	}
	if inPlace == isDir {
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q is a folder, and go wants a file of that name; rename the folder and run `go mod init`", name)
	}
	what := fmt.Sprintf("there is no go.mod in %q", dir)
	switch {
	case found == absent:
		what = fmt.Sprintf("there is no folder %q in the build context", dir)
	case found == isFile:
		what = fmt.Sprintf("%q is a file, not a module's folder", dir)
	case dir == ".":
		what = "there is no go.mod in the root of the build context"
		root, err := t.list(ctx, ".")
		if err != nil {
			return err
		}
		if len(root) == 0 {
			// A .dockerignore for another build's sake often leaves all out, itself included.
			return diag.Errorf(diag.Source{}, diag.Range{},
				"the build context is empty; name the module's folder on the command line, and where a .dockerignore leaves all out write a gokiln.yaml.dockerignore beside the spec, which goes before it")
		}
	}
	cure, err := moduleCure(ctx, t, dir, found)
	if err != nil {
		return err
	}
	return diag.Errorf(diag.Source{}, diag.Range{}, "%s%s; %s", what, ignoreHint(ctx, t, name), cure)
}

// moduleCure names the module that was meant: the one that holds the folder, or
// some of those that there are. A folder that is not there is nobody's package,
// so the modules near it by name go first.
func moduleCure(ctx context.Context, t *tree, dir string, found kind) (string, error) {
	if found == absent {
		return otherModules(ctx, t, dir)
	}
	for up := dir; up != "."; {
		up = path.Dir(up)
		ok, err := t.has(ctx, path.Join(up, modName))
		if err != nil {
			return "", err
		}
		if ok {
			below := dir
			if up != "." {
				below = strings.TrimPrefix(dir, up+"/")
			}
			return fmt.Sprintf("the nearest module above it is in %q: set module: %s and main: %s", up, up, dotted(below)), nil
		}
	}
	return otherModules(ctx, t, dir)
}

// otherModules names modules wherever they are.
func otherModules(ctx context.Context, t *tree, dir string) (string, error) {
	dirs, err := findModules(ctx, t)
	if err != nil {
		return "", err
	}
	if len(dirs) == 0 {
		return "run `go mod init`, or build with the context that holds the module", nil
	}
	if near := nearest.Path(dir, dirs); near != "" {
		return fmt.Sprintf("did you mean module: %s?", near), nil
	}
	if len(dirs) == 1 {
		return fmt.Sprintf("one is in %q: set module: %s", dirs[0], dirs[0]), nil
	}
	return fmt.Sprintf("folders that have one: %s; set module: to one of them", strings.Join(dirs, ", ")), nil
}

// findModules looks breadth first, and not far, for folders with a go.mod.
func findModules(ctx context.Context, t *tree) ([]string, error) {
	var found []string
	left := maxLook - 1
	err := levels(ctx, []string{"."}, t.list, func(level []string, lists [][]fs.DirEntry) (next []string) {
		for i, entries := range lists {
			for _, e := range entries {
				if e.Name() == modName && e.Type().IsRegular() {
					found = append(found, level[i])
				}
				if e.IsDir() && !skipped(e.Name()) && e.Name() != "vendor" && e.Name() != "node_modules" {
					next = append(next, path.Join(level[i], e.Name()))
				}
			}
		}
		if len(found) >= maxNamed {
			return nil
		}
		next = next[:min(len(next), left)]
		left -= len(next)
		return next
	})
	return found[:min(len(found), maxNamed)], err
}

// ignoreHint says that a link leads out of the context, or that a file may have
// been kept out of it on purpose. It is part of another error, so a failure to look
// is no error of its own.
func ignoreHint(ctx context.Context, t *tree, name string) string {
	if l, err := t.broken(ctx, name); err == nil && l != nil {
		return fmt.Sprintf(" (%q is a symbolic link to %q, which %s)", l.name, l.target, l.why)
	}
	return leftOutHint(ctx, t, name)
}

// leftOutHint is ignoreHint where no link is to blame.
func leftOutHint(ctx context.Context, t *tree, name string) string {
	if isOutside(name) {
		return ""
	}
	if ok, err := t.has(ctx, ".dockerignore"); err != nil || !ok {
		return ""
	}
	return fmt.Sprintf(" (does .dockerignore leave %s out?)", name)
}
