package builder

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/llb/llbtest"
)

// Each app is checked, also where another one of its module was read before.
func TestEveryAppIsChecked(t *testing.T) {
	yaml := "apps:\n  one: {main: ./cmd/api, name: one}\n  two: {main: ./cmd/api, name: two, build: {pgo: missing.pprof}}\n"
	_, err := Build(t.Context(), newStub(t, app(yaml, nil), map[string]string{"target": targetBinaries}))
	if err == nil || !strings.Contains(err.Error(), `build.pgo: there is no file "missing.pprof"`) {
		t.Errorf("error %v", err)
	}
}

// gitClient has a git repository for a context.
type gitClient struct{ *stubClient }

func (c gitClient) ResolveSourceMetadata(context.Context, *pb.SourceOp, sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	return &sourceresolver.MetaResponse{Git: &sourceresolver.ResolveGitResponse{Checksum: "0123456789abcdef0123456789abcdef01234567"}}, nil
}

// What apps share is the same step whichever is built, also where only one of them uses
// the revision, which the daemon is asked for.
func TestSharedStepsWithARevision(t *testing.T) {
	modules := func(target string) string {
		yaml := "apps:\n  one: {main: ./cmd/api}\n  two: {main: ./cmd/two, build: {tags: ['{{ .Revision }}']}}\n"
		c := newStub(t, app(yaml, map[string]string{
			"go.mod":          "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
			"go.sum":          "example.com/dep v1.0.0 h1:x\n",
			"cmd/two/main.go": "package main\n\nimport _ \"example.com/dep/two\"\n\nfunc main() {}\n",
		}), map[string]string{"target": target, "context": "https://git.example.com/app.git"})
		if _, err := Build(t.Context(), gitClient{c}); err != nil {
			t.Fatal(err)
		}
		vs, err := llbtest.Vertices(solved(t, c))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vs {
			if v.Name == "[modules] say what to download" {
				return v.Op.String()
			}
		}
		t.Fatal("no module step")
		return ""
	}
	if one, two := modules("one"), modules("two"); one != two {
		t.Errorf("the module step of one is told\n%s\nand that of two\n%s", one, two)
	}
}

// lackingClient is a daemon on which `go build` fails until it sees the whole context.
type lackingClient struct {
	*stubClient
	// whole counts the builds that see it.
	whole int
}

func (c *lackingClient) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	for _, meta := range req.Definition.GetMetadata() {
		if req.Evaluate && strings.Contains(meta.GetDescription()["llb.customname"], "with the whole build context") {
			c.whole++
			return c.stubClient.Solve(ctx, req)
		}
	}
	if !req.Evaluate {
		return c.stubClient.Solve(ctx, req)
	}
	op := &pb.Op{Op: &pb.Op_Exec{Exec: &pb.ExecOp{Meta: &pb.Meta{Args: []string{"go", "build"}}}}}
	exit := &gwpb.ExitError{ExitCode: 1, Err: errors.New(`process "go build" did not complete successfully: exit code: 1`)}
	return nil, &errdefs.SolveError{Solve: &errdefs.Solve{Op: op}, Err: exit}
}

// Vendored code is asked of the app that has failed, not of the first one.
func TestFallbackOfALaterApp(t *testing.T) {
	yaml := "apps:\n  one: {main: ./cmd/api}\n  two: {module: two, main: ./cmd/two}\n"
	c := &lackingClient{stubClient: newStub(t, app(yaml, map[string]string{
		"two/go.mod":                        "module example.com/two\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
		"two/cmd/two/main.go":               "package main\n\nimport _ \"example.com/dep\"\n\nfunc main() {}\n",
		"two/vendor/modules.txt":            "# example.com/dep v1.0.0\n## explicit\nexample.com/dep\n",
		"two/vendor/example.com/dep/dep.go": "package dep\n",
	}), map[string]string{"target": targetBinaries})}
	if _, err := Build(t.Context(), c); err != nil || c.whole != 1 {
		t.Errorf("error %v, seen %d times", err, c.whole)
	}
}
