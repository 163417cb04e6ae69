package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/standin"
	"github.com/gokiln/gokiln/integration/internal/state"
	pinned "github.com/gokiln/gokiln/integration/internal/tools"
)

// options are the command's flags. Empty lists mean all.
type options struct {
	rounds                      int
	workloads, scenarios, tools []string
	out                         string
	limit                       time.Duration
}

func parse(repo string, args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	list := func(name string, into *[]string, all []string) {
		flags.Func(name, "only these, separated by commas: "+strings.Join(all, ", "), func(value string) error {
			*into = strings.Split(value, ",")
			for _, n := range *into {
				if !slices.Contains(all, n) {
					return fmt.Errorf("there is no %q, only %s", n, strings.Join(all, ", "))
				}
			}
			return nil
		})
	}
	var scenarioNames, toolNames []string
	for _, s := range scenarios() {
		scenarioNames = append(scenarioNames, s.name)
	}
	for _, t := range tools() {
		toolNames = append(toolNames, t.name)
	}
	list("workload", &o.workloads, names())
	list("scenario", &o.scenarios, scenarioNames)
	list("tool", &o.tools, toolNames)
	quick := flags.Bool("quick", false, "a small set of scenarios and one round, where neither is said otherwise")
	flags.IntVar(&o.rounds, "rounds", 0, "how often each tool builds in each scenario (default 3)")
	flags.StringVar(&o.out, "out", filepath.Join(repo, "docs"), "folder for performance.json, performance.svg and performance.md")
	flags.DurationVar(&o.limit, "limit", 6*time.Hour, "end the whole after this time")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if o.rounds == 0 {
		o.rounds = 3
		if *quick {
			o.rounds = 1
		}
	}
	if *quick && o.workloads == nil {
		o.workloads = []string{"service", "caddy"}
	}
	if *quick && o.scenarios == nil {
		o.scenarios = []string{"no-op", "line", "unrelated", "ci", "ci-no-op"}
	}
	if *quick && o.tools == nil {
		o.tools = []string{gokiln, expert, expertSyntax, ko, goBuild}
	}
	return o, nil
}

// Command measures what args choose beside the stack that is up, writes the documents
// after each row, and prints the run's table.
func Command(ctx context.Context, s stack.Stack, args []string, stdout io.Writer) (err error) {
	o, err := parse(s.Repo, args)
	if err != nil {
		return err
	}
	env, err := s.Env()
	switch {
	case err != nil:
		return err
	case env.Registry == "":
		return errors.New(`nothing is up: run "make up" first`)
	case env.Borrowed:
		return errors.New(`the benchmark starts daemons of its own, and the builder is yours: run "make up" without BUILDER`)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit, fmt.Errorf("the run took longer than -limit %s", o.limit))
	defer cancel()
	dir := state.Dir(s.Dir.Path("bench"))
	unlock, err := dir.Lock(ctx, s.Notes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	h := &host{env: env, dir: state.Dir(dir.Path("run"))}
	if err := h.sweep(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.sweep(context.WithoutCancel(ctx))) }()
	b := &bench{machine: h, rounds: o.rounds, dir: h.dir.Path("source"), repo: s.Repo, notes: s.Notes}
	if b.setup, err = newSetup(ctx, s, env); err != nil {
		return err
	}
	if b.run, err = newRun(ctx, s, env); err != nil {
		return err
	}
	failed := b.all(ctx, o, h)
	doc, err := readDocument(filepath.Join(o.out, "performance.json"))
	if err != nil {
		return errors.Join(failed, err)
	}
	_, err = io.WriteString(stdout, doc.text(b.run.ID))
	return errors.Join(failed, err)
}

// all measures each workload with daemons of its own. A tool's failure is an error in
// the end, when everything else has been measured.
func (b *bench) all(ctx context.Context, o options, h *host) error {
	var failed error
	for _, w := range workloads() {
		if !chosen(w.name, o.workloads) {
			continue
		}
		err := b.workload(ctx, w, o, h)
		if err = errors.Join(err, h.stop(ctx, "warm"), os.RemoveAll(h.dir.Path("warm"))); ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

func (b *bench) workload(ctx context.Context, w workload, o options, h *host) error {
	source, err := b.source(ctx, w)
	if err != nil {
		return err
	}
	checkouts := map[string]*checkout{}
	var failed error
	for _, s := range scenarios() {
		var part []*checkout
		for _, t := range tools() {
			if !chosen(s.name, o.scenarios) || !chosen(t.name, o.tools) || !s.has(w, t) {
				continue
			}
			if checkouts[t.name] == nil {
				if checkouts[t.name], err = b.checkout(w, t, source); err != nil {
					return err
				}
			}
			part = append(part, checkouts[t.name])
		}
		if len(part) == 0 {
			continue
		}
		row, err := b.scenario(ctx, s, part)
		if err == nil {
			err = b.save(ctx, o.out, row, h.env)
		}
		if err != nil {
			return err
		}
		for _, f := range row {
			if f.Failed != "" {
				failed = errors.Join(failed, fmt.Errorf("%s/%s: %s: %s", w.name, s.name, f.Tool, f.Failed))
			}
		}
	}
	return failed
}

// save puts a row into the documents, unless gokiln's image is not the run's any more.
func (b *bench) save(ctx context.Context, out string, row []Figure, env stack.Env) error {
	digest, err := standin.Published(ctx, env.Registry, stack.Syntax)
	if err == nil && digest != b.run.Versions["gokiln image"] {
		err = errors.New("gokiln's image was pushed anew during the run: measure again")
	}
	if err != nil {
		return err
	}
	doc, err := readDocument(filepath.Join(out, "performance.json"))
	if err != nil {
		return err
	}
	return doc.with(b.run, row).write(out)
}

// newSetup prepares ko and an image of the Dockerfile frontend.
func newSetup(ctx context.Context, s stack.Stack, env stack.Env) (setup, error) {
	koPath, err := s.Tool(ctx, pinned.Ko())
	if err != nil {
		return setup{}, err
	}
	frontend, err := s.Tool(ctx, pinned.DockerfileFrontend())
	if err != nil {
		return setup{}, err
	}
	network, err := stack.NetworkArgs(ctx)
	if err != nil {
		return setup{}, err
	}
	// The labels say what the frontend can do, as those of docker/dockerfile.
	const dockerfile = `FROM scratch
COPY dockerfile-frontend /
LABEL moby.buildkit.frontend.network.none="true" moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts"
ENTRYPOINT ["/dockerfile-frontend"]
`
	made := setup{registry: env.Registry, syntax: env.Registry + "/bench/dockerfile:1", ko: koPath, network: network}
	cmd := env.BuildxCommand(ctx, "build", "--builder", env.Builder, "--provenance=false", "-t", made.syntax, "--push", "-f", "-", filepath.Dir(frontend))
	cmd.Stdin = strings.NewReader(dockerfile)
	if out, err := cmd.CombinedOutput(); err != nil {
		return setup{}, fmt.Errorf("image of the Dockerfile frontend: %w: %s", err, lastLines(string(out), 10))
	}
	return made, nil
}

// newRun describes the machine and asks the programs that take part for their versions.
func newRun(ctx context.Context, s stack.Stack, env stack.Env) (Run, error) {
	now := time.Now().UTC().Truncate(time.Second)
	r := Run{ID: now.Format("20060102T150405Z"), Started: now, Machine: thisMachine(), Versions: map[string]string{}}
	koVersion := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", pinned.Ko().Origin)
	koVersion.Dir = filepath.Join(s.Repo, "integration", "tools", pinned.Ko().Module)
	koVersion.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	for name, cmd := range map[string]*exec.Cmd{
		"go":        exec.CommandContext(ctx, "go", "env", "GOVERSION"),
		"buildkitd": exec.CommandContext(ctx, env.State.Path("bin", "buildkitd"), "--version"),
		"buildx":    env.BuildxCommand(ctx, "version"),
		"gokiln":    exec.CommandContext(ctx, "git", "-C", s.Repo, "describe", "--always", "--dirty", "--abbrev=12"),
		"ko":        koVersion,
	} {
		out, err := cmd.Output()
		if err != nil {
			return Run{}, fmt.Errorf("version of %s: %w", name, err)
		}
		// BuildKit's programs say "name github.com/org/name v1.2.3 0123abc".
		words := strings.Fields(string(out))
		r.Versions[name] = words[min(2, len(words)-1)]
	}
	var err error
	r.Versions["gokiln image"], err = standin.Published(ctx, env.Registry, stack.Syntax)
	return r, err
}

// thisMachine leaves out what Linux does not tell of itself.
func thisMachine() Machine {
	m := Machine{CPU: "unknown", Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	if _, rest, ok := strings.Cut(string(cpu), "model name\t: "); ok {
		m.CPU, _, _ = strings.Cut(rest, "\n")
	}
	memory, _ := os.ReadFile("/proc/meminfo")
	if _, err := fmt.Sscanf(string(memory), "MemTotal: %d kB", &m.Memory); err == nil {
		m.Memory <<= 10
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = strings.TrimSpace(string(kernel))
	return m
}
