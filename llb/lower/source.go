package lower

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/plan"
)

// sourceMounts are the mounts that show a step its part of the build context: one
// copy of the named files at SourceDir, or where that can't be told the context
// and the folders beside it as they are. anew is as for narrowed.
func sourceMounts(p plan.Plan, in Inputs, s plan.Source, mods *llb.State, name string, at []diag.Range, anew bool) []llb.RunOption {
	if s.Whole == "" {
		st := withWorkSum(p, in, narrowed(p, in, s, name, at, anew), mods, strings.TrimPrefix(p.Source, plan.SourceDir))
		return []llb.RunOption{llb.AddMount(plan.SourceDir, st, llb.Readonly)}
	}
	opts := []llb.RunOption{llb.AddMount(p.Source, withWorkSum(p, in, in.Context, mods, ""), llb.Readonly)}
	for _, o := range p.Outside {
		opts = append(opts, llb.AddMount(o.Dest, in.Outside[o.Path], llb.Readonly))
	}
	return opts
}

// neverIndexed, 2100-01-01 in seconds since 1970, is the time of the files that a
// step sees. The go command caches what a folder says of its imports, constraints
// and embeds under the names, sizes and times of its files, not their content, but
// does not where a file is younger than two seconds (dirHash in
// cmd/go/internal/modindex): else two sources of equal times are one to it.
const neverIndexed = 4102444800

// narrowed copies a source's parts to where they stand below SourceDir. The
// narrowing is a vertex, not an option of the local source, because remote
// contexts ignore the latter. An action for each folder, and not one with all
// names, because every name of an action is compared with every file that it
// walks over: with 10,000 of 20,000 files in 1,000 folders 1.2 s against 3 s. anew
// tells to copy whether or not the cache has such a copy.
func narrowed(p plan.Plan, in Inputs, s plan.Source, name string, at []diag.Range, anew bool) llb.State {
	var files *llb.FileAction
	created := time.Unix(neverIndexed, 0).UTC()
	for _, part := range s.Parts {
		from, below, dest := in.locate(p, part.Dir)
		info := &llb.CopyInfo{
			CopyDirContentsOnly: true, CreateDestPath: true, IncludePatterns: literals(part.Names), CreatedTime: &created,
		}
		dest = "/" + strings.Trim(strings.TrimPrefix(dest, plan.SourceDir), "/")
		if files == nil {
			files = llb.Copy(from, below, dest, info)
			continue
		}
		files = files.Copy(from, below, dest, info)
	}
	if files == nil {
		files = llb.Mkdir(plan.SourceDir, 0o755)
	}
	return llb.Scratch().File(files, in.about(p, name, at, anew)...)
}

// locate finds a folder of the tree: the state that holds it, its path there, and
// where a step sees it.
func (in Inputs) locate(p plan.Plan, dir string) (from llb.State, below, dest string) {
	holder := plan.Outside{}
	for _, o := range p.Outside {
		if (dir == o.Path || strings.HasPrefix(dir, o.Path+"/")) && len(o.Path) > len(holder.Path) {
			holder = o
		}
	}
	if holder.Path == "" {
		return in.Context, path.Join("/", dir), path.Join(p.Source, dir)
	}
	below = strings.TrimPrefix(dir, holder.Path)
	return in.Outside[holder.Path], path.Join("/", below), path.Join(holder.Dest, below)
}

// withWorkSum copies a source, and over the go.work.sum of the context, whose root is
// at root, the one that the module step has completed. A copy is found by the content
// of what it copies, and would not be by that of what it is put onto: to make it wants
// the modules layer, which a build that finds all else need not have.
func withWorkSum(p plan.Plan, in Inputs, st llb.State, mods *llb.State, root string) llb.State {
	if p.Compile.WorkSum == "" || mods == nil {
		return st
	}
	from := strings.TrimPrefix(download.WorkSumPath, plan.ModCacheDir)
	created := time.Unix(neverIndexed, 0).UTC()
	return llb.Scratch().File(
		llb.Copy(st, "/", "/", &llb.CopyInfo{CopyDirContentsOnly: true, CreatedTime: &created}).
			Copy(*mods, from, path.Join("/", root, p.Compile.WorkSum)),
		in.about(p, "[modules] complete go.work.sum", p.Compile.At, false)...,
	)
}

// whole is added to the name of a step that sees the whole context.
func whole(s plan.Source) string {
	if s.Whole == "" {
		return ""
	}
	return fmt.Sprintf(" (with the whole build context: %s)", s.Whole)
}
