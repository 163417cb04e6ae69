// Command api serves notes over HTTP and gRPC.
//
//	api              serve until SIGINT or SIGTERM
//	api -version     print the version and revision that the build stamped
//	api -check       start on loopback, call itself once each way, print, exit
//	api healthcheck  ask the running service whether it is alive, for images
//	                 that hold no shell and no curl
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/gokiln/gokiln/examples/service/internal/app"
	"github.com/gokiln/gokiln/examples/service/internal/config"
	"github.com/gokiln/gokiln/examples/service/internal/probe"
)

// The linker sets these: -X main.version=… -X main.revision=….
var (
	version  = "dev"
	revision = "unknown"
)

var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	flags.SetOutput(stderr)
	showVersion := flags.Bool("version", false, "print version and revision, then exit")
	check := flags.Bool("check", false, "start on loopback, call the service once by HTTP and gRPC, then exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	build := app.Build{Version: version, Revision: revision}

	switch command := flags.Arg(0); {
	case flags.NArg() > 1 || command != "" && command != "healthcheck":
		return fmt.Errorf("%w: unknown arguments %q; the only command is healthcheck", errUsage, flags.Args())
	case *showVersion:
		_, err := fmt.Fprintf(stdout, "api version=%s revision=%s platform=%s/%s go=%s\n",
			build.Version, build.Revision, runtime.GOOS, runtime.GOARCH, runtime.Version())
		return err
	case *check:
		return app.Check(ctx, build, slog.New(slog.DiscardHandler), stdout)
	}

	cfg, err := config.Load(getenv)
	if err != nil {
		return err
	}
	if flags.Arg(0) == "healthcheck" {
		return probe.Alive(ctx, cfg.HTTPAddr)
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	service, err := app.Start(ctx, cfg, build, log)
	if err != nil {
		return err
	}
	return service.Run(ctx)
}
