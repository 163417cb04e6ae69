package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"time"
)

// Options say what to measure.
type Options struct {
	// Rounds is how often each tool builds in each scenario, at least 1.
	Rounds int
	// Workloads, Scenarios and Tools are names; empty means all.
	Workloads, Scenarios, Tools []string
	// SpecFiles has gokiln build the fleet from a spec per service.
	SpecFiles bool
}

// Check refuses names that do not exist and says which do.
func (o Options) Check() error {
	if o.Rounds < 1 {
		return fmt.Errorf("rounds: %d is less than 1", o.Rounds)
	}
	var scenarios, tools []string
	for _, s := range Scenarios() {
		scenarios = append(scenarios, s.Name)
	}
	for _, t := range Tools() {
		tools = append(tools, t.Name)
	}
	return errors.Join(
		known("workload", o.Workloads, WorkloadNames()), known("scenario", o.Scenarios, scenarios), known("tool", o.Tools, tools))
}

func known(what string, names, all []string) error {
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("%s: there is no %q, only %q", what, name, all)
		}
	}
	return nil
}

func chosen(name string, names []string) bool { return len(names) == 0 || slices.Contains(names, name) }

// Product is what a build should have made.
type Product struct {
	Call Call
	Tool Tool
	// Wanted are the programs to look at, on every platform of the call.
	Wanted []Wanted
}

// Wanted is what one program has to be.
type Wanted struct {
	Program Program
	// Marks are texts that it holds.
	Marks []string
	// Module and Version are a dependency that it is built with, if any.
	Module, Version string
}

// Lab gives what builds need and looks at what they made.
type Lab interface {
	// Source gives a folder with the generated workload.
	Source(ctx context.Context, w Workload) (string, error)
	// Folder gives the path of a new folder, below the run's own.
	Folder(elem ...string) string
	// Warm gives the place where a tool's builds of a workload find what the
	// ones before left. All tools with a daemon share one.
	Warm(ctx context.Context, w Workload, t Tool) (Place, error)
	// Fresh gives a place with nothing in it, and its end. What is in it stays
	// until Clear.
	Fresh(ctx context.Context, t Tool) (Place, func() error, error)
	// Clear removes what ended places have left, and waits until the file system
	// has forgotten that and what earlier builds have deleted. No build runs
	// meanwhile.
	Clear(ctx context.Context) error
	// Cool ends the warm places of a workload.
	Cool() error
	// Call fills in what is the same for all builds.
	Call() Call
	// Inspect fails unless the product is what it should be, and gives a text
	// that is the same for the same images.
	Inspect(ctx context.Context, p Product) (string, error)
}

// Bench is one run.
type Bench struct {
	Lab    Lab
	Runner Runner
	Run    Run
	Notes  io.Writer
	// Save is called with the figures of each scenario as soon as they are
	// there.
	Save func(row []Figure) error
}

// Measure runs what the options choose. A tool that fails is noted in its
// figure and the others go on; the first of such failures is returned when all
// is done.
func (b Bench) Measure(ctx context.Context, o Options) error {
	if err := o.Check(); err != nil {
		return err
	}
	var failed error
	for _, w := range Workloads() {
		if !chosen(w.Name, o.Workloads) {
			continue
		}
		err := b.workload(ctx, w, o)
		if err = errors.Join(err, b.Lab.Cool()); ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

func (b Bench) workload(ctx context.Context, w Workload, o Options) error {
	bays := map[string]*bay{}
	var failed error
	for _, s := range Scenarios() {
		if !chosen(s.Name, o.Scenarios) || !chosen(w.Name, s.Only) {
			continue
		}
		var turn []*bay
		for _, name := range s.Tools {
			if t, _ := ToolNamed(name); chosen(name, o.Tools) && w.takes(t) {
				if bays[name] == nil {
					bays[name] = &bay{tool: t, work: w, bench: b, specFiles: o.SpecFiles}
				}
				turn = append(turn, bays[name])
			}
		}
		if err := b.scenario(ctx, s, turn, o.Rounds); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s/%s: %w", w.Name, s.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// takes tells whether a tool takes part in a workload. Twenty services without
// any cache of compiled packages would take hours and say nothing new.
func (w Workload) takes(t Tool) bool { return !w.isFleet() || t.Name != Guide }

// scenario measures one row and saves it.
func (b Bench) scenario(ctx context.Context, s Scenario, bays []*bay, rounds int) error {
	if len(bays) == 0 {
		return nil
	}
	w := bays[0].work
	if s.Change == Bump {
		rounds = min(rounds, len(w.Versions)-1)
	}
	row := make([]Figure, len(bays))
	for i, bay := range bays {
		row[i] = Figure{Workload: w.Name, Scenario: s.Name, Tool: bay.tool.Name, Run: b.Run.ID, Same: true}
		if err := bay.prepare(ctx, s); err != nil {
			row[i].Failed = err.Error()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for round := range rounds {
		for _, i := range turn(len(bays), round) {
			if row[i].Failed != "" {
				continue
			}
			b.round(ctx, s, bays[i], &row[i], round)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	var failed error
	for i, bay := range bays {
		row[i] = row[i].done()
		failed = errors.Join(failed, bay.after(ctx, s))
		if row[i].Failed != "" {
			failed = errors.Join(failed, fmt.Errorf("%s: %s", bay.tool.Name, row[i].Failed))
		}
	}
	return errors.Join(b.Save(row), failed)
}

// round times one build of one tool and adds it to its figure.
func (b Bench) round(ctx context.Context, s Scenario, bay *bay, f *Figure, round int) {
	got, err := bay.timed(ctx, s, round)
	if err != nil {
		f.Failed = err.Error()
		fmt.Fprintf(b.Notes, "%s/%s round %d %-14s failed: %v\n", f.Workload, f.Scenario, round+1, f.Tool, err)
		return
	}
	fmt.Fprintf(b.Notes, "%s/%s round %d %-14s %8.2f s\n", f.Workload, f.Scenario, round+1, f.Tool, got.took.Seconds())
	f.Seconds = append(f.Seconds, milliseconds(got.took))
	f.steps = append(f.steps, got.steps)
	f.Same = f.Same && got.same
	for _, step := range got.steps {
		if step.executed() && !slices.Contains(f.Ran, step.Name) {
			f.Ran = append(f.Ran, step.Name)
		}
	}
}

// milliseconds are seconds with three digits behind the point.
func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

// mark is the text of a change that no other build has; round -1 is the build
// before the rounds.
func (b Bench) mark(t Tool, s Scenario, round int) string {
	return fmt.Sprintf("bench %s %s %s %03d", b.Run.ID, t.Name, s.Name, round+1)
}

// repository is where a tool pushes a workload to.
func repository(registry string, w Workload, t Tool) string {
	return registry + "/bench/" + w.Name + "/" + t.Name
}

func outFolder(dir string) string { return filepath.Join(filepath.Dir(dir), "out") }
