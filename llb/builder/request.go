package builder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/llb/reffs"
	"github.com/gokiln/gokiln/spec"
)

// request is a session whose spec, target and build context are known: what all apps
// have in common.
type request struct {
	session
	goal    goal
	context llb.State
	files   *reffs.FS
	options plan.Options
	// program is the frontend's own image; nil where it runs from none.
	program *llb.State
	memo    *memo
}

// memo keeps what several apps of a request ask for.
type memo struct {
	// modules and code are read one after another.
	modules map[moduleKey]module
	code    map[appKey][]targetCode

	mu sync.Mutex
	// compileKeys are the plan.CompileKeys of the apps. Each app is compared with each
	// other one where all are built, and a key expands templates.
	compileKeys map[compileKey]string
}

// moduleKey is a module's folder in the context, and -mod.
type moduleKey struct{ dir, mod string }

// appKey is what an app's code depends on besides the request.
type appKey struct {
	spec      *spec.Spec
	toolchain string
}

type compileKey struct {
	appKey
	target string
}

// request reads what all apps of the goal have in common.
func (s session) request(ctx context.Context, goal goal) (*request, error) {
	r := &request{session: s, goal: goal, memo: &memo{
		modules: map[moduleKey]module{}, code: map[appKey][]targetCode{}, compileKeys: map[compileKey]string{},
	}}
	var err error
	if r.context, r.files, err = s.openContext(ctx); err != nil {
		return nil, err
	}
	if r.options, err = s.planOptions(ctx, uses(goal.all())); err != nil {
		return nil, err
	}
	r.program, err = s.currentFrontend()
	return r, err
}

// currentFrontend finds the frontend's own image, which has the programs that the module
// step and the layers' steps run. Only their own bytes decide the steps' keys, not the
// image. It is nil where the frontend runs from none.
func (s session) currentFrontend() (*llb.State, error) {
	holder, ok := s.client.(imageHolder)
	if !ok {
		return nil, nil
	}
	st, err := holder.CurrentFrontend()
	if err != nil {
		return nil, fmt.Errorf("find the frontend's own image: %w", err)
	}
	return st, nil
}

var errNoImage = errors.New("this BuildKit does not say which image the frontend runs from; run gokiln as an image, with a `# syntax=` line")

// planOptions are the user's options. used are the values that templates of any app of
// the spec name: so that the steps which apps share are the same in the build of each.
func (s session) planOptions(ctx context.Context, used []string) (plan.Options, error) {
	o := plan.Options{
		BuildArgs:      s.ui.BuildArgs,
		Labels:         s.ui.Labels,
		CacheNamespace: s.ui.CacheIDNamespace,
		Revision:       s.ui.BuildOpts().Opts[optRevision],
		NoCache:        noCache(s.ui),
	}
	epoch, ofContext, err := epoch(s.ui.BuildArgs)
	if err != nil {
		return o, err
	}
	o.Epoch = epoch
	wantsTime := epoch == nil && (slices.Contains(used, "Date") || slices.Contains(used, "Timestamp"))
	if ofContext || wantsTime {
		if o.ContextTime, err = s.contextTime(ctx); err != nil {
			return o, err
		}
	}
	if ofContext {
		o.Epoch = o.ContextTime
	}
	if o.Revision == "" && (slices.Contains(used, "Revision") || slices.Contains(used, "ShortRevision")) {
		if o.Revision, err = s.contextRevision(ctx); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (s session) contextTime(ctx context.Context) (*time.Time, error) {
	t, err := s.ui.ResolveMainContextSourceDateEpoch(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the time of the build context: %w", err)
	}
	return t, nil
}
