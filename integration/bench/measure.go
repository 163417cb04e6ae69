package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// buildLimit ends a build that takes longer.
const buildLimit = 20 * time.Minute

// machine runs builds; tests have one of their own.
type machine interface {
	// place returns where a tool builds: a daemon that is warm from earlier builds or,
	// with fresh, one with nothing in it, which end stops.
	place(ctx context.Context, t tool, fresh bool) (p place, end func() error, err error)
	// run runs the build's commands and returns their time and the daemon's steps.
	run(ctx context.Context, b build) (time.Duration, []step, error)
	// inspect fails unless the build made what it should have.
	inspect(ctx context.Context, b build, want content) error
}

// content is what programs have to hold.
type content struct {
	// line is in the first program, deep in the first and the last.
	line, deep string
	// version is that of the bumped dependency, in the first program.
	version string
}

// bench is one run.
type bench struct {
	setup
	machine machine
	run     Run
	rounds  int
	// dir is an empty folder, repo the repository's root.
	dir, repo string
	notes     io.Writer
}

// checkout is one tool's copy of a workload's source, and the state it is in. No two
// tools build the same source: a daemon would know the one's steps from the other's.
type checkout struct {
	*bench
	tool tool
	work workload
	// source is what the copy was made from, dir the copy.
	source, dir string
	content     content
}

// source generates a workload.
func (b *bench) source(ctx context.Context, w workload) (string, error) {
	fmt.Fprintf(b.notes, "generating the source of %s\n", w.name)
	dir := filepath.Join(b.dir, w.name, "source")
	if err := w.generate(ctx, dir, b.repo); err != nil {
		return "", fmt.Errorf("source of %s: %w", w.name, err)
	}
	return dir, nil
}

func (b *bench) checkout(w workload, t tool, source string) (*checkout, error) {
	c := &checkout{bench: b, tool: t, work: w, source: source, dir: filepath.Join(b.dir, w.name, t.name, "src")}
	c.content.version = w.versions[0]
	if err := os.CopyFS(c.dir, os.DirFS(source)); err != nil {
		return nil, err
	}
	for _, kind := range []change{line, deep} {
		if err := c.mark(kind, "before"); err != nil {
			return nil, err
		}
	}
	return c, c.build(place{}, scenario{}).writeToolFiles()
}

func (c *checkout) build(at place, s scenario) build {
	return build{
		setup: c.setup, place: at, work: c.work, tool: c.tool, platforms: s.platforms(),
		dir: c.dir, out: filepath.Join(filepath.Dir(c.dir), "out"),
	}
}

// mark makes a change that no other build has.
func (c *checkout) mark(kind change, what string) error {
	text := fmt.Sprintf("bench %s %s %s", c.run.ID, c.tool.name, what)
	switch {
	case kind == line:
		c.content.line = text
	case kind == deep && c.work.shared != "":
		c.content.deep = text
	}
	return c.work.mark(c.dir, kind, text)
}

// require sets the version of the bumped dependency, each from the first one's go.mod
// and go.sum, so that what was required before makes no difference.
func (c *checkout) require(ctx context.Context, version int) error {
	want := c.work.versions[version]
	if c.content.version == want {
		return nil
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(c.source, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.dir, name), b, 0o644); err != nil {
			return err
		}
	}
	c.content.version = want
	if version == 0 {
		return nil
	}
	return c.work.require(ctx, c.dir, want)
}

// prepare runs what happened before the change: a build on the warm daemon, which
// exports the cache that the scenario imports. A cold scenario has no before.
func (c *checkout) prepare(ctx context.Context, s scenario) error {
	if err := c.require(ctx, 0); err != nil || s.fresh && (!s.cache || c.tool.host) {
		return err
	}
	warm, _, err := c.machine.place(ctx, c.tool, false)
	if err != nil {
		return err
	}
	b := c.build(warm, s)
	if s.cache {
		b.exportRef = b.image() + ":cache"
		// The pipeline before built a commit of its own, so that it compiled something.
		if err := c.mark(line, s.name+" before"); err != nil {
			return err
		}
	}
	took, _, err := c.execute(ctx, b)
	if err != nil {
		return fmt.Errorf("the build before the change: %w", err)
	}
	fmt.Fprintf(c.notes, "%s/%s prepared %-14s %8.2f s\n", c.work.name, s.name, c.tool.name, took.Seconds())
	return nil
}

// change makes the scenario's change. On a warm daemon, which has built the lower
// versions already, each round takes the next one.
func (c *checkout) change(ctx context.Context, s scenario, round int) error {
	switch {
	case s.change == bump && s.fresh:
		return c.require(ctx, 1)
	case s.change == bump:
		return c.require(ctx, round+1)
	case s.change == nothing:
		return nil
	}
	return c.mark(s.change, fmt.Sprintf("%s round %d", s.name, round+1))
}

// measure makes the change and times the build.
func (c *checkout) measure(ctx context.Context, s scenario, round int) (took time.Duration, steps []step, err error) {
	if err := c.change(ctx, s, round); err != nil {
		return 0, nil, err
	}
	at, end, err := c.machine.place(ctx, c.tool, s.fresh)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	b := c.build(at, s)
	if s.cache {
		b.importRef = b.image() + ":cache"
	}
	if s.export {
		b.exportRef = b.image() + ":cache-after"
	}
	return c.execute(ctx, b)
}

func (c *checkout) execute(ctx context.Context, b build) (time.Duration, []step, error) {
	limited, cancel := context.WithTimeoutCause(ctx, buildLimit, fmt.Errorf("took longer than %s", buildLimit))
	defer cancel()
	took, steps, err := c.machine.run(limited, b)
	if err != nil {
		return 0, nil, err
	}
	if err := c.machine.inspect(ctx, b, c.content); err != nil {
		return 0, nil, fmt.Errorf("the build made something else: %w", err)
	}
	return took, steps, nil
}

// scenario measures one row. A tool that fails is noted in its figure, and the others
// go on; the error is that of a run that has to end.
func (b *bench) scenario(ctx context.Context, s scenario, checkouts []*checkout) ([]Figure, error) {
	row := make([]Figure, len(checkouts))
	rounds := b.rounds
	for i, c := range checkouts {
		row[i] = Figure{Workload: c.work.name, Scenario: s.name, Tool: c.tool.name, Run: b.run.ID}
		if err := c.prepare(ctx, s); err != nil {
			row[i].Failed = err.Error()
		}
		if s.change == bump {
			rounds = min(rounds, len(c.work.versions)-1)
		}
	}
	for round := range rounds {
		for i := range checkouts {
			if round%2 == 1 {
				i = len(checkouts) - 1 - i // so that none always follows the same other one
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if row[i].Failed != "" {
				continue
			}
			took, steps, err := checkouts[i].measure(ctx, s, round)
			if err != nil {
				row[i].Failed = err.Error()
			} else {
				row[i].add(took, steps)
			}
			fmt.Fprintf(b.notes, "%s/%s round %d %-14s %8.2f s %s\n", row[i].Workload, s.name, round+1, row[i].Tool, took.Seconds(), row[i].Failed)
		}
	}
	return row, context.Cause(ctx)
}
