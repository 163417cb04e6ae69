package plan

import (
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/template"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/spec"
)

// Input is everything that a Plan is made from.
type Input struct {
	Spec      *spec.Spec
	Workspace gomod.Facts
	// Code is what the programs for Target are compiled from. Fleet is, where the
	// spec has several apps that are built with the same flags, the code of each in
	// the spec's order.
	Code  Code
	Fleet []Code
	// Layers tells to compile into layers what can be shared; AllLayers to do so
	// with every local package that is no main package, however few there are.
	Layers, AllLayers bool
	// Merge tells that the daemon joins layers by links (MergeOp and DiffOp). The
	// Docker engine does so with its containerd image store alone. Without it
	// there are layers of the standard library and of external packages, each on top
	// of the one before; local ones are compiled in the app's own step.
	Merge bool
	// ToolchainEnv is the environment of the image that compiles.
	ToolchainEnv []string
	// ToolchainDigest is that image's digest; empty where nothing pins it, as a folder
	// that a named context puts in its place.
	ToolchainDigest digest.Digest
	// ToolchainReplaced tells that a named context stands in for the image.
	ToolchainReplaced bool
	// ModulesHash is the hash of the files that decide which modules are used
	// (Workspace.Hash). It is needed where KeysModules says so.
	ModulesHash string
	// Target is what the image is for, Build where the steps run.
	Target, Build ocispecs.Platform
	// Base is the base image's config; nil for scratch.
	Base *dockerspec.DockerOCIImage
	// Files is image.files with globs checked and owners resolved.
	Files Files
	// Modules is the module step that all targets share; nil where there is
	// nothing to download.
	Modules *Modules
	Options Options
	// CollectAnew copies anew out of the context what the module step and the layers
	// see, whether or not the cache has such a copy. It is for builds of several apps,
	// which have these steps in common, with a cache import.
	//
	// BuildKit keys such a copy by its content and also by the client's session. In a
	// bake, whose targets have one session, a target that asks after another has ended
	// finds the copy by the session's key, and by it results that the daemon took from
	// the other's cache import; its own import knows no such key. Where a third target
	// keeps these results busy they are not looked for in another way, and the programs
	// on top of them are compiled although the cache has them: in 4 of 16 bakes of 20
	// apps, up to 18 programs (of the kind of moby/buildkit#4674). Without a copy to be
	// found, the content of the new one is what everything is found by. No key changes.
	CollectAnew bool
	// Frontend is where the frontend's own image has gokiln's programs.
	Frontend Frontend
}

// Frontend is where the frontend's own image has the programs that steps run.
type Frontend struct {
	// ModulesProgram downloads modules.
	ModulesProgram string
	// CompileProgram compiles into layers.
	CompileProgram string
}

// Options is what the user passed to the build command.
type Options struct {
	// BuildArgs are --build-arg values.
	BuildArgs map[string]string
	// Labels are --label values; they override the spec's.
	Labels map[string]string
	// CacheNamespace is BUILDKIT_CACHE_MOUNT_NS.
	CacheNamespace string
	// Revision is the commit of the context where the client or the daemon
	// knows it.
	Revision string
	// Epoch is SOURCE_DATE_EPOCH; nil where the user gave none.
	Epoch *time.Time
	// ContextTime is the commit time of a git context; nil where unknown.
	ContextTime *time.Time
	// NoCache names the stages whose results must not come from the cache.
	NoCache map[string]bool
}

// New makes the Plan of an image for one target platform. Its errors are *diag.Error
// or a diag.List where a place in the spec is to blame.
func New(in Input) (Plan, error) {
	d, err := newDraft(in)
	if err != nil {
		return Plan{}, err
	}
	return d.image(), nil
}

// NewPrograms makes the Plan of the programs alone. The target may be any that Go
// builds for.
func NewPrograms(in Input) (Plan, error) {
	d, err := newProgramsDraft(in)
	if err != nil {
		return Plan{}, err
	}
	return d.programs(), nil
}

func newDraft(in Input) (draft, error) {
	d, err := newProgramsDraft(in)
	if err != nil {
		return draft{}, err
	}
	d.Image, err = newImage(in, templateValues(in), d.Compile.Programs)
	return d, err
}

// newProgramsDraft sets of the image only the epoch, the programs and NoCache.
func newProgramsDraft(in Input) (draft, error) {
	if err := CheckPort(in.Target); err != nil {
		return draft{}, err
	}
	compile, layers, err := newCompile(in, templateValues(in))
	if err != nil {
		return draft{}, err
	}
	return draft{
		Target:            in.Target,
		Build:             in.Build,
		Source:            SourceOf(in.Workspace),
		Outside:           outsides(in.Workspace),
		Modules:           in.Modules,
		ToolchainExcludes: slimToolchain(in),
		Layers:            layers,
		Compile:           compile,
		Image: imageDraft{
			Epoch:    epoch(in.Options).Unix(),
			Programs: compile.Programs,
			NoCache:  in.Options.NoCache[StageImage],
			At:       mainRanges(in),
		},
		CollectAnew: in.CollectAnew,
		Frontend:    in.Frontend,
	}, nil
}

// epoch is the time of all files: 1 January 1970 unless the user gave one.
func epoch(o Options) time.Time {
	if o.Epoch != nil {
		return o.Epoch.UTC()
	}
	return time.Unix(0, 0).UTC()
}

// NeedsModules reports whether anything has to be downloaded: with a vendor folder in
// use, or without requirements, there is no module step at all.
func NeedsModules(s *spec.Spec, w gomod.Facts) bool { return w.Requires && !Vendored(s, w) }

// Vendored reports whether packages come from a vendor folder.
func Vendored(s *spec.Spec, w gomod.Facts) bool { return w.VendoredWith(s.Build.Mod) }

// templateValues gathers what templates may use. VERSION and REVISION come from
// build arguments of those names; the revision else from the context.
func templateValues(in Input) template.Values {
	v := template.Values{
		Name:     in.Spec.Name,
		Version:  in.Options.BuildArgs["VERSION"],
		Revision: in.Options.Revision,
		Platform: platforms.Format(in.Target),
		OS:       in.Target.OS,
		Arch:     in.Target.Architecture,
		Variant:  in.Target.Variant,
		Args:     in.Options.BuildArgs,
	}
	if v.Name == "" && len(in.Code.Mains) > 0 {
		v.Name = in.Code.Mains[0].Program
	}
	if r := in.Options.BuildArgs["REVISION"]; r != "" {
		v.Revision = r
	}
	switch {
	case in.Options.Epoch != nil:
		v.Date = *in.Options.Epoch
	case in.Options.ContextTime != nil:
		v.Date = *in.Options.ContextTime
	}
	return v
}

// expander expands templates and gathers their errors with places.
type expander struct {
	spec   *spec.Spec
	values template.Values
	errs   diag.List
}

func (e *expander) expand(t spec.Template) string {
	out, err := t.Expand(e.values)
	if err != nil {
		e.fail(t.Path(), err)
	}
	return out
}

func (e *expander) fail(path string, err error) {
	e.errs = append(e.errs, e.spec.Errorf(path, "%w", err))
}
