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

// layered tells whether what can be shared is compiled into layers. Layers are for
// builders that forget, which whoever imports a cache has, and for apps that need
// the same at the same time. Everybody else has cache mounts, which cost no step of
// their own.
func (b *build) layered() bool {
	switch b.spec.Cache.Dependencies {
	case "layer":
		return true
	case "mount":
		return false
	}
	return len(b.ui.CacheImports) > 0 || len(b.goal.siblings) > 1
}

// wholeContext tells, of a build that failed, to try once more with the whole
// context: a dependency may import a package of it, which no reading of the context
// tells and the compile step then lacks.
func (b *build) wholeContext(ctx context.Context, p plan.Plan, in lower.Inputs, failure error) bool {
	if p.Compile.Source.Whole != "" || !compileFailed(failure) {
		return false
	}
	imported, err := b.localIsImported(ctx, p, in)
	return err == nil && imported // else the failure itself is what to tell
}

const wholeReason = "a dependency may import packages of it"

// compileFailed reports whether a step ended with an error of the go command.
func compileFailed(err error) bool {
	var exit *gatewaypb.ExitError
	return errors.As(err, &exit) && exit.ExitCode == 1 &&
		(strings.Contains(err.Error(), `process "go build`) || strings.Contains(err.Error(), `process "`+plan.CompileProgram))
}

// localIsImported reports whether dependencies may import packages of the build
// context. For a vendor folder nobody has looked.
func (b *build) localIsImported(ctx context.Context, p plan.Plan, in lower.Inputs) (bool, error) {
	mods, err := lower.Modules(p, in)
	if err != nil || mods == nil {
		return plan.Vendored(b.spec, b.workspace), err
	}
	ref, err := b.solve(ctx, *mods)
	if err != nil {
		return false, err
	}
	_, err = newRefFS(ctx, ref).Stat(strings.TrimPrefix(download.UnlistedPath, plan.ModCacheDir+"/"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
