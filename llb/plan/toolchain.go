package plan

import (
	"go/version"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/spec"
)

// GolangImage is the repository of the default toolchain images.
const GolangImage = "docker.io/library/golang"

// Toolchain returns the reference of the image that compiles: build.image, else
// the official image at the chosen release. Pure Go takes the small variant;
// cgo takes Debian 12's, whose glibc is no newer than that of any distroless
// base image in support.
//
// It fails where the spec asks for a release older than go.mod's go line, which
// no toolchain with GOTOOLCHAIN=local would build.
func Toolchain(s *spec.Spec, w gomod.Facts) (string, error) {
	if s.Go != "" && w.Go != "" && older(s.Go, w.Go) {
		return "", s.Errorf("go",
			"%q is older than the go line in %s, which asks for at least %q; raise it or leave the key out",
			s.Go, w.GoLine.Source.Filename, w.Go)
	}
	if s.Build.Image != "" {
		return s.Build.Image, nil
	}
	suffix := "-alpine"
	if s.Build.Cgo {
		suffix = "-bookworm"
	}
	return GolangImage + ":" + release(s, w) + suffix, nil
}

// ModulesToolchain returns the reference of the image that downloads modules:
// modules.image, else the one that compiles, except that fetching from
// repositories takes the official image with git and ssh in it. A step of its own
// keeps git's large image off a runner that finds the modules in the cache.
func ModulesToolchain(s *spec.Spec, w gomod.Facts, o Options) (string, error) {
	switch {
	case s.Modules.Image != "":
		return s.Modules.Image, nil
	case s.Build.Image == "" && needsGit(s, o):
		return GolangImage + ":" + release(s, w) + "-bookworm", nil
	}
	return Toolchain(s, w)
}

// release returns the golang image's tag without its variant.
func release(s *spec.Spec, w gomod.Facts) string {
	switch {
	case s.Go != "":
		return s.Go
	case w.Toolchain != "":
		return w.Toolchain
	case w.Go == "":
		// Go takes a module without a go line for a Go 1.16 one; every later
		// release builds it.
		return "1"
	case strings.ContainsAny(w.Go, "abcdefghijklmnopqrstuvwxyz"):
		return w.Go // a pre-release has no family yet
	}
	return strings.TrimPrefix(version.Lang("go"+w.Go), "go")
}

// older compares Go releases. A release without its patch level stands for the
// newest of its family: the image golang:1.26 satisfies a go line of 1.26.3.
func older(have, want string) bool {
	have, want = "go"+have, "go"+want
	if have == version.Lang(have) {
		want = version.Lang(want)
	}
	return version.Compare(have, want) < 0
}

// CheckToolchain compares the release that a toolchain image says it holds, by
// the official images' variable GOLANG_VERSION, with go.mod's go line. An image
// that says nothing passes: the go command itself refuses in the compile step.
func CheckToolchain(s *spec.Spec, w gomod.Facts, image string, env []string) error {
	for _, e := range env {
		have, ok := strings.CutPrefix(e, "GOLANG_VERSION=")
		if !ok || w.Go == "" || !version.IsValid("go"+have) {
			continue
		}
		if version.Compare("go"+have, "go"+w.Go) < 0 {
			return diag.Errorf(w.GoLine.Source, w.GoLine.Range,
				"the module asks for go %q at least, the toolchain image %s holds go %q; set `go` in %s to a newer release or refresh the image",
				w.Go, image, have, s.Source.Filename)
		}
	}
	return nil
}
