package builder

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
)

// buildPlatform makes one platform's image.
func (b *build) buildPlatform(ctx context.Context, target ocispecs.Platform, states *platformStates) (*dockerui.BuildResult, error) {
	base, err := b.bases[platformID(target)]()
	if err != nil {
		return nil, err
	}
	owners := newOwners(ctx, b, base)
	files, err := resolveFiles(b.files, b.spec, owners.find)
	if err != nil {
		return nil, err
	}
	if _, _, err := owners.find(b.spec.Image.User); err != nil {
		return nil, diag.Errorf(b.spec.Source, b.spec.At("image.user"), "image.user: %w", err)
	}
	in, err := b.planInput(ctx, target)
	if err != nil {
		return nil, err
	}
	in.Base, in.Files = base.config, files
	p, st, ref, err := b.buildPlan(ctx, in, base)
	if err != nil {
		return nil, b.explain(err)
	}
	states.set(target, st)
	// The exporter stamps the time of the build on what has no time of its own,
	// such as layers that the base image's history lacks; the epoch holds it to
	// ours.
	epoch := time.Unix(p.Epoch, 0).UTC()
	return &dockerui.BuildResult{Reference: ref, Image: p.Config, BaseImage: p.Base, Epoch: &epoch}, nil
}

// planInput is what the programs of one platform are planned from.
func (b *build) planInput(ctx context.Context, target ocispecs.Platform) (plan.Input, error) {
	code, _ := codeOf(b.code, target)
	in := plan.Input{
		Spec: b.spec, Workspace: b.workspace, Code: code,
		Layers: b.program != nil && b.spec.Cache.Dependencies != "mount", AllLayers: b.spec.Cache.Dependencies == "layer",
		Merge:        sandbox(b.ui).Merges(),
		ToolchainEnv: b.toolchain.env(), ToolchainDigest: b.toolchain.digest, ToolchainReplaced: b.toolchain.replaced, Target: target, Build: b.platform,
		Modules: b.modules.step, Options: b.options,
		CollectAnew: len(b.goal.siblings) > 1 && len(b.ui.CacheImports) > 0,
		Frontend:    plan.Frontend{ModulesProgram: b.frontend.ModulesProgram, CompileProgram: b.frontend.CompileProgram},
	}
	in.Fleet = b.fleet(in)
	if !plan.KeysModules(in) {
		return in, nil
	}
	var err error
	if in.ModulesHash, err = b.workspace.Hash(ctx); err != nil {
		return in, fmt.Errorf("read the files that decide which modules are used: %w", err)
	}
	return in, nil
}

// buildPlan plans, lowers and runs one platform's steps.
func (b *build) buildPlan(ctx context.Context, in plan.Input, base baseImage) (plan.Plan, llb.State, client.Reference, error) {
	p, err := plan.New(in)
	if err != nil {
		return p, llb.State{}, nil, err
	}
	inputs := b.inputs(base, in.Target)
	st, err := lower.Lower(p, inputs, plan.StepImage)
	if err != nil {
		return p, st, nil, err
	}
	ref, err := b.evaluate(ctx, st)
	if err != nil {
		if f := b.fallback(ctx, p, inputs, err); f != (fallback{}) {
			f.apply(&in)
			return b.buildPlan(ctx, in, base)
		}
	}
	return p, st, ref, err
}

// inputs gathers the states that the steps start from.
func (b *build) inputs(base baseImage, target ocispecs.Platform) lower.Inputs {
	states := map[plan.Origin]llb.State{
		plan.FromContext:          b.context,
		plan.FromToolchain:        b.toolchain.state,
		plan.FromModulesToolchain: b.modules.toolchain,
		plan.FromBase:             base.state.Platform(target),
	}
	for folder, st := range b.outsideStates() {
		states[plan.FromFolder(folder)] = st
	}
	for name, st := range b.modules.folders {
		states[plan.FromProxy(name)] = st
	}
	if b.program != nil {
		states[plan.FromFrontend] = *b.program
	}
	return lower.Inputs{States: states, Sandbox: sandbox(b.ui), Source: b.src.SourceMap}
}
