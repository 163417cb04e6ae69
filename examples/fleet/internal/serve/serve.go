// Package serve is what all services of the fleet have in common: how they say who
// they are, listen, answer health checks and stop.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is stamped by the build.
var version = "dev"

// Line says what a service is: "cart 1.2.3".
func Line(name string) string { return name + " " + version }

// Main runs a service until it is told to stop and exits with its status. The
// argument -version prints Line, -check asks the handler for its health without
// listening.
func Main(name string, h http.Handler) {
	if err := run(name, h, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run(name string, h http.Handler, args []string) error {
	h = WithHealth(h)
	switch {
	case len(args) == 0:
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return listen(ctx, ":"+port(), h)
	case args[0] == "-version":
		fmt.Println(Line(name))
		return nil
	case args[0] == "-check":
		if err := Check(h); err != nil {
			return err
		}
		fmt.Println(Line(name) + ": ok")
		return nil
	}
	return fmt.Errorf("unknown argument %q; there are -version and -check", args[0])
}

func port() string {
	if p := os.Getenv("PORT"); p != "" {
		return p
	}
	return "8080"
}

// WithHealth answers GET /healthz before h.
func WithHealth(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/", h)
	return mux
}

// Check asks a handler for its health.
func Check(h http.Handler) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/healthz", nil)
	if err != nil {
		return err
	}
	a := answer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(&a, request)
	if a.status != http.StatusOK {
		return fmt.Errorf("/healthz answers %d", a.status)
	}
	return nil
}

// answer keeps the status of an answer that nobody reads.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }
func (a *answer) WriteHeader(status int)      { a.status = status }

func listen(ctx context.Context, address string, h http.Handler) error {
	server := &http.Server{Addr: address, Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() {
		shutdown, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(shutdown)
	})
	defer stopped()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
