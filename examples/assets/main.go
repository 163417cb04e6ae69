// Site serves a small website from files that were copied into its image, and
// from a few that are embedded in the program.
//
//	site               serve until SIGQUIT, SIGTERM or SIGINT
//	site -check        verify the copied files, print each, exit
//	site -healthcheck  ask the running server whether it is alive
//	site -version      print the version, exit
//
// Templates, static files and pages are read from the working directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/gokiln/gokiln/examples/assets/internal/site"
)

// The linker sets it: -X main.version=….
var version = "dev"

const (
	shutdownTimeout = 10 * time.Second
	probeTimeout    = 2 * time.Second
)

func main() {
	// SIGQUIT is the image's stop signal. Without this the runtime would answer it with a dump of all goroutines.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("site", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		config  = flags.String("config", "/etc/site/site.json", "the configuration file")
		dir     = flags.String("dir", ".", "the folder that holds templates, static and content")
		owner   = flags.String("owner", "65532:65532", "with -check: uid:gid the configuration must have; empty for any")
		listen  = flags.String("listen", ":8080", "host:port to listen on")
		check   = flags.Bool("check", false, "verify the copied files, print each, then exit")
		healthy = flags.Bool("healthcheck", false, "ask the server at -listen whether it is alive, then exit")
		stamp   = flags.Bool("version", false, "print the version, then exit")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unknown arguments %q; site takes flags only", flags.Args())
	case *stamp:
		_, err := fmt.Fprintf(stdout, "site version=%s platform=%s/%s go=%s\n", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
		return err
	case *healthy:
		return alive(ctx, *listen)
	case *check:
		return site.Check(stdout, *config, *dir, *owner)
	}
	pages, err := site.Load(*config, *dir)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(stdout, "site: listening on %s\n", listener.Addr())
	return serve(ctx, listener, pages.Handler())
}

// serve answers until ctx ends, then finishes the requests under way.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ending)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// alive asks by loopback, whatever host the server listens on: a healthcheck
// runs beside it.
func alive(ctx context.Context, listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort("127.0.0.1", port) + "/healthz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	// HTTP_PROXY is for the way out; the default transport would obey it here.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answered %s", url, response.Status)
	}
	return nil
}
