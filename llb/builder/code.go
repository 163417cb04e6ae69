package builder

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/llb/reffs"
)

// targetCode is what a target platform's programs are compiled from.
type targetCode struct {
	target ocispecs.Platform
	plan.Code
}

// findCode finds the main packages of all targets, and what they are compiled
// from, before any step runs: the module step downloads for all of them at once.
func (b *build) findCode(ctx context.Context) error {
	for _, target := range b.ui.TargetPlatforms {
		code, err := b.readCode(ctx, target)
		if err != nil {
			return err
		}
		b.code = append(b.code, targetCode{target, code})
	}
	targets := slices.Concat(b.ui.TargetPlatforms, plan.SharedTargets(b.ui.TargetPlatforms))
	return b.findSiblings(ctx, targets)
}

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
func (b *build) fallback(ctx context.Context, p plan.Plan, in lower.Inputs, failure error) fallback {
	var exit *gatewaypb.ExitError
	if !errors.As(failure, &exit) {
		return fallback{}
	}
	ofLayer := strings.Contains(failure.Error(), `process "`+plan.CompileProgram)
	ofCompile := exit.ExitCode == 1 && strings.Contains(failure.Error(), `process "go build`)
	if !ofLayer && !ofCompile {
		return fallback{}
	}
	imported, err := b.localIsImported(ctx, p, in)
	whole := err == nil && imported && p.Whole == ""
	return fallback{noLayers: whole || ofLayer && p.Layered(), whole: whole}
}

// localIsImported reports whether dependencies may import packages of the build
// context. For a vendor folder nobody has looked.
func (b *build) localIsImported(ctx context.Context, p plan.Plan, in lower.Inputs) (bool, error) {
	if _, ok := p.Step(plan.StepModules); !ok {
		return plan.Vendored(b.spec, b.workspace), nil
	}
	mods, err := lower.Lower(p, in, plan.StepModules)
	if err != nil {
		return false, err
	}
	ref, err := b.solve(ctx, mods)
	if err != nil {
		return false, err
	}
	_, err = reffs.Open(ctx, mods, ref, b.solve).Stat(strings.TrimPrefix(download.UnlistedPath, plan.ModCacheDir+"/"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
