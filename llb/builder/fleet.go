package builder

import (
	"context"
	"reflect"
	"slices"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// forApp returns the build of another app of the same request: it shares the
// context and nothing that the spec decides.
func (b *build) forApp(s *spec.Spec) *build {
	return &build{
		frontend: b.frontend, client: b.client, ui: b.ui, src: b.src,
		spec: s, goal: b.goal, platform: b.platform, context: b.context, files: b.files,
		outside: newOutsideFolders(),
	}
}

// appGroup is several apps whose packages are read alike for one target.
type appGroup struct {
	target   ocispecs.Platform
	goTarget workspace.Target
	spec     *spec.Spec
	apps     []targetPackages
}

// siblingBuilds finds what the other apps of the module import, so that one
// module step serves all: whichever app is built, alone or in a bake, the step is
// the same. An app that can't be analysed is left out: its mistakes are told when
// it is built itself, and it shares no step until then.
func (b *build) siblingBuilds(ctx context.Context) ([]plan.ModuleBuild, error) {
	groups, err := b.siblingGroups(ctx)
	if err != nil {
		return nil, err
	}
	var builds []plan.ModuleBuild
	for _, g := range groups {
		found, err := b.groupImports(ctx, g)
		if err != nil {
			return nil, err
		}
		builds = append(builds, found...)
	}
	return builds, nil
}

func (b *build) siblingGroups(ctx context.Context) ([]appGroup, error) {
	targets := slices.Concat(b.ui.TargetPlatforms, plan.SharedTargets(b.ui.TargetPlatforms))
	var groups []appGroup
	for _, app := range b.goal.siblings {
		if app.Spec == b.spec || !b.sharesModules(app.Spec) {
			continue
		}
		sub := b.forApp(app.Spec)
		sub.workspace, sub.toolchain, sub.options = b.workspace, b.toolchain, b.options
		for _, target := range targets {
			packages, err := sub.mainPackages(ctx, target)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			goTarget, err2 := plan.Target(app.Spec, target, b.options, b.toolchain.env())
			if err != nil || err2 != nil {
				continue
			}
			one := targetPackages{target, packages}
			i := slices.IndexFunc(groups, func(g appGroup) bool {
				return platformID(g.target) == platformID(target) && reflect.DeepEqual(g.goTarget, goTarget) && sameDownload(g.spec, app.Spec)
			})
			if i < 0 {
				groups = append(groups, appGroup{target, goTarget, app.Spec, []targetPackages{one}})
				continue
			}
			groups[i].apps = append(groups[i].apps, one)
		}
	}
	return groups, nil
}

// groupImports reads the packages of a group at once: most apps share most of
// them. Where that is not sure it asks for each app, to leave out those that are
// not.
func (b *build) groupImports(ctx context.Context, g appGroup) ([]plan.ModuleBuild, error) {
	var all []workspace.Package
	for _, app := range g.apps {
		all = append(all, app.packages...)
	}
	imports, err := b.workspace.Imports(ctx, all, g.goTarget)
	switch {
	case err != nil:
		return nil, err
	case imports.Sure:
		return []plan.ModuleBuild{{Target: g.target, Imports: imports, Spec: g.spec}}, nil
	case len(g.apps) == 1:
		return nil, nil
	}
	var builds []plan.ModuleBuild
	for _, app := range g.apps {
		one, err := b.groupImports(ctx, appGroup{g.target, g.goTarget, g.spec, []targetPackages{app}})
		if err != nil {
			return nil, err
		}
		builds = append(builds, one...)
	}
	return builds, nil
}

// sameDownload compares what decides which modules are downloaded besides imports.
func sameDownload(a, b *spec.Spec) bool {
	for _, name := range []string{"GOEXPERIMENT", "GOFIPS140"} {
		if a.Build.Env[name] != b.Build.Env[name] {
			return false
		}
	}
	return true
}

// sharesModules tells whether an app's modules are those of the one that is built.
func (b *build) sharesModules(s *spec.Spec) bool {
	return s.Module == b.spec.Module && plan.NeedsModules(s, b.workspace)
}
