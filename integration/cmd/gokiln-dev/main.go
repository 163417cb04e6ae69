// Command gokiln-dev runs the development stack and the checks of this
// repository. The Makefile calls it; make is the way to use it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/gokiln/gokiln/integration/bench"
	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/state"
)

const usage = `usage: gokiln-dev command

  up [-builder name] [-registry host:port] [-all]
                     start the stack or repair it, print how to reach it
  down               end what up has started
  clean              down, and remove the state folder
  env                print what the last up printed
  run                build examples/hello as a user would, run what was pushed
  standin golang tag make a golang base image, such as 1.25.9-bookworm
  test               every test of every module; the stack has to be up
  lint               every check of every module that runs nothing
  bench [-quick] [-rounds 3] [-workload name,...] [-scenario name,...] [-tool name,...] [-out folder]
                     measure gokiln beside other tools, write docs/performance.*
  fuzz [-time 20s]   every fuzz target of the root module for a while
  registry -listen host:port -dir folder
                     serve a registry
`

var errUsage = errors.New("see the commands below")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gokiln-dev:", err)
		if errors.Is(err, errUsage) {
			fmt.Fprint(os.Stderr, usage)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, notes io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command given: %w", errUsage)
	}
	name, args := args[0], args[1:]
	if name == "registry" {
		return registry(ctx, args)
	}
	s, err := locate(ctx, notes)
	if err != nil {
		return err
	}
	commands := map[string]func(context.Context, stack.Stack, []string, io.Writer) error{
		"up": up, "down": down, "clean": clean, "env": env, "run": runExample,
		"standin": standIn, "test": test, "lint": lint, "fuzz": fuzz,
		"bench": bench.Command,
	}
	command, ok := commands[name]
	if !ok {
		return fmt.Errorf("no command %q: %w", name, errUsage)
	}
	return command(ctx, s, args, stdout)
}

// locate finds the repository above the working folder and its state folder.
func locate(ctx context.Context, notes io.Writer) (stack.Stack, error) {
	dir, err := os.Getwd()
	if err != nil {
		return stack.Stack{}, err
	}
	repo, err := stack.FindRepo(dir)
	if err != nil {
		return stack.Stack{}, err
	}
	d, err := state.Locate(repo)
	if err != nil {
		return stack.Stack{}, err
	}
	self, err := os.Executable()
	return stack.Stack{Repo: repo, Dir: d, Self: self, Notes: notes}, errors.Join(err, ctx.Err())
}

func up(ctx context.Context, s stack.Stack, args []string, stdout io.Writer) error {
	var o stack.Options
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.StringVar(&o.Builder, "builder", "", "use this buildx builder instead of a buildkitd of our own")
	flags.StringVar(&o.Registry, "registry", "", "use the registry at this host:port")
	flags.BoolVar(&o.All, "all", false, "prepare what only the tests need as well")
	if err := flags.Parse(args); err != nil {
		return err
	}
	e, err := s.Up(ctx, o)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, e.Assignments())
	return err
}

func down(ctx context.Context, s stack.Stack, _ []string, _ io.Writer) error { return s.Down(ctx) }

func clean(ctx context.Context, s stack.Stack, _ []string, _ io.Writer) error { return s.Clean(ctx) }

func env(_ context.Context, s stack.Stack, _ []string, stdout io.Writer) error {
	e, err := s.Env()
	if err != nil {
		return err
	}
	if e.Registry == "" {
		return errors.New(`nothing is up: run "make up" first`)
	}
	_, err = io.WriteString(stdout, e.Assignments())
	return err
}

func standIn(ctx context.Context, s stack.Stack, args []string, _ io.Writer) error {
	if len(args) != 2 || args[0] != "golang" {
		return errors.New("usage: gokiln-dev standin golang tag")
	}
	return s.Golang(ctx, args[1])
}

func registry(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("registry", flag.ContinueOnError)
	listen := flags.String("listen", "", "host:port to listen on")
	dir := flags.String("dir", "", "folder that keeps what is pushed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *listen == "" || *dir == "" {
		return errors.New("registry: -listen and -dir are needed")
	}
	return stack.ServeRegistry(ctx, *listen, *dir)
}

// command prepares a program that talks to the terminal.
func command(ctx context.Context, dir string, environ []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, environ
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd
}

// modules are the folders of the repository's Go modules, without those that
// only pin tools.
func modules(repo string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(repo, "examples", "*", "go.mod"))
	if err != nil {
		return nil, err
	}
	dirs := []string{repo, filepath.Join(repo, "integration")}
	for _, file := range files {
		dirs = append(dirs, filepath.Dir(file))
	}
	return dirs, nil
}
