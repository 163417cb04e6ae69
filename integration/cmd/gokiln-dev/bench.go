package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/bench"
	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/state"
	"github.com/gokiln/gokiln/integration/internal/tools"
)

// benchOptions are the command's flags.
type benchOptions struct {
	bench.Options
	out   string
	limit time.Duration
}

func parseBench(repo string, args []string) (benchOptions, error) {
	var o benchOptions
	var workloads, scenarios, names string
	var quick bool
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.Rounds, "rounds", 3, "how often each tool builds in each scenario")
	flags.StringVar(&workloads, "workload", "", "only these workloads, separated by commas: "+strings.Join(bench.WorkloadNames(), ", "))
	flags.StringVar(&scenarios, "scenario", "", "only these scenarios, separated by commas")
	flags.StringVar(&names, "tool", "", "only these tools, separated by commas")
	flags.BoolVar(&quick, "quick", false, "a small set of scenarios and one round, where neither is said otherwise")
	flags.BoolVar(&o.SpecFiles, "fleet-files", false, "a spec file per service of the fleet instead of one with apps")
	flags.StringVar(&o.out, "out", filepath.Join(repo, "docs"), "folder for performance.json, performance.svg and performance.md")
	flags.DurationVar(&o.limit, "limit", 6*time.Hour, "end the whole after this time")
	if err := flags.Parse(args); err != nil {
		return benchOptions{}, err
	}
	o.Workloads, o.Scenarios, o.Tools = words(workloads), words(scenarios), words(names)
	if quick {
		o.Options = o.Quick(isSet(flags, "rounds"))
	}
	return o, o.Check()
}

func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// benchmark measures and writes down, beside the stack that is up.
func benchmark(ctx context.Context, s stack.Stack, args []string, stdout io.Writer) error {
	o, err := parseBench(s.Repo, args)
	if err != nil {
		return err
	}
	env, err := s.Env()
	if err != nil {
		return err
	}
	if env.Registry == "" {
		return errors.New(`nothing is up: run "make up" first`)
	}
	if env.Borrowed {
		return errors.New(`the benchmark starts daemons of its own, and the builder is yours: run "make up" without BUILDER`)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit, fmt.Errorf("the run took longer than -limit %s", o.limit))
	defer cancel()
	dir := state.Dir(s.Dir.Path("bench"))
	unlock, err := dir.Lock(ctx, s.Notes)
	if err != nil {
		return err
	}
	defer func() { _ = unlock() }()
	return measure(ctx, s, env, o, state.Dir(dir.Path("run")), stdout)
}

func measure(ctx context.Context, s stack.Stack, env stack.Env, o benchOptions, dir state.Dir, stdout io.Writer) (err error) {
	base, err := benchCall(ctx, s, env)
	if err != nil {
		return err
	}
	lab, err := bench.NewWorkshop(ctx, s, env, base, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Sweep(context.WithoutCancel(ctx))) }()
	versions, err := bench.VersionsOf(ctx, s, env)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	run := bench.Run{ID: now.Format("20060102T150405Z"), Started: now, Machine: bench.ThisMachine(), Versions: versions}
	pages := bench.Pages{Dir: o.out}
	b := bench.Bench{Lab: lab, Runner: bench.Machinist{}, Run: run, Notes: s.Notes, Save: func(row []bench.Figure) error {
		now, err := bench.FrontendDigest(ctx, env)
		if err == nil && now != versions[bench.FrontendVersion] {
			err = errors.New("gokiln's image was pushed anew during the run: measure again")
		}
		if err != nil {
			return err
		}
		return pages.Add(run, row)
	}}
	err = b.Measure(ctx, o.Options)
	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(cause, err)
	}
	doc, readErr := pages.Read()
	_, writeErr := io.WriteString(stdout, doc.Table(run.ID))
	return errors.Join(err, readErr, writeErr)
}

// benchCall prepares what all builds have in common.
func benchCall(ctx context.Context, s stack.Stack, env stack.Env) (bench.Call, error) {
	ko, err := s.Tool(ctx, tools.Ko())
	if err != nil {
		return bench.Call{}, err
	}
	frontend, err := s.Tool(ctx, tools.DockerfileFrontend())
	if err != nil {
		return bench.Call{}, err
	}
	syntax, err := bench.PublishSyntax(ctx, env.Registry, frontend)
	if err != nil {
		return bench.Call{}, fmt.Errorf("image of the Dockerfile frontend: %w", err)
	}
	network, err := stack.NetworkArgs(ctx)
	return bench.Call{Registry: env.Registry, Ko: ko, Syntax: syntax, Network: network}, err
}
