// Package spec is what the user wrote: the gokiln file's types, read strictly,
// with a place for every value. Bytes go in; a *Spec or all of the file's errors
// at once, each located, come out. It looks at nothing but those bytes: no build
// context, no environment, no BuildKit.
//
// Hard to reverse, so decided here: a key means one thing at one level, and an
// unknown one is an error; scalars are taken by their text where YAML would
// change them (`go: 1.20` is not 1.2, `mode: 0644` is octal); a key without a
// value is an error, never the default; top-level keys that begin with "x-" are
// the user's own, as a home for anchors, and are ignored.
//
// The table in schema.go says everything about every key. The decoder, the
// errors' suggestions and docs/reference.md are made from it.
package spec

import (
	"time"

	"github.com/gokiln/gokiln/internal/diag"
)

// Spec is one gokiln file after parsing: the user's words with defaults that
// need no look at the build context filled in. It is never changed after Parse.
type Spec struct {
	// Name is the application's name and, where there is one main package, its
	// program's file name. Empty means: the last element of the main package's
	// import path, as `go build` names programs.
	Name string
	// Go is the Go release to build with, such as "1.26" or "1.26.3". Empty
	// means: go.mod's toolchain line, else its go line.
	Go string
	// Module is the main module's folder in the build context, slash-separated
	// and clean; "." is the context's root and the default.
	Module string
	// Main lists the main packages in the order they were written: paths relative
	// to Module, "." or beginning with "./", and import paths of packages of
	// dependencies, whose first element has a dot. Empty means: the module's only
	// main package.
	Main    []string
	Modules Modules
	Build   Build
	Image   Image
	Cache   Cache
	// Apps are the images of a spec that describes several, in the order they were
	// written; none where the spec itself is the image. With apps the fields above
	// are what they inherit, and no image of their own.
	Apps []App

	// Source is the file the spec came from, for error messages.
	Source diag.Source

	ranges map[string]diag.Range
}

// Cache holds what the build keeps for the next one.
type Cache struct {
	// Dependencies is where compiled packages are kept besides the cache mount:
	// "auto", the default, makes layers of dependencies, of what apps share, and of
	// an app's own packages where they are many; "layer" of these however few;
	// "mount" makes none.
	Dependencies string
}

// Build holds what `go build` is told. Templates are expanded per platform.
type Build struct {
	// Image is the toolchain image; empty means docker.io/library/golang at the
	// chosen Go release, in its smallest variant that can do the job.
	Image string
	// Tags are build tags, as in -tags.
	Tags []Template
	// LDFlags, GCFlags and ASMFlags are passed joined by spaces as one
	// argument. LDFlags defaults to -s -w.
	LDFlags  []Template
	GCFlags  []Template
	ASMFlags []Template
	// Trimpath is -trimpath; true unless the spec says otherwise.
	Trimpath bool
	// Mod is -mod: "readonly", "vendor", or empty for Go's own choice (vendor
	// where a vendor folder stands beside go.mod).
	Mod string
	// Env is added to the environment of `go build`.
	Env map[string]Template
	// Cgo turns CGO_ENABLED on.
	Cgo bool
	// Race is -race and Cover is -cover.
	Race  bool
	Cover bool
	// PGO is -pgo: "auto", "off", or a profile's path relative to Module.
	PGO string
	// Variants holds the architecture variants that the spec sets, by their
	// environment variable: GOAMD64, GOARM, GOARM64, GO386, GOMIPS, GOMIPS64,
	// GOPPC64, GORISCV64. One that is absent comes from the platform.
	Variants map[string]string
}

// defaults returns the spec of an empty file.
func defaults(src diag.Source) *Spec {
	return &Spec{
		Module:  ".",
		Modules: Modules{Retries: 4, Timeout: time.Minute, Workspace: "auto"},
		Build: Build{
			LDFlags:  []Template{{text: "-s"}, {text: "-w"}},
			Trimpath: true,
			PGO:      "auto",
		},
		Cache:  Cache{Dependencies: "auto"},
		Source: src,
		ranges: map[string]diag.Range{},
	}
}
