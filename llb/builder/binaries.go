package builder

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
)

// prepareParts prepares the builds of all apps whose programs are exported; b is
// that of the first.
func (b *build) prepareParts(ctx context.Context) error {
	b.parts = []*build{b}
	for _, app := range b.goal.apps[1:] {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		part := b.forApp(app.Spec)
		if err := part.prepareApp(ctx); err != nil {
			return err
		}
		b.parts = append(b.parts, part)
	}
	return nil
}

// buildBinaries makes one platform's programs: no base image takes part.
func (b *build) buildBinaries(ctx context.Context, target ocispecs.Platform, states *platformStates) (*dockerui.BuildResult, error) {
	parts, st, ref, err := b.runParts(ctx, target, fallback{})
	if err != nil {
		return nil, b.explain(err)
	}
	states.set(target, st)
	epoch := time.Unix(parts[0].plan.Epoch, 0).UTC()
	return &dockerui.BuildResult{Reference: ref, Image: &dockerspec.DockerOCIImage{Image: ocispecs.Image{Platform: target}}, Epoch: &epoch}, nil
}

// programPart is one app's share of the programs that are exported together.
type programPart struct {
	plan   plan.Plan
	inputs lower.Inputs
}

// gather lowers a folder with the programs of all parts.
func gather(parts []programPart, in lower.Inputs, noCache bool) (llb.State, error) {
	plans := make([]plan.Plan, len(parts))
	for i, part := range parts {
		programs, err := lower.Lower(part.plan, part.inputs, plan.StepCompile)
		if err != nil {
			return llb.State{}, err
		}
		plans[i], in.States[plan.FromApp(i)] = part.plan, programs
	}
	return lower.Lower(plan.Gather(plans, noCache), in, plan.StepGather)
}

// runParts plans, lowers and runs the parts, once more in another way where that
// may help.
func (b *build) runParts(ctx context.Context, target ocispecs.Platform, way fallback) ([]programPart, llb.State, client.Reference, error) {
	parts, err := b.programParts(ctx, target, way)
	if err != nil {
		return nil, llb.State{}, nil, err
	}
	st, err := gather(parts, b.inputs(baseImage{}, target), b.options.NoCache[plan.StageImage])
	if err != nil {
		return nil, st, nil, err
	}
	ref, err := b.evaluate(ctx, st)
	if err == nil || way == (fallback{true, true}) {
		return parts, st, ref, err
	}
	for _, p := range parts {
		f := b.fallback(ctx, p.plan, p.inputs, err)
		if f = (fallback{f.noLayers || way.noLayers, f.whole || way.whole}); f != way {
			return b.runParts(ctx, target, f)
		}
	}
	return parts, st, ref, err
}

// programParts plans each app's programs and refuses two of one name.
func (b *build) programParts(ctx context.Context, target ocispecs.Platform, way fallback) ([]programPart, error) {
	var parts []programPart
	var errs diag.List
	firsts := map[string]string{}
	for i, part := range b.parts {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		in, err := part.planInput(ctx, target)
		if err != nil {
			return nil, err
		}
		way.apply(&in)
		p, err := plan.NewPrograms(in)
		if err != nil {
			return nil, err
		}
		app := b.goal.apps[i].Name
		for _, name := range p.Programs {
			if first, ok := firsts[name]; ok {
				errs = append(errs, diag.Errorf(part.spec.Source, part.spec.At("name"),
					"apps.%s: its program and one of apps.%s are both named %q; give one app another `name`, or export one with --target %s/%s",
					app, first, name, targetBinaries, app))
				continue
			}
			firsts[name] = app
		}
		parts = append(parts, programPart{p, part.inputs(baseImage{}, target)})
	}
	if err := errs.Err(); err != nil {
		return nil, fmt.Errorf("target %q: %w", targetBinaries, err)
	}
	return parts, nil
}
