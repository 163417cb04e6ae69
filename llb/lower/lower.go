// Package lower turns a Plan into LLB. It is pure: the same Plan and Inputs give the
// same bytes, with no clock, environment, network, randomness or bare map order. It
// knows the kinds of steps and no step: what a step does, sees and is called is the
// plan's. exec.go lowers commands, file.go file operations and merges.
package lower

import (
	"fmt"
	"maps"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/plan"
)

// Inputs are what a Plan's steps start from.
type Inputs struct {
	// States are the inputs that the plan's steps name.
	States map[plan.Origin]llb.State
	// Sandbox is what the user asked of every step that runs a command.
	Sandbox Sandbox
	// Source is the spec as BuildKit's source map; nil leaves locations out.
	Source *llb.SourceMap
}

// Lower returns the result of the step with an ID.
func Lower(p plan.Plan, in Inputs, id string) (llb.State, error) {
	l := lowering{plan: p, in: in, states: maps.Clone(in.States)}
	l.states[plan.Nothing] = llb.Scratch()
	for _, s := range p.Steps {
		st, err := l.step(s)
		if err != nil {
			return llb.State{}, fmt.Errorf("step %q: %w", s.ID, err)
		}
		if s.ID == id {
			return st, nil
		}
		l.states[plan.FromStep(s.ID)] = st
	}
	return llb.State{}, fmt.Errorf("the plan has no step %q", id)
}

// lowering is a Plan on its way to LLB.
type lowering struct {
	plan plan.Plan
	in   Inputs
	// states are the inputs and the results so far.
	states map[plan.Origin]llb.State
}

func (l lowering) step(s plan.Step) (llb.State, error) {
	switch {
	case s.Exec != nil:
		return l.exec(s)
	case s.Files != nil:
		return l.files(s)
	}
	return l.merge(s)
}

// from finds what a step refers to.
func (l lowering) from(o plan.Origin) (llb.State, error) {
	st, ok := l.states[o]
	if !ok {
		return st, fmt.Errorf("there is no %s", o)
	}
	return st, nil
}

// about returns the constraints that describe a vertex to the user and place it: name,
// place in the spec, platform to run on, cache.
func (l lowering) about(s plan.Step) constraints {
	opts := constraints{Name(s.Name), llb.Platform(l.plan.Build)}
	if l.in.Source != nil {
		if r := Ranges(s.At); len(r) > 0 {
			opts = append(opts, l.in.Source.Location(r))
		}
	}
	if s.NoCache {
		opts = append(opts, llb.IgnoreCache)
	}
	return opts
}

// Name names a vertex for the user. Names of files and much else in it are the
// build context's.
func Name(name string) llb.ConstraintsOpt { return llb.WithCustomName(diag.Plain(name)) }

type constraints []llb.ConstraintsOpt

func (c constraints) run() []llb.RunOption {
	opts := make([]llb.RunOption, len(c))
	for i, o := range c {
		opts[i] = o
	}
	return opts
}

// Ranges translates places into BuildKit's form, leaving out unknown ones.
func Ranges(at []diag.Range) []*pb.Range {
	var out []*pb.Range
	for _, r := range at {
		if r.IsZero() {
			continue
		}
		out = append(out, &pb.Range{Start: position(r.Start), End: position(r.End)})
	}
	return out
}

func position(p diag.Position) *pb.Position {
	return &pb.Position{Line: int32(p.Line), Character: int32(max(p.Column-1, 0))}
}
