// Package builder is the gateway adapter: BuildKit's BuildFunc and all I/O. It
// reads options, contexts and images through the gateway, has the plan made and
// lowered, solves it, and turns errors into what clients show.
//
// It is built on frontend/dockerui, so that every option and kind of context
// that users know from Dockerfiles works alike. It decides nothing about Go or
// images: that is llb/plan's.
package builder

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/crash"
	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/llb/reffs"
	"github.com/gokiln/gokiln/spec"
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
		res *client.Result
		b   *build
	)
	err := crash.Do(func() (err error) {
		if b, err = f.open(ctx, withDefaults(c)); err != nil {
			return err
		}
		res, err = b.run(ctx)
		return err
	})
	switch {
	case err == nil:
		return withoutEmpty(res), nil
	case b == nil:
		return nil, locate(err, nil)
	}
	return nil, locate(err, b.src.SourceMap)
}

// open reads the options and the spec.
func (f Frontend) open(ctx context.Context, c client.Client) (*build, error) {
	if err := checkCaps(c.BuildOpts().Opts); err != nil {
		return nil, err
	}
	ui, err := dockerui.NewClient(c)
	if err != nil {
		return nil, err
	}
	src, err := ui.ReadEntrypoint(ctx, "yaml")
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	return &build{
		frontend: f, client: c, ui: ui, src: src,
		outside: newOutsideFolders(), read: map[readKey][]targetCode{},
		keys: &compileKeys{keys: map[compileKey]string{}},
	}, nil
}

// build is one request. Its fields are set in the order of its phases and not
// changed afterwards, so that the platforms can be built side by side.
type build struct {
	frontend Frontend
	client   client.Client
	ui       *dockerui.Client
	src      *dockerui.Source

	// goal is what --target asks for, spec the app that is built.
	goal      goal
	spec      *spec.Spec
	platform  ocispecs.Platform // where steps run
	context   llb.State
	files     *reffs.FS
	workspace *workspace.Workspace
	toolchain baseImage
	// toolchainRef is what toolchain was loaded as.
	toolchainRef string
	outside      *outsideFolders
	options      plan.Options
	code         []targetCode
	siblings     []sibling
	bases        bases
	// read is the code of other apps; all builds of the request share it.
	read map[readKey][]targetCode
	// keys are shared too.
	keys    *compileKeys
	modules moduleParts
	// parts are the builds of all apps whose programs are exported; b is the first.
	parts []*build
	// program is the frontend's own image; nil where it runs from none.
	program *llb.State
}

func (b *build) run(ctx context.Context) (*client.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if res, ok, err := b.subrequest(ctx); ok || err != nil {
		return res, err
	}
	if err := b.parse(); err != nil {
		return nil, err
	}
	buildPlatform := b.buildPlatform
	switch b.goal.kind {
	case targetBake:
		return b.writeBakeFile(ctx)
	case targetBinaries:
		buildPlatform = b.buildBinaries
	}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	b.warnUnusedArgs(ctx)
	states := &platformStates{m: map[string]llb.State{}}
	rb, err := b.ui.Build(ctx, func(ctx context.Context, target *ocispecs.Platform, _ int) (res *dockerui.BuildResult, err error) {
		defer crash.Guard(&err)
		return buildPlatform(ctx, *target, states)
	})
	if err != nil {
		return nil, err
	}
	if err := b.attest(ctx, rb, states); err != nil {
		return nil, err
	}
	return rb.Finalize()
}

// prepare does what all platforms share.
func (b *build) prepare(ctx context.Context) error {
	if err := b.choosePlatforms(); err != nil {
		return err
	}
	if b.goal.kind == plan.StageImage {
		b.askForBases(ctx)
	}
	if err := b.openContext(ctx); err != nil {
		return err
	}
	if err := b.prepareApp(ctx); err != nil {
		return err
	}
	return b.prepareParts(ctx)
}

// prepareApp does what all platforms of an app share.
func (b *build) prepareApp(ctx context.Context) error {
	for _, phase := range []func(context.Context) error{
		b.openWorkspace, b.openToolchain, b.readOptions, b.findCode, b.planModules, b.openProgram,
	} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openWorkspace reads what Go would build and finds what would make it fail
// before any step runs.
func (b *build) openWorkspace(ctx context.Context) error {
	if b.workspace != nil {
		return nil // another app has read it
	}
	opts := workspace.Options{NoWork: b.spec.Modules.Workspace == "off", Outside: b.openOutside}
	var err error
	if b.workspace, err = workspace.Load(ctx, b.files, b.spec.Module, opts); err != nil {
		return b.blame(err, "module")
	}
	if err := b.checkProfile(); err != nil {
		return err
	}
	if plan.NeedsModules(b.spec, b.workspace) {
		return b.workspace.CheckSums(ctx)
	}
	if plan.Vendored(b.spec, b.workspace) {
		return b.workspace.CheckVendor(ctx)
	}
	return nil
}

func (b *build) parse() error {
	s, err := spec.Parse(b.src.Filename, b.src.Data)
	if err != nil {
		return err
	}
	if b.goal, err = chooseGoal(s, b.ui.Target); err != nil {
		return err
	}
	b.spec = b.goal.apps[0].Spec
	return nil
}

// choosePlatforms takes the worker's platform where the user names none: the
// frontend's own container may be another's.
func (b *build) choosePlatforms() error {
	b.platform = b.ui.BuildPlatforms[0]
	if len(b.ui.TargetPlatforms) == 0 {
		b.ui.TargetPlatforms = []ocispecs.Platform{b.platform}
	}
	for _, p := range b.ui.TargetPlatforms {
		if err := plan.CheckPort(p); err != nil {
			return err
		}
	}
	return nil
}

func (b *build) openContext(ctx context.Context) error {
	st, err := b.ui.MainContext(ctx)
	if err != nil {
		return fmt.Errorf("open the build context: %w", err)
	}
	b.context = *st
	ref, err := b.solve(ctx, b.context)
	if err != nil {
		return fmt.Errorf("load the build context: %w", err)
	}
	b.files = reffs.Open(ctx, b.context, ref, b.solve)
	return nil
}

// checkProfile finds a missing profile before any step runs.
func (b *build) checkProfile() error {
	pgo := b.spec.Build.PGO
	if pgo == "" || pgo == "auto" || pgo == "off" {
		return nil
	}
	file := path.Join(b.spec.Module, pgo)
	if info, err := fs.Stat(b.files, file); err != nil || info.IsDir() {
		return diag.Errorf(b.spec.Source, b.spec.At("build.pgo"),
			"build.pgo: there is no file %q in the build context; check the spelling and .dockerignore", file)
	}
	return nil
}

func (b *build) openToolchain(ctx context.Context) error {
	ref, err := plan.Toolchain(b.spec, b.workspace)
	if err != nil {
		return err
	}
	b.toolchainRef = ref
	if b.toolchain, err = b.loadImage(ctx, ref, "toolchain", b.platform); err != nil {
		return b.noToolchain(ref, err)
	}
	return plan.CheckToolchain(b.spec, b.workspace, ref, b.toolchain.env())
}

// noToolchain blames what chose the toolchain image: the spec, or go.mod.
func (b *build) noToolchain(ref string, err error) error {
	const cure = "name one that can be had with `build.image`, or replace it with --build-context golang=..."
	key := ""
	switch {
	case b.spec.Build.Image != "":
		key = "build.image"
	case b.spec.Go != "":
		key = "go"
	}
	if key != "" {
		return diag.Errorf(b.spec.Source, b.spec.At(key), "%s: toolchain image %q: %w; %s", key, ref, err, cure)
	}
	place := b.workspace.GoLine()
	if b.workspace.Toolchain != "" {
		place = b.workspace.ToolchainLine()
	}
	return diag.Errorf(place.Source, place.Range, "toolchain image %q: %w; set `go` in %s, %s",
		ref, err, b.spec.Source.Filename, cure)
}

func (b *build) readOptions(ctx context.Context) (err error) {
	b.options, err = b.planOptions(ctx)
	return err
}

func (b *build) planOptions(ctx context.Context) (plan.Options, error) {
	o := plan.Options{
		BuildArgs:      b.ui.BuildArgs,
		Labels:         b.ui.Labels,
		CacheNamespace: b.ui.CacheIDNamespace,
		Revision:       b.ui.BuildOpts().Opts[optRevision],
		NoCache:        noCache(b.ui),
	}
	epoch, ofContext, err := b.epoch()
	if err != nil {
		return o, err
	}
	o.Epoch = epoch
	uses := plan.Uses(b.spec)
	wantsTime := epoch == nil && (slices.Contains(uses, "Date") || slices.Contains(uses, "Timestamp"))
	if ofContext || wantsTime {
		if o.ContextTime, err = b.contextTime(ctx); err != nil {
			return o, err
		}
	}
	if ofContext {
		o.Epoch = o.ContextTime
	}
	if o.Revision == "" && (slices.Contains(uses, "Revision") || slices.Contains(uses, "ShortRevision")) {
		if o.Revision, err = b.contextRevision(ctx); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (b *build) contextTime(ctx context.Context) (*time.Time, error) {
	t, err := b.ui.ResolveMainContextSourceDateEpoch(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the time of the build context: %w", err)
	}
	return t, nil
}
