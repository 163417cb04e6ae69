package builder

import (
	"context"
	"time"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
)

// prepareImage does what all platforms of an app's image share. The base images are asked
// for first: the spec alone decides them, and what a registry takes to answer is waited
// for once.
func (s session) prepareImage(ctx context.Context, goal goal) (platformBuild, error) {
	bases := s.askForBases(ctx, goal.apps[0].Spec)
	r, err := s.request(ctx, goal)
	if err != nil {
		return nil, err
	}
	a, err := r.analyse(ctx, goal.apps[0].Spec)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, target ocispecs.Platform) (*dockerui.BuildResult, llb.State, error) {
		base, err := bases[platformID(target)]()
		if err != nil {
			return nil, llb.State{}, err
		}
		in, err := r.imageInput(ctx, a, base, target)
		if err != nil {
			return nil, llb.State{}, err
		}
		return r.buildImage(ctx, a, base, in)
	}, nil
}

// imageInput is what the image of one platform is planned from.
func (r *request) imageInput(ctx context.Context, a analysis, base image, target ocispecs.Platform) (plan.Input, error) {
	owners := newOwners(ctx, r.session, base)
	files, err := resolveFiles(r.files, a.spec, owners.find)
	if err != nil {
		return plan.Input{}, err
	}
	if _, _, err := owners.find(a.spec.Image.User); err != nil {
		return plan.Input{}, a.spec.Errorf("image.user", "%w", err)
	}
	in, err := r.planInput(ctx, a, target)
	in.Base, in.Files = base.config, files
	return in, err
}

// buildImage makes one platform's image.
func (r *request) buildImage(ctx context.Context, a analysis, base image, in plan.Input) (*dockerui.BuildResult, llb.State, error) {
	p, st, ref, err := r.runImage(ctx, a, base, in)
	if err != nil {
		return nil, st, explain(err, a.spec)
	}
	// The exporter stamps the time of the build on what has no time of its own,
	// such as layers that the base image's history lacks; the epoch holds it to
	// ours.
	epoch := time.Unix(p.Epoch, 0).UTC()
	return &dockerui.BuildResult{Reference: ref, Image: p.Config, BaseImage: p.Base, Epoch: &epoch}, st, nil
}

// runImage plans, lowers and runs one platform's steps, once more in another way where
// that may help.
func (r *request) runImage(ctx context.Context, a analysis, base image, in plan.Input) (plan.Plan, llb.State, client.Reference, error) {
	p, err := plan.New(in)
	if err != nil {
		return p, llb.State{}, nil, err
	}
	inputs := r.inputs(a, base, in.Target)
	st, err := lower.Lower(p, inputs, plan.StepImage)
	if err != nil {
		return p, st, nil, err
	}
	ref, err := r.evaluate(ctx, st)
	if err != nil {
		if f := r.fallback(ctx, a, p, inputs, err); f != (fallback{}) {
			f.apply(&in)
			return r.runImage(ctx, a, base, in)
		}
	}
	return p, st, ref, err
}

// inputs gathers the states that the steps start from.
func (r *request) inputs(a analysis, base image, target ocispecs.Platform) lower.Inputs {
	states := map[plan.Origin]llb.State{
		plan.FromContext:          r.context,
		plan.FromToolchain:        a.toolchain.state,
		plan.FromModulesToolchain: a.modules.toolchain,
		plan.FromBase:             base.state.Platform(target),
	}
	for folder, st := range a.outside.states(a.workspace) {
		states[plan.FromFolder(folder)] = st
	}
	for name, st := range a.modules.folders {
		states[plan.FromProxy(name)] = st
	}
	if r.program != nil {
		states[plan.FromFrontend] = *r.program
	}
	return lower.Inputs{States: states, Sandbox: sandbox(r.ui), Source: r.src.SourceMap}
}
