package builder

import (
	"context"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// forApp returns the build of another app of the same request: it shares the
// context, and the module where it is the same.
func (b *build) forApp(s *spec.Spec) *build {
	other := &build{
		frontend: b.frontend, client: b.client, ui: b.ui, src: b.src,
		spec: s, goal: b.goal, platform: b.platform, context: b.context, files: b.files,
		outside: newOutsideFolders(),
	}
	if s.Module == b.spec.Module {
		other.workspace, other.outside = b.workspace, b.outside
	}
	return other
}

// sibling is an app of the spec that builds from the same module as the one that is
// built; that one is among its own siblings.
type sibling struct {
	spec *spec.Spec
	code []targetCode
}

// findSiblings reads the apps of the same module, in the spec's order, so that
// whichever app is built, alone or in a bake, the steps that they can share are the
// same. An app that can't be analysed is left out: its mistakes are told when it is
// built itself, and it shares nothing until then.
func (b *build) findSiblings(ctx context.Context, targets []ocispecs.Platform) error {
	if len(b.goal.siblings) < 2 {
		return nil
	}
	for _, app := range b.goal.siblings {
		switch {
		case app.Spec == b.spec:
			b.siblings = append(b.siblings, sibling{b.spec, b.code})
			continue
		case app.Spec.Module != b.spec.Module:
			continue
		}
		other := b.forApp(app.Spec)
		other.toolchain, other.options = b.toolchain, b.options
		s := sibling{spec: app.Spec}
		for _, target := range targets {
			code, err := other.readCode(ctx, target)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err == nil {
				s.code = append(s.code, targetCode{target, code})
			}
		}
		b.siblings = append(b.siblings, s)
	}
	return nil
}

// siblingBuilds tells what the other apps import, for the module step. One that
// is not sure would have everything downloaded for all.
func (b *build) siblingBuilds() []plan.ModuleBuild {
	var builds []plan.ModuleBuild
	for _, s := range b.siblings {
		if s.spec == b.spec || !plan.NeedsModules(s.spec, b.workspace) {
			continue
		}
		for _, c := range s.code {
			if c.Imports.Sure {
				builds = append(builds, plan.ModuleBuild{Target: c.target, Imports: c.Imports, Spec: s.spec})
			}
		}
	}
	return builds
}

// fleet is the code of the apps that are compiled as the one that in describes.
func (b *build) fleet(in plan.Input) []plan.Code {
	var fleet []plan.Code
	for _, s := range b.siblings {
		c, ok := codeOf(s.code, in.Target)
		other := in
		other.Spec, other.Packages = s.spec, c.Mains
		if ok && plan.CompiledAlike(in, other) {
			fleet = append(fleet, c)
		}
	}
	return fleet
}

func codeOf(all []targetCode, target ocispecs.Platform) (plan.Code, bool) {
	for _, c := range all {
		if platformID(c.target) == platformID(target) {
			return c.Code, true
		}
	}
	return plan.Code{}, false
}

// readCode finds the main packages of a target and what they are compiled from.
func (b *build) readCode(ctx context.Context, target ocispecs.Platform) (plan.Code, error) {
	mains, err := b.mainPackages(ctx, target)
	if err != nil {
		return plan.Code{}, err
	}
	goTarget, err := plan.Target(b.spec, target, b.options, b.toolchain.env())
	if err != nil {
		return plan.Code{}, err
	}
	c, err := b.workspace.Closure(ctx, mains, goTarget, workspace.ClosureOptions{PGO: b.spec.Build.PGO, Mod: b.spec.Build.Mod})
	return plan.Code{Mains: mains, Closure: c}, err
}
