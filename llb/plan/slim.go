package plan

import (
	"strings"

	"github.com/distribution/reference"
)

// goroot is GOROOT in the official images and what is made from them.
const goroot = "usr/local/go"

// toolchainExcludes lists what no `go build` of a program reads in an official toolchain: its
// own tests and their data, the source of the go command, and tools that are no part
// of a build. That is three quarters of the files and half of the bytes. A machine
// that finds the copy without them in the registry's cache does not pull the image.
//
// All else stays, wherever it is, so what somebody has added to an official image, or
// put in front of its go command, is still there. In lib are the snapshots of
// GOFIPS140.
func toolchainExcludes() []string {
	list := []string{
		goroot + "/api", goroot + "/doc", goroot + "/misc", goroot + "/test", goroot + "/src/cmd",
		goroot + "/src/**/testdata", goroot + "/src/**/*_test.go", goroot + "/bin/gofmt",
	}
	// Not asm, buildid, cgo, compile, covdata, cover, link, pack and preprofile.
	for _, tool := range strings.Fields("addr2line api dist distpack doc fix nm objdump pprof test2json trace vet") {
		list = append(list, goroot+"/pkg/tool/*/"+tool)
	}
	return list
}

// slimToolchain decides whether the toolchain image is slimmed: the copy is made once
// and pays on machines that start with nothing. An image that is not small otherwise,
// as those with a C compiler are, would be copied at length; the official images
// without one have alpine in their tag. What a named context holds is not known.
func slimToolchain(in Input) []string {
	if !in.Layers || goVersion(in.ToolchainEnv) == "" || in.ToolchainDigest == "" || in.ToolchainReplaced || in.Spec.Build.Cgo {
		return nil
	}
	ref, err := Toolchain(in.Spec, in.Workspace)
	if err != nil {
		return nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil
	}
	if tagged, ok := named.(reference.Tagged); !ok || !strings.Contains(tagged.Tag(), "alpine") {
		return nil
	}
	return toolchainExcludes()
}
