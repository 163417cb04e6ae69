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

// sourceMount shows a step its part of the build context at SourceDir: one copy of the
// named files, or where these can't be told of the context and of the folders beside
// it. anew is as for narrowed.
func sourceMount(p plan.Plan, in Inputs, s plan.Source, mods *llb.State, name string, at []diag.Range, anew bool) llb.RunOption {
	if s.Whole != "" {
		s.Parts = []plan.Part{{Dir: "."}}
		for _, o := range p.Outside {
			s.Parts = append(s.Parts, plan.Part{Dir: o.Path})
		}
	}
	return llb.AddMount(plan.SourceDir, withWorkSum(p, in, narrowed(p, in, s, name, at, anew), mods), llb.Readonly)
}

// asGit gives what is copied one owner and one mode, for the cache keys of the steps
// that see it. git knows two modes, and what a checkout has hangs on the umask of whoever
// made it. No compiler looks at modes, and a program of the source has to run: so it is
// the mode of programs and folders for all.
func asGit(info llb.CopyInfo) *llb.CopyInfo {
	info.Mode = &llb.ChmodOpt{Mode: 0o755}
	info.ChownOpt = &llb.ChownOpt{User: &llb.UserOpt{UID: 0}, Group: &llb.UserOpt{UID: 0}}
	return &info
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
		info := asGit(llb.CopyInfo{
			CopyDirContentsOnly: true, CreateDestPath: true, IncludePatterns: literals(part.Names), CreatedTime: &created,
		})
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

// withWorkSum copies a source, and over the go.work.sum of the context the one that the
// module step has completed. A copy is found by the content
// of what it copies, and would not be by that of what it is put onto: to make it wants
// the modules layer, which a build that finds all else need not have.
func withWorkSum(p plan.Plan, in Inputs, st llb.State, mods *llb.State) llb.State {
	if p.Compile.WorkSum == "" || mods == nil {
		return st
	}
	from, root := strings.TrimPrefix(download.WorkSumPath, plan.ModCacheDir), strings.TrimPrefix(p.Source, plan.SourceDir)
	created := time.Unix(neverIndexed, 0).UTC()
	return llb.Scratch().File(
		llb.Copy(st, "/", "/", &llb.CopyInfo{CopyDirContentsOnly: true, CreatedTime: &created}).
			Copy(*mods, from, path.Join("/", root, p.Compile.WorkSum), asGit(llb.CopyInfo{CreatedTime: &created})),
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
