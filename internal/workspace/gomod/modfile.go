package gomod

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/nearest"
	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// FileName is the name of the file that makes a folder a module.
const FileName = "go.mod"

const (
	sumName     = "go.sum"
	workName    = "go.work"
	workSumName = "go.work.sum"
)

// Place is a range in a file of the build context. A zero Range means the file as a
// whole, for a line that it does not have.
type Place struct {
	Source diag.Source
	Range  diag.Range
}

// modFile is a parsed go.mod and the folder it stands in.
type modFile struct {
	dir  string
	src  diag.Source
	file *modfile.File
}

// goLine is the go line's version, "" when there is none.
func (m modFile) goLine() string {
	if m.file.Go == nil {
		return ""
	}
	return m.file.Go.Version
}

// readMain reads the go.mod of a main module, where every directive counts and an
// unknown one is an error.
func readMain(ctx context.Context, t *tree.Tree, dir string) (modFile, error) {
	m, err := readMod(ctx, t, dir, modfile.Parse)
	if err != nil {
		return modFile{}, err
	}
	if m.file.Module == nil || m.file.Module.Mod.Path == "" {
		return modFile{}, diag.Errorf(m.src, diag.Range{}, "no module line; add one: module example.com/name")
	}
	return m, nil
}

// readDependency reads the go.mod of a local replacement as Go does: in a dependency only
// go, module, require, retract and ignore count.
func readDependency(ctx context.Context, t *tree.Tree, dir string) (modFile, error) {
	return readMod(ctx, t, dir, modfile.ParseLax)
}

func readMod(ctx context.Context, t *tree.Tree, dir string, parse func(string, []byte, modfile.VersionFixer) (*modfile.File, error)) (modFile, error) {
	m := modFile{dir: dir, src: diag.Source{Filename: path.Join(dir, FileName), Language: FileName}}
	data, err := t.Read(ctx, m.src.Filename)
	if err != nil {
		return modFile{}, err
	}
	m.src.Data = data
	m.file, err = parse(m.src.Filename, data, nil)
	if err != nil {
		return modFile{}, parseErrors(m.src, err)
	}
	return m, nil
}

// parseErrors gives the errors of x/mod's parsers their places.
func parseErrors(src diag.Source, err error) error {
	var list modfile.ErrorList
	if !errors.As(err, &list) {
		return diag.Errorf(src, diag.Range{}, "%w", err)
	}
	located := make(diag.List, len(list))
	for i, e := range list {
		var at diag.Range
		if e.Pos.Line > 0 { // the parser says where an error begins, and no more
			at = src.RestOfLine(e.Pos.Byte)
		}
		located[i] = diag.Errorf(src, at, "%s", parseMessage(e))
	}
	return located.Err()
}

// parseMessage is a parser's error without its place and on one line, with a
// suggestion for a directive that is misspelt.
func parseMessage(e modfile.Error) string {
	e.Filename, e.Pos = "", modfile.Position{}
	text := strings.Join(strings.Fields(e.Error()), " ")
	for _, prefix := range []string{"unknown directive: ", "unknown block type: "} {
		word, ok := strings.CutPrefix(text, prefix)
		if !ok {
			continue
		}
		known := []string{"exclude", "go", "godebug", "ignore", "module", "replace", "require", "retract", "tool", "toolchain", "use"}
		if near := nearest.Path(word, known); near != "" {
			return fmt.Sprintf("unknown directive %q; did you mean %q?", word, near)
		}
		return fmt.Sprintf("unknown directive %q; take it out, or use a newer gokiln if a newer Go knows it", word)
	}
	return text
}

// lineRange is the range of a statement.
func lineRange(src diag.Source, line *modfile.Line) diag.Range {
	if line == nil {
		return diag.Range{}
	}
	return src.Range(line.Start.Byte, line.End.Byte)
}
