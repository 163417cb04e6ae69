package workspace

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// source is a local module: its packages are read from folders.
type source struct {
	path, dir string
	// sure is false for a replacement that may not be the one in force.
	sure bool
}

// origin is where a package comes from. With a source it is the folder dir of
// the tree.
type origin struct {
	kind   originKind
	dir    string
	source source
	// why says what is not certain: of unknown, and of local where other modules
	// have to be looked at too.
	why string
	// twice tells that another local module has the package too.
	twice bool
	// broken is a link on the way to where the package may be, nil without one.
	broken *brokenLink
}

// mayReplace begins origin.why for a replacement that may not be in force.
const mayReplace = "may come from the folder that replaces "

type originKind int

const (
	standard originKind = iota
	external
	local
	// unknown is what the go command will complain about, and what depends on
	// go.mod files that are still to be downloaded.
	unknown
)

// inModule reports whether an import path is of a module by its name.
func inModule(importPath, modulePath string) bool {
	rest, ok := strings.CutPrefix(importPath, modulePath)
	return ok && (rest == "" || rest[0] == '/')
}

// find says where the package of an import line comes from. As in Go a module
// further in goes first, where it has the folder with Go files, else one further
// out. Of a dot-less path no more is known than that it is in the standard
// library unless one of the modules has it.
func (w *Workspace) find(ctx context.Context, importPath string) (origin, error) {
	if path.Clean(importPath) != importPath || strings.HasPrefix(importPath, ".") || path.IsAbs(importPath) {
		return origin{kind: unknown, why: "is no import path of a module"}, nil
	}
	var doubt *source
	found := origin{kind: unknown}
	for _, s := range w.sources {
		if !inModule(importPath, s.path) || w.Vendored && !w.isMember(s.path) {
			continue
		}
		if !s.sure {
			if doubt == nil || len(s.path) > len(doubt.path) {
				doubt = &s
			}
			continue
		}
		dir, broken, err := w.folderOf(ctx, s, importPath)
		if err != nil {
			return origin{}, err
		}
		if broken != nil {
			return origin{kind: unknown, broken: broken}, nil
		}
		switch {
		case dir == "":
		case len(s.path) > len(found.source.path):
			found = origin{kind: local, dir: dir, source: s, twice: found.kind == local && found.dir != dir}
		default:
			found.twice = found.twice || found.dir != dir
		}
	}
	required := w.requiredFor(importPath)
	switch {
	case doubt != nil && len(doubt.path) > len(found.source.path):
		return origin{kind: unknown, why: mayReplace + doubt.path}, nil
	case found.kind == local && required != "" && !w.Vendored:
		found.why = "is here, but go looks for it in " + required + " too"
		return found, nil
	case found.kind == local && isStandard(importPath) && stdRoot(importPath):
		return origin{kind: unknown, why: "has the name of one of the standard library"}, nil
	case found.kind == local:
		return found, nil
	case required != "":
		return origin{kind: external}, nil
	case w.named(importPath):
		return origin{kind: unknown, why: "has no Go files in the module that its path names"}, nil
	case isStandard(importPath):
		return origin{kind: standard}, nil
	}
	return origin{kind: external}, nil
}

// folderOf is the folder that a package would have in a local module, "" when
// there is none with Go files. What has a go.mod is another module.
func (w *Workspace) folderOf(ctx context.Context, s source, importPath string) (string, *brokenLink, error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(importPath, s.path), "/")
	dir := path.Join(s.dir, rest)
	if k, err := w.tree.kind(ctx, dir); err != nil || k != isDir {
		broken, berr := w.tree.broken(ctx, dir)
		return "", broken, cmp.Or(err, berr)
	}
	for up := rest; up != "" && up != "."; up = path.Dir(up) {
		name := path.Join(s.dir, up, modName)
		if ok, err := w.tree.has(ctx, name); err != nil || ok {
			return "", nil, err
		}
		if broken, err := w.tree.broken(ctx, name); err != nil || broken != nil {
			return "", broken, err
		}
	}
	entries, err := w.tree.list(ctx, dir)
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		// A link that can't be followed is the package's to tell.
		k, err := w.tree.entryKind(ctx, dir, e)
		if err != nil || k == isFile || k == absent && e.Type()&fs.ModeSymlink != 0 {
			return dir, nil, err
		}
	}
	return "", nil, nil
}

// isMember reports whether a path is the main module's or a workspace member's.
func (w *Workspace) isMember(modulePath string) bool { return w.replaced.mains[modulePath] }

// named reports whether a local module's path begins the import path.
func (w *Workspace) named(importPath string) bool {
	for _, s := range w.sources {
		if inModule(importPath, s.path) {
			return true
		}
	}
	return false
}

// requiredFor is the longest path of a required module that is not local and
// that an import path may be in, "" when there is none.
func (w *Workspace) requiredFor(importPath string) string {
	var longest string
	for _, p := range w.require {
		if inModule(importPath, p) && len(p) > len(longest) && !w.isLocal(p) {
			longest = p
		}
	}
	return longest
}

// isLocal reports whether a module's packages are read from folders.
func (w *Workspace) isLocal(modulePath string) bool {
	if w.Vendored {
		return w.isMember(modulePath)
	}
	for _, s := range w.sources {
		if s.path == modulePath {
			return true
		}
	}
	return false
}

// isStandard is Go's own rule for telling the standard library by an import
// path: there is no dot in the first element.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// stdRoot reports whether the standard library has packages below the path's
// first element. A module may be called so, yet the library's packages go first.
func stdRoot(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return slices.Contains([]string{
		"archive", "arena", "bufio", "builtin", "bytes", "cmd", "cmp", "compress", "container", "context", "crypto", "database",
		"debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io",
		"iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices",
		"sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique", "unsafe",
		"vendor", "weak",
	}, first)
}
