package lower

import (
	"maps"
	"os"
	"path"
	"slices"
	"time"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/plan"
)

// image returns the final stage: base, files, programs, a layer each, programs
// last so that an unchanged file keeps its layer.
func image(p plan.Plan, in Inputs, programs llb.State) llb.State {
	st := in.Base.Platform(p.Target)
	if files := p.Image.Files; len(files.Dirs)+len(files.Copies) > 0 {
		l := newLayer(p, in, p.Image.FilesAt)
		for _, d := range files.Dirs {
			l.mkdir(d)
		}
		for _, c := range files.Copies {
			l.copy(in.Context, c)
		}
		st = l.on(st, "copy files")
	}
	l := newLayer(p, in, p.Image.At)
	l.mkdir(plan.Dir{Path: plan.ProgramDir})
	mode := uint32(0o755)
	for _, name := range p.Image.Programs {
		l.copy(programs, plan.Copy{From: "/" + name, To: path.Join(plan.ProgramDir, name), Mode: &mode})
	}
	return l.on(st, "copy programs")
}

// layer gathers the actions of one vertex over the base image.
//
// Putting a file into a folder changes the folder's time, and the layer then
// records the folder with the time of the build. So each folder above a
// destination is touched at the end: copying an empty folder's content into it
// sets the folder's time and leaves its owner and mode alone. (Copying a whole
// tree would set the times too, but it gives the tree's modes and owners to
// folders that the base image has, such as /tmp.)
type layer struct {
	plan    plan.Plan
	in      Inputs
	about   constraints
	created time.Time
	action  *llb.FileAction
	dirs    map[string]bool
}

func newLayer(p plan.Plan, in Inputs, at []diag.Range) *layer {
	return &layer{
		plan: p, in: in, created: time.Unix(p.Image.Epoch, 0).UTC(), dirs: map[string]bool{},
		about: in.about(p, "", at, p.Image.NoCache),
	}
}

// mkdir makes a folder and its parents where they are missing.
func (l *layer) mkdir(d plan.Dir) {
	opts := []llb.MkdirOption{
		llb.WithParents(true), llb.WithCreatedTime(l.created), llb.WithUIDGID(d.UID, d.GID),
	}
	if l.action == nil {
		l.action = llb.Mkdir(d.Path, 0o755, opts...)
	} else {
		l.action = l.action.Mkdir(d.Path, 0o755, opts...)
	}
	l.touch(d.Path)
}

func (l *layer) copy(from llb.State, c plan.Copy) {
	info := &llb.CopyInfo{
		CopyDirContentsOnly: true,
		FollowSymlinks:      true,
		ChownOpt:            &llb.ChownOpt{User: &llb.UserOpt{UID: c.UID}, Group: &llb.UserOpt{UID: c.GID}},
		CreatedTime:         &l.created,
	}
	if l.in.Sandbox.modesInWords() {
		info.Mode = &llb.ChmodOpt{ModeStr: plan.GitModes}
	}
	if c.Mode != nil {
		info.Mode = &llb.ChmodOpt{Mode: os.FileMode(*c.Mode)}
	}
	if l.action == nil {
		l.action = llb.Copy(from, c.From, c.To, info)
	} else {
		l.action = l.action.Copy(from, c.From, c.To, info)
	}
	l.touch(path.Dir(c.To))
}

// touch notes a folder and those above it.
func (l *layer) touch(dir string) {
	for dir = path.Clean(dir); dir != "/"; dir = path.Dir(dir) {
		l.dirs[dir] = true
	}
}

// on returns a state with the layer on top.
func (l *layer) on(st llb.State, name string) llb.State {
	const empty = "/empty"
	nothing := llb.Scratch().File(llb.Mkdir(empty, 0o755, llb.WithCreatedTime(l.created)),
		l.in.about(l.plan, "[internal] empty folder", nil, false)...)
	for _, dir := range slices.Sorted(maps.Keys(l.dirs)) {
		l.action = l.action.Copy(nothing, empty, dir, &llb.CopyInfo{CopyDirContentsOnly: true, CreatedTime: &l.created})
	}
	return st.File(l.action, append(l.about, Name(label(l.plan)+name))...)
}
