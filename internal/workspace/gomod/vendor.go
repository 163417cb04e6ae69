package gomod

import (
	"context"
	"fmt"
	"go/version"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
)

// CheckVendor compares vendor/modules.txt with the require and replace lines, as the go
// command does with -mod=vendor before it builds. The file is beside go.work where one
// is in force, else beside go.mod. The errors point at those lines; an error about what
// only modules.txt has points at go.mod or go.work as a whole. CheckVendor does not check
// that the vendored packages exist, or that they are what their versions contain.
//
// Before Go 1.14 modules.txt did not mark what go.mod lists, so for such a go line only
// a module vendored at another version is an error, as in Go.
func (m *Module) CheckVendor(ctx context.Context) error {
	name := path.Join(m.VendorDir(), "modules.txt")
	ok, err := m.tree.Has(ctx, name)
	if err != nil {
		return err
	}
	c := vendorCheck{m: m, name: name, sync: "go mod vendor", strict: true}
	if m.work != nil {
		c.sync = "go work vendor"
	} else {
		goLine := m.mod.goLine()
		c.strict = goLine != "" && version.Compare("go"+goLine, "go1.14") >= 0
	}
	var data []byte
	if ok {
		if data, err = m.tree.Read(ctx, name); err != nil {
			return err
		}
	}
	c.list = parseVendorList(string(data))
	c.requirements()
	c.replacements()
	c.leftovers()
	if !ok && len(c.errs) > 0 {
		return c.missing(ctx)
	}
	return c.errs.Err()
}

// VendorDir is where Go's vendor folder is, or would be.
func (m *Module) VendorDir() string { return path.Join(m.vendorRoot(), "vendor") }

// vendorRoot is the folder that contains the vendor folder.
func (m *Module) vendorRoot() string {
	if m.work != nil {
		return path.Dir(m.GoWork)
	}
	return m.Dir
}

// vendorList is what a modules.txt says.
type vendorList struct {
	explicit map[module.Version]bool
	// replaced maps a module to its replacement; order lists the modules as in the
	// file.
	replaced map[module.Version]module.Version
	order    []module.Version
	// provides lists the modules that packages were vendored from, and selected
	// maps their paths to versions.
	provides []module.Version
	selected map[string]string
}

// parseVendorList skips what it does not know, as Go does.
func parseVendorList(text string) vendorList {
	l := vendorList{explicit: make(map[module.Version]bool), replaced: make(map[module.Version]module.Version), selected: make(map[string]string)}
	var mod module.Version
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "# ") {
			if fields := strings.Fields(line); len(fields) >= 3 {
				mod = l.module(fields[1:])
			}
			continue
		}
		if mod.Path == "" {
			continue
		}
		if annotations, ok := strings.CutPrefix(line, "## "); ok {
			for entry := range strings.SplitSeq(annotations, ";") {
				if strings.TrimSpace(entry) == "explicit" {
					l.explicit[mod] = true
				}
			}
			continue
		}
		if f := strings.Fields(line); len(f) == 1 && module.CheckImportPath(f[0]) == nil {
			if v, ok := l.selected[mod.Path]; !ok || semver.Compare(v, mod.Version) < 0 {
				l.provides = append(l.provides, mod)
				l.selected[mod.Path] = mod.Version
			}
		}
	}
	return l
}

// module reads a line "path [version] [=> path [version]]" without its "#". The
// zero module.Version means that the line says nothing.
func (l *vendorList) module(f []string) module.Version {
	var mod module.Version
	switch {
	case semver.IsValid(f[1]):
		mod, f = module.Version{Path: f[0], Version: f[1]}, f[2:]
	case f[1] == "=>":
		mod, f = module.Version{Path: f[0]}, f[1:]
	default:
		return mod
	}
	if len(f) < 2 || f[0] != "=>" {
		return mod
	}
	to := module.Version{Path: f[1]}
	if len(f) == 3 && semver.IsValid(f[2]) {
		to.Version = f[2]
	} else if len(f) != 2 {
		return mod
	}
	l.replaced[mod] = to
	l.order = append(l.order, mod)
	return mod
}

// vendorCheck collects the differences between a modules.txt and the modules.
type vendorCheck struct {
	m      *Module
	name   string
	sync   string // the command that writes the vendor folder
	strict bool   // modules.txt has marks, being of Go 1.14 or later
	list   vendorList
	errs   diag.List
}

func (c *vendorCheck) add(src diag.Source, line *modfile.Line, format string, args ...any) {
	c.errs = append(c.errs, diag.Errorf(src, lineRange(src, line), "%s; run `%s` and commit the vendor folder %s",
		fmt.Sprintf(format, args...), c.sync, symptom.Vendor.Tag()))
}

// missing is the one error for a modules.txt that Go wants and that does not exist, in
// place of an error for each line of go.mod.
func (c *vendorCheck) missing(ctx context.Context) error {
	first := c.errs[0]
	hint := c.m.tree.Hint(ctx, c.name)
	return diag.Errorf(first.Source, first.Range, "there is no %s in the build context%s, so nothing says what the vendor folder holds; run `%s` and commit the vendor folder %s",
		c.name, hint, c.sync, symptom.Vendor.Tag())
}

func (c *vendorCheck) requirements() {
	for _, member := range c.m.members {
		for _, r := range member.file.Require {
			switch at, ok := c.list.selected[r.Mod.Path]; {
			case c.list.explicit[r.Mod]:
			case ok && at != r.Mod.Version:
				c.add(member.src, r.Syntax, "%s is required, but %s has %s", r.Mod, c.name, at)
			case c.strict:
				c.add(member.src, r.Syntax, "%s is required, but %s does not mark it as explicit", r.Mod, c.name)
			}
		}
	}
}

// replacements compares each replace line with modules.txt.
func (c *vendorCheck) replacements() {
	seen := make(map[module.Version]bool)
	check := func(src diag.Source, lines []*modfile.Replace) {
		for _, line := range lines {
			if seen[line.Old] {
				continue
			}
			seen[line.Old] = true
			want, ok := c.m.replaced.of(line.Old)
			got, marked := c.list.replaced[line.Old]
			switch {
			case ok && marked && !c.sameReplacement(want, got):
				c.add(src, line.Syntax, "%s is replaced by %s, but %s says by %s", line.Old, want.line.New, c.name, got)
			case ok && !marked && (c.strict || line.Old.Version != "" && c.list.selected[line.Old.Path] == line.Old.Version):
				c.add(src, line.Syntax, "%s is replaced, but %s does not say so", line.Old, c.name)
			}
		}
	}
	for _, member := range c.m.members {
		check(member.src, member.file.Replace)
	}
	if c.m.work != nil {
		check(c.m.work.src, c.m.work.file.Replace)
	}
}

// sameReplacement compares folders by where they lead from vendorRoot, not by how they
// are written.
func (c *vendorCheck) sameReplacement(want replacement, got module.Version) bool {
	if want.line.New == got {
		return true
	}
	if !want.local || got.Version != "" || want.dir == "" {
		return false
	}
	dir, reason := resolve(c.m.vendorRoot(), got.Path)
	return reason != absolutePath && dir == want.dir
}

// leftovers finds what modules.txt marks and the modules no longer have.
func (c *vendorCheck) leftovers() {
	required := make(map[module.Version]bool)
	for _, member := range c.m.members {
		for _, r := range member.file.Require {
			required[r.Mod] = true
		}
	}
	for _, mod := range c.list.provides {
		if c.list.explicit[mod] && !required[mod] && !c.sameModule(mod.Path) {
			c.add(c.m.inForce(), nil, "%s marks %s as explicit, but no require line has it", c.name, mod)
		}
	}
	for _, mod := range c.list.order {
		if _, ok := c.m.replaced.of(mod); !ok {
			c.add(c.m.inForce(), nil, "%s says that %s is replaced, but no replace line does so", c.name, mod)
		}
	}
}

// sameModule reports whether there already is an error at a require line for the path.
func (c *vendorCheck) sameModule(modulePath string) bool {
	for _, member := range c.m.members {
		for _, r := range member.file.Require {
			if r.Mod.Path == modulePath {
				return true
			}
		}
	}
	return false
}
