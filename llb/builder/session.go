package builder

import (
	"context"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/llb/reffs"
	"github.com/gokiln/gokiln/spec"
)

// session is the client and its options: what is there before the spec is read.
type session struct {
	frontend Frontend
	client   client.Client
	ui       *dockerui.Client
	src      *dockerui.Source
	// platform is where steps run.
	platform ocispecs.Platform
}

// open reads the options and the spec's bytes.
func (f Frontend) open(ctx context.Context, c client.Client) (session, error) {
	if err := checkCaps(c.BuildOpts().Opts); err != nil {
		return session{}, err
	}
	ui, err := dockerui.NewClient(c)
	if err != nil {
		return session{}, err
	}
	src, err := ui.ReadEntrypoint(ctx, "yaml")
	if err != nil {
		return session{}, fmt.Errorf("read the spec: %w", err)
	}
	platform := ui.BuildPlatforms[0]
	if len(ui.TargetPlatforms) == 0 {
		// The worker's, where the user names none: the frontend's own container may be
		// another's.
		ui.TargetPlatforms = []ocispecs.Platform{platform}
	}
	return session{frontend: f, client: c, ui: ui, src: src, platform: platform}, nil
}

// parse reads the spec and finds what the target stands for.
func (s session) parse() (goal, error) {
	parsed, err := spec.Parse(s.src.Filename, s.src.Data)
	if err != nil {
		return goal{}, err
	}
	return chooseGoal(parsed, s.ui.Target)
}

// checkTargets refuses platforms that Go does not build for.
func (s session) checkTargets() error {
	for _, p := range s.ui.TargetPlatforms {
		if err := plan.CheckPort(p); err != nil {
			return err
		}
	}
	return nil
}

// openContext loads the build context.
func (s session) openContext(ctx context.Context) (llb.State, *reffs.FS, error) {
	st, err := s.ui.MainContext(ctx)
	if err != nil {
		return llb.State{}, nil, fmt.Errorf("open the build context: %w", err)
	}
	files, err := s.show(ctx, *st)
	if err != nil {
		return llb.State{}, nil, fmt.Errorf("load the build context: %w", err)
	}
	return *st, files, nil
}

// show solves a state and shows its files.
func (s session) show(ctx context.Context, st llb.State) (*reffs.FS, error) {
	ref, err := s.solve(ctx, st)
	if err != nil {
		return nil, err
	}
	return reffs.Open(ctx, st, ref, s.solve), nil
}

// solve hands a state to the daemon. Cache imports go with every solve: one
// without them would build what the user's cache has.
func (s session) solve(ctx context.Context, st llb.State) (client.Reference, error) {
	return s.submit(ctx, st, false)
}

// evaluate is solve that runs the steps at once: only then the frontend learns of
// a step that fails, and can say what it means.
func (s session) evaluate(ctx context.Context, st llb.State) (client.Reference, error) {
	return s.submit(ctx, st, true)
}

func (s session) submit(ctx context.Context, st llb.State, evaluate bool) (client.Reference, error) {
	def, err := st.Marshal(ctx, llb.WithCaps(s.ui.BuildOpts().LLBCaps), llb.Platform(s.platform))
	if err != nil {
		return nil, fmt.Errorf("marshal the build: %w", err)
	}
	res, err := s.client.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), CacheImports: s.ui.CacheImports, Evaluate: evaluate})
	if err != nil {
		return nil, err
	}
	return res.SingleRef()
}

// namedFolder loads a named context; nil where the user gave none.
func (s session) namedFolder(ctx context.Context, name string) (*llb.State, error) {
	nc, err := s.ui.NamedContext(name, dockerui.ContextOpt{Platform: &s.platform})
	if err != nil || nc == nil {
		return nil, err
	}
	st, _, err := nc.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("named context %q: %w", name, err)
	}
	return st, nil
}

func platformID(p ocispecs.Platform) string { return platforms.FormatAll(platforms.Normalize(p)) }
