package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	apicapspb "github.com/moby/buildkit/util/apicaps/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/llb/llbtest"
)

// stubClient is a gateway client over file systems in memory. It proves what
// gokiln sends and how it reads answers; caching and execution are proven
// against a real daemon in integration/.
type stubClient struct {
	t *testing.T
	// context is the build context; the spec is read from it too.
	context fs.FS
	opts    map[string]string
	// images maps references without digest to configs.
	images map[string]dockerspec.DockerOCIImage
	// imageFS is what every image holds.
	imageFS fs.FS
	// lacks are capabilities of the daemon's that it does not have.
	lacks []apicaps.CapID
	// resolving is told of every image that is asked for, before the answer.
	resolving func(ref string)

	mu       sync.Mutex
	solved   []client.SolveRequest
	resolved []string
	warnings []string
}

var _ client.Client = (*stubClient)(nil)

// Build is the frontend as its own image has it.
func Build(ctx context.Context, c client.Client) (*client.Result, error) {
	return Frontend{ModulesProgram: "/gokiln-modules", CompileProgram: "/gokiln-compile"}.Build(ctx, c)
}

func newStub(t *testing.T, context fs.FS, opts map[string]string) *stubClient {
	t.Helper()
	all := map[string]string{"filename": "gokiln.yaml"}
	maps.Copy(all, opts)
	env := []string{"PATH=/go/bin:/usr/local/go/bin:/usr/bin:/bin", "GOLANG_VERSION=1.26.8", "GOPATH=/go"}
	golang := dockerspec.DockerOCIImage{}
	golang.OS, golang.Architecture = "linux", "amd64"
	golang.Config.Env = env
	static := dockerspec.DockerOCIImage{}
	static.OS = "linux"
	static.Config.User = "65532"
	static.Config.WorkingDir = "/home/nonroot"
	static.Config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}
	return &stubClient{
		t: t, context: context, opts: all,
		images: map[string]dockerspec.DockerOCIImage{
			"docker.io/library/golang": golang,
			"gcr.io/distroless/static": static,
			"gcr.io/distroless/base":   static,
		},
		imageFS: fstest.MapFS{
			"etc/passwd": {Data: []byte("root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")},
			"etc/group":  {Data: []byte("root:x:0:\nstaff:x:50:\nnonroot:x:65532:\n")},
		},
	}
}

func (c *stubClient) BuildOpts() client.BuildOpts {
	return client.BuildOpts{
		Opts:      c.opts,
		SessionID: "session",
		Workers:   []client.WorkerInfo{{Platforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}}}},
		LLBCaps:   pb.Caps.CapSet(c.llbCaps()),
		Caps:      gwpb.Caps.CapSet(gatewayCaps()),
	}
}

func (c *stubClient) llbCaps() []*apicapspb.APICap {
	return slices.DeleteFunc(pb.Caps.All(), func(have *apicapspb.APICap) bool {
		return slices.Contains(c.lacks, apicaps.CapID(have.ID))
	})
}

// gatewayCaps is every capability but frontend inputs, which would be asked for
// on each build.
func gatewayCaps() []*apicapspb.APICap {
	var out []*apicapspb.APICap
	for _, c := range gwpb.Caps.All() {
		if c.ID != string(gwpb.CapFrontendInputs) {
			out = append(out, c)
		}
	}
	return out
}

func (c *stubClient) Solve(_ context.Context, req client.SolveRequest) (*client.Result, error) {
	c.mu.Lock()
	c.solved = append(c.solved, req)
	c.mu.Unlock()
	res := client.NewResult()
	if len(req.Definition.GetDef()) > 0 { // BuildKit has no reference for nothing
		res.SetRef(&llbtest.Ref{FS: c.sourceFS(req.Definition)})
	}
	return res, nil
}

// sourceFS answers a solve of one source with that source's files, and that of a
// copy which leaves files out with what is left.
func (c *stubClient) sourceFS(def *pb.Definition) fs.FS {
	source := c.onlySource(def)
	for _, data := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(data); err != nil || op.GetFile() == nil {
			continue
		}
		for _, action := range op.GetFile().Actions {
			if cp := action.GetCopy(); cp != nil && len(cp.ExcludePatterns) > 0 {
				return namedIn(c.t, source, path.Clean(strings.TrimPrefix(cp.Src, "/")))
			}
		}
	}
	return source
}

// namedIn is a folder's own entries whose names are UTF-8.
func namedIn(t *testing.T, fsys fs.FS, dir string) fs.FS {
	t.Helper()
	if dir == "" {
		dir = "."
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		t.Error(err)
	}
	out := fstest.MapFS{}
	for _, e := range entries {
		if utf8.ValidString(e.Name()) {
			out[e.Name()] = &fstest.MapFile{Mode: e.Type() | 0o644}
		}
	}
	return out
}

func (c *stubClient) onlySource(def *pb.Definition) fs.FS {
	for _, data := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(data); err != nil {
			c.t.Errorf("solve: %v", err)
			return nil
		}
		if src := op.GetSource(); src != nil {
			if strings.HasPrefix(src.Identifier, "docker-image://") {
				return c.imageFS
			}
			return c.context
		}
	}
	return fstest.MapFS{}
}

func (c *stubClient) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	c.mu.Lock()
	c.resolved = append(c.resolved, ref)
	c.mu.Unlock()
	if c.resolving != nil {
		c.resolving(ref)
	}
	repo, _, _ := strings.Cut(ref, ":")
	config, ok := c.images[repo]
	if !ok {
		return "", "", nil, fmt.Errorf("%s: not found", ref)
	}
	if p := opt.ImageOpt.Platform; p != nil && config.Architecture == "" {
		config.OS, config.Architecture, config.Variant = p.OS, p.Architecture, p.Variant
	}
	data, err := json.Marshal(config)
	return ref, digest.FromString(ref + platforms.Format(*opt.ImageOpt.Platform)), data, err
}

func (c *stubClient) ResolveSourceMetadata(context.Context, *pb.SourceOp, sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	return nil, errors.New("no source metadata in this test")
}

// CurrentFrontend is the image that gokiln itself was started from.
func (c *stubClient) CurrentFrontend() (*llb.State, error) {
	st := llb.Image("docker.io/gokiln/gokiln:1", llb.WithCustomName("frontend"))
	return &st, nil
}

func (c *stubClient) Inputs(context.Context) (map[string]llb.State, error) { return nil, nil }

func (c *stubClient) NewContainer(context.Context, client.NewContainerRequest) (client.Container, error) {
	return nil, errors.New("gokiln starts no containers")
}

func (c *stubClient) Warn(_ context.Context, _ digest.Digest, msg string, _ client.WarnOpts) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnings = append(c.warnings, msg)
	return nil
}

// definitions returns the solves of final images: those with a step.
func (c *stubClient) definitions() []*pb.Definition {
	var out []*pb.Definition
	for _, req := range c.solved {
		for _, data := range req.Definition.Def {
			var op pb.Op
			if err := op.UnmarshalVT(data); err == nil && op.GetExec() != nil {
				out = append(out, req.Definition)
				break
			}
		}
	}
	return out
}
