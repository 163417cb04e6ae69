package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gokiln/gokiln/examples/service/internal/config"
	"github.com/gokiln/gokiln/examples/service/internal/note"
	"github.com/gokiln/gokiln/examples/service/internal/store"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func loopback() config.Config {
	return config.Config{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", ShutdownTimeout: time.Minute}
}

func TestCheck(t *testing.T) {
	var out strings.Builder
	if err := Check(t.Context(), Build{"1.2.3", "abc"}, quiet(), &out); err != nil {
		t.Fatal(err)
	}
	want := `grpc: health=SERVING note=1 text="written by gRPC"
http: /healthz 200 ok
http: /readyz 200 ready
http: /notes 200 "text":"written by gRPC"
http: /metrics 200 service_build_info{revision="abc",version="1.2.3"} 1
check: ok
`
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

// gated is a store whose List waits.
type gated struct {
	store.Store
	entered, leave chan struct{}
}

func (g gated) List(context.Context, int) ([]note.Note, error) {
	close(g.entered)
	<-g.leave
	return nil, nil
}

func TestShutdownFinishesRequestsUnderWay(t *testing.T) {
	service, err := Start(t.Context(), loopback(), Build{}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	gate := gated{store.NewMemory(time.Now), make(chan struct{}), make(chan struct{})}
	service.store = gate
	service.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := service.store.List(r.Context(), 1)
		if ready := service.ready(r.Context()); !errors.Is(ready, errDraining) {
			t.Errorf("ready while shutting down: %v", ready)
		}
		if err == nil {
			_, _ = io.WriteString(w, "finished")
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- service.Run(ctx) }()

	body := make(chan string, 1)
	go func() {
		got, err := get(t.Context(), http.DefaultClient, "http://"+service.HTTPAddr())
		if err != nil {
			got = err.Error()
		}
		body <- got
	}()
	<-gate.entered
	stop()
	// The request's own handler says whether draining had begun; this only
	// gives Run its turn, and ends where it never takes it.
	for i := 0; i < 10_000 && !service.draining.Load(); i++ {
		time.Sleep(time.Millisecond)
	}
	close(gate.leave)
	if got := <-body; got != "finished" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("clean shutdown: %v", err)
	}
}

func TestStartErrorsNameTheSetting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	tests := map[string]func(*config.Config){
		"HTTP_ADDR":    func(c *config.Config) { c.HTTPAddr = taken.Addr().String() },
		"GRPC_ADDR":    func(c *config.Config) { c.GRPCAddr = taken.Addr().String() },
		"DATABASE_URL": func(c *config.Config) { c.DatabaseURL = "postgres://localhost:port/notes" },
	}
	for setting, breakIt := range tests {
		cfg := loopback()
		breakIt(&cfg)
		_, err := Start(t.Context(), cfg, Build{}, quiet())
		if err == nil || !regexp.MustCompile("^"+setting+": ").MatchString(err.Error()) {
			t.Errorf("got %v, want an error that starts with %s", err, setting)
		}
	}
}
