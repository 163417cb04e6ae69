package lower

import (
	"path"
	"slices"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/plan"
)

// layers returns GOCACHE as compile starts from it: every layer that the plan
// names, each made on top of some of those before it. It is empty without layers.
func layers(p plan.Plan, in Inputs, toolchain llb.State, mods *llb.State) llb.State {
	s := stacked{plan: p}
	for _, l := range p.Layers {
		base := s.on(l.Below)
		s.made = append(s.made, compileLayer(l, p, in, toolchain, mods, base))
		s.bases = append(s.bases, base)
	}
	return s.on(indexes(len(p.Layers)))
}

// stacked are the layers that were made so far, and what each was made on.
type stacked struct {
	plan        plan.Plan
	made, bases []llb.State
}

// on returns what some layers hold together. Where one was made on top of all the
// others that is its own state: only what has no such top is merged, because
// merging links every file once more.
func (s stacked) on(below []int) llb.State {
	if len(below) == 0 {
		return llb.Scratch()
	}
	top := below[len(below)-1]
	if slices.Equal(s.plan.Layers[top].Below, below[:len(below)-1]) {
		return s.made[top]
	}
	first := s.chain(below)
	parts := []llb.State{s.made[below[first]]}
	for _, i := range below[first+1:] {
		parts = append(parts, llb.Diff(s.bases[i], s.made[i], Name("[internal] "+s.plan.Layers[i].Name)))
	}
	return llb.Merge(parts, Name("[internal] merge compiled packages"))
}

// chain is the position of the last of some layers that was made on all of those
// before it.
func (s stacked) chain(below []int) int {
	last := 0
	for i := range below {
		if slices.Equal(s.plan.Layers[below[i]].Below, below[:i]) {
			last = i
		}
	}
	return last
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// compileLayer runs one compile step and returns the layer with what is below it. The
// store is a cache mount that no result depends on.
func compileLayer(l plan.Layer, p plan.Plan, in Inputs, toolchain llb.State, mods *llb.State, base llb.State) llb.State {
	opts := in.about(p, label(p)+l.Name+whole(l.Source)+unkept(l.Store), l.At, l.NoCache).run()
	opts = append(opts, in.Sandbox.options()...)
	args := []string{plan.CompileProgram, "layer", "-cache", plan.GoCacheDir}
	if l.Store.ID != "" {
		args = append(args, "-store", plan.GoCacheStore)
		if !l.Toolchain {
			args = append(args, "-apart", download.UnhashedPath)
		}
		opts = append(opts, llb.AddMount(plan.GoCacheStore, llb.Scratch(), kept(l.Store)))
	}
	opts = append(opts,
		llb.Args(slices.Concat(args, []string{"--"}, l.Args)),
		llb.AddMount(plan.CompileProgram, in.Program, llb.SourcePath(in.CompileProgramPath), llb.Readonly),
	)
	// The standard library compiles while modules are downloaded, in the image that
	// this step needs too: it does not wait for the copy. No pattern of the user's
	// that is relative fits what stands below this folder.
	from, dir := in.Toolchain, plan.GoCacheDir
	if !l.Toolchain {
		from, dir = toolchain, path.Join(p.Source, p.Compile.Dir)
		opts = append(opts, sourceMount(p, in, l.Source, mods, "[internal] collect the source of "+l.Name, l.At, in.CollectAnew))
		opts = append(opts, modulesMount(mods)...)
	}
	run := in.step(from, dir, l.Env, llb.NetModeNone).Run(opts...)
	return run.AddMount(plan.GoCacheDir, base)
}
