// Command gokiln-compile is the program of the steps that compile packages into a
// layer: the frontend mounts it, from its own image, beside the toolchain. It runs
// a go command with a GOCACHE that becomes the layer and a store of entries that
// outlives the step.
//
// It is linked without a version or a build id: its bytes are in the cache key of
// every layer of compiled packages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/gokiln/gokiln/internal/gocache"
)

const usage = "usage: gokiln-compile layer -cache DIR [-store DIR [-apart FILE]] -- COMMAND [ARGUMENT...]"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	exit := gocache.ExitError{}
	if errors.As(err, &exit) {
		os.Exit(exit.Code) // the go command has told why
	}
	fmt.Fprintln(os.Stderr, "gokiln:", err)
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	step, apart, err := parse(args)
	if err != nil {
		return err
	}
	if apart != "" {
		text, err := os.ReadFile(apart)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		step.Apart = string(text)
	}
	step.Now = time.Now()
	return step.Run(ctx)
}

// parse reads the command line. A command stands behind "--", so that none of its
// arguments is taken for one of this program. apart is the file with Step.Apart, which
// need not be there.
func parse(args []string) (step gocache.Step, apart string, err error) {
	if len(args) == 0 {
		return gocache.Step{}, "", errors.New(usage)
	}
	if args[0] != "layer" {
		return gocache.Step{}, "", fmt.Errorf("%q is no command of this program; %s", args[0], usage)
	}
	end := slices.Index(args, "--")
	if end < 0 || end+1 == len(args) {
		return gocache.Step{}, "", fmt.Errorf("no command after \"--\"; %s", usage)
	}
	step = gocache.Step{Command: args[end+1:], Env: os.Environ(), Out: os.Stdout, Err: os.Stderr}
	flags := flag.NewFlagSet("layer", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&step.Cache, "cache", "", "")
	flags.StringVar(&step.Store, "store", "", "")
	flags.StringVar(&apart, "apart", "", "")
	if err := flags.Parse(args[1:end]); err != nil {
		return gocache.Step{}, "", fmt.Errorf("%w; %s", err, usage)
	}
	if flags.NArg() > 0 {
		return gocache.Step{}, "", fmt.Errorf("%q is no flag; %s", flags.Arg(0), usage)
	}
	if step.Cache == "" {
		return gocache.Step{}, "", fmt.Errorf("-cache is missing; %s", usage)
	}
	return step, apart, nil
}
