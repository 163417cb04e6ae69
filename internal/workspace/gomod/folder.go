package gomod

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// openOutside asks the caller for a folder outside the build context, once for each path.
func (m *Module) openOutside(ctx context.Context, o Outside, written string) error {
	if m.opts.Outside == nil || m.tree.Mounted(o.Path) {
		return nil
	}
	fsys, ok, err := m.opts.Outside(ctx, o.Module, written)
	if err != nil {
		return fmt.Errorf("open %q outside of the build context: %w", o.Path, err)
	}
	if ok {
		m.tree.Mount(o.Path, fsys)
		m.Outside = append(m.Outside, o)
	}
	return nil
}

// The reasons why a folder written in a go.mod or go.work can't be used.
const (
	absolutePath   = "is an absolute path, which the build context does not have"
	outsideContext = "is outside the build context"
	aboveContext   = "holds the build context itself"
)

// resolve turns a folder as written in the go.mod or go.work in base into a path of the
// tree; reason says what is wrong with it.
func resolve(base, written string) (dir, reason string) {
	slashed := strings.ReplaceAll(written, `\`, "/")
	if path.IsAbs(slashed) || len(slashed) > 1 && slashed[1] == ':' {
		return "", absolutePath
	}
	dir = path.Join(base, slashed)
	switch {
	case strings.Trim(dir, "./") == "" && tree.IsOutside(dir):
		return dir, aboveContext
	case tree.IsOutside(dir):
		return dir, outsideContext
	}
	return dir, ""
}

// outsideCure says how to give the build a folder that resolve rejected. name is the name
// for its context.
func outsideCure(reason, name, dir string) string {
	switch reason {
	case outsideContext:
		return fmt.Sprintf("pass --build-context %s=%s", strings.ToLower(name), dir)
	case aboveContext:
		return "build with that folder as the context, and set module to this module's folder in it"
	}
	return "write a path relative to this file"
}

// Dotted renders a clean relative folder as the go command's argument: "./x".
func Dotted(dir string) string {
	if dir == "." || tree.IsOutside(dir) || strings.HasPrefix(dir, "/") {
		return dir
	}
	return "./" + dir
}
