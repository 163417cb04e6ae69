package lower

import (
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// toolchain is the toolchain image without what the plan calls ballast, or the image
// itself. The copy is found by the image's digest and the patterns, so where it is in
// the cache the image is not pulled.
func toolchain(p plan.Plan, in Inputs) llb.State {
	if len(p.Ballast) == 0 {
		return in.Toolchain
	}
	slim := llb.Scratch().File(
		llb.Copy(in.Toolchain, "/", "/", &llb.CopyInfo{CopyDirContentsOnly: true, ExcludePatterns: p.Ballast}),
		in.about(p, "["+platforms.Format(p.Build)+"] slim toolchain", nil, false)...,
	)
	return in.Toolchain.WithOutput(slim.Output())
}
