// Package app puts the service together and runs it: store, telemetry, HTTP
// and gRPC, and a shutdown that loses no request. The order of starting and
// stopping is decided here and nowhere else.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/gokiln/gokiln/examples/service/internal/config"
	"github.com/gokiln/gokiln/examples/service/internal/grpcapi"
	"github.com/gokiln/gokiln/examples/service/internal/httpapi"
	"github.com/gokiln/gokiln/examples/service/internal/store"
	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

// pingTimeout bounds how long a readiness probe waits for the database.
const pingTimeout = 2 * time.Second

var errDraining = errors.New("the service is shutting down")

// Build is what the linker stamped.
type Build struct{ Version, Revision string }

// App is a service that listens and does not serve yet.
type App struct {
	cfg       config.Config
	log       *slog.Logger
	store     store.Store
	telemetry telemetry.Telemetry

	http         *http.Server
	grpc         *grpc.Server
	health       *health.Server
	httpListener net.Listener
	grpcListener net.Listener
	draining     atomic.Bool
}

// Start opens the store and both listeners, so that every error of the
// configuration shows before the first request is taken.
func Start(ctx context.Context, cfg config.Config, build Build, log *slog.Logger) (_ *App, err error) {
	a := &App{cfg: cfg, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.release(ctx))
		}
	}()
	a.telemetry, err = telemetry.New(ctx, telemetry.Options{
		Service: "notes", Version: build.Version, Revision: build.Revision, Export: cfg.ExportTraces,
	})
	if err != nil {
		return nil, err
	}
	a.store, err = store.Open(ctx, cfg.DatabaseURL, a.telemetry.Traces.Tracer("store"))
	if err != nil {
		return nil, err
	}
	a.grpc, a.health, err = grpcapi.Server(a.store, a.telemetry, log)
	if err != nil {
		return nil, err
	}
	a.http = &http.Server{
		Handler:           httpapi.Handler(a.store, a.ready, a.telemetry, log),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if a.httpListener, err = listen(ctx, "HTTP_ADDR", cfg.HTTPAddr); err != nil {
		return nil, err
	}
	if a.grpcListener, err = listen(ctx, "GRPC_ADDR", cfg.GRPCAddr); err != nil {
		return nil, err
	}
	log.InfoContext(ctx, "started", "version", build.Version, "revision", build.Revision,
		"http", a.HTTPAddr(), "grpc", a.GRPCAddr(), "store", fmt.Sprintf("%T", a.store))
	return a, nil
}

// HTTPAddr is where the service listens for HTTP, with the port it got.
func (a *App) HTTPAddr() string { return a.httpListener.Addr().String() }

// GRPCAddr is where the service listens for gRPC, with the port it got.
func (a *App) GRPCAddr() string { return a.grpcListener.Addr().String() }

// Run serves until ctx ends or a server fails, then shuts down: first it says
// that it is not ready, then it finishes the requests under way, then it lets
// go of the database. It returns nil after a clean shutdown.
func (a *App) Run(ctx context.Context) error {
	failed := make(chan error, 2)
	go func() {
		if err := a.http.Serve(a.httpListener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve HTTP: %w", err)
		}
	}()
	go func() {
		if err := a.grpc.Serve(a.grpcListener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			failed <- fmt.Errorf("serve gRPC: %w", err)
		}
	}()
	var cause error
	select {
	case <-ctx.Done():
		a.log.InfoContext(ctx, "stopping", "drain", a.cfg.DrainDelay.String())
	case cause = <-failed:
	}
	// ctx has ended; what is left to do has a time limit of its own.
	return errors.Join(cause, a.shutdown(context.WithoutCancel(ctx), cause == nil))
}

func (a *App) shutdown(ctx context.Context, drain bool) error {
	a.draining.Store(true)
	a.health.Shutdown()
	if drain {
		time.Sleep(a.cfg.DrainDelay)
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.ShutdownTimeout)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		a.grpc.GracefulStop()
		close(stopped)
	}()
	err := a.http.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("SHUTDOWN_TIMEOUT: HTTP requests were cut off: %w", errors.Join(err, a.http.Close()))
	}
	select {
	case <-stopped:
	case <-ctx.Done():
		a.grpc.Stop()
		<-stopped
		err = errors.Join(err, fmt.Errorf("SHUTDOWN_TIMEOUT: gRPC calls were cut off: %w", ctx.Err()))
	}
	return errors.Join(err, a.release(ctx))
}

// release lets go of all that Start took and the servers do not close. It
// bears an App that was only started in part.
func (a *App) release(ctx context.Context) error {
	for _, listener := range []net.Listener{a.httpListener, a.grpcListener} {
		if listener != nil {
			// A server that has served has closed its listener: nothing to report.
			_ = listener.Close()
		}
	}
	if a.store != nil {
		a.store.Close()
	}
	if a.telemetry.Traces == nil {
		return nil
	}
	return a.telemetry.Close(ctx)
}

// ready says why the service should get no traffic, or nil.
func (a *App) ready(ctx context.Context) error {
	if a.draining.Load() {
		return errDraining
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := a.store.Ping(ctx); err != nil {
		return fmt.Errorf("reach the store: %w", err)
	}
	return nil
}

func listen(ctx context.Context, key, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return listener, nil
}
