package builder

import (
	"context"
	"sync"

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
		outside: newOutsideFolders(), read: b.read, keys: b.keys,
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
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case app.Spec == b.spec:
			b.siblings = append(b.siblings, sibling{b.spec, b.code})
			continue
		case app.Spec.Module != b.spec.Module:
			continue
		}
		code, err := b.siblingCode(ctx, app.Spec, targets)
		if err != nil {
			return err
		}
		b.siblings = append(b.siblings, sibling{app.Spec, code})
	}
	return nil
}

// readKey is what another app's code depends on besides the request.
type readKey struct {
	spec      *spec.Spec
	toolchain string
}

// siblingCode reads another app's code, once for all apps of the request that ask.
func (b *build) siblingCode(ctx context.Context, s *spec.Spec, targets []ocispecs.Platform) ([]targetCode, error) {
	key := readKey{s, b.toolchainRef}
	if code, ok := b.read[key]; ok {
		return code, nil
	}
	other := b.forApp(s)
	other.toolchain, other.options = b.toolchain, b.options
	var all []targetCode
	for _, target := range targets {
		code, err := other.readCode(ctx, target)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			all = append(all, targetCode{target, code})
		}
	}
	b.read[key] = all
	return all, nil
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
	own := b.compileKey(in, in.Spec, in.Code)
	if own == "" {
		return nil
	}
	var fleet []plan.Code
	for _, s := range b.siblings {
		if c, ok := codeOf(s.code, in.Target); ok && b.compileKey(in, s.spec, c) == own {
			fleet = append(fleet, c)
		}
	}
	return fleet
}

// compileKeys are the plan.CompileKeys of a request's apps. Each app is compared
// with each other one where all are built, and a key expands templates.
type compileKeys struct {
	mu   sync.Mutex
	keys map[compileKey]string
}

type compileKey struct {
	readKey
	target string
}

// compileKey is that of an app with the options, the toolchain and the target of in.
func (b *build) compileKey(in plan.Input, s *spec.Spec, code plan.Code) string {
	b.keys.mu.Lock()
	defer b.keys.mu.Unlock()
	at := compileKey{readKey{s, b.toolchainRef}, platformID(in.Target)}
	key, ok := b.keys.keys[at]
	if !ok {
		in.Spec, in.Code = s, code
		key = plan.CompileKey(in)
		b.keys.keys[at] = key
	}
	return key
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
