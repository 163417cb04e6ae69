// Package stack starts, repairs and ends the real parts that gokiln is tried
// and tested with: a buildkitd, a registry with base images and the frontend
// image in it, and a buildx builder. Every step looks at what is there first
// and does only what is missing, so that bringing the stack up twice is quick,
// and bringing it up after something died repairs that.
//
// It ends nothing that it has not started.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/internal/daemon"
	"github.com/gokiln/gokiln/integration/internal/debian"
	"github.com/gokiln/gokiln/integration/internal/state"
	"github.com/gokiln/gokiln/integration/internal/tools"
)

// Syntax is the frontend image as the first line of a spec names it.
const Syntax = "gokiln/gokiln:1"

// BuilderName is the buildx builder that the stack makes.
const BuilderName = "gokiln"

const envFile = "env.json"

// Stack is where the stack lives.
type Stack struct {
	// Repo is the root of the repository.
	Repo string
	// Dir is the state folder.
	Dir state.Dir
	// Self is the program that serves the registry when it is called with the
	// word registry.
	Self string
	// Notes is told what happens, for people.
	Notes io.Writer
}

// Options say what else is wanted, or what is there already.
type Options struct {
	// Builder names a buildx builder of the user's to use instead of a
	// buildkitd of the stack's own.
	Builder string
	// Registry is the host:port of a registry of the user's to use instead.
	Registry string
	// All prepares what only the tests need as well: the golang image with a C
	// compiler and the emulators.
	All bool
}

// Up brings everything up and tells how to reach it.
func (s Stack) Up(ctx context.Context, o Options) (Env, error) {
	unlock, err := s.Dir.Lock(ctx, s.Notes)
	if err != nil {
		return Env{}, err
	}
	defer func() { _ = unlock() }()
	if o.Builder != "" && o.Builder != BuilderName {
		return s.upBorrowed(ctx, o)
	}
	if err := s.canRunDaemon(); err != nil {
		return Env{}, err
	}
	env := Env{State: s.Dir, Builder: BuilderName}
	timed := timer{notes: s.Notes}
	steps := []struct {
		name string
		run  func(context.Context, *Env, Options) error
	}{
		{"programs", s.programs},
		{"system packages", s.system},
		{"registry", s.registry},
		{"buildkitd", s.buildkitd},
		{"base images", s.baseImages},
		{"builder", s.builder},
		{"frontend image", s.frontend},
		{"emulators", s.emulators},
	}
	for _, step := range steps {
		if err := timed.run(step.name, func() error { return step.run(ctx, &env, o) }); err != nil {
			return Env{}, err
		}
	}
	return env, s.Dir.WriteJSON(envFile, env)
}

// upBorrowed uses a builder of the user's, which pulls real base images itself
// and knows nothing of a mirror.
func (s Stack) upBorrowed(ctx context.Context, o Options) (Env, error) {
	env := Env{State: s.Dir, Builder: o.Builder, Borrowed: true}
	if err := s.command(ctx, &env, false); err != nil {
		return Env{}, err
	}
	if path, err := exec.LookPath("buildctl"); err == nil {
		env.Buildctl = path
	}
	inspect := env.BuildxCommand(ctx, "inspect", "--bootstrap", o.Builder)
	if out, err := inspect.CombinedOutput(); err != nil {
		return Env{}, fmt.Errorf("builder %q does not work: %w: %s", o.Builder, err, strings.TrimSpace(string(out)))
	}
	timed := timer{notes: s.Notes}
	err := timed.run("registry", func() error { return s.registry(ctx, &env, o) })
	if err == nil {
		err = timed.run("frontend image", func() error { return s.frontend(ctx, &env, o) })
	}
	if err != nil {
		return Env{}, err
	}
	return env, s.Dir.WriteJSON(envFile, env)
}

// canRunDaemon says what to do where a buildkitd can't run.
func (s Stack) canRunDaemon() error {
	const instead = `name a builder of your own, "make up BUILDER=name" (docker buildx ls lists them)`
	if runtime.GOOS != "linux" {
		return fmt.Errorf("buildkitd runs on linux only: %s", instead)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("buildkitd needs root: run as root, or %s", instead)
	}
	return nil
}

// Tool builds a pinned program where it is missing and gives its path.
func (s Stack) Tool(ctx context.Context, t tools.Tool) (string, error) {
	return s.toolBuilder().Ensure(ctx, t)
}

func (s Stack) toolBuilder() tools.Builder {
	return tools.Builder{
		Modules: filepath.Join(s.Repo, "integration", "tools"), Out: s.Dir.Path("bin"), Notes: s.Notes,
	}
}

func (s Stack) programs(ctx context.Context, env *Env, _ Options) error {
	b := s.toolBuilder()
	if _, err := b.Ensure(ctx, tools.Buildkitd()); err != nil {
		return err
	}
	var err error
	if env.Buildctl, err = b.Ensure(ctx, tools.Buildctl()); err != nil {
		return err
	}
	return s.command(ctx, env, true)
}

func (s Stack) system(ctx context.Context, _ *Env, _ Options) error {
	if _, err := exec.LookPath("runc"); err == nil {
		return nil
	}
	return debian.Install(ctx, s.Notes, "runc")
}

func (s Stack) daemon(env *Env) daemon.Daemon {
	return daemon.Daemon{
		Dir: s.Dir, Buildkitd: s.Dir.Path("bin", "buildkitd"), Buildctl: env.Buildctl, Mirror: env.Registry,
	}
}

func (s Stack) buildkitd(ctx context.Context, env *Env, _ Options) error {
	d := s.daemon(env)
	started, err := d.Ensure(ctx)
	if err != nil {
		return err
	}
	if started {
		fmt.Fprintln(s.Notes, "started buildkitd")
	}
	env.BuildkitHost, err = d.Address()
	return err
}

// Down ends what Up has started and removes the builder. What was built and
// pushed stays for the next time.
func (s Stack) Down(ctx context.Context) error {
	unlock, err := s.Dir.Lock(ctx, s.Notes)
	if err != nil {
		return err
	}
	return errors.Join(s.down(ctx), unlock())
}

func (s Stack) down(ctx context.Context) error {
	env, err := s.Env()
	if err != nil {
		return err
	}
	err = errors.Join(
		RemoveBuilder(ctx, env),
		s.daemon(&env).Stop(ctx),
		s.stopRegistry(ctx),
	)
	if err != nil {
		return err
	}
	if err := os.Remove(s.Dir.Path(envFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Clean is Down, and removes the state folder with all caches in it.
func (s Stack) Clean(ctx context.Context) error {
	if _, err := os.Stat(string(s.Dir)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	unlock, err := s.Dir.Lock(ctx, s.Notes)
	if err != nil {
		return err
	}
	if err := s.down(ctx); err != nil {
		return errors.Join(err, unlock())
	}
	return errors.Join(s.Dir.Remove(), unlock())
}

// Env is what the last Up made, without a check whether it still runs. It is
// empty where nothing is up.
func (s Stack) Env() (Env, error) {
	env := Env{State: s.Dir}
	return env, s.Dir.ReadJSON(envFile, &env)
}

// timer tells how long each step took.
type timer struct{ notes io.Writer }

func (t timer) run(name string, f func() error) error {
	start := time.Now()
	if err := f(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(t.notes, "%-16s %6.1fs\n", name, time.Since(start).Seconds())
	return nil
}
