package state

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLocate(t *testing.T) {
	t.Setenv(EnvVar, "")
	repo := t.TempDir()
	got, err := Locate(repo)
	if err != nil || got.Path("x", "y") != filepath.Join(repo, ".state", "x", "y") {
		t.Errorf("Locate = %q, %v", got, err)
	}
	t.Setenv(EnvVar, "/elsewhere/../state")
	if got, err := Locate(repo); err != nil || got != "/state" {
		t.Errorf("Locate with %s = %q, %v", EnvVar, got, err)
	}
}

func TestSocketFitsTheKernelsLimit(t *testing.T) {
	short := Dir(t.TempDir())
	if got, err := short.Socket("s.sock"); err != nil || got != short.Path("s.sock") {
		t.Errorf("short folder: %q, %v", got, err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	long := Dir(short.Path(strings.Repeat("d", 100)))
	got, err := long.Socket("s.sock")
	if err != nil || len(got) > 108 || strings.HasPrefix(got, string(long)) {
		t.Errorf("long folder: %q, %v", got, err)
	}
	if other, _ := Dir(string(long) + "x").Socket("s.sock"); other == got {
		t.Errorf("two state folders share the socket %q", got)
	}
	if err := long.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(got)); err == nil {
		t.Errorf("%s is left behind", filepath.Dir(got))
	}
}

func TestJSONRoundTrip(t *testing.T) {
	d := Dir(t.TempDir())
	want := map[string]int{"a": 1}
	got := map[string]int{}
	if err := d.ReadJSON("f.json", &got); err != nil || len(got) != 0 {
		t.Fatalf("missing file: %v, %v", got, err)
	}
	if err := d.WriteJSON("f.json", want); err != nil {
		t.Fatal(err)
	}
	if err := d.ReadJSON("f.json", &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLockKeepsOthersOut(t *testing.T) {
	d := Dir(t.TempDir())
	unlock, err := d.Lock(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	var notes strings.Builder
	if _, err := d.Lock(ctx, &notes); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second lock while the first is held: %v", err)
	}
	if n := strings.Count(notes.String(), "waiting"); n != 1 {
		t.Errorf("told %d times that it waits: %q", n, notes.String())
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := d.Lock(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}
