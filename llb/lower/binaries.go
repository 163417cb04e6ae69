package lower

import (
	"os"
	"time"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// Part is one app's share of the programs that are exported together.
type Part struct {
	Plan   plan.Plan
	Inputs Inputs
}

// Binaries returns a state that holds the programs of all parts at its root and
// nothing else, with the epoch as their time. The parts are for one target and
// have no program of the same name.
func Binaries(parts []Part) (llb.State, error) {
	var action *llb.FileAction
	for _, part := range parts {
		programs, err := Programs(part.Plan, part.Inputs)
		if err != nil {
			return llb.State{}, err
		}
		created := time.Unix(part.Plan.Image.Epoch, 0).UTC()
		for _, name := range part.Plan.Image.Programs {
			info := &llb.CopyInfo{Mode: &llb.ChmodOpt{Mode: os.FileMode(0o755)}, CreatedTime: &created}
			if action == nil {
				action = llb.Copy(programs, "/"+name, "/"+name, info)
				continue
			}
			action = action.Copy(programs, "/"+name, "/"+name, info)
		}
	}
	if action == nil {
		return llb.Scratch(), nil
	}
	first := parts[0]
	about := first.Inputs.about(first.Plan, label(first.Plan)+"gather programs", first.Plan.Image.At, first.Plan.Image.NoCache)
	return llb.Scratch().File(action, about...), nil
}
