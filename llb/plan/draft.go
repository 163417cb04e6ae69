package plan

import (
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/modstep"
)

// draft is what was decided of each stage; its steps are the Plan.
type draft struct {
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
	// ToolchainExcludes are the paths that are left out of the toolchain image, as patterns
	// of BuildKit's copies, in the steps that compile the app's own code and what it
	// imports. Empty where they see the image itself.
	ToolchainExcludes []string
	// Layers are what Compile starts from: all of them, each on top of some of
	// those before it.
	Layers  []layerDraft
	Compile compileDraft
	Image   imageDraft
	// CollectAnew is Input.CollectAnew, Frontend Input.Frontend.
	CollectAnew bool
	Frontend    Frontend
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
	Config modstep.Config
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

// compileDraft is the step that runs `go build`.
type compileDraft struct {
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
	Cache cacheMount
	// Programs are the file names of the results in OutDir.
	Programs []string
	// Packages are the main packages as the user would type them.
	Packages []string
	NoCache  bool
	At       []diag.Range
}

// imageDraft is the final stage.
type imageDraft struct {
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

// cacheMount is a folder of a step that outlives the build as a cache mount.
type cacheMount struct {
	// ID names the mount; empty where the folder goes with the step.
	ID string
	// Why says why it does: a sentence without its full stop.
	Why string
}
