package builder

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc/codes"

	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
)

// Frontend options that clients send besides those dockerui reads.
const (
	optCaps        = "frontend.caps"
	optFilename    = "filename"
	optRevision    = "vcs:revision"
	argEpoch       = "SOURCE_DATE_EPOCH"
	argBuildkit    = "BUILDKIT_"
	epochOfContext = "context"
)

// DefaultFilename is the spec's name where the client gives none.
const DefaultFilename = "gokiln.yaml"

// Caps are the frontend capabilities that the image's label
// moby.buildkit.frontend.caps declares: clients may send inputs, subrequests,
// named contexts, git addresses with a query and zstd-compressed contexts. The
// last three are dockerui's work.
func Caps() []string {
	return []string{
		"moby.buildkit.frontend.inputs",
		"moby.buildkit.frontend.subrequests",
		"moby.buildkit.frontend.contexts",
		"moby.buildkit.frontend.gitquerystring",
		"moby.buildkit.frontend.contexts.zstd",
	}
}

// checkCaps refuses a build that needs a capability this frontend lacks, as the
// Dockerfile frontend does: going on would ignore what the user asked for.
func checkCaps(opts map[string]string) error {
	if opts[optCaps] == "" {
		return nil
	}
	for want := range strings.SplitSeq(opts[optCaps], ",") {
		name, _, _ := strings.Cut(want, "+")
		if !slices.Contains(Caps(), name) {
			return grpcerrors.WrapCode(errdefs.NewUnsupportedFrontendCapError(name), codes.Unimplemented)
		}
	}
	return nil
}

// epoch reads SOURCE_DATE_EPOCH: seconds since 1970, or "context" for the time
// of a remote context.
func epoch(buildArgs map[string]string) (epoch *time.Time, ofContext bool, err error) {
	v := buildArgs[argEpoch]
	switch v {
	case "":
		return nil, false, nil
	case epochOfContext:
		return nil, true, nil
	}
	sec, err := strconv.ParseInt(v, 10, 64)
	if err != nil || sec < 0 {
		return nil, false, fmt.Errorf("build argument %s: want seconds since 1970 or %q, found %q", argEpoch, epochOfContext, v)
	}
	t := time.Unix(sec, 0).UTC()
	return &t, false, nil
}

// noCache lists the stages that --no-cache and --no-cache-filter name.
func noCache(ui *dockerui.Client) map[string]bool {
	stages := map[string]bool{}
	for _, name := range plan.Stages() {
		stages[name] = ui.IsNoCache(name)
	}
	return stages
}

// sandbox gathers the options that shape exec steps.
func sandbox(ui *dockerui.Client) lower.Sandbox {
	caps := ui.BuildOpts().LLBCaps
	return lower.Sandbox{
		Network:      ui.NetworkMode,
		ExtraHosts:   ui.ExtraHosts,
		Ulimits:      ui.Ulimits,
		CgroupParent: ui.CgroupParent,
		Hostname:     ui.Hostname,
		ShmSize:      ui.ShmSize,
		Resources:    ui.LinuxResources,
		Caps:         &caps,
	}
}

// unusedArgs lists build arguments that nothing reads, sorted: most are
// spelling mistakes.
func unusedArgs(args map[string]string, used []string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if strings.HasPrefix(name, argBuildkit) || slices.Contains(plan.KnownBuildArgs(), name) || slices.Contains(used, name) {
			continue
		}
		out = append(out, name)
	}
	return out
}
