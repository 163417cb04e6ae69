// Package builder is the gateway adapter: BuildKit's BuildFunc and all I/O. It
// reads options, contexts and images through the gateway, has the plan made and
// lowered, solves it, and turns errors into what clients show.
//
// It is built on frontend/dockerui, so that every option and kind of context
// that users know from Dockerfiles works alike. It decides nothing about Go or
// images: that is llb/plan's.
//
// A build goes through values, each made of the one before: a session (the client and its
// options), a request (the spec, the target and the build context), an analysis of each
// app, and per target platform a plan.Input, a plan.Plan and the solved result.
package builder

import (
	"context"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/crash"
)

// Frontend is gokiln as BuildKit's gateway starts it.
type Frontend struct {
	// ModulesProgram is where the frontend's own image has the program that the
	// module step runs.
	ModulesProgram string
	// CompileProgram is the one that compiles into layers.
	CompileProgram string
}

// Build is gokiln's BuildFunc. It reads the spec named by the option "filename"
// (default gokiln.yaml) and returns an image per target platform. Errors carry
// the places they are about as errdefs sources. A panic becomes an error.
func (f Frontend) Build(ctx context.Context, c client.Client) (*client.Result, error) {
	var (
		res    *client.Result
		source *llb.SourceMap
	)
	err := crash.Do(func() error {
		s, err := f.open(ctx, withDefaults(c))
		if err != nil {
			return err
		}
		source = s.src.SourceMap
		res, err = s.run(ctx)
		return err
	})
	if err != nil {
		return nil, locate(err, source)
	}
	return withoutEmpty(res), nil
}

// run answers what the client asks for.
func (s session) run(ctx context.Context) (*client.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if res, ok, err := s.subrequest(ctx); ok || err != nil {
		return res, err
	}
	goal, err := s.parse()
	if err != nil {
		return nil, err
	}
	if goal.kind == targetBake {
		return s.writeBakeFile(ctx, goal)
	}
	if err := s.checkTargets(); err != nil {
		return nil, err
	}
	build, err := s.prepare(ctx, goal)
	if err != nil {
		return nil, err
	}
	s.warnUnusedArgs(ctx, goal.apps)
	return s.buildAll(ctx, build)
}

// platformBuild builds what is asked for, for one target platform.
type platformBuild func(ctx context.Context, target ocispecs.Platform) (*dockerui.BuildResult, llb.State, error)

// prepare does what all platforms share.
func (s session) prepare(ctx context.Context, goal goal) (platformBuild, error) {
	if goal.kind == targetBinaries {
		return s.prepareBinaries(ctx, goal)
	}
	return s.prepareImage(ctx, goal)
}

// buildAll builds for every platform, side by side, and adds the attestations.
func (s session) buildAll(ctx context.Context, build platformBuild) (*client.Result, error) {
	states := &platformStates{m: map[string]llb.State{}}
	rb, err := s.ui.Build(ctx, func(ctx context.Context, target *ocispecs.Platform, _ int) (res *dockerui.BuildResult, err error) {
		defer crash.Guard(&err)
		res, st, err := build(ctx, *target)
		states.set(*target, st)
		return res, err
	})
	if err != nil {
		return nil, err
	}
	if err := s.attest(ctx, rb, states); err != nil {
		return nil, err
	}
	return rb.Finalize()
}
