// Command worker counts the lines and words of the texts in a queue.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gokiln/gokiln/examples/binaries/internal/build"
	"github.com/gokiln/gokiln/examples/binaries/internal/queue"
)

func main() {
	dir := flag.String("dir", os.Getenv("QUEUE_DIR"), "the queue's folder; QUEUE_DIR unless set")
	interval := flag.Duration("interval", time.Second, "how long to wait when the queue is empty")
	once := flag.Bool("once", false, "do what waits, then exit")
	requeue := flag.Bool("requeue", false, "first put back the jobs of workers that died; no other worker may run")
	version := flag.Bool("version", false, "print the version, then exit")
	flag.Parse()
	if *version {
		fmt.Println(build.Line("worker"))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	if *once {
		*interval = 0
	}
	err := run(ctx, os.Stdout, *dir, *interval, *requeue)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// run works until ctx ends; with an interval of zero, until the queue is empty.
// A job under way is finished either way.
func run(ctx context.Context, out io.Writer, dir string, interval time.Duration, requeue bool) error {
	if interval < 0 {
		return fmt.Errorf("interval: %q is negative; use a duration such as \"1s\"", interval)
	}
	q, err := queue.Open(dir)
	if err != nil {
		return err
	}
	if requeue {
		n, err := q.Requeue()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "worker: put back %d\n", n)
	}
	for ctx.Err() == nil {
		err := work(out, q)
		if errors.Is(err, queue.ErrEmpty) {
			if interval == 0 {
				return nil
			}
			select {
			case <-ctx.Done():
			case <-time.After(interval):
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func work(out io.Writer, q queue.Queue) error {
	job, err := q.Take()
	if err != nil {
		return err
	}
	job.Lines, job.Words = count(job.Text)
	if err := q.Finish(job); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "worker: job %s lines=%d words=%d\n", job.ID, job.Lines, job.Words)
	return err
}

// count counts a last line without an end as a line.
func count(text string) (lines, words int) {
	lines = strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		lines++
	}
	return lines, len(strings.Fields(text))
}
