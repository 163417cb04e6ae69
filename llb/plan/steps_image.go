package plan

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/gokiln/gokiln/internal/diag"
)

// imageSteps make the final stage: base, files, programs, a layer each, programs last so
// that an unchanged file keeps its layer.
func (l *stepList) imageSteps() {
	base := FromBase
	if files := l.Image.Files; len(files.Dirs)+len(files.Copies) > 0 {
		a := l.arrangement()
		for _, d := range files.Dirs {
			a.mkdir(d)
		}
		for _, c := range files.Copies {
			a.copy(FromContext, c)
		}
		base = a.step("files", "copy files", base, l.Image.FilesAt)
	}
	a := l.arrangement()
	a.mkdir(Dir{Path: ProgramDir})
	for _, name := range l.Image.Programs {
		a.copy(FromStep(StepCompile), Copy{From: "/" + name, To: path.Join(ProgramDir, name), Mode: ptr(uint32(0o755))})
	}
	a.step(StepImage, "copy programs", base, l.Image.At)
}

// arrangement gathers the actions of one step over the base image.
//
// Putting a file into a folder changes the folder's time, and the layer then records the
// folder with the time of the build. So each folder above a destination is touched at the
// end: copying an empty folder's content into it sets the folder's time and leaves its
// owner and mode alone. (Copying a whole tree would set the times too, but it gives the
// tree's modes and owners to folders that the base image has, such as /tmp.)
type arrangement struct {
	list    *stepList
	actions []Action
	touched map[string]bool
}

func (l *stepList) arrangement() *arrangement {
	return &arrangement{list: l, touched: map[string]bool{}}
}

// mkdir makes a folder and its parents where they are missing.
func (a *arrangement) mkdir(d Dir) {
	a.actions = append(a.actions, Action{Mkdir: &Mkdir{
		Path: d.Path, Parents: true, Owner: &Owner{d.UID, d.GID}, Time: a.epoch(),
	}})
	a.touch(d.Path)
}

func (a *arrangement) copy(from Origin, c Copy) {
	mode := GitModes
	if c.Mode != nil {
		mode = fmt.Sprintf("%04o", *c.Mode)
	}
	a.actions = append(a.actions, Action{Copy: &CopyFiles{
		From: from, Src: c.From, Dest: c.To, Contents: true, Follow: true,
		Mode: mode, Owner: &Owner{c.UID, c.GID}, Time: a.epoch(),
	}})
	a.touch(path.Dir(c.To))
}

func (a *arrangement) epoch() *int64 { return ptr(a.list.Image.Epoch) }

// touch notes a folder and those above it.
func (a *arrangement) touch(dir string) {
	for dir = path.Clean(dir); dir != "/"; dir = path.Dir(dir) {
		a.touched[dir] = true
	}
}

// step adds the step.
func (a *arrangement) step(id, name string, on Origin, at []diag.Range) Origin {
	const empty = "/empty"
	nothing := a.list.add(Step{
		ID: id + " empty folder", Name: "[internal] empty folder",
		Files: &FileOp{Actions: []Action{{Mkdir: &Mkdir{Path: empty, Time: a.epoch()}}}},
	})
	for _, dir := range slices.Sorted(maps.Keys(a.touched)) {
		a.actions = append(a.actions, Action{Copy: &CopyFiles{From: nothing, Src: empty, Dest: dir, Contents: true, Time: a.epoch()}})
	}
	return a.list.add(Step{
		ID: id, Stage: StageImage, Name: a.list.label() + name, At: at, NoCache: a.list.Image.NoCache,
		Files: &FileOp{On: on, Actions: a.actions},
	})
}

// Gather makes the plan of a folder that holds the programs of several plans and nothing
// else, with the epoch as their time. The plans are for one target, and no two programs
// have one name.
func Gather(plans []Plan, noCache bool) Plan {
	first := plans[0]
	l := stepList{draft: draft{Target: first.Target, Build: first.Build, Image: imageDraft{Epoch: first.Epoch}}}
	var actions []Action
	for i, p := range plans {
		for _, name := range p.Programs {
			actions = append(actions, Action{Copy: &CopyFiles{From: FromApp(i), Src: "/" + name, Dest: "/" + name, Mode: "0755", Time: ptr(p.Epoch)}})
			l.Compile.Programs = append(l.Compile.Programs, name)
		}
	}
	compile, _ := first.Step(StepCompile)
	l.add(Step{
		ID: StepGather, Stage: StageImage, Name: l.label() + "gather programs", At: compile.At, NoCache: noCache,
		Files: &FileOp{Actions: actions},
	})
	return l.plan()
}
