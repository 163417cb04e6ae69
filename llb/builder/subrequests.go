package builder

import (
	"context"
	"strings"

	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/frontend/subrequests/outline"
	"github.com/moby/buildkit/frontend/subrequests/targets"
	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// subrequest answers `docker buildx build --call=…`; ok is false for a build.
func (b *build) subrequest(ctx context.Context) (res *client.Result, ok bool, err error) {
	return b.ui.HandleSubrequest(ctx, dockerui.RequestHandler{
		Outline:     b.outline,
		ListTargets: b.targets,
		Lint:        b.lint,
	})
}

// outline lists the build arguments and secrets that the spec takes.
func (b *build) outline(context.Context) (*outline.Outline, error) {
	s, err := spec.Parse(b.src.Filename, b.src.Data)
	if err != nil {
		return nil, err
	}
	o := &outline.Outline{Name: plan.StageImage, Secrets: []outline.Secret{{Name: plan.CASecret}}, Sources: [][]byte{b.src.Data}}
	names := append(plan.UsedArgs(s), implicitArgs(plan.Uses(s))...)
	for _, name := range names {
		o.Args = append(o.Args, outline.Arg{Name: name, Value: b.ui.BuildArgs[name]})
	}
	return o, nil
}

// implicitArgs maps the values that templates use to the build arguments that
// set them.
func implicitArgs(uses []string) []string {
	args := map[string]string{"Version": "VERSION", "Revision": "REVISION", "Date": argEpoch}
	var out []string
	for _, u := range uses {
		if name, ok := args[u]; ok {
			out = append(out, name)
		}
	}
	return out
}

func (b *build) targets(context.Context) (*targets.List, error) {
	s, err := spec.Parse(b.src.Filename, b.src.Data)
	if err != nil {
		return nil, err
	}
	description := "image of the module's main package"
	if len(s.Main) > 0 {
		description = "image of " + strings.Join(s.Main, ", ")
	}
	return &targets.List{
		Targets: []targets.Target{{
			Name: plan.StageImage, Default: true, Description: description, Base: plan.BaseImage(s),
		}},
		Sources: [][]byte{b.src.Data},
	}, nil
}

// lint checks the spec without building: `--check`.
func (b *build) lint(context.Context) (*lint.LintResults, error) {
	results := &lint.LintResults{}
	_, err := spec.Parse(b.src.Filename, b.src.Data)
	if err == nil {
		return results, nil
	}
	located := diag.All(err)
	var ranges []*pb.Range
	for _, e := range located {
		ranges = append(ranges, lower.Ranges([]diag.Range{e.Range})...)
	}
	index := results.AddSource(b.src.SourceMap)
	results.Error = &lint.BuildError{
		Message:  message(err, located),
		Location: pb.Location{SourceIndex: int32(index), Ranges: ranges},
	}
	return results, nil
}
