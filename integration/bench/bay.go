package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// bay is the place of one tool with one workload: its copy of the source and
// what state that is in.
type bay struct {
	tool      Tool
	work      Workload
	bench     Bench
	specFiles bool
	// from is the generated source, dir the tool's copy; empty until needed.
	from, dir string
	// version is the index of the bumped dependency's version.
	version int
	// marks are the texts that the programs hold now.
	marks map[Change]string
	// image is what the last build before a change gave.
	image string
}

// built is one timed build.
type built struct {
	took  time.Duration
	steps []Step
	same  bool
}

// ensure makes the tool's copy of the source.
func (b *bay) ensure(ctx context.Context) error {
	if b.dir != "" {
		return nil
	}
	lab := b.bench.Lab
	from, err := lab.Source(ctx, b.work)
	if err != nil {
		return err
	}
	dir := lab.Folder(b.work.Name, b.tool.Name, "src")
	if err := b.work.Copy(from, dir); err != nil {
		return err
	}
	b.from, b.dir = from, dir
	b.marks = map[Change]string{}
	for _, change := range []Change{Line, Deep} {
		// No two tools build the same source: a daemon would know the one's
		// steps from the other's.
		if err := b.set(change, "bench "+b.bench.Run.ID+" "+b.tool.Name+" before"); err != nil {
			return err
		}
	}
	return writeFiles(dir, b.tool.files(b.call(Place{}, Scenario{})))
}

func (b *bay) set(change Change, mark string) error {
	if err := b.work.Mark(b.dir, change, mark); err != nil {
		return err
	}
	if change == Line || change == Deep && b.work.Shared != "" {
		b.marks[change] = mark
	}
	return nil
}

func (b *bay) use(ctx context.Context, version int) error {
	b.version = version
	return b.work.Use(ctx, b.from, b.dir, b.work.Versions[version])
}

// call is a build at a place without any cache flags.
func (b *bay) call(at Place, s Scenario) Call {
	c := b.bench.Lab.Call()
	c.Work, c.Dir, c.Place, c.Two = b.work, b.dir, at, s.Two
	c.Image = repository(c.Registry, b.work, b.tool)
	c.Out = outFolder(b.dir)
	c.SpecFiles = b.specFiles
	return c
}

// cacheRef is the cache in the registry that the build before the change
// exports. It has a tag of its own beside the image's.
func (b *bay) cacheRef(c Call) string { return c.Image + ":cache" }

// prepare is what happened before the change: a build on the warm daemon, with
// the cache exported where the scenario imports it. It is not timed. A cold
// scenario has no before.
func (b *bay) prepare(ctx context.Context, s Scenario) error {
	if err := b.ensure(ctx); err != nil {
		return err
	}
	if s.Fresh && (!s.Cache || !b.tool.Daemon) {
		return nil
	}
	warm, err := b.bench.Lab.Warm(ctx, b.work, b.tool)
	if err != nil {
		return err
	}
	c := b.call(warm, s)
	if s.Cache {
		c.Export = b.cacheRef(c)
		// The pipeline before built a commit of its own, so the build that
		// exports compiles something.
		if err := b.set(Line, b.bench.mark(b.tool, s, -1)); err != nil {
			return err
		}
	}
	before, err := b.run(ctx, c, s.Limit)
	if err != nil {
		return fmt.Errorf("the build before: %w", err)
	}
	fmt.Fprintf(b.bench.Notes, "%s/%s prepared %-14s %8.2f s\n", b.work.Name, s.Name, b.tool.Name, before.took.Seconds())
	b.image, err = b.inspect(ctx, c)
	return err
}

// timed makes the change and builds.
func (b *bay) timed(ctx context.Context, s Scenario, round int) (got built, err error) {
	if err := b.change(ctx, s, round); err != nil {
		return built{}, err
	}
	if s.Fresh {
		if err := b.bench.Lab.Clear(ctx); err != nil {
			return built{}, err
		}
	}
	at, end, err := b.place(ctx, s)
	if err != nil {
		return built{}, err
	}
	defer func() { err = errors.Join(err, end()) }()
	c := b.call(at, s)
	if s.Cache {
		c.Import = b.cacheRef(c)
	}
	if s.Export {
		c.Export = c.Image + ":cache-after"
	}
	b.bench.Runner.Settle(ctx)
	if got, err = b.run(ctx, c, s.Limit); err != nil {
		return built{}, err
	}
	image, err := b.inspect(ctx, c)
	if err != nil {
		return built{}, fmt.Errorf("the build gave something else: %w", err)
	}
	got.same = b.image != "" && image == b.image
	if !s.Fresh {
		b.image = image
	}
	return got, nil
}

// change makes the scenario's change. The dependency goes up one version with
// each round on a warm daemon, where the lower ones have been built already,
// and from the first to the second on a fresh one.
func (b *bay) change(ctx context.Context, s Scenario, round int) error {
	switch s.Change {
	case Nothing:
		return nil
	case Bump:
		if s.Fresh {
			return b.use(ctx, 1)
		}
		return b.use(ctx, round+1)
	}
	return b.set(s.Change, b.bench.mark(b.tool, s, round))
}

// after undoes a bump, so that the next scenario finds the first version.
func (b *bay) after(ctx context.Context, s Scenario) error {
	if s.Change != Bump || b.dir == "" {
		return nil
	}
	return b.use(ctx, 0)
}

func (b *bay) place(ctx context.Context, s Scenario) (Place, func() error, error) {
	if s.Fresh {
		return b.bench.Lab.Fresh(ctx, b.tool)
	}
	warm, err := b.bench.Lab.Warm(ctx, b.work, b.tool)
	return warm, func() error { return nil }, err
}

// run runs a build's commands and adds up their time.
func (b *bay) run(ctx context.Context, c Call, limit time.Duration) (built, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("took longer than %s", limit))
	defer cancel()
	var all built
	for _, cmd := range b.tool.commands(ctx, c) {
		got, err := b.bench.Runner.Run(ctx, cmd)
		if err != nil {
			return built{}, fmt.Errorf("%s: %w", strings.Join(cmd.Argv[:min(3, len(cmd.Argv))], " "), err)
		}
		all.took += got.Took
		all.steps = append(all.steps, got.Steps...)
	}
	return all, nil
}

// inspect looks for everything that the programs should hold now: in the first,
// which is the one that gets changed, and in the last of several, which shares
// a package with it.
func (b *bay) inspect(ctx context.Context, c Call) (string, error) {
	first := Wanted{
		Program: b.work.Programs[0], Marks: []string{b.marks[Line]},
		Module: b.work.Module, Version: b.work.Versions[b.version],
	}
	p := Product{Call: c, Tool: b.tool}
	deep := b.marks[Deep]
	if deep != "" {
		first.Marks = append(first.Marks, deep)
	}
	p.Wanted = append(p.Wanted, first)
	if b.work.isFleet() {
		p.Wanted = append(p.Wanted, Wanted{Program: b.work.Programs[len(b.work.Programs)-1], Marks: []string{deep}})
	}
	return b.bench.Lab.Inspect(ctx, p)
}
