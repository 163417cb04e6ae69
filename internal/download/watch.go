package download

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// lookEvery is how often processes are looked at.
	lookEvery = 500 * time.Millisecond
	// busyTicks is how much processor time between two looks, in ticks of 10 ms,
	// counts as work: git may compute for long without reading anything.
	busyTicks = 10
	// blindFactor stretches the limit where the kernel does not say what
	// processes read: then it is a limit for the whole attempt.
	blindFactor = 10
)

// slowFactor is how many times the limit on silence one file may take in all.
const slowFactor = 20

// mostMemory is what a go command may take while an answer is under way. It reads
// .info and .mod files, and what is not of a proxy, into memory without a limit; of
// a zip it takes 500 MB.
const mostMemory = 1 << 30

// errStalled is why a command was ended that received nothing for too long.
var errStalled = errors.New("nothing was received")

// endlessError is why a command was ended that received too much, or for too long.
type endlessError struct {
	urls []string
	text string
}

func (e endlessError) Error() string { return e.text }

// watcher looks after one command.
type watcher struct {
	run   *run
	group int
	trace *trace
	last  activity
	// events is how far the trace was at the last look.
	events int
	// quiet is for how long there was no activity, still for how long nothing new
	// was asked for.
	quiet, still time.Duration
}

// watch ends a command with what look finds. It returns when done is closed.
func (r *run) watch(group int, t *trace, done <-chan struct{}, stop func(error)) {
	if r.config.Stall <= 0 {
		return
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	w := watcher{run: r, group: group, trace: t}
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		if err := w.look(groupActivity("/proc", group)); err != nil {
			stop(err)
			return
		}
	}
}

// look tells why the command is to be ended, if it is.
func (w *watcher) look(now activity) error {
	limit := w.run.config.Stall
	w.quiet += lookEvery
	if now.known && (now.bytes != w.last.bytes || now.ticks-w.last.ticks >= busyTicks) {
		w.quiet = 0
	}
	w.last = now
	patience := limit
	if !now.known {
		patience *= blindFactor
	}
	if w.quiet >= patience {
		return errStalled
	}
	w.still += lookEvery
	if _, _, events := w.trace.state(); events != w.events {
		w.events, w.still = events, 0
	}
	var text string
	switch {
	case now.memory > mostMemory:
		text = "what the server sends has no end: the go command took more than 1 GiB of memory for it"
	case w.still >= slowFactor*limit:
		text = fmt.Sprintf("what the server sends has no end, or comes too slowly: it took more than %s", slowFactor*limit)
	default:
		return nil
	}
	if open := w.run.open(w.trace); len(open) > 0 {
		return endlessError{open, text}
	}
	return nil
}

// activity is what a process group has done so far. What ended is no longer
// counted, so the numbers may shrink; that too is a change. memory is what the
// group's first process has now.
type activity struct {
	bytes, ticks, memory int64
	known                bool
}

// groupActivity reads proc(5). What a process reads from a socket with read(2),
// as Go does, is in its count of bytes; so is what git's parts hand each other
// through pipes.
func groupActivity(proc string, group int) activity {
	var a activity
	stats, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	for _, name := range stats {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// The second field is the program's name in parentheses, which may hold
		// anything.
		end := bytes.LastIndexByte(data, ')')
		f := strings.Fields(string(data[end+1:]))
		if len(f) < 13 || f[2] != strconv.Itoa(group) {
			continue
		}
		a.ticks += number(f[11]) + number(f[12])
		if len(f) > 21 && filepath.Base(filepath.Dir(name)) == strconv.Itoa(group) {
			a.memory = number(f[21]) * int64(os.Getpagesize())
		}
		if data, err = os.ReadFile(filepath.Join(filepath.Dir(name), "io")); err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if key == "rchar" || key == "wchar" {
				a.bytes += number(value)
				a.known = true
			}
		}
	}
	return a
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
