package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/examples/binaries/internal/queue"
)

func migrated(t *testing.T) (queue.Queue, string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := queue.Migrate(dir); err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return q, dir
}

func call(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(method, target, strings.NewReader(body)))
	return recorder
}

func TestJobs(t *testing.T) {
	q, _ := migrated(t)
	h := handler(q)
	added := call(h, "POST", "/jobs", "one two")
	if added.Code != http.StatusAccepted {
		t.Fatalf("add: got %d %s", added.Code, added.Body)
	}
	location := added.Header().Get("Location")
	if found := call(h, "GET", location, ""); found.Code != 200 || !strings.HasPrefix(found.Body.String(), `{"state":"waiting",`) {
		t.Errorf("waiting: got %d %s", found.Code, found.Body)
	}
	job, err := q.Take()
	if err != nil {
		t.Fatal(err)
	}
	job.Lines, job.Words = 1, 2
	if err := q.Finish(job); err != nil {
		t.Fatal(err)
	}
	want := `{"state":"done","id":"` + job.ID + `","text":"one two","lines":1,"words":2}` + "\n"
	if found := call(h, "GET", location, ""); found.Body.String() != want {
		t.Errorf("done: got %s, want %s", found.Body, want)
	}
	if missing := call(h, "GET", "/jobs/1", ""); missing.Code != 404 {
		t.Errorf("missing: got %d", missing.Code)
	}
	if large := call(h, "POST", "/jobs", strings.Repeat("a", maxText+1)); large.Code != 400 {
		t.Errorf("too large: got %d", large.Code)
	}
	if alive := call(h, "GET", "/healthz", ""); alive.Code != 200 {
		t.Errorf("healthz: got %d", alive.Code)
	}
}

func TestAddWithoutServing(t *testing.T) {
	q, dir := migrated(t)
	var out strings.Builder
	if err := run(t.Context(), &out, dir, "", "one two"); err != nil {
		t.Fatal(err)
	}
	job, state, err := q.Find(strings.TrimSpace(out.String()))
	if err != nil || state != queue.Waiting || job.Text != "one two" {
		t.Errorf("printed %q, found %+v, %q, %v", out.String(), job, state, err)
	}
}

func TestServeStopsWithItsContext(t *testing.T) {
	q, _ := migrated(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, handler(q)) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunNeedsAMigratedQueue(t *testing.T) {
	err := run(t.Context(), io.Discard, t.TempDir(), "", "")
	if err == nil || !strings.Contains(err.Error(), "run migrate") {
		t.Errorf("got %v, want an error that says to run migrate", err)
	}
}
