package plan

import (
	"strconv"

	"github.com/gokiln/gokiln/internal/diag"
)

// Step is one vertex of the build graph as plain data: a command, a file operation or
// a merge. Exactly one of Exec, Files and Merge is set.
type Step struct {
	// ID is what later steps of the plan refer to.
	ID string
	// Name is what the user sees.
	Name string
	// Stage is the stage that --no-cache-filter knows the step by; empty for a step
	// that only prepares what others see.
	Stage string
	// At are the places in the spec that the step is about.
	At []diag.Range
	// NoCache makes BuildKit run the step even if its cache has the result.
	NoCache bool

	Exec  *Exec
	Files *FileOp
	Merge []Operand
}

// Origin says where files come from: from an earlier step, or from one of the inputs
// that the gateway adapter opens. The empty Origin is an empty folder.
type Origin string

// Inputs of a plan.
const (
	Nothing              Origin = ""
	FromContext          Origin = "build context"
	FromToolchain        Origin = "toolchain image"
	FromModulesToolchain Origin = "module toolchain image"
	FromBase             Origin = "base image"
	// FromFrontend is the frontend's own image, which has gokiln's programs.
	FromFrontend Origin = "frontend image"
)

// FromStep is the result of an earlier step.
func FromStep(id string) Origin { return Origin("step " + id) }

// FromFolder is a folder beside the build context, by its path from the context's root.
func FromFolder(path string) Origin { return Origin("folder " + path) }

// FromProxy is a named context that is laid out as a module proxy.
func FromProxy(name string) Origin { return Origin("proxy " + name) }

// FromApp holds the programs of the i-th of several apps at its root.
func FromApp(i int) Origin { return Origin("app " + strconv.Itoa(i)) }

// Exec runs a command on the build platform.
type Exec struct {
	// Root is the root file system, with the environment of its image.
	Root Origin
	// Dir is the working folder.
	Dir string
	// Args is the command line, argv[0] included.
	Args []string
	// Env is added to the image's environment; sorted by name.
	Env []EnvVar
	// Network is set for a step that may use the network that the user chose; others
	// have none.
	Network bool
	// Proxy reaches the step and is in no cache key.
	Proxy Proxy
	// Mounts has exactly one output.
	Mounts  []Mount
	Secrets []Secret
	Agents  []Agent
}

// Mount is a folder or a file that a command sees.
type Mount struct {
	// Dest is an absolute path.
	Dest string
	// From is what the command finds there, and Path a path in it; "" is its root.
	From Origin
	Path string
	// Access says what becomes of what the command writes.
	Access Access
	// Cache names a cache mount that outlives the build. Access is Discard then.
	Cache string
	// ByStep keys the mount by the step that made it and not by its content: to hash
	// the content would pull the layer even where the result is in the cache.
	ByStep bool
}

// Access says what becomes of what a command writes to a mount.
type Access string

const (
	// Readonly mounts can't be written.
	Readonly Access = "read-only"
	// Output is the step's result.
	Output Access = "output"
	// Discard throws it away with the step.
	Discard Access = "discard"
	// Memory is a file system in memory.
	Memory Access = "memory"
)

// Secret is a build secret that a step sees as a file, or as an environment variable.
type Secret struct {
	ID string
	// Dest is the file's absolute path, Env the variable's name.
	Dest, Env string
	// Optional secrets need not be passed.
	Optional bool
}

// Agent is a forwarded SSH agent's socket.
type Agent struct{ ID, Dest string }

// FileOp arranges files.
type FileOp struct {
	// On is what the actions change.
	On Origin
	// ConfigOf gives the result the environment of an image: the one that the files
	// are from.
	ConfigOf Origin
	Actions  []Action
}

// Action is one change of a file operation: Copy, Mkdir or Mkfile is set.
type Action struct {
	Copy   *CopyFiles
	Mkdir  *Mkdir
	Mkfile *Mkfile
}

// CopyFiles copies a file, or a folder.
type CopyFiles struct {
	From Origin
	// Src is an absolute path in From, Dest one in the result.
	Src, Dest string
	// Contents copies what is in a folder, and not the folder itself.
	Contents bool
	// MakeParents makes the folders that Dest goes into.
	MakeParents bool
	// Follow follows a symbolic link at Src.
	Follow bool
	// Names limits the copy to these files, relative to Src.
	Names []string
	// Exclude leaves out what these patterns match. They are BuildKit's.
	Exclude []string
	// Mode is in octal digits or GitModes; "" keeps the files' modes.
	Mode string
	// Owner owns what is copied; nil keeps the files' owners.
	Owner *Owner
	// Time is the files' time in seconds since 1970 UTC; nil keeps theirs.
	Time *int64
}

// Owner is a numeric user and group.
type Owner struct{ UID, GID int }

// Mkdir makes a folder with mode 0755.
type Mkdir struct {
	Path string
	// Parents makes the folders above it that are missing.
	Parents bool
	Owner   *Owner
	// Time is in seconds since 1970 UTC; nil is the time of the build.
	Time *int64
}

// Mkfile makes a read-only file.
type Mkfile struct {
	Path string
	Data []byte
}

// Operand is one of the results that a merge joins.
type Operand struct {
	Of Origin
	// Since is what Of was made on: with it only the difference is joined, and Name is
	// what the user sees of that.
	Since Origin
	Name  string
}
