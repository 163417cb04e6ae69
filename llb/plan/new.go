package plan

import (
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/template"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/spec"
)

// Input is everything that a Plan is made from.
type Input struct {
	Spec      *spec.Spec
	Workspace *workspace.Workspace
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

// New makes the Plan for one target platform. Its errors are *diag.Error or a
// diag.List where a place in the spec is to blame.
func New(in Input) (Plan, error) {
	p, err := NewPrograms(in)
	if err != nil {
		return Plan{}, err
	}
	p.Image, err = newImage(in, templateValues(in), p.Compile.Programs)
	return p, err
}

// NewPrograms makes the Plan of the programs alone: of its Image only the epoch,
// the programs and NoCache are set. The target may be any that Go builds for.
func NewPrograms(in Input) (Plan, error) {
	if err := CheckPort(in.Target); err != nil {
		return Plan{}, err
	}
	compile, layers, err := newCompile(in, templateValues(in))
	if err != nil {
		return Plan{}, err
	}
	return Plan{
		Target:  in.Target,
		Build:   in.Build,
		Source:  SourceOf(in.Workspace),
		Outside: outsides(in.Workspace),
		Modules: in.Modules,
		Ballast: newBallast(in),
		Layers:  layers,
		Compile: compile,
		Image: Image{
			Epoch:    epoch(in.Options).Unix(),
			Programs: compile.Programs,
			NoCache:  in.Options.NoCache[StageImage],
			At:       mainRanges(in),
		},
	}, nil
}

// epoch is the time of all files: 1 January 1970 unless the user gave one.
func epoch(o Options) time.Time {
	if o.Epoch != nil {
		return o.Epoch.UTC()
	}
	return time.Unix(0, 0).UTC()
}

// NeedsModules tells whether anything has to be downloaded: with a vendor
// folder in use, or without requirements, there is no module step at all.
func NeedsModules(s *spec.Spec, w *workspace.Workspace) bool { return w.Requires && !Vendored(s, w) }

// Vendored tells whether packages come from a vendor folder.
func Vendored(s *spec.Spec, w *workspace.Workspace) bool {
	switch s.Build.Mod {
	case "vendor":
		return true
	case "readonly":
		return false
	}
	return w.Vendor
}

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

func (e *expander) expand(path, text string) string {
	out, err := expandOne(text, e.values)
	if err != nil {
		e.fail(path, err)
	}
	return out
}

func (e *expander) fail(path string, err error) {
	e.errs = append(e.errs, diag.Errorf(e.spec.Source, e.spec.At(path), "%s: %w", path, err))
}

func expandOne(text string, v template.Values) (string, error) {
	t, err := template.Parse(text)
	if err != nil {
		return "", err
	}
	return t.Expand(v)
}
