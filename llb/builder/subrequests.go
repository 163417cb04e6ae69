package builder

import (
	"cmp"
	"context"
	"slices"

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
func (s session) subrequest(ctx context.Context) (res *client.Result, ok bool, err error) {
	return s.ui.HandleSubrequest(ctx, dockerui.RequestHandler{
		Outline:     s.outline,
		ListTargets: s.targets,
		Lint:        s.lint,
	})
}

// outline lists the build arguments, secrets and agents that the target takes;
// without a target those of all apps.
func (s session) outline(context.Context) (*outline.Outline, error) {
	parsed, err := spec.Parse(s.src.Filename, s.src.Data)
	if err != nil {
		return nil, err
	}
	name := s.ui.Target
	if name == "" && len(parsed.Apps) > 1 {
		name = targetBinaries // what takes in all apps
	}
	g, err := chooseGoal(parsed, name)
	if err != nil {
		return nil, err
	}
	o := &outline.Outline{Name: cmp.Or(s.ui.Target, g.apps[0].Name, plan.StageImage), Sources: [][]byte{s.src.Data}}
	if s.ui.Target == "" && len(parsed.Apps) > 1 {
		o.Name = ""
	}
	o.Secrets, o.SSH = credentials(parsed)
	for _, name := range usedArgs(g.apps) {
		o.Args = append(o.Args, outline.Arg{Name: name, Value: s.ui.BuildArgs[name]})
	}
	for _, arg := range implicitArgs(uses(g.apps)) {
		arg.Value = s.ui.BuildArgs[arg.Name]
		o.Args = append(o.Args, arg)
	}
	return o, nil
}

// credentials are what the module step takes: optional for every spec, required
// for modules.auth.
func credentials(s *spec.Spec) ([]outline.Secret, []outline.SSH) {
	secrets := []outline.Secret{{Name: plan.CASecret}, {Name: plan.ProxySecret}}
	var agents []outline.SSH
	for _, a := range s.Modules.Auth {
		secret := outline.Secret{Name: cmp.Or(a.Token, a.Netrc), Required: true}
		if secret.Name != "" && !slices.Contains(secrets, secret) {
			secrets = append(secrets, secret)
		}
		agent := outline.SSH{Name: a.SSH, Required: true}
		if agent.Name != "" && !slices.Contains(agents, agent) {
			agents = append(agents, agent)
		}
	}
	return secrets, agents
}

// implicitArgs lists the build arguments that set values which templates use.
func implicitArgs(uses []string) []outline.Arg {
	var out []outline.Arg
	for _, a := range []struct {
		arg    outline.Arg
		values []string
	}{
		{outline.Arg{Name: "VERSION", Description: "the release"}, []string{"Version"}},
		{outline.Arg{Name: "REVISION", Description: "the commit; buildx sends that of a git checkout"}, []string{"Revision", "ShortRevision"}},
		{outline.Arg{Name: argEpoch, Description: "the date, in seconds since 1970"}, []string{"Date", "Timestamp"}},
	} {
		if slices.ContainsFunc(a.values, func(v string) bool { return slices.Contains(uses, v) }) {
			out = append(out, a.arg)
		}
	}
	return out
}

// targets lists the images, what else the spec can be asked for, and which of
// them a build without --target makes.
func (s session) targets(context.Context) (*targets.List, error) {
	parsed, err := spec.Parse(s.src.Filename, s.src.Data)
	if err != nil {
		return nil, err
	}
	list := &targets.List{Sources: [][]byte{s.src.Data}}
	if len(parsed.Apps) == 0 {
		list.Targets = append(list.Targets, targets.Target{
			Name: plan.StageImage, Default: true, Description: describe(parsed), Base: plan.BaseImage(parsed)})
	}
	for _, app := range parsed.Apps {
		list.Targets = append(list.Targets, targets.Target{
			Name: app.Name, Default: len(parsed.Apps) == 1, Description: describe(app.Spec), Base: plan.BaseImage(app.Spec)})
	}
	programs := "the programs alone, for any platform of Go: --platform darwin/arm64 -o dist"
	if len(parsed.Apps) > 1 {
		programs = "the programs of all apps (" + targetBinaries + "/NAME: of one), for any platform of Go: --platform darwin/arm64 -o dist"
	}
	list.Targets = append(list.Targets,
		targets.Target{Name: targetBinaries, Description: programs},
		targets.Target{Name: targetBake, Description: "a docker-bake.json that builds every image: -o ."})
	return list, nil
}

// lint checks the spec without building: `--check`.
func (s session) lint(context.Context) (*lint.LintResults, error) {
	results := &lint.LintResults{}
	_, err := spec.Parse(s.src.Filename, s.src.Data)
	if err == nil {
		return results, nil
	}
	located := diag.All(err)
	var ranges []*pb.Range
	for _, e := range located {
		ranges = append(ranges, lower.Ranges([]diag.Range{e.Range})...)
	}
	shown := *s.src.SourceMap
	shown.Filename, shown.Data = diag.Plain(shown.Filename), diag.Excerpt(shown.Data)
	index := results.AddSource(&shown)
	results.Error = &lint.BuildError{
		Message:  message(err, located),
		Location: pb.Location{SourceIndex: int32(index), Ranges: ranges},
	}
	return results, nil
}
