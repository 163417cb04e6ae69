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
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gokiln/gokiln/internal/gocache"
	"github.com/gokiln/gokiln/internal/layerstep"
)

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
	c, err := layerstep.Parse(args)
	if err != nil {
		return err
	}
	step := gocache.Step{
		Cache: c.Cache, Store: c.Store, Command: c.Go, Env: os.Environ(),
		Out: os.Stdout, Err: os.Stderr, Now: time.Now(),
	}
	if c.Apart != "" {
		text, err := os.ReadFile(c.Apart)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		step.Apart = string(text)
	}
	return step.Run(ctx)
}
