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
	"github.com/gokiln/gokiln/spec"
)

// prepareBinaries does what all platforms of the exported programs share: no base image
// takes part.
func (s session) prepareBinaries(ctx context.Context, goal goal) (platformBuild, error) {
	r, err := s.request(ctx, goal)
	if err != nil {
		return nil, err
	}
	var apps []analysis
	for _, app := range goal.apps {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		a, err := r.analyse(ctx, app.Spec)
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	return func(ctx context.Context, target ocispecs.Platform) (*dockerui.BuildResult, llb.State, error) {
		return r.buildBinaries(ctx, apps, target)
	}, nil
}

// buildBinaries makes one platform's programs.
func (r *request) buildBinaries(ctx context.Context, apps []analysis, target ocispecs.Platform) (*dockerui.BuildResult, llb.State, error) {
	plans, st, ref, err := r.runBinaries(ctx, apps, target, fallback{})
	if err != nil {
		return nil, st, explain(err, specsOf(apps)...)
	}
	epoch := time.Unix(plans[0].Epoch, 0).UTC()
	config := &dockerspec.DockerOCIImage{Image: ocispecs.Image{Platform: target}}
	return &dockerui.BuildResult{Reference: ref, Image: config, Epoch: &epoch}, st, nil
}

// runBinaries plans, lowers and runs the apps, once more in another way where that may
// help.
func (r *request) runBinaries(ctx context.Context, apps []analysis, target ocispecs.Platform, way fallback) ([]plan.Plan, llb.State, client.Reference, error) {
	plans, err := r.planPrograms(ctx, apps, target, way)
	if err != nil {
		return nil, llb.State{}, nil, err
	}
	st, err := r.gather(apps, plans, target)
	if err != nil {
		return nil, st, nil, err
	}
	ref, err := r.evaluate(ctx, st)
	if err == nil || way == (fallback{true, true}) {
		return plans, st, ref, err
	}
	for i, a := range apps {
		f := r.fallback(ctx, a, plans[i], r.inputs(a, image{}, target), err)
		if f = (fallback{f.noLayers || way.noLayers, f.whole || way.whole}); f != way {
			return r.runBinaries(ctx, apps, target, f)
		}
	}
	return plans, st, ref, err
}

// gather lowers a folder with the programs of all apps.
func (r *request) gather(apps []analysis, plans []plan.Plan, target ocispecs.Platform) (llb.State, error) {
	in := r.inputs(apps[0], image{}, target)
	for i, a := range apps {
		programs, err := lower.Lower(plans[i], r.inputs(a, image{}, target), plan.StepCompile)
		if err != nil {
			return llb.State{}, err
		}
		in.States[plan.FromApp(i)] = programs
	}
	return lower.Lower(plan.Gather(plans, r.options.NoCache[plan.StageImage]), in, plan.StepGather)
}

// planPrograms plans each app's programs and refuses two of one name.
func (r *request) planPrograms(ctx context.Context, apps []analysis, target ocispecs.Platform, way fallback) ([]plan.Plan, error) {
	var plans []plan.Plan
	var errs diag.List
	firsts := map[string]string{}
	for i, a := range apps {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		in, err := r.planInput(ctx, a, target)
		if err != nil {
			return nil, err
		}
		way.apply(&in)
		p, err := plan.NewPrograms(in)
		if err != nil {
			return nil, err
		}
		app := r.goal.apps[i].Name
		for _, name := range p.Programs {
			if first, ok := firsts[name]; ok {
				errs = append(errs, diag.Errorf(a.spec.Source, a.spec.At("name"),
					"apps.%s: its program and one of apps.%s are both named %q; give one app another `name`, or export one with --target %s/%s",
					app, first, name, targetBinaries, app))
				continue
			}
			firsts[name] = app
		}
		plans = append(plans, p)
	}
	if err := errs.Err(); err != nil {
		return nil, fmt.Errorf("target %q: %w", targetBinaries, err)
	}
	return plans, nil
}

func specsOf(apps []analysis) []*spec.Spec {
	specs := make([]*spec.Spec, len(apps))
	for i, a := range apps {
		specs[i] = a.spec
	}
	return specs
}
