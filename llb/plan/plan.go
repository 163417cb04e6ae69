// Package plan makes one complete Plan per target platform out of the spec, the
// module it describes, the base image's config and the frontend's options.
//
// A Plan is plain data: it holds no YAML, no BuildKit state and no field left
// open, and it prints as JSON. Making it reads nothing; whatever has to be read
// (the build context, the base image's config and users) arrives as a value.
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
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/download"
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
	GoCacheDir   = "/gokiln/gocache"
	GoCacheStore = "/gokiln/gocache-store"
	// OutDir is where compile leaves the programs.
	OutDir = "/gokiln/out"
	// CADir is where the secret with more certificate authorities appears.
	CADir = download.CADir
	// ProxyDir holds the module proxies that are folders, by the name of their
	// context; SecretDir and SSHDir the secrets and agents' sockets, by id.
	ProxyDir  = "/gokiln/proxy"
	SecretDir = "/run/gokiln/secrets"
	SSHDir    = "/run/gokiln/ssh"
	// CompileProgram is the program that compiles into a layer.
	CompileProgram = "/run/gokiln/bin/gokiln-compile"
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
	ProxySecretEnv = download.ProxyEnv
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

// Plan is all that one target platform's image is made from.
type Plan struct {
	Target ocispecs.Platform
	// Build is the platform that steps run on.
	Build ocispecs.Platform
	// Source is where the steps see the build context, Outside what stands
	// beside it.
	Source  string
	Outside []Outside
	// Modules is nil where nothing has to be downloaded: no requirement, or a
	// vendor folder.
	Modules *Modules
	// Ballast are the paths of the toolchain image, as patterns of BuildKit's copies,
	// that the steps do without which compile the app's own code and what it imports:
	// a copy without them stands in for the image. Empty where they see the image.
	Ballast []string
	// Layers are what Compile starts from: all of them, each on top of some of
	// those before it.
	Layers  []Layer
	Compile Compile
	Image   Image
}

// Modules is the step that downloads modules. All target platforms of a build
// share it.
type Modules struct {
	// Dir is the main module's folder in the context.
	Dir string
	// Recipe lists the context's files that decide what is downloaded, Outside
	// those of the folders beside it.
	Recipe  []string
	Outside []Outside
	// Config is what the step's program is told.
	Config download.Config
	// Env is the step's environment, sorted by name.
	Env []EnvVar
	// Proxy is passed outside of the cache key.
	Proxy Proxy
	// Secrets and Agents are sorted by id.
	Secrets []Secret
	Agents  []Agent
	// ProxyFolders are named contexts that hold module proxies.
	ProxyFolders []string
	// Offline steps get no network.
	Offline bool
	// StoreID names the cache mount that keeps module zips.
	StoreID string
	NoCache bool
	At      []diag.Range
}

// Compile is the step that runs `go build`.
type Compile struct {
	// Dir is the working folder in the context.
	Dir string
	// Args is the whole command line, argv[0] included.
	Args []string
	// Env is the step's environment, sorted by name.
	Env []EnvVar
	// Source is what the step sees of the build context.
	Source Source
	// Modules tells whether the step sees the modules layer.
	Modules bool
	// WorkSum is the context's go.work.sum, which the module step completes; empty
	// without a workspace or without modules. The go command would write what the
	// file lacks, and the source is read-only.
	WorkSum string
	// Cache is GOCACHE, on top of the layers.
	Cache Kept
	// Programs are the file names of the results in OutDir.
	Programs []string
	// Packages are the main packages as the user would type them.
	Packages []string
	NoCache  bool
	At       []diag.Range
}

// Image is the final stage.
type Image struct {
	Config dockerspec.DockerOCIImage
	// Base is the base image's own config; nil for scratch.
	Base *dockerspec.DockerOCIImage
	// Epoch, in seconds since 1970 UTC, is every file's and folder's time.
	Epoch    int64
	Files    Files
	Programs []string
	NoCache  bool
	At       []diag.Range
	FilesAt  []diag.Range
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

// Kept is a folder of a step that outlives the build as a cache mount.
type Kept struct {
	// ID names the mount; empty where the folder goes with the step.
	ID string
	// Why says why it does: a sentence without its full stop.
	Why string
}

// EnvVar is one environment variable.
type EnvVar struct{ Name, Value string }

// Proxy is the set of proxy variables that BuildKit hands to a step without
// making them part of its cache key.
type Proxy struct{ HTTP, HTTPS, FTP, No, All string }
