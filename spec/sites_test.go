package spec

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPathsAreKeys finds every call in this repository that names a place of the
// spec (At, Errorf and what hands a path on to them) and holds the paths to the
// schema: At would blame an ancestor for a misspelt one.
func TestPathsAreKeys(t *testing.T) {
	for _, dir := range []string{".", "../llb/plan", "../llb/builder", "../llb/lower", "../internal/bake"} {
		p := loadSites(t, dir)
		paths := p.paths()
		t.Logf("%s: %d paths", dir, len(paths))
		for path, at := range paths {
			if !isKey(path) {
				t.Errorf("%s: %q is not a field path of the schema", at, path)
			}
		}
		for _, text := range p.unknown {
			t.Errorf("%s; write the path as a constant, or with Key and Index, so that this test can read it", text)
		}
	}
}

func TestIsKey(t *testing.T) {
	for path, want := range map[string]bool{
		"main": true, "main[0]": true, "apps": true, "apps.*": true, "apps.*.groups[0]": true, "apps.*.image.base": true,
		"build.env.*": true, "build.env.CC": true, "image.files[0].owner": true, "image.labels.*": true, VariantPath("GOAMD64"): true,
		"modules.auth[0].known_hosts": true, "?.known_hosts": true, "?": true, "?[0]": true, "?.usr": false,
		"build.pog": false, "image.files.owner": false, "modules.auth[0].x": false, "": false, "image.base.x": false, "image.base[0]": false,
	} {
		if isKey(path) != want {
			t.Errorf("isKey(%q) is %v", path, !want)
		}
	}
	for _, v := range variants() {
		if !isKey(VariantPath(v.env)) {
			t.Errorf("%s has the path %q", v.env, VariantPath(v.env))
		}
	}
}

// anywhere stands for the path that a function is given.
const anywhere = "?"

// isKey reports whether a path, with "*" for a user's key and any index, is one of
// the schema. An app has the top level's keys too.
func isKey(path string) bool {
	if rest, ok := strings.CutPrefix(path, "apps.*."); ok && !strings.HasPrefix(rest, "groups") {
		path = rest
	}
	rest, inner := strings.CutPrefix(path, anywhere)
	if path == anywhere {
		return true
	}
	isList := func(f Field) bool { return strings.Contains(f.Type, "list") }
	for _, f := range Fields() {
		exact := strings.ReplaceAll(f.Path, "[]", "[0]")
		switch {
		case path == exact,
			inner && strings.HasSuffix(exact, rest),
			inner && strings.HasSuffix(exact+"[0]", rest) && isList(f),
			path == exact+"[0]" && isList(f),
			path == exact+".*" && f.Path == "apps",
			strings.HasPrefix(path, exact+".") && isPairs(f.Path):
			return true
		}
	}
	return false
}

// sites is one package with the calls in it that name places.
type sites struct {
	fset  *token.FileSet
	files []*ast.File
	info  types.Info
	// sinks are the functions that take a path, with the path's argument.
	sinks   map[types.Object]int
	found   map[string]string
	unknown []string
}

// loadSites checks the types of a package's own code alone: what it imports is
// left unknown, which spares loading BuildKit.
func loadSites(t *testing.T, dir string) *sites {
	t.Helper()
	p := &sites{fset: token.NewFileSet(), sinks: map[types.Object]int{}, info: types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
	}}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(p.fset, name, data, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, file)
	}
	conf := types.Config{Importer: noImports{importer.Default()}, Error: func(error) {}}
	_, _ = conf.Check(dir, p.fset, p.files, &p.info)
	return p
}

type noImports struct{ types.Importer }

func (noImports) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

// paths evaluates the path of every call. A path that is a parameter makes its
// function a sink too, so the calls are looked at until no sink is new.
func (p *sites) paths() map[string]string {
	for known := -1; known != len(p.sinks); {
		known = len(p.sinks)
		p.found, p.unknown = map[string]string{}, nil
		for _, file := range p.files {
			for _, decl := range file.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
					p.calls(fn)
				}
			}
		}
	}
	return p.found
}

func (p *sites) calls(fn *ast.FuncDecl) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		i, ok := p.sink(call)
		if !ok || i >= len(call.Args) {
			return true
		}
		at := p.fset.Position(call.Pos()).String()
		values, err := p.eval(fn, call.Args[i])
		if err != nil {
			p.unknown = append(p.unknown, fmt.Sprintf("%s: %v", at, err))
		}
		for _, v := range values {
			p.found[v] = at
		}
		return true
	})
}

// sink returns which argument of a call is a path.
func (p *sites) sink(call *ast.CallExpr) (int, bool) {
	var name *ast.Ident
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		name = fun
	case *ast.SelectorExpr:
		name = fun.Sel
		x, isIdent := fun.X.(*ast.Ident)
		_, isPackage := p.info.Uses[x].(*types.PkgName)
		if (name.Name == "At" || name.Name == "Errorf") && (!isIdent || !isPackage) {
			return 0, true
		}
	default:
		return 0, false
	}
	i, ok := p.sinks[p.info.Uses[name]]
	return i, ok
}

// eval returns what a path can be.
func (p *sites) eval(fn *ast.FuncDecl, e ast.Expr) ([]string, error) {
	if v := p.info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return []string{constant.StringVal(v)}, nil
	}
	switch e := e.(type) {
	case *ast.CallExpr:
		return p.evalCall(fn, e)
	case *ast.Ident:
		return p.evalVar(fn, p.info.Uses[e])
	case *ast.SelectorExpr:
		if field, ok := p.info.Uses[e.Sel].(*types.Var); ok && field.IsField() {
			return p.evalField(fn, field)
		}
	}
	return nil, fmt.Errorf("cannot tell what path %T is", e)
}

func (p *sites) evalCall(fn *ast.FuncDecl, call *ast.CallExpr) ([]string, error) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	switch name {
	case "VariantPath": // TestIsKey looks at all of them.
		return nil, nil
	case "Path": // A Template's, which the decoder made.
		return []string{anywhere}, nil
	}
	if name != "Index" && name != "Key" {
		return nil, fmt.Errorf("cannot tell what path %s returns", name)
	}
	outer, err := p.eval(fn, call.Args[0])
	if err != nil {
		return nil, err
	}
	keys := []string{"*"}
	if known, err := p.eval(fn, call.Args[1]); err == nil && name == "Key" && len(known) > 0 {
		keys = known
	}
	var paths []string
	for _, path := range outer {
		for _, key := range keys {
			if name == "Index" {
				paths = append(paths, Index(path, 0))
			} else {
				paths = append(paths, path+"."+key)
			}
		}
	}
	return paths, nil
}

// evalVar gathers what is assigned to a variable. A reader's parameters are paths
// that the decoder made of the schema's own keys.
func (p *sites) evalVar(fn *ast.FuncDecl, v types.Object) (values []string, err error) {
	if i, ok := p.parameter(fn.Type, v); ok {
		p.sinks[p.info.Defs[fn.Name]] = i
		return []string{anywhere}, nil
	}
	known := false
	add := func(e ast.Expr) {
		known = true
		more, wrong := p.eval(fn, e)
		if wrong != nil {
			err = wrong
		}
		values = append(values, more...)
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			if _, ok := p.parameter(n.Type, v); ok {
				known, values = true, append(values, anywhere)
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && (p.info.Defs[id] == v || p.info.Uses[id] == v) && len(n.Lhs) == len(n.Rhs) {
					add(n.Rhs[i])
				}
			}
		case *ast.RangeStmt:
			id, ok := n.Value.(*ast.Ident)
			if list, isList := n.X.(*ast.CompositeLit); ok && isList && p.info.Defs[id] == v {
				for _, element := range list.Elts {
					add(element)
				}
			}
		}
		return true
	})
	if !known && err == nil {
		err = fmt.Errorf("cannot tell what path %q is", v.Name())
	}
	return slices.DeleteFunc(values, func(s string) bool { return s == "" }), err
}

func (p *sites) parameter(fn *ast.FuncType, v types.Object) (int, bool) {
	i := 0
	for _, field := range fn.Params.List {
		for _, name := range field.Names {
			if p.info.Defs[name] == v {
				return i, true
			}
			i++
		}
	}
	return 0, false
}

// evalField gathers what a field has in the struct literals of the package.
func (p *sites) evalField(fn *ast.FuncDecl, field *types.Var) (values []string, err error) {
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || p.info.Types[lit].Type == nil {
				return true
			}
			s, ok := p.info.Types[lit].Type.Underlying().(*types.Struct)
			for i := range lit.Elts {
				if ok && i < s.NumFields() && s.Field(i) == field {
					more, wrong := p.eval(fn, lit.Elts[i])
					values, err = append(values, more...), wrong
				}
			}
			return true
		})
	}
	if len(values) == 0 && err == nil {
		err = fmt.Errorf("cannot tell what path the field %q is", field.Name())
	}
	return values, err
}
