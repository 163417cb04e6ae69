package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// leftOut is the error for a folder whose Go files are all for other targets.
func (w *Workspace) leftOut(ctx context.Context, l loader, dir string, pkg *build.Package) error {
	if !l.target.Cgo {
		withCgo := l
		withCgo.target.Cgo = true
		other, _, failure := withCgo.importFiles(ctx, pkg.Dir, pkg.IgnoredGoFiles)
		if failure != nil {
			return failure
		}
		if other.Name == "main" && len(other.CgoFiles) > 0 {
			return diag.Errorf(diag.Source{}, diag.Range{}, `%q needs cgo: %s imports "C" and no other file belongs to %s; set build.cgo: true`,
				gomod.Dotted(dir), enumerate(other.CgoFiles, maxNamed), l.target)
		}
	}
	var reasons []string
	for _, name := range pkg.IgnoredGoFiles {
		if len(reasons) == maxNamed {
			reasons = append(reasons, fmt.Sprintf("and %d more", len(pkg.IgnoredGoFiles)-maxNamed))
			break
		}
		reason, err := constraintOf(ctx, w.tree, path.Join(pkg.Dir, name))
		if err != nil {
			return err
		}
		reasons = append(reasons, fmt.Sprintf("%s (%s)", name, reason))
	}
	what := fmt.Sprintf("has no Go files for %s: build constraints leave out %s", l.target, strings.Join(reasons, ", "))
	return w.notMain(ctx, dir, l.target, what, "build for a platform they allow, or set build.tags")
}

// constraintOf says what may keep a file out of a build: its constraint line,
// else its name.
func constraintOf(ctx context.Context, t *tree.Tree, name string) (string, error) {
	const enough = 64 << 10 // constraints stand above the package clause
	head, err := t.Head(ctx, name, enough)
	if err != nil {
		return "", err
	}
	for line := range bytes.Lines(head) {
		text := strings.TrimSpace(string(line))
		if constraint.IsGoBuild(text) || constraint.IsPlusBuild(text) {
			return text, nil
		}
		if text == "package documentation" {
			return "package documentation, which Go never builds", nil
		}
		if strings.HasPrefix(text, "package ") {
			break
		}
	}
	return "its name", nil
}

// fileErrors gives go/build's complaint about a Go file its place. go/build
// reports the first bad file only.
func fileErrors(ctx context.Context, t *tree.Tree, target Target, dir string, pkg *build.Package, err error) error {
	if len(pkg.InvalidGoFiles) == 0 {
		return diag.Errorf(diag.Source{}, diag.Range{}, "%q: %w", dir, err)
	}
	src, failure := goSource(ctx, t, path.Join(pkg.Dir, pkg.InvalidGoFiles[0]))
	if failure != nil {
		return failure
	}
	var mixed *build.MultiplePackageError
	if errors.As(err, &mixed) {
		return mixedPackages(src, target, dir, mixed)
	}
	var list scanner.ErrorList
	var one scanner.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = scanner.ErrorList{&one}
	default:
		return diag.Errorf(src, diag.Range{}, "%s", strings.TrimPrefix(err.Error(), src.Filename+": "))
	}
	located := make(diag.List, len(list))
	for i, e := range list {
		located[i] = diag.Errorf(src, offsetRange(src, e.Pos.Offset), "%s", e.Msg)
	}
	return located.Err()
}

// offsetRange is the rest of the line from a parser's offset. Line and column
// would obey //line comments and may be outside the file; the offset does not,
// but go/build counts it without a byte order mark.
func offsetRange(src diag.Source, offset int) diag.Range {
	if bytes.HasPrefix(src.Data, []byte("\xef\xbb\xbf")) {
		offset += 3
	}
	return src.RestOfLine(offset)
}

// mixedPackages points at the package clause that disagrees with the first.
func mixedPackages(src diag.Source, target Target, dir string, mixed *build.MultiplePackageError) error {
	var at diag.Range
	fset := token.NewFileSet()
	if f, err := parser.ParseFile(fset, src.Filename, src.Data, parser.PackageClauseOnly); err == nil {
		at = src.Range(fset.PositionFor(f.Name.Pos(), false).Offset, fset.PositionFor(f.Name.End(), false).Offset)
	}
	return diag.Errorf(src, at, "%q holds two packages for %s: %s in %s and %s here; move one to a folder of its own, or give it a //go:build line",
		dir, target, mixed.Packages[0], mixed.Files[0], mixed.Packages[1])
}

func goSource(ctx context.Context, t *tree.Tree, name string) (diag.Source, error) {
	data, err := t.Read(ctx, name)
	if err != nil {
		return diag.Source{}, err
	}
	return diag.Source{Filename: name, Language: "go", Data: data}, nil
}
