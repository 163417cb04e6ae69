package builder

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// analysis is what is known of an app before any step runs.
type analysis struct {
	spec *spec.Spec
	module
	toolchain toolchain
	// code is what the programs of each target platform are compiled from, and siblings
	// the same of all apps of the module in the spec's order, this one among them.
	code     []targetCode
	siblings []sibling
	modules  modulesInputs
}

// module is what the apps of one Go module share.
type module struct {
	workspace *workspace.Workspace
	outside   *outsideFolders
}

// toolchain is the image that compiles, and the reference that it was loaded by.
type toolchain struct {
	image
	ref string
}

// targetCode is what a target platform's programs are compiled from.
type targetCode struct {
	target ocispecs.Platform
	plan.Code
}

// analyse reads what Go would build for an app, and finds what would make it fail before
// any step runs.
func (r *request) analyse(ctx context.Context, s *spec.Spec) (analysis, error) {
	a := analysis{spec: s}
	var err error
	if a.module, err = r.openModule(ctx, s); err != nil {
		return a, err
	}
	if err := r.check(ctx, s, a.workspace); err != nil {
		return a, err
	}
	if a.toolchain, err = r.openToolchain(ctx, s, a.workspace); err != nil {
		return a, err
	}
	for _, target := range r.ui.TargetPlatforms {
		code, err := r.readCode(ctx, a, target)
		if err != nil {
			return a, err
		}
		a.code = append(a.code, targetCode{target, code})
	}
	if a.siblings, err = r.findSiblings(ctx, a); err != nil {
		return a, err
	}
	a.modules, err = r.planModules(ctx, a)
	return a, err
}

// openModule reads the module that an app is in, once for all apps.
func (r *request) openModule(ctx context.Context, s *spec.Spec) (module, error) {
	key := moduleKey{s.Module, s.Build.Mod}
	if m, ok := r.memo.modules[key]; ok {
		return m, nil
	}
	m := module{outside: newOutsideFolders()}
	opts := workspace.Options{
		NoWork: s.Modules.Workspace == "off", Mod: s.Build.Mod,
		Outside: func(ctx context.Context, modulePath, written string) (fs.FS, bool, error) {
			return m.outside.open(ctx, r.session, modulePath, written)
		},
	}
	var err error
	if m.workspace, err = workspace.Load(ctx, r.files, s.Module, opts); err != nil {
		return m, blame(err, s, "module")
	}
	r.memo.modules[key] = m
	return m, nil
}

// check finds files that are missing before any step runs.
func (r *request) check(ctx context.Context, s *spec.Spec, w *workspace.Workspace) error {
	if err := checkProfile(r.files, s); err != nil {
		return err
	}
	if plan.NeedsModules(s, w.Facts) {
		return w.CheckSums(ctx)
	}
	if plan.Vendored(s, w.Facts) {
		return w.CheckVendor(ctx)
	}
	return nil
}

func checkProfile(files fs.FS, s *spec.Spec) error {
	pgo := s.Build.PGO
	if pgo == "" || pgo == "auto" || pgo == "off" {
		return nil
	}
	file := path.Join(s.Module, pgo)
	if info, err := fs.Stat(files, file); err != nil || info.IsDir() {
		return s.Errorf("build.pgo",
			"there is no file %q in the build context; check the spelling and .dockerignore", file)
	}
	return nil
}

func (r *request) openToolchain(ctx context.Context, s *spec.Spec, w *workspace.Workspace) (toolchain, error) {
	ref, err := plan.Toolchain(s, w.Facts)
	if err != nil {
		return toolchain{}, err
	}
	img, err := r.loadImage(ctx, ref, "toolchain", r.platform)
	if err != nil {
		return toolchain{}, noToolchain(s, w, ref, err)
	}
	return toolchain{img, ref}, plan.CheckToolchain(s, w.Facts, ref, img.env())
}

// noToolchain blames what chose the toolchain image: the spec, or go.mod.
func noToolchain(s *spec.Spec, w *workspace.Workspace, ref string, err error) error {
	const cure = "name one that can be had with `build.image`, or replace it with --build-context golang=..."
	key := ""
	switch {
	case s.Build.Image != "":
		key = "build.image"
	case s.Go != "":
		key = "go"
	}
	if key != "" {
		return s.Errorf(key, "toolchain image %q: %w; %s", ref, err, cure)
	}
	place := w.GoLine
	if w.Toolchain != "" {
		place = w.ToolchainLine
	}
	return diag.Errorf(place.Source, place.Range, "toolchain image %q: %w; set `go` in %s, %s",
		ref, err, s.Source.Filename, cure)
}

// readCode finds the main packages of a target and what they are compiled from.
func (r *request) readCode(ctx context.Context, a analysis, target ocispecs.Platform) (plan.Code, error) {
	goTarget, err := plan.Target(a.spec, target, r.options, a.toolchain.env())
	if err != nil {
		return plan.Code{}, err
	}
	mains, err := mainPackages(ctx, a.spec, a.workspace, goTarget, target)
	if err != nil {
		return plan.Code{}, err
	}
	c, err := a.workspace.Closure(ctx, mains, goTarget, workspace.ClosureOptions{PGO: a.spec.Build.PGO})
	return plan.Code{Mains: mains, Closure: c}, err
}

func codeOf(all []targetCode, target ocispecs.Platform) (plan.Code, bool) {
	i := slices.IndexFunc(all, func(c targetCode) bool { return platformID(c.target) == platformID(target) })
	if i < 0 {
		return plan.Code{}, false
	}
	return all[i].Code, true
}

// planInput is what the programs of one platform are planned from.
func (r *request) planInput(ctx context.Context, a analysis, target ocispecs.Platform) (plan.Input, error) {
	code, _ := codeOf(a.code, target)
	in := plan.Input{
		Spec: a.spec, Workspace: a.workspace.Facts, Code: code,
		Layers: r.program != nil && a.spec.Cache.Dependencies != "mount", AllLayers: a.spec.Cache.Dependencies == "layer",
		Merge:        sandbox(r.ui).Merges(),
		ToolchainEnv: a.toolchain.env(), ToolchainDigest: a.toolchain.digest, ToolchainReplaced: a.toolchain.replaced,
		Target: target, Build: r.platform,
		Modules: a.modules.step, Options: r.options,
		CollectAnew: len(r.goal.siblings) > 1 && len(r.ui.CacheImports) > 0,
		Frontend:    plan.Frontend{ModulesProgram: r.frontend.ModulesProgram, CompileProgram: r.frontend.CompileProgram},
	}
	in.Fleet = r.fleet(a, in)
	if !plan.KeysModules(in) {
		return in, nil
	}
	var err error
	if in.ModulesHash, err = a.workspace.Hash(ctx); err != nil {
		return in, fmt.Errorf("read the files that decide which modules are used: %w", err)
	}
	return in, nil
}
