package proc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDetachAndStop(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log", "out")
	id, err := Detach(log, "", nil, "/bin/sh", "-c", "echo started; exec sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	if !id.Alive() {
		t.Fatal("started process is not alive")
	}
	if err := id.Stop(t.Context(), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if id.Alive() {
		t.Error("stopped process is alive")
	}
	if out, _ := os.ReadFile(log); string(out) != "started\n" && string(out) != "" {
		t.Errorf("log = %q", out)
	}
	if err := id.Stop(t.Context(), time.Second); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

func TestStopKillsWhatIgnoresTheRequest(t *testing.T) {
	log := filepath.Join(t.TempDir(), "out")
	id, err := Detach(log, "", nil, "/bin/sh", "-c", `trap "" TERM; echo ready; while :; do sleep 1; done`)
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if b, _ := os.ReadFile(log); strings.Contains(string(b), "ready") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := id.Stop(t.Context(), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if id.Alive() {
		t.Error("process survived")
	}
}

func TestRecycledIDIsLeftAlone(t *testing.T) {
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !self.Alive() {
		t.Fatal("own process is not alive")
	}
	for name, other := range map[string]Identity{
		"started earlier": {PID: self.PID, Start: "1", Boot: self.Boot},
		"earlier boot":    {PID: self.PID, Start: self.Start, Boot: "another"},
		"no process":      {},
	} {
		if other.Alive() {
			t.Errorf("%s: taken for the live process", name)
		}
		// This would end the test itself if it signalled.
		if err := other.Stop(t.Context(), time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseStat(t *testing.T) {
	const tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 18 4711 20 21"
	zombie := strings.Replace(tail, "S", "Z", 1)
	for _, tc := range []struct {
		name, stat, start string
		running, fails    bool
	}{
		{name: "plain", stat: "12 (sh)" + tail, start: "4711", running: true},
		{name: "name with spaces and parentheses", stat: "12 (a) b (c)" + tail, start: "4711", running: true},
		{name: "zombie", stat: "12 (sh)" + zombie, start: "4711"},
		{name: "zombie with a thread that runs", stat: "12 (sh)" + strings.Replace(zombie, " 16 1 ", " 16 2 ", 1), start: "4711", running: true},
		{name: "short", stat: "12 (sh) S 1", fails: true},
		{name: "empty", fails: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start, running, err := parseStat([]byte(tc.stat))
			if start != tc.start || running != tc.running || (err != nil) != tc.fails {
				t.Errorf("got %q, %v, %v", start, running, err)
			}
		})
	}
}
