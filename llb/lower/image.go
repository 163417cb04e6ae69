package lower

import (
	"os"
	"path"
	"time"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// image returns the final stage: base, files, programs, a layer each, programs
// last so that an unchanged file keeps its layer.
//
// What a layer brings is first collected on an empty state and then copied over
// the base in one action. Copying file by file would leave the time of the build
// on every folder that the base already has, and no two builds would give the
// same layer; copying a tree sets the time of each folder it meets.
func image(p plan.Plan, in Inputs, programs llb.State) llb.State {
	created := time.Unix(p.Image.Epoch, 0).UTC()
	st := in.Base.Platform(p.Target)
	if files, ok := collectFiles(p, in, created); ok {
		st = overlay(st, files, created, in.about(p, label(p)+"copy files", p.Image.FilesAt, p.Image.NoCache))
	}
	tree := collectPrograms(p, in, programs, created)
	return overlay(st, tree, created, in.about(p, label(p)+"copy programs", p.Image.At, p.Image.NoCache))
}

// overlay copies a tree over a state. Folders that are there already keep their
// owner and mode.
func overlay(st, tree llb.State, created time.Time, about constraints) llb.State {
	return st.File(llb.Copy(tree, "/", "/", &llb.CopyInfo{
		CopyDirContentsOnly: true,
		CreatedTime:         &created,
	}), about...)
}

func collectPrograms(p plan.Plan, in Inputs, programs llb.State, created time.Time) llb.State {
	action := llb.Mkdir(plan.ProgramDir, 0o755, llb.WithParents(true), llb.WithCreatedTime(created))
	for _, name := range p.Image.Programs {
		action = action.Copy(programs, "/"+name, path.Join(plan.ProgramDir, name), &llb.CopyInfo{
			Mode:        &llb.ChmodOpt{Mode: 0o755},
			ChownOpt:    owner(0, 0),
			CreatedTime: &created,
		})
	}
	return llb.Scratch().File(action, in.about(p, label(p)+"collect programs", p.Image.At, false)...)
}

// collectFiles returns false where the plan has no files and no folders.
func collectFiles(p plan.Plan, in Inputs, created time.Time) (llb.State, bool) {
	var action *llb.FileAction
	for _, dir := range p.Image.Dirs {
		opts := []llb.MkdirOption{llb.WithParents(true), llb.WithCreatedTime(created)}
		if action == nil {
			action = llb.Mkdir(dir, 0o755, opts...)
		} else {
			action = action.Mkdir(dir, 0o755, opts...)
		}
	}
	for _, c := range p.Image.Copies {
		if action == nil {
			action = llb.Copy(in.Context, c.From, c.To, copyInfo(c, created))
		} else {
			action = action.Copy(in.Context, c.From, c.To, copyInfo(c, created))
		}
	}
	if action == nil {
		return llb.State{}, false
	}
	return llb.Scratch().File(action, in.about(p, label(p)+"collect files", p.Image.FilesAt, false)...), true
}

func copyInfo(c plan.Copy, created time.Time) *llb.CopyInfo {
	info := &llb.CopyInfo{
		CreateDestPath:      true,
		CopyDirContentsOnly: true,
		FollowSymlinks:      true,
		IncludePatterns:     c.Include,
		ChownOpt:            owner(c.UID, c.GID),
		CreatedTime:         &created,
	}
	if c.Mode != nil {
		info.Mode = &llb.ChmodOpt{Mode: os.FileMode(*c.Mode)}
	}
	return info
}

func owner(uid, gid int) *llb.ChownOpt {
	return &llb.ChownOpt{User: &llb.UserOpt{UID: uid}, Group: &llb.UserOpt{UID: gid}}
}
