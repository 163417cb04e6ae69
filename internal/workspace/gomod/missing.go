package gomod

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/nearest"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

const (
	// maxLook bounds the folders that are listed to find modules for a message.
	maxLook = 64
	// maxNamed bounds the folders that a message names.
	maxNamed = 5
)

// missingModule is the error for a folder without go.mod.
func missingModule(ctx context.Context, t *tree.Tree, dir string) error {
	found, err := t.Kind(ctx, dir)
	if err != nil {
		return err
	}
	name := path.Join(dir, FileName)
	inPlace, err := t.Kind(ctx, name)
	if err != nil {
		return err
	}
	if inPlace == tree.IsDir {
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q is a folder, and go wants a file of that name; rename the folder and run `go mod init`", name)
	}
	what := fmt.Sprintf("there is no go.mod in %q", dir)
	switch {
	case found == tree.Absent:
		what = fmt.Sprintf("there is no folder %q in the build context", dir)
	case found == tree.IsFile:
		what = fmt.Sprintf("%q is a file, not a module's folder", dir)
	case dir == ".":
		what = "there is no go.mod in the root of the build context"
		root, err := t.List(ctx, ".")
		if err != nil {
			return err
		}
		if len(root) == 0 {
			// A .dockerignore written for another build often excludes everything, even itself.
			return diag.Errorf(diag.Source{}, diag.Range{},
				"the build context is empty; name the module's folder on the command line, and where a .dockerignore leaves all out write a gokiln.yaml.dockerignore beside the spec, which goes before it")
		}
	}
	cure, err := moduleCure(ctx, t, dir, found)
	if err != nil {
		return err
	}
	return diag.Errorf(diag.Source{}, diag.Range{}, "%s%s; %s", what, t.Hint(ctx, name), cure)
}

// moduleCure names the module that was probably meant: the one that contains the folder,
// or some of the others in the context. A folder that does not exist belongs to no module,
// so the modules with a similar name go first.
func moduleCure(ctx context.Context, t *tree.Tree, dir string, found tree.Kind) (string, error) {
	if found == tree.Absent {
		return otherModules(ctx, t, dir)
	}
	for up := dir; up != "."; {
		up = path.Dir(up)
		ok, err := t.Has(ctx, path.Join(up, FileName))
		if err != nil {
			return "", err
		}
		if ok {
			below := dir
			if up != "." {
				below = strings.TrimPrefix(dir, up+"/")
			}
			return fmt.Sprintf("the nearest module above it is in %q: set module: %s and main: %s", up, up, Dotted(below)), nil
		}
	}
	return otherModules(ctx, t, dir)
}

// otherModules names modules anywhere in the context.
func otherModules(ctx context.Context, t *tree.Tree, dir string) (string, error) {
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

// findModules searches breadth first, within bounds, for folders with a go.mod.
func findModules(ctx context.Context, t *tree.Tree) ([]string, error) {
	var found []string
	left := maxLook - 1
	err := tree.Levels(ctx, []string{"."}, t.List, func(level []string, lists [][]fs.DirEntry) (next []string) {
		for i, entries := range lists {
			for _, e := range entries {
				if e.Name() == FileName && e.Type().IsRegular() {
					found = append(found, level[i])
				}
				if e.IsDir() && !Skipped(e.Name()) && e.Name() != "vendor" && e.Name() != "node_modules" {
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
