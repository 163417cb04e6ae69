package builder

import (
	"context"
	"slices"

	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// sibling is an app of the spec that builds from the same module as the one that is
// built.
type sibling struct {
	spec *spec.Spec
	// code is that of the targets, and of the platforms that share the module step.
	code []targetCode
}

// findSiblings reads the apps of the same module, in the spec's order, so that
// whichever app is built, alone or in a bake, the steps that they can share are the
// same. An app that can't be analysed is left out: its mistakes are told when it is
// built itself, and it shares nothing until then.
func (r *request) findSiblings(ctx context.Context, a analysis) ([]sibling, error) {
	var siblings []sibling
	for _, app := range r.goal.all() {
		if !a.shares(app.Spec) {
			continue
		}
		code, err := r.siblingCode(ctx, a, app.Spec)
		if err != nil {
			return nil, err
		}
		siblings = append(siblings, sibling{app.Spec, code})
	}
	return siblings, nil
}

// shares reports whether an app is built from the same module, and takes packages from
// its vendor folder if this one does.
func (a analysis) shares(s *spec.Spec) bool {
	return s.Module == a.spec.Module && plan.Vendored(s, a.workspace.Facts) == a.workspace.Vendored
}

// siblingCode reads an app's code with the toolchain of the one that is built, once for
// all apps of the request that ask. What can't be read is left out.
func (r *request) siblingCode(ctx context.Context, a analysis, s *spec.Spec) ([]targetCode, error) {
	key := appKey{s, a.toolchain.ref}
	if code, ok := r.memo.code[key]; ok {
		return code, nil
	}
	other := analysis{spec: s, module: a.module, toolchain: a.toolchain}
	var all []targetCode
	for _, target := range slices.Concat(r.ui.TargetPlatforms, plan.SharedTargets(r.ui.TargetPlatforms)) {
		code, ok := codeOf(a.code, target)
		if s != a.spec || !ok {
			var err error
			if code, err = r.readCode(ctx, other, target); err != nil {
				if ctx.Err() != nil {
					return nil, context.Cause(ctx)
				}
				continue
			}
		}
		all = append(all, targetCode{target, code})
	}
	r.memo.code[key] = all
	return all, nil
}

// fleet is the code of the apps that are compiled as the one that in describes; nil
// where there is no other app.
func (r *request) fleet(a analysis, in plan.Input) []plan.Code {
	if len(r.goal.siblings) < 2 {
		return nil
	}
	own := r.compileKey(a, in, in.Spec, in.Code)
	if own == "" {
		return nil
	}
	var fleet []plan.Code
	for _, s := range a.siblings {
		if c, ok := codeOf(s.code, in.Target); ok && r.compileKey(a, in, s.spec, c) == own {
			fleet = append(fleet, c)
		}
	}
	return fleet
}

// compileKey is that of an app with the options, the toolchain and the target of in.
func (r *request) compileKey(a analysis, in plan.Input, s *spec.Spec, code plan.Code) string {
	r.memo.mu.Lock()
	defer r.memo.mu.Unlock()
	at := compileKey{appKey{s, a.toolchain.ref}, platformID(in.Target)}
	key, ok := r.memo.compileKeys[at]
	if !ok {
		in.Spec, in.Code = s, code
		key = plan.CompileKey(in)
		r.memo.compileKeys[at] = key
	}
	return key
}
