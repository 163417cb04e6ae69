// Package plan makes one complete Plan per target platform out of the spec, the
// module it describes, the base image's config and the frontend's options.
//
// A Plan is a list of steps in order, as plain data: it holds no YAML, no BuildKit state
// and no field left open, and it prints. Making it reads nothing; whatever has to be
// read (the build context, the base image's config and users) arrives as a value.
//
// A plan is made in two moves. First the draft: what each stage is to do, decided stage
// by stage (modules.go, layers.go, compile.go, image.go). Then the steps that do it
// (steps*.go), with their names, mounts and file operations. A new kind of step is a
// function that returns one; llb/lower knows none of them by name.
//
// Decisions that are hard to reverse, because image digests and cache keys hang
// on them:
//
//   - Programs go to /usr/local/bin, which is on PATH in every base image, so
//     that an image with several programs can be run as `IMAGE NAME`.
//   - Without SOURCE_DATE_EPOCH every time in the image is the Unix epoch. A
//     rebuild of the same input is the same image, whenever and wherever it
//     runs.
//   - A go line in go.mod names a release family ("1.26.0" builds with the
//     newest 1.26 image), a toolchain line names a release. The go line is a
//     minimum: taking it to the letter would ship the standard library with the
//     fewest fixes.
package plan

import (
	"slices"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/layerstep"
	"github.com/gokiln/gokiln/internal/modstep"
)

// Where things stand inside the steps and the image.
const (
	// SourceDir is where a step sees the build context, unless SourceOf says
	// otherwise.
	SourceDir = "/src"
	// ModCacheDir is GOMODCACHE.
	ModCacheDir = "/go/pkg/mod"
	// GoCacheDir is GOCACHE, GoCacheStore where a step that makes a layer keeps
	// entries for the next time.
	GoCacheDir   = layerstep.CacheDir
	GoCacheStore = layerstep.StoreDir
	// OutDir is where compile leaves the programs.
	OutDir = "/gokiln/out"
	// CADir is where the secret with more certificate authorities appears.
	CADir = modstep.CADir
	// ProxyDir holds the module proxies that are folders, by the name of their
	// context; SecretDir and SSHDir the secrets and agents' sockets, by id.
	ProxyDir  = "/gokiln/proxy"
	SecretDir = "/run/gokiln/secrets"
	SSHDir    = "/run/gokiln/ssh"
	// CompileProgram is the program that compiles into a layer.
	CompileProgram = layerstep.Program
	// ProgramDir is the image's folder of programs.
	ProgramDir = "/usr/local/bin"
)

// CASecret is the id of the build secret with certificate authorities, in PEM
// form, that the module step trusts besides those of the toolchain image.
const CASecret = "ca-certificates"

// ProxySecret is the id of the build secret that replaces GOPROXY. It is in no
// cache key and no provenance, so its URLs may hold credentials; the module step
// sees it in the environment variable ProxySecretEnv.
const (
	ProxySecret    = "goproxy"
	ProxySecretEnv = modstep.ProxyEnv
)

// The stages that --no-cache-filter knows by name.
const (
	StageModules      = "modules"
	StageDependencies = "dependencies"
	StageCompile      = "compile"
	StageImage        = "image"
)

// Stages lists the names of the stages in build order.
func Stages() []string { return []string{StageModules, StageDependencies, StageCompile, StageImage} }

// Plan is all that one target platform's image, or its programs alone, is made from.
type Plan struct {
	Target ocispecs.Platform
	// Build is the platform that steps run on.
	Build ocispecs.Platform
	// Steps are in an order in which they could run: a step refers to earlier ones.
	Steps []Step
	// Programs are the file names of the programs, which the step StepCompile leaves
	// at its root.
	Programs []string
	// Whole says why the compile step sees the whole build context; empty where it
	// sees the files that matter.
	Whole string
	// Epoch, in seconds since 1970 UTC, is the time of every file and folder in the
	// image.
	Epoch int64
	// Config is the image's, Base its base image's own; nil for scratch. Both are nil
	// in a plan of programs.
	Config, Base *dockerspec.DockerOCIImage
}

// The steps that others ask for by their ID.
const (
	StepModules = "modules"
	StepCompile = "compile"
	StepImage   = "image"
	StepGather  = "gather"
)

// Step returns the step with an ID; ok is false if the plan has none.
func (p Plan) Step(id string) (s Step, ok bool) {
	i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return Step{}, false
	}
	return p.Steps[i], true
}

// Layered reports whether there are layers of compiled packages.
func (p Plan) Layered() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Stage == StageDependencies })
}

// Files is what goes from the build context into the image.
type Files struct {
	// Dirs are made before Copies, sorted by path. A folder that the base image
	// has keeps its owner and mode.
	Dirs   []Dir
	Copies []Copy
}

// Dir is a folder with mode 0755.
type Dir struct {
	Path string
	// UID and GID own the folder and the parents made for it.
	UID, GID int
}

// Copy is one copy from the build context into the image. The folder that it
// goes into is one of Dirs.
type Copy struct {
	// From is a file or folder in the context; of a folder the content is
	// copied.
	From string
	// To is an absolute path. With a trailing slash it is a folder.
	To string
	// UID and GID own what is copied.
	UID, GID int
	// Mode is the permission bits of all that is copied; nil stands for GitModes.
	Mode *uint32
	// Entry is the index in image.files that the copy comes from.
	Entry int
}

// GitModes are the modes that git knows, in the words of chmod: 0755 for folders and for
// files that somebody may execute, 0644 for others. What a checkout has besides comes
// from the umask of whoever made it.
const GitModes = "u=rwX,go=rX"

// EnvVar is one environment variable.
type EnvVar struct{ Name, Value string }

// Proxy is the set of proxy variables that BuildKit hands to a step without
// making them part of its cache key.
type Proxy struct{ HTTP, HTTPS, FTP, No, All string }
