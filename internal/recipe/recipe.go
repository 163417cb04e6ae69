// Package recipe says how a go command is run, apart from the source that it is run
// on: which image it comes from, with which flags and in which environment. It
// names the cache mounts of such a step, and tells whether the step may have one.
//
// GOCACHE is found by action ids: hashes of all that goes into a compile. Nothing in
// an entry proves that its output is what its action makes, so whoever writes to a
// GOCACHE decides what others link. A mount that outlives the build is therefore
// held to a law:
//
//   - It is written only by steps whose every program comes from the toolchain image,
//     by digest, and from gokiln. A step that may run a file of the source, of a module
//     or of somebody else's mount gets a folder that goes with the step.
//   - Its id holds that digest and the rest of the recipe, so that a build with other
//     flags, another environment or another compiler meets other mounts.
//
// Under it Go's own trust is enough: the same programs, run in the same way on other
// sources, write their results under other action ids, because an action id has all
// that they read. Where they read more (see Unhashed of the packages in
// internal/workspace) the step has no such mount either.
//
// What may be said is an allow-list, as the go command has one for #cgo lines: a flag
// or variable that is not known here may do anything. Nothing is refused for it. The
// step is only slower, and its name says why.
//
// Decisions that are hard to reverse:
//
//   - The hash: whoever changes what goes into it has every builder start with empty
//     mounts. The old ones are left to the daemon's garbage collection.
//   - The values of -X are left out as stamps: the linker alone reads them, and what it
//     links is not kept.
package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
)

// Generation is raised when a fault is mended that let a mount be written by others, or
// that had wrong entries kept. It is in every id, because earlier releases know the ids
// of before. And it is in the environment of every step that compiles, as GenerationEnv,
// because an id is in no cache key of BuildKit's: what was linked with a forged entry
// would else be found again, here and in caches that were exported.
const (
	Generation    = "1"
	GenerationEnv = "GOKILN_GENERATION"
)

// Var is an environment variable.
type Var struct{ Name, Value string }

// Recipe is what a mount's id is made of.
type Recipe struct {
	// Kind is what the mount is for: "gocache", "layers", "std".
	Kind string
	// Module is the main module's path; empty where all modules share the mount.
	Module string
	// Modules is the hash of the files that decide which modules are used; empty where
	// it does not matter.
	Modules string
	// Forks are modules that stand in for others. With -trimpath an action id has the
	// version of what is replaced.
	Forks []string
	// Toolchain is the digest of the image that the step runs in.
	Toolchain string
	// Build is the platform that the step runs on.
	Build string
	// Args is the command line without packages and files, Env the environment on top
	// of the image's. GOOS, GOARCH and cgo are in it.
	Args []string
	Env  []Var
}

// ID names a mount: a prefix that people can read, and a hash of everything, so that
// no choice of a module's path makes two ids meet.
func (r Recipe) ID(namespace string) string {
	r.Args = withoutStamps(r.Args)
	data, err := json.Marshal(struct {
		Generation string
		Recipe     Recipe
	}{Generation, r})
	if err != nil {
		panic(err) // strings alone
	}
	sum := sha256.Sum256(data)
	return path.Join(namespace, "gokiln", r.Kind, r.Module, hex.EncodeToString(sum[:]))
}
