package lower

import (
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/plan"
)

// compile returns a state with the programs at its root. It runs without a
// network on the build platform.
//
// The modules mount is keyed by the vertex that made it, not by its content: that
// key is the recipe's content already, and hashing the layer would pull it even
// where the result of this step comes from the cache.
func compile(p plan.Plan, in Inputs, mods *llb.State) llb.State {
	c := p.Compile
	name := label(p) + "go build " + strings.Join(c.Packages, " ")
	opts := in.about(p, name, c.At, c.NoCache).run()
	opts = append(opts, in.Sandbox.options()...)
	opts = append(opts,
		llb.Args(c.Args),
		llb.AddMount(p.Source, source(p, in, mods), llb.Readonly),
		llb.AddMount(plan.GoCacheDir, llb.Scratch(), llb.AsPersistentCacheDir(c.CacheID, llb.CacheMountShared)),
	)
	for _, o := range p.Outside {
		opts = append(opts, llb.AddMount(o.Dest, in.Outside[o.Path], llb.Readonly))
	}
	if mods != nil {
		opts = append(opts, llb.AddMount(plan.ModCacheDir, *mods, llb.Readonly, llb.ContentCache(llb.MountContentCacheOff)))
	}
	run := in.step(in.Toolchain, path.Join(p.Source, c.Dir), c.Env, llb.NetModeNone).Run(opts...)
	return run.AddMount(plan.OutDir, llb.Scratch())
}

// source is the context; in a workspace with the go.work.sum that the module
// step has completed.
func source(p plan.Plan, in Inputs, mods *llb.State) llb.State {
	if p.Compile.WorkSum == "" || mods == nil {
		return in.Context
	}
	from := strings.TrimPrefix(download.WorkSumPath, plan.ModCacheDir)
	return in.Context.File(
		llb.Copy(*mods, from, "/"+p.Compile.WorkSum),
		in.about(p, "[modules] complete go.work.sum", p.Compile.At, false)...,
	)
}
