package gocache_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/gocache"
)

func TestLayerIsComplete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cold := f.layer("./top")
	if got := compiled(cold.stderr); !slices.Equal(got, []string{"low", "mid", "top"}) {
		t.Errorf("cold, compiled %q", got)
	}
	warm := f.layer("./top")
	if got := compiled(warm.stderr); len(got) > 0 {
		t.Errorf("warm, compiled %q", got)
	}
	if links := f.storeFiles("", "go index v"); len(links) > 0 {
		t.Errorf("indexes in the store: %q", links)
	}
}

func TestChangeCompilesItsImporters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.layer("./top", "./other")
	f.write("mid/mid.go", "package mid\n\nimport \"example.com/m/low\"\n\nconst V = low.V + 2\n")
	r := f.layer("./top", "./other")
	if got := compiled(r.stderr); !slices.Equal(got, []string{"mid", "top"}) {
		t.Errorf("compiled %q", got)
	}
}

func TestLayerHasOnlyWhatWasUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alone := f.layer("./other")
	f.layer("./top")
	again := f.layer("./other")
	before := tree(t, alone.cache)
	for name := range tree(t, again.cache) {
		if _, ok := before[name]; !ok {
			t.Errorf("%s is of another package", name)
		}
	}
}

func TestLayersOfTheSameAreEqual(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one := f.layer("./top")
	f.store = t.TempDir()
	two := f.layer("./top")
	if diff := cmp.Diff(bytesOf(t, one.cache), bytesOf(t, two.cache)); diff != "" {
		t.Error(diff)
	}
}

func bytesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, f := range tree(t, dir) {
		out[name] = f.mode.String() + f.text
	}
	return out
}

func TestLayerBelowIsNotTouched(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cache := f.layer("./mid").cache
	f.layer("./top") // what the store lends is in the layer below too
	before := tree(t, cache)
	r := f.run(cache, goBuild("./top", "./other")...)
	f.complete(r, "./top", "./other")
	if got := compiled(r.stderr); !slices.Equal(got, []string{"other"}) {
		t.Errorf("compiled %q", got)
	}
	after := tree(t, cache)
	for name, b := range before {
		a := after[name]
		if b.mode.IsDir() {
			continue
		}
		if a.inode != b.inode || a.changed != b.changed || a.text != b.text {
			t.Errorf("%s was written to", name)
		}
	}
	if len(after) == len(before) {
		t.Error("nothing came on top")
	}
}

// The layer below may come from elsewhere and have old files, which the go command
// would remove, and the files that it keeps beside entries.
func TestLayerBelowIsNotTrimmed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cache := f.layer("./other").cache
	old := time.Now().Add(-30 * 24 * time.Hour)
	var names []string
	for name, file := range tree(t, cache) {
		if file.mode.IsRegular() {
			names = append(names, name)
			if err := os.Chtimes(filepath.Join(cache, name), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, filepath.Join(cache, "trim.txt"), "1")
	if r := f.run(cache, goBuild("./low")...); r.err != nil {
		t.Fatal(r.err)
	}
	after := tree(t, cache)
	for _, name := range names {
		if _, ok := after[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	if _, ok := after["trim.txt"]; ok {
		t.Error("trim.txt stayed")
	}
}

// Somebody else's layer may have actions whose outputs are missing.
func TestLayerBelowIsCompleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cache := f.layer("./top").cache
	for name, file := range tree(t, cache) {
		if strings.HasPrefix(file.text, "!<arch>") {
			if err := os.Remove(filepath.Join(cache, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.store = t.TempDir()
	f.complete(f.run(cache, goBuild("./top")...), "./top")
}

// What the go command does with a layer's mtimes is why they are what they are.
func TestGoLeavesTheLayerAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cache := f.layer("./top").cache
	before := tree(t, cache)
	f.plain(cache, "./top")
	after := tree(t, cache)
	for name, b := range before {
		if a := after[name]; !b.mode.IsDir() && (a.inode != b.inode || a.changed != b.changed) {
			t.Errorf("the go command wrote to %s", name)
		}
	}
	if _, ok := after["trim.txt"]; !ok {
		t.Error("the go command did not look for old entries: this test shows nothing")
	}
}

func TestFailingBuild(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cache := f.layer("./other").cache
	before := bytesOf(t, cache)
	f.write("top/top.go", "package top\n\nimport \"example.com/m/mid\"\n\nconst V = mid.W\n")
	r := f.run(cache, "go", "build", "./top")
	exit := gocache.ExitError{}
	if !errors.As(r.err, &exit) || exit.Code != 1 {
		t.Errorf("got %v", r.err)
	}
	if want := "# example.com/m/top\ntop/top.go:5:15: undefined: mid.W\n"; r.stderr != want {
		t.Errorf("stderr %q, want %q", r.stderr, want)
	}
	if diff := cmp.Diff(before, bytesOf(t, cache)); diff != "" {
		t.Errorf("the layer: %s", diff)
	}
	f.write("top/top.go", "package top\n\nimport \"example.com/m/mid\"\n\nconst V = mid.V\n")
	if got := compiled(f.layer("./top").stderr); !slices.Equal(got, []string{"top"}) {
		t.Errorf("then compiled %q", got)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		script string
		want   int
	}{{"exit 7", 7}, {"kill -9 $$", 137}} {
		r := f.run(t.TempDir(), "sh", "-c", c.script)
		exit := gocache.ExitError{}
		if !errors.As(r.err, &exit) || exit.Code != c.want {
			t.Errorf("%s: got %v", c.script, r.err)
		}
	}
	if r := f.run(t.TempDir(), filepath.Join(f.dir, "nothing")); !errors.Is(r.err, os.ErrNotExist) {
		t.Errorf("no such program: got %v", r.err)
	}
	if r := f.run(t.TempDir()); r.err == nil {
		t.Error("no command was taken")
	}
}

func TestOutputComesThrough(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.env = append(f.env, "GOCACHEPROG=elsewhere")
	cache := t.TempDir()
	r := f.run(cache, "sh", "-c", `printf 'out\n'; printf 'err\n' >&2; echo "$GOCACHE,$GOCACHEPROG"`)
	if r.err != nil || r.out != "out\n"+cache+",\n" || !strings.HasPrefix(r.stderr, "err\n") {
		t.Errorf("got %q, %q, %v", r.out, r.stderr, r.err)
	}
}

// A signal ends the whole process group.
func TestCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	out := &notify{word: "ready", call: stop}
	s := gocache.Step{
		Cache: t.TempDir(), Store: f.store, Dir: f.dir, Env: f.env, Out: out, Err: out, Now: time.Now(),
		Command: []string{"sh", "-c", `trap 'echo told; exit 3' TERM; (trap 'echo child told; exit' TERM; echo ready; while :; do sleep 0.05; done) & wait $!; wait`},
	}
	err := s.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{"told\n", "child told\n"} {
		if !strings.Contains("\n"+out.String(), "\n"+want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
}

// notify calls back when a word was written.
type notify struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	word string
	call func()
}

func (n *notify) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.buf.Write(p)
	if strings.Contains(n.buf.String(), n.word) {
		n.call()
	}
	return len(p), nil
}

func (n *notify) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.String()
}
