package lower

import (
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// compile returns a state with the programs at its root. It runs without a
// network on the build platform.
//
// The modules mount is keyed by the vertex that made it, not by its content: that
// key is the recipe's content already, and hashing the layer would pull it even
// where the result of this step comes from the cache. So is the GOCACHE mount,
// which starts as a view of the layers and is kept for as long as these stay the
// same, or goes with the step.
func compile(p plan.Plan, in Inputs, toolchain llb.State, mods *llb.State, seed llb.State) llb.State {
	c := p.Compile
	name := label(p) + "go build " + strings.Join(c.Packages, " ") + whole(c.Source) + unkept(c.Cache)
	opts := in.about(p, name, c.At, c.NoCache).run()
	opts = append(opts, in.Sandbox.options()...)
	opts = append(opts,
		llb.Args(c.Args),
		llb.AddMount(plan.GoCacheDir, seed, kept(c.Cache), llb.ContentCache(llb.MountContentCacheOff)),
	)
	opts = append(opts, sourceMount(p, in, c.Source, mods, "[internal] collect the source of "+strings.Join(c.Packages, " "), c.At, false))
	opts = append(opts, modulesMount(mods)...)
	run := in.step(toolchain, path.Join(p.Source, c.Dir), c.Env, llb.NetModeNone).Run(opts...)
	return run.AddMount(plan.OutDir, llb.Scratch())
}

func modulesMount(mods *llb.State) []llb.RunOption {
	if mods == nil {
		return nil
	}
	return []llb.RunOption{llb.AddMount(plan.ModCacheDir, *mods, llb.Readonly, llb.ContentCache(llb.MountContentCacheOff))}
}

// kept makes a mount outlive the build, or has it thrown away with the step.
func kept(k plan.Kept) llb.MountOption {
	if k.ID == "" {
		return llb.ForceNoOutput
	}
	return llb.AsPersistentCacheDir(k.ID, llb.CacheMountShared)
}

// unkept is added to the name of a step that has no cache mount.
func unkept(k plan.Kept) string {
	if k.ID != "" {
		return ""
	}
	return " (without a cache mount: " + k.Why + ")"
}
