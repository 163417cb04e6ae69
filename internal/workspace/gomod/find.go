package gomod

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/gofacts"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// Source is a local module: its packages are read from folders.
type Source struct {
	Path, Dir string
	// sure is false for a replacement that may not be the one in force.
	sure bool
}

// Origin is where a package comes from.
type Origin struct {
	Kind Kind
	// Dir is the folder of a local package, Source its module.
	Dir    string
	Source Source
	// Why says what is not certain: for Unknown, and for Local where other modules
	// have to be looked at too.
	Why string
	// Doubt reports that Why is about a replacement that may not be in force.
	Doubt bool
	// Twice reports that another local module has the package too.
	Twice bool
	// Broken is a link on the way to where the package may be, nil without one.
	Broken *tree.BrokenLink
}

// Kind says what sort of module a package is in.
type Kind int

// The kinds of modules. Unknown is what the go command will complain about, and what
// depends on go.mod files that are still to be downloaded.
const (
	Standard Kind = iota
	External
	Local
	Unknown
)

// InModule reports whether an import path belongs to a module, judging by the names.
func InModule(importPath, modulePath string) bool {
	rest, ok := strings.CutPrefix(importPath, modulePath)
	return ok && (rest == "" || rest[0] == '/')
}

// Find says where the package of an import line comes from. As in Go, the module with the
// longest path that has the folder with Go files provides it. A path without a dot is
// taken for the standard library's unless one of the modules has it.
func (m *Module) Find(ctx context.Context, importPath string) (Origin, error) {
	if path.Clean(importPath) != importPath || strings.HasPrefix(importPath, ".") || path.IsAbs(importPath) {
		return Origin{Kind: Unknown, Why: "is no import path of a module"}, nil
	}
	var doubt *Source
	found := Origin{Kind: Unknown}
	for _, s := range m.sources {
		if !InModule(importPath, s.Path) || m.Vendored && !m.isMember(s.Path) {
			continue
		}
		if !s.sure {
			if doubt == nil || len(s.Path) > len(doubt.Path) {
				doubt = &s
			}
			continue
		}
		dir, broken, err := m.folderOf(ctx, s, importPath)
		if err != nil {
			return Origin{}, err
		}
		if broken != nil {
			return Origin{Kind: Unknown, Broken: broken}, nil
		}
		switch {
		case dir == "":
		case len(s.Path) > len(found.Source.Path):
			found = Origin{Kind: Local, Dir: dir, Source: s, Twice: found.Kind == Local && found.Dir != dir}
		default:
			found.Twice = found.Twice || found.Dir != dir
		}
	}
	required := m.RequiredFor(importPath)
	switch {
	case doubt != nil && len(doubt.Path) > len(found.Source.Path):
		return Origin{Kind: Unknown, Why: "may come from the folder that replaces " + doubt.Path, Doubt: true}, nil
	case found.Kind == Local && required != "" && !m.Vendored:
		found.Why = "is here, but go looks for it in " + required + " too"
		return found, nil
	case found.Kind == Local && gofacts.Standard(importPath) && gofacts.StandardRoot(importPath):
		return Origin{Kind: Unknown, Why: "has the name of one of the standard library"}, nil
	case found.Kind == Local:
		return found, nil
	case required != "":
		return Origin{Kind: External}, nil
	case m.LocalName(importPath):
		return Origin{Kind: Unknown, Why: "has no Go files in the module that its path names"}, nil
	case gofacts.Standard(importPath):
		return Origin{Kind: Standard}, nil
	}
	return Origin{Kind: External}, nil
}

// folderOf returns the folder that a package would have in a local module, "" when
// there is none with Go files. A folder with a go.mod belongs to another module.
func (m *Module) folderOf(ctx context.Context, s Source, importPath string) (string, *tree.BrokenLink, error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(importPath, s.Path), "/")
	dir := path.Join(s.Dir, rest)
	if k, err := m.tree.Kind(ctx, dir); err != nil || k != tree.IsDir {
		broken, berr := m.tree.Broken(ctx, dir)
		return "", broken, cmp.Or(err, berr)
	}
	for up := rest; up != "" && up != "."; up = path.Dir(up) {
		name := path.Join(s.Dir, up, FileName)
		if ok, err := m.tree.Has(ctx, name); err != nil || ok {
			return "", nil, err
		}
		if broken, err := m.tree.Broken(ctx, name); err != nil || broken != nil {
			return "", broken, err
		}
	}
	entries, err := m.tree.List(ctx, dir)
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		// A link that can't be followed is the package's to tell.
		k, err := m.tree.EntryKind(ctx, dir, e)
		if err != nil || k == tree.IsFile || k == tree.Absent && e.Type()&fs.ModeSymlink != 0 {
			return dir, nil, err
		}
	}
	return "", nil, nil
}

// isMember reports whether a path is the main module's or a workspace member's.
func (m *Module) isMember(modulePath string) bool { return m.replaced.mains[modulePath] }

// LocalName reports whether an import path begins with a local module's path.
func (m *Module) LocalName(importPath string) bool {
	for _, s := range m.sources {
		if InModule(importPath, s.Path) {
			return true
		}
	}
	return false
}

// RequiredFor returns the longest path of a required module that is not local and that
// an import path may be in, "" when there is none.
func (m *Module) RequiredFor(importPath string) string {
	var longest string
	for _, p := range m.require {
		if InModule(importPath, p) && len(p) > len(longest) && !m.isLocal(p) {
			longest = p
		}
	}
	return longest
}

// isLocal reports whether a module's packages are read from folders.
func (m *Module) isLocal(modulePath string) bool {
	if m.Vendored {
		return m.isMember(modulePath)
	}
	for _, s := range m.sources {
		if s.Path == modulePath {
			return true
		}
	}
	return false
}

// Published are the modules in use whose packages are read from folders and that a
// local go.mod requires at a version that they can have been published as.
func (m *Module) Published() []Source {
	var list []Source
	for _, s := range m.sources {
		if (!m.Vendored || m.isMember(s.Path)) && m.published(s.Path) {
			list = append(list, s)
		}
	}
	return list
}

// published reports whether a local go.mod requires a local module at a version
// that it can have been published as.
func (m *Module) published(modulePath string) bool {
	versions := slices.Clone(m.wanted[modulePath])
	for _, member := range m.members {
		for _, r := range member.file.Require {
			if r.Mod.Path == modulePath {
				versions = append(versions, r.Mod.Version)
			}
		}
	}
	return slices.ContainsFunc(versions, func(v string) bool {
		// The second one is what the go command writes where it finds none.
		return v != "v0.0.0" && v != "v0.0.0-00010101000000-000000000000"
	})
}
