package workspace

import (
	"cmp"
	"context"
	"errors"
	"go/version"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
)

// Workspace is a main module and what surrounds it. All paths are clean,
// slash-separated and relative to the build context's root.
type Workspace struct {
	// Dir is the main module's folder, "." for the context's root.
	Dir string
	// Path is the module's path.
	Path string
	// Go is the version on the go line in force, as written: go.work's where
	// GoWork is set and has one, since that is the one the go command picks its
	// toolchain by, else go.mod's. "" when there is none; Go then assumes 1.16.
	Go string
	// Toolchain is the version on the toolchain line of the same file, without
	// "go" and without a "-suffix": "1.25.9". "" when there is none, when it
	// says "default", and when it is older than Go and so without effect.
	Toolchain string
	// GoWork is the path of the go.work in force, "" when there is none. It
	// uses this module, or Load would have failed.
	GoWork string
	// RecipeFiles are, sorted, exactly the files that decide which modules are
	// downloaded: go.mod and go.sum; with GoWork also go.work, go.work.sum and
	// each member's go.mod and go.sum; and the go.mod of every folder that a
	// replace directive in force points to. A replaced folder's go.sum is not
	// among them: Go checks its requirements against the main module's.
	RecipeFiles []string
	// Requires reports whether a module has to be downloaded: one that is
	// required, here or in a local replacement, and that is neither a
	// workspace member nor replaced by a folder.
	Requires bool
	// Vendor reports whether Go would by default build from the vendor folder
	// beside go.mod (from Go 1.14 on) or go.work (from 1.22 on): it has a
	// modules.txt made for the same mode.
	Vendor bool
	// Vendored reports whether the build uses the vendor folder: what Options.Mod
	// says, else Vendor.
	Vendored bool
	// Outside are the folders outside of the build context in use, sorted by
	// Path.
	Outside []Outside
	// Local are the paths of the modules that come from the build context or
	// from Outside, sorted: the main module, workspace members, and what a
	// replace directive in force replaces by a folder that is there (the
	// replaced path).
	Local []string
	// Forks are the replacements in force of modules by other modules, sorted, such
	// as "e.com/a => e.com/b@v1.2.0". With -trimpath the go command hashes the
	// version of what is replaced and not of what replaces it: of a package with
	// files that it does not hash (Closure.Unhashed) the object of another fork may
	// be taken.
	Forks []string
	// SumFiles are those of RecipeFiles that hold hashes: each go.sum and
	// go.work.sum in force.
	SumFiles []string

	opts Options
	tree *tree
	memo *memo
	mod  goMod
	// work is nil without GoWork; members then is the main module alone.
	work     *goWork
	members  []goMod
	replaced replacements
	// sources are the local modules; require are the paths of the modules that
	// known requirements name, sorted; wanted are their versions.
	sources []source
	require []string
	wanted  map[string][]string
}

// Requirements is the number of modules that go.mod files known so far require,
// those that come from folders included.
func (w *Workspace) Requirements() int { return len(w.require) }

// Load reads the module in a folder of the build context: dir is "." or a clean
// slash path. It reads go.mod, the first go.work from dir upwards, and the
// go.mod of workspace members and local replacements; it does not look for
// packages. fsys reports what is absent with fs.ErrNotExist and remembers the lists of its
// folders, which are asked for many times. It ends a call that blocks by itself,
// since fs.FS knows no context; Load gives up between two calls.
//
// Errors about files are *diag.Error or diag.List with the place. No go.mod in
// dir is a *diag.Error without a Source; it names folders that have one.
func Load(ctx context.Context, fsys fs.FS, dir string, opts Options) (*Workspace, error) {
	if !fs.ValidPath(dir) {
		return nil, diag.Errorf(diag.Source{}, diag.Range{}, "%q is not a folder of the build context; write its path from the context's root, such as %q", dir, "services/api")
	}
	w := &Workspace{Dir: dir, opts: opts, tree: newTree(fsys), memo: newMemo()}
	for _, phase := range []func(context.Context) error{w.loadModule, w.loadWork, w.loadVendor, w.loadRecipe} {
		if err := phase(ctx); err != nil {
			return nil, err
		}
	}
	w.setVersions()
	return w, nil
}

func (w *Workspace) loadModule(ctx context.Context) error {
	ok, err := w.tree.has(ctx, path.Join(w.Dir, modName))
	if err != nil {
		return err
	}
	if !ok {
		if err := w.tree.whole(ctx, path.Join(w.Dir, modName)); err != nil {
			return err
		}
		return missingModule(ctx, w.tree, w.Dir)
	}
	if w.mod, err = readMain(ctx, w.tree, w.Dir); err != nil {
		return err
	}
	w.Path = w.mod.file.Module.Mod.Path
	if err := module.CheckImportPath(w.Path); err != nil {
		var invalid *module.InvalidPathError
		if errors.As(err, &invalid) {
			err = invalid.Err
		}
		return diag.Errorf(w.mod.src, w.ModuleLine().Range, "module path %q: %w; write one such as example.com/name", w.Path, err)
	}
	return nil
}

// loadVendor decides whether packages come from the vendor folder.
func (w *Workspace) loadVendor(ctx context.Context) (err error) {
	w.Vendor, err = w.vendorsByDefault(ctx)
	w.Vendored = w.opts.Mod == "vendor" || w.opts.Mod == "" && w.Vendor
	return err
}

// vendorsByDefault follows the go command's choice of -mod=vendor. A folder named
// vendor without modules.txt belongs to something else, such as PHP.
func (w *Workspace) vendorsByDefault(ctx context.Context) (bool, error) {
	root, goLine, since := w.Dir, w.mod.goLine(), "1.14"
	if w.work != nil {
		root, goLine, since = path.Dir(w.GoWork), w.work.goLine(), "1.22"
	}
	if goLine == "" || version.Compare("go"+goLine, "go"+since) < 0 {
		return false, nil
	}
	name := path.Join(root, "vendor", "modules.txt")
	ok, err := w.tree.hasOrWhole(ctx, name)
	if err != nil || !ok {
		return false, err
	}
	head, err := w.tree.head(ctx, name, 512)
	if err != nil {
		return false, err
	}
	return vendoredWorkspace(string(head)) == (w.work != nil), nil
}

// vendoredWorkspace reports whether modules.txt was written by `go work vendor`:
// its first line then is a list of annotations with "workspace" among them.
func vendoredWorkspace(head string) bool {
	line, _, _ := strings.Cut(head, "\n")
	annotations, ok := strings.CutPrefix(line, "## ")
	if !ok {
		return false
	}
	for entry := range strings.SplitSeq(annotations, ";") {
		if strings.TrimSpace(entry) == "workspace" {
			return true
		}
	}
	return false
}

func (w *Workspace) setVersions() {
	toolchain := w.mod.file.Toolchain
	w.Go = w.mod.goLine()
	if w.work != nil {
		toolchain = w.work.file.Toolchain
		w.Go = cmp.Or(w.work.goLine(), w.Go)
	}
	if toolchain == nil || toolchain.Name == "default" {
		return
	}
	name, _, _ := strings.Cut(toolchain.Name, "-")
	if w.Go != "" && version.Compare(name, "go"+w.Go) < 0 {
		return
	}
	w.Toolchain = strings.TrimPrefix(name, "go")
}

// ModuleLine is where go.mod's module line stands.
func (w *Workspace) ModuleLine() Place {
	return Place{w.mod.src, lineRange(w.mod.src, w.mod.file.Module.Syntax)}
}

// GoLine is where Go was read; without a go line it is go.work or go.mod with a
// zero range.
func (w *Workspace) GoLine() Place {
	if w.work != nil && w.work.file.Go != nil {
		return Place{w.work.src, lineRange(w.work.src, w.work.file.Go.Syntax)}
	}
	if w.mod.file.Go != nil {
		return Place{w.mod.src, lineRange(w.mod.src, w.mod.file.Go.Syntax)}
	}
	return Place{Source: w.inForce()}
}

// ToolchainLine is where Toolchain was read; without a toolchain line it is
// go.work or go.mod with a zero range.
func (w *Workspace) ToolchainLine() Place {
	toolchain := w.mod.file.Toolchain
	if w.work != nil {
		toolchain = w.work.file.Toolchain
	}
	place := Place{Source: w.inForce()}
	if toolchain != nil {
		place.Range = lineRange(place.Source, toolchain.Syntax)
	}
	return place
}

// inForce is the file the go command picks its toolchain by.
func (w *Workspace) inForce() diag.Source {
	if w.work != nil {
		return w.work.src
	}
	return w.mod.src
}
