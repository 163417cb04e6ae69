package builder

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
)

// fallback is how to try once more what has failed for want of files or for what a
// layer holds besides.
type fallback struct{ noLayers, whole bool }

const wholeReason = "a dependency may import packages of it"

func (f fallback) apply(in *plan.Input) {
	in.Layers = in.Layers && !f.noLayers
	if f.whole {
		in.Code.Whole = wholeReason
	}
}

// fallback looks at a build that has failed. A dependency may import a package of
// the build context, which no reading of the context tells: the step that lacks it
// gets the whole context. And a layer, which only saves time, may compile what this
// app does not need: the app is compiled without layers, and what the go command
// says then is about the app. It is zero where the failure itself is what to tell.
func (r *request) fallback(ctx context.Context, a analysis, p plan.Plan, in lower.Inputs, failure error) fallback {
	var exit *gatewaypb.ExitError
	if !errors.As(failure, &exit) {
		return fallback{}
	}
	program := failedProgram(failure)
	ofLayer := program == plan.CompileProgram
	if !ofLayer && (program != "go" || exit.ExitCode != 1) {
		return fallback{}
	}
	imported, err := r.localIsImported(ctx, a, p, in)
	whole := err == nil && imported && p.Whole == ""
	return fallback{noLayers: whole || ofLayer && p.Layered(), whole: whole}
}

// localIsImported reports whether dependencies may import packages of the build
// context. For a vendor folder nobody has looked.
func (r *request) localIsImported(ctx context.Context, a analysis, p plan.Plan, in lower.Inputs) (bool, error) {
	if _, ok := p.Step(plan.StepModules); !ok {
		return plan.Vendored(a.spec, a.workspace.Facts), nil
	}
	mods, err := lower.Lower(p, in, plan.StepModules)
	if err != nil {
		return false, err
	}
	files, err := r.show(ctx, mods)
	if err != nil {
		return false, err
	}
	_, err = files.Stat(strings.TrimPrefix(modstep.ImportsLocalPath, plan.ModCacheDir+"/"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
