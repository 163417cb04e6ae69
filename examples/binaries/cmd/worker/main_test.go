package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gokiln/gokiln/examples/binaries/internal/queue"
)

func TestCount(t *testing.T) {
	tests := []struct {
		text         string
		lines, words int
	}{
		{"", 0, 0},
		{"one", 1, 1},
		{"one two\n", 1, 2},
		{"one\n\n two\tthree", 3, 3},
	}
	for _, test := range tests {
		if lines, words := count(test.text); lines != test.lines || words != test.words {
			t.Errorf("%q: got %d lines, %d words; want %d, %d", test.text, lines, words, test.lines, test.words)
		}
	}
}

func filled(t *testing.T, texts ...string) (queue.Queue, string, []queue.Job) {
	t.Helper()
	dir := t.TempDir()
	if _, err := queue.Migrate(dir); err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var jobs []queue.Job
	for _, text := range texts {
		job, err := q.Add(text)
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, job)
	}
	return q, dir, jobs
}

func TestOnceDoesAllThatWaits(t *testing.T) {
	q, dir, jobs := filled(t, "one two", "three")
	var out strings.Builder
	if err := run(t.Context(), &out, dir, 0, false); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("worker: job %s lines=1 words=2\nworker: job %s lines=1 words=1\n", jobs[0].ID, jobs[1].ID)
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if _, state, err := q.Find(jobs[1].ID); err != nil || state != queue.Done {
		t.Errorf("the last job is %s, %v", state, err)
	}
}

func TestRequeueTakesUpWhatADeadWorkerLeft(t *testing.T) {
	q, dir, jobs := filled(t, "one")
	if _, err := q.Take(); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), io.Discard, dir, 0, true); err != nil {
		t.Fatal(err)
	}
	if _, state, err := q.Find(jobs[0].ID); err != nil || state != queue.Done {
		t.Errorf("the job is %s, %v", state, err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	_, dir, _ := filled(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, io.Discard, dir, time.Hour, false) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunNeedsAMigratedQueue(t *testing.T) {
	err := run(t.Context(), io.Discard, t.TempDir(), 0, false)
	if err == nil || !strings.Contains(err.Error(), "run migrate") {
		t.Errorf("got %v, want an error that says to run migrate", err)
	}
}
