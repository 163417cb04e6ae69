package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func noEnv(string) string { return "" }

func TestVersion(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-version"}, noEnv, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if want := "api version=dev revision=unknown platform="; !strings.HasPrefix(out.String(), want) {
		t.Errorf("got %q, want it to start with %q", out.String(), want)
	}
}

func TestCheck(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-check"}, noEnv, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasSuffix(got, "check: ok\n") {
		t.Errorf("got %q, want its last line to be %q", got, "check: ok")
	}
}

func TestUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"-verison"}, {"serve"}, {"healthcheck", "now"}, {"-check", "serve"}} {
		err := run(t.Context(), args, noEnv, io.Discard, io.Discard)
		if !errors.Is(err, errUsage) {
			t.Errorf("%q: got %v, want a usage error", args, err)
		}
	}
}

func TestHealthcheckCommand(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	env := func(key string) string {
		if key == "HTTP_ADDR" {
			return server.Listener.Addr().String()
		}
		return ""
	}
	if err := run(t.Context(), []string{"healthcheck"}, env, io.Discard, io.Discard); err != nil {
		t.Errorf("alive: %v", err)
	}
	status = http.StatusInternalServerError
	if err := run(t.Context(), []string{"healthcheck"}, env, io.Discard, io.Discard); err == nil {
		t.Error("a 500 passed as alive")
	}
}

func TestServeStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	env := func(key string) string {
		switch key {
		case "HTTP_ADDR", "GRPC_ADDR":
			return "127.0.0.1:0"
		}
		return ""
	}
	if err := run(ctx, nil, env, io.Discard, io.Discard); err != nil {
		t.Errorf("a stopped service is no error, got: %v", err)
	}
}

func TestServeRefusesBadConfiguration(t *testing.T) {
	env := func(key string) string {
		if key == "GRPC_ADDR" {
			return "nine"
		}
		return ""
	}
	err := run(t.Context(), nil, env, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `GRPC_ADDR: "nine"`) {
		t.Errorf("got %v, want an error that names GRPC_ADDR and its value", err)
	}
}
