package builder

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"

	"github.com/gokiln/gokiln/llb/llbtest"
)

// A bug in any phase ends the build with an error and not the frontend.
func TestACrashIsToldAsABug(t *testing.T) {
	files := app("main: ./cmd/api\nimage: {user: nonroot}", map[string]string{
		"cmd/api/more.go": "package main\n", "cmd/api/other.go": "package main\n",
	})
	for name, spoil := range map[string]func(c *crashingClient){
		"metadata of the base": func(c *crashingClient) { c.image = "gcr.io/distroless/static" },
		"metadata of Go":       func(c *crashingClient) { c.image = "docker.io/library/golang" },
		"a Go file":            func(c *crashingClient) { c.file = "cmd/api/main.go" },
		"one read ahead":       func(c *crashingClient) { c.file = "cmd/api/more.go" },
		"the base's users":     func(c *crashingClient) { c.file = "etc/passwd" },
		"the spec":             func(c *crashingClient) { c.file = "gokiln.yaml" },
	} {
		t.Run(name, func(t *testing.T) {
			c := &crashingClient{stubClient: newStub(t, files, nil)}
			spoil(c)
			_, err := Build(t.Context(), c)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{"https://github.com/gokiln/gokiln/issues", "as asked", "crash_test.go"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if strings.Contains(err.Error(), "goroutine") || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("the user sees a stack: %q", err)
			}
		})
	}
}

// crashingClient fails as a bug does, in the goroutine that asks.
type crashingClient struct {
	*stubClient
	image, file string
}

func (c *crashingClient) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if c.image != "" && strings.HasPrefix(ref, c.image) {
		panic("as asked")
	}
	return c.stubClient.ResolveImageConfig(ctx, ref, opt)
}

func (c *crashingClient) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	res, err := c.stubClient.Solve(ctx, req)
	if ref, ok := res.Ref.(*llbtest.Ref); ok {
		res.SetRef(&crashingRef{ref, c.file})
	}
	return res, err
}

type crashingRef struct {
	*llbtest.Ref
	file string
}

func (r *crashingRef) ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error) {
	if req.Filename == r.file {
		panic(errors.New("as asked"))
	}
	return r.Ref.ReadFile(ctx, req)
}

// A panic in a goroutine that nobody guards ends the process. So who starts one, or
// is run in one, has to name the package crash.
func TestEveryGoroutineIsGuarded(t *testing.T) {
	started := 0
	for _, room := range []string{"../../spec", "../../internal/workspace", "../../internal/workspace/gomod", "../../internal/workspace/tree", "../../internal/bake", "../plan", "../lower", "../reffs", "."} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		var parsed []*ast.File
		guarded := map[string]bool{}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok {
					guarded[f.Name.Name] = mentions(f, "crash")
				}
			}
		}
		for _, file := range parsed {
			for _, decl := range file.Decls {
				ast.Inspect(decl, func(n ast.Node) bool {
					run := inGoroutine(n)
					if run == nil {
						return true
					}
					started++
					sel, isMethod := run.(*ast.SelectorExpr)
					if ok := mentions(decl, "crash") || isMethod && guarded[sel.Sel.Name]; !ok {
						t.Errorf("%s: a goroutine without a guard", fset.Position(n.Pos()))
					}
					return true
				})
			}
		}
	}
	if started < 5 {
		t.Errorf("only %d goroutines were found: the test does not see them", started)
	}
}

// inGoroutine is the function that a node has run in a goroutine.
func inGoroutine(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call.Fun
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || len(n.Args) == 0 {
			return nil
		}
		name := types.ExprString(sel)
		if sel.Sel.Name == "Go" || sel.Sel.Name == "EachPlatform" || name == "s.ui.Build" {
			return n.Args[len(n.Args)-1]
		}
	}
	return nil
}

func mentions(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}
