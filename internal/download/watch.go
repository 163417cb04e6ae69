package download

import (
	"bytes"
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

// watch calls stalled once when a process group has neither read, written nor
// computed for as long as limit. It returns when done is closed.
func watch(group int, limit time.Duration, done <-chan struct{}, stalled func()) {
	if limit <= 0 {
		return
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	last, quiet := activity{}, time.Duration(0)
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		now := groupActivity("/proc", group)
		quiet += lookEvery
		if now.known && (now.bytes != last.bytes || now.ticks-last.ticks >= busyTicks) {
			quiet = 0
		}
		last = now
		patience := limit
		if !now.known {
			patience *= blindFactor
		}
		if quiet >= patience {
			stalled()
			return
		}
	}
}

// activity is what a process group has done so far. What ended is no longer
// counted, so the numbers may shrink; that too is a change.
type activity struct {
	bytes, ticks int64
	known        bool
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
