package plan

import (
	"fmt"
	"slices"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/layerstep"
	"github.com/gokiln/gokiln/internal/modstep"
)

// stepList gathers the steps of a draft.
type stepList struct {
	draft
	steps []Step
	// merged are the merge steps so far, by the layers that they join.
	merged map[string]Origin
}

// programs is the plan of the programs alone.
func (d draft) programs() Plan {
	l := d.programSteps()
	return l.plan()
}

// image is the plan of the whole image.
func (d draft) image() Plan {
	l := d.programSteps()
	l.imageSteps()
	p := l.plan()
	config := d.Image.Config
	p.Config, p.Base = &config, d.Image.Base
	return p
}

func (l *stepList) plan() Plan {
	return Plan{
		Target: l.Target, Build: l.Build, Steps: l.steps,
		Programs: l.Compile.Programs, Whole: l.Compile.Source.Whole, Epoch: l.Image.Epoch,
	}
}

func (d draft) programSteps() *stepList {
	l := &stepList{draft: d, merged: map[string]Origin{}}
	modules := Nothing
	if d.Modules != nil {
		modules = l.moduleSteps(*d.Modules)
	}
	toolchain := l.toolchainStep()
	l.compileStep(toolchain, modules, l.layerSteps(toolchain, modules))
	return l
}

// add adds a step and returns its result.
func (l *stepList) add(s Step) Origin {
	l.steps = append(l.steps, s)
	return FromStep(s.ID)
}

// label begins the names of steps that are of one target platform.
func (l *stepList) label() string { return "[" + platforms.Format(l.Target) + "] " }

// toolchainStep is the toolchain image without what its excludes match, or the image
// itself. The copy is found by the image's digest and the patterns, so where it is in
// the cache the image is not pulled.
func (l *stepList) toolchainStep() Origin {
	if len(l.ToolchainExcludes) == 0 {
		return FromToolchain
	}
	return l.add(Step{
		ID: "toolchain", Name: "[" + platforms.Format(l.Build) + "] slim toolchain",
		Files: &FileOp{
			ConfigOf: FromToolchain,
			Actions:  []Action{{Copy: &CopyFiles{From: FromToolchain, Src: "/", Dest: "/", Contents: true, Exclude: l.ToolchainExcludes}}},
		},
	})
}

// layerSteps returns GOCACHE as compile starts from it: every layer, each made on top
// of some of those before it. It is empty without layers.
func (l *stepList) layerSteps(toolchain, modules Origin) Origin {
	var made, bases []Origin
	on := func(below []int) Origin { return l.joined(below, made, bases) }
	for i, layer := range l.Layers {
		base := on(layer.Below)
		made, bases = append(made, l.layerStep(i, layer, base, toolchain, modules)), append(bases, base)
	}
	all := make([]int, len(made))
	for i := range all {
		all[i] = i
	}
	return on(all)
}

// joined is what some layers hold together. Where one was made on top of all the
// others that is its own result: only what has no such top is merged, because merging
// links every file once more.
func (l *stepList) joined(below []int, made, bases []Origin) Origin {
	if len(below) == 0 {
		return Nothing
	}
	top := below[len(below)-1]
	if slices.Equal(l.Layers[top].Below, below[:len(below)-1]) {
		return made[top]
	}
	key := fmt.Sprint(below)
	if have, ok := l.merged[key]; ok {
		return have
	}
	first := 0 // the last that was made on all of those before it
	for i := range below {
		if slices.Equal(l.Layers[below[i]].Below, below[:i]) {
			first = i
		}
	}
	parts := []Operand{{Of: made[below[first]]}}
	for _, i := range below[first+1:] {
		parts = append(parts, Operand{Of: made[i], Since: bases[i], Name: "[internal] " + l.Layers[i].Name})
	}
	l.merged[key] = l.add(Step{ID: "layers " + key, Name: "[internal] merge compiled packages", Merge: parts})
	return l.merged[key]
}

// layerStep compiles into a layer on top of a base. Its store is a cache mount that no
// result depends on.
func (l *stepList) layerStep(i int, layer layerDraft, base, toolchain, modules Origin) Origin {
	id := fmt.Sprintf("layer %d", i)
	command := layerstep.Command{Cache: GoCacheDir, Go: layer.Args}
	mounts := []Mount{
		{Dest: GoCacheDir, From: base, Access: Output},
		{Dest: CompileProgram, From: FromFrontend, Path: l.Frontend.CompileProgram, Access: Readonly},
	}
	if layer.Store.ID != "" {
		command.Store = GoCacheStore
		mounts = append(mounts, Mount{Dest: GoCacheStore, Cache: layer.Store.ID, Access: Discard})
		if !layer.Toolchain && modules != Nothing {
			command.Apart = modstep.UnhashedPath
		}
	}
	// The standard library compiles while modules are downloaded, in the image that
	// this step needs too: it does not wait for the copy. No pattern of the user's
	// that is relative fits what stands below this folder.
	root, dir := FromToolchain, GoCacheDir
	if !layer.Toolchain {
		root, dir = toolchain, l.compileDir()
		mounts = append(mounts, l.sourceMount(id, layer.Name, layer.Source, layer.At, modules, l.CollectAnew))
		mounts = append(mounts, moduleMounts(modules)...)
	}
	return l.add(Step{
		ID: id, Stage: StageDependencies, Name: l.label() + layer.Name + layer.Source.why() + layer.Store.why(),
		At: layer.At, NoCache: layer.NoCache,
		Exec: &Exec{Root: root, Dir: dir, Args: command.Args(), Env: layer.Env, Mounts: mounts},
	})
}

// moduleMounts shows the module cache. It is keyed by the step that made it, not by
// its content: that key is the recipe's content already, and hashing the layer would
// pull it even where the result of the step comes from the cache.
func moduleMounts(modules Origin) []Mount {
	if modules == Nothing {
		return nil
	}
	return []Mount{{Dest: ModCacheDir, From: modules, Access: Readonly, ByStep: true}}
}
