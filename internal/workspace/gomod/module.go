package gomod

import (
	"cmp"
	"context"
	"errors"
	"go/version"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// Module is a main module with its files, read.
type Module struct {
	Facts

	opts Options
	tree *tree.Tree
	mod  modFile
	// work is nil without GoWork; members then is the main module alone.
	work     *workFile
	members  []modFile
	replaced replacements
	// sources are the local modules; require are the paths of the modules that
	// known requirements name, sorted; wanted are their versions.
	sources []Source
	require []string
	wanted  map[string][]string
}

// Load reads the module in a folder of the build context: dir is "." or a clean
// slash path. It reads go.mod, the first go.work from dir upwards, and the go.mod of
// workspace members and local replacements; it does not look for packages. It gives
// up between two calls when ctx is done.
//
// Errors about files are *diag.Error or diag.List with the place. No go.mod in
// dir is a *diag.Error without a Source; it names folders that have one.
func Load(ctx context.Context, t *tree.Tree, dir string, opts Options) (*Module, error) {
	if !fs.ValidPath(dir) {
		return nil, diag.Errorf(diag.Source{}, diag.Range{}, "%q is not a folder of the build context; write its path from the context's root, such as %q", dir, "services/api")
	}
	m := &Module{Facts: Facts{Dir: dir}, opts: opts, tree: t}
	for _, phase := range []func(context.Context) error{m.loadModule, m.loadWork, m.loadVendor, m.loadRecipe} {
		if err := phase(ctx); err != nil {
			return nil, err
		}
	}
	m.setVersions()
	m.setPlaces()
	return m, nil
}

func (m *Module) loadModule(ctx context.Context) error {
	ok, err := m.tree.Has(ctx, path.Join(m.Dir, FileName))
	if err != nil {
		return err
	}
	if !ok {
		if err := m.tree.CheckLinks(ctx, path.Join(m.Dir, FileName)); err != nil {
			return err
		}
		return missingModule(ctx, m.tree, m.Dir)
	}
	if m.mod, err = readMain(ctx, m.tree, m.Dir); err != nil {
		return err
	}
	m.Path = m.mod.file.Module.Mod.Path
	m.ModuleLine = Place{m.mod.src, lineRange(m.mod.src, m.mod.file.Module.Syntax)}
	if err := module.CheckImportPath(m.Path); err != nil {
		var invalid *module.InvalidPathError
		if errors.As(err, &invalid) {
			err = invalid.Err
		}
		return diag.Errorf(m.mod.src, m.ModuleLine.Range, "module path %q: %w; write one such as example.com/name", m.Path, err)
	}
	return nil
}

// loadVendor decides whether packages come from the vendor folder.
func (m *Module) loadVendor(ctx context.Context) (err error) {
	m.Vendor, err = m.vendorsByDefault(ctx)
	m.Vendored = m.VendoredWith(m.opts.Mod)
	return err
}

// vendorsByDefault follows the go command's choice of -mod=vendor. A folder named
// vendor without modules.txt belongs to something else, such as PHP.
func (m *Module) vendorsByDefault(ctx context.Context) (bool, error) {
	root, goLine, since := m.Dir, m.mod.goLine(), "1.14"
	if m.work != nil {
		root, goLine, since = path.Dir(m.GoWork), m.work.goLine(), "1.22"
	}
	if goLine == "" || version.Compare("go"+goLine, "go"+since) < 0 {
		return false, nil
	}
	name := path.Join(root, "vendor", "modules.txt")
	ok, err := m.tree.HasChecked(ctx, name)
	if err != nil || !ok {
		return false, err
	}
	head, err := m.tree.Head(ctx, name, 512)
	if err != nil {
		return false, err
	}
	return vendoredWorkspace(string(head)) == (m.work != nil), nil
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

func (m *Module) setVersions() {
	m.Go = m.mod.goLine()
	if m.work != nil {
		m.Go = cmp.Or(m.work.goLine(), m.Go)
	}
	toolchain := m.toolchain()
	if toolchain == nil || toolchain.Name == "default" {
		return
	}
	name, _, _ := strings.Cut(toolchain.Name, "-")
	if m.Go != "" && version.Compare(name, "go"+m.Go) < 0 {
		return
	}
	m.Toolchain = strings.TrimPrefix(name, "go")
}

// setPlaces says where the lines stand that Facts tells of.
func (m *Module) setPlaces() {
	m.GoLine, m.ToolchainLine = Place{Source: m.inForce()}, Place{Source: m.inForce()}
	switch {
	case m.work != nil && m.work.file.Go != nil:
		m.GoLine.Range = lineRange(m.work.src, m.work.file.Go.Syntax)
	case m.mod.file.Go != nil:
		m.GoLine = Place{m.mod.src, lineRange(m.mod.src, m.mod.file.Go.Syntax)}
	}
	if line := m.toolchain(); line != nil {
		m.ToolchainLine.Range = lineRange(m.ToolchainLine.Source, line.Syntax)
	}
}

// toolchain is the toolchain line in force, nil without one.
func (m *Module) toolchain() *modfile.Toolchain {
	if m.work != nil {
		return m.work.file.Toolchain
	}
	return m.mod.file.Toolchain
}

// inForce is the file the go command picks its toolchain by.
func (m *Module) inForce() diag.Source {
	if m.work != nil {
		return m.work.src
	}
	return m.mod.src
}
