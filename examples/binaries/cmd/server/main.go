// Command server takes jobs over HTTP and says what became of them:
// POST /jobs with a text as body, GET /jobs/{id}, GET /healthz.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gokiln/gokiln/examples/binaries/internal/build"
	"github.com/gokiln/gokiln/examples/binaries/internal/queue"
)

const (
	maxText         = 1 << 20
	shutdownTimeout = 10 * time.Second
)

func main() {
	dir := flag.String("dir", os.Getenv("QUEUE_DIR"), "the queue's folder; QUEUE_DIR unless set")
	listen := flag.String("listen", ":8080", "host:port to listen on")
	add := flag.String("add", "", "add this text as a job, print its ID, then exit")
	version := flag.Bool("version", false, "print the version, then exit")
	flag.Parse()
	if *version {
		fmt.Println(build.Line("server"))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Stdout, *dir, *listen, *add)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, dir, listen, add string) error {
	q, err := queue.Open(dir)
	if err != nil {
		return err
	}
	if add != "" {
		job, err := q.Add(add)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, job.ID)
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(out, "server: listening on %s\n", listener.Addr())
	return serve(ctx, listener, handler(q))
}

// serve answers until ctx ends, then finishes the requests under way.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
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

func handler(q queue.Queue) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("POST /jobs", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxText))
		if err != nil {
			http.Error(w, "body: "+err.Error(), http.StatusBadRequest)
			return
		}
		job, err := q.Add(string(text))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Location", "/jobs/"+job.ID)
		answer(w, http.StatusAccepted, queue.Waiting, job)
	})
	mux.HandleFunc("GET /jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		job, state, err := q.Find(r.PathValue("id"))
		switch {
		case errors.Is(err, queue.ErrNoJob):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			answer(w, http.StatusOK, state, job)
		}
	})
	return mux
}

func answer(w http.ResponseWriter, status int, state string, job queue.Job) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status has gone out; a client that hangs up is told nothing more.
	_ = json.NewEncoder(w).Encode(struct {
		State string `json:"state"`
		queue.Job
	}{state, job})
}
