// Command gokiln-modules is the program of the module step: the frontend mounts
// it, from its own image, beside the toolchain. "download" fills the module
// cache; "goauth" and "credential" are what the go command and git call back for
// logins.
//
// It is linked without a version or a build id: its bytes are in the cache key of
// every module layer.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/internal/modstep"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "gokiln:", diag.Text(err.Error()))
	failure := download.Failure{}
	if errors.As(err, &failure) {
		os.Exit(failure.Code.Exit())
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: gokiln-modules download | goauth [CONFIG] | credential CONFIG OPERATION")
	}
	configPath := modstep.ConfigPath
	if len(args) > 1 {
		configPath = args[1]
	}
	config, err := modstep.ReadConfig(configPath)
	if err != nil {
		return err
	}
	switch args[0] {
	case "download":
		step := download.Step{
			Config: config, Paths: download.DefaultPaths(os.Getenv("GOMODCACHE")),
			Env: os.Environ(), Out: os.Stdout,
		}
		return step.Run(ctx)
	case "goauth":
		return download.GoAuth(config, os.Stdout)
	case "credential":
		if len(args) > 2 {
			return download.Credential(config, args[2], os.Stdin, os.Stdout)
		}
	}
	return fmt.Errorf("unknown command %q", args[0])
}
