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

// collectsAnew reports whether to copy out of the context anew what steps see that
// builds of several apps have.
//
// BuildKit keys such a copy by its content and also by the client's session. In a
// bake, whose targets have one session, a target that asks after another has ended
// finds the copy by the session's key, and by it results that the daemon took from
// the other's cache import; its own import knows no such key. Where a third target
// keeps these results busy they are not looked for in another way, and the programs
// on top of them are compiled although the cache has them: in a bake of 20 up to 18,
// in each fifth run (of the kind of moby/buildkit#4674). Without a copy to be found,
// the content of the new one is what everything is found by. It changes no key.
//
// Where go.work.sum is put over the copy this stays as it is: a copy onto another is
// not found by the content of what is below it, and to make it anew wants the modules
// layer, which a build that finds all else need not have.
func (in Inputs) collectsAnew(p plan.Plan) bool {
	return p.Apps && in.CacheImports && p.Compile.WorkSum == ""
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

// withWorkSum puts the go.work.sum that the module step has completed over the
// one of the context, whose root is at root.
func withWorkSum(p plan.Plan, in Inputs, st llb.State, mods *llb.State, root string) llb.State {
	if p.Compile.WorkSum == "" || mods == nil {
		return st
	}
	from := strings.TrimPrefix(download.WorkSumPath, plan.ModCacheDir)
	return st.File(
		llb.Copy(*mods, from, path.Join("/", root, p.Compile.WorkSum)),
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
