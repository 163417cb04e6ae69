package gocache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/gocache"
)

func TestNoStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.store = ""
	f.layer("./top")
	if got := compiled(f.layer("./top").stderr); len(got) != 3 {
		t.Errorf("compiled %q", got)
	}
}

// What is apart shares nothing, and goes when nobody has used it for long.
func TestParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, step := range []struct {
		apart    string
		compiles int
	}{{"a", 3}, {"b", 3}, {"", 3}, {"b", 0}, {"a", 0}, {"", 0}} {
		f.apart = step.apart
		if got := compiled(f.layer("./top").stderr); len(got) != step.compiles {
			t.Errorf("step %d, %q: compiled %q", i, step.apart, got)
		}
	}
	parts := func() int {
		names, err := filepath.Glob(filepath.Join(f.store, "v1*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	pruned, err := filepath.Glob(filepath.Join(f.store, "v1*/pruned"))
	if err != nil || len(pruned) != 3 || parts() != 3 {
		t.Fatalf("%d parts, %q, %v", parts(), pruned, err)
	}
	long, day := time.Now().Add(-6*24*time.Hour), time.Now().Add(-25*time.Hour)
	for _, name := range pruned {
		age := long
		if filepath.Base(filepath.Dir(name)) == "v1" {
			age = day
		}
		if err := os.Chtimes(name, age, age); err != nil {
			t.Fatal(err)
		}
	}
	f.apart = "b"
	f.layer("./top") // uses "b" again, and keeps what was used yesterday
	if parts() != 2 {
		t.Errorf("%d parts are left, want 2", parts())
	}
	if f.apart = ""; len(compiled(f.layer("./top").stderr)) != 0 {
		t.Error("what was used yesterday is gone")
	}
}

// Whatever is wrong with the store: the layer is the one of a build without it.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(f *fixture)
		// again tells that the damage shows only after the go command has used it.
		again bool
	}{
		"outputs cut short": {damage: func(f *fixture) {
			eachOf(f.t, f.archives(), func(name string) error { return os.Truncate(name, 10) })
		}},
		"outputs with another byte": {again: true, damage: func(f *fixture) {
			eachOf(f.t, f.archives(), flip)
		}},
		"outputs written to in place": {damage: func(f *fixture) {
			eachOf(f.t, f.archives(), func(name string) error { return os.Chtimes(name, time.Now(), time.Now()) })
		}},
		"no outputs":    {damage: func(f *fixture) { eachOf(f.t, f.archives(), os.Remove) }},
		"empty actions": {damage: func(f *fixture) { eachOf(f.t, f.storeFiles("-a", ""), empty) }},
		"actions of another format": {damage: func(f *fixture) {
			eachOf(f.t, f.storeFiles("-a", ""), func(name string) error { return overwrite(name, "v2") })
		}},
		"actions of other actions": {damage: func(f *fixture) {
			names := f.storeFiles("-a", "")
			data, err := os.ReadFile(names[0])
			if err != nil {
				f.t.Fatal(err)
			}
			eachOf(f.t, names[1:], func(name string) error { return os.WriteFile(name, data, 0o644) })
		}},
		"folders for outputs": {damage: func(f *fixture) {
			eachOf(f.t, f.archives(), func(name string) error { return replace(name, func() error { return os.Mkdir(name, 0o755) }) })
		}},
		"pipes for outputs": {damage: func(f *fixture) { eachOf(f.t, f.archives(), pipe) }},
		"pipes for actions": {damage: func(f *fixture) { eachOf(f.t, f.storeFiles("-a", ""), pipe) }},
		"links to a pipe for actions": {damage: func(f *fixture) {
			target := filepath.Join(f.t.TempDir(), "pipe")
			eachOf(f.t, []string{target}, pipe)
			eachOf(f.t, f.storeFiles("-a", ""), func(name string) error {
				return replace(name, func() error { return os.Symlink(target, name) })
			})
		}},
		"a pipe for the lock": {damage: func(f *fixture) {
			eachOf(f.t, []string{filepath.Join(f.store, "v1/lock")}, pipe)
			eachOf(f.t, f.storeFiles("-a", ""), os.Remove)
		}},
		"a folder for the lock": {damage: func(f *fixture) {
			eachOf(f.t, []string{filepath.Join(f.store, "v1/lock")}, os.Remove)
			write(f.t, filepath.Join(f.store, "v1/lock/x"), "")
		}},
		"files for folders": {damage: func(f *fixture) {
			for i := range 256 {
				name := filepath.Join(f.store, "v1", fmt.Sprintf("%02x", i))
				if err := os.RemoveAll(name); err != nil {
					f.t.Fatal(err)
				}
				write(f.t, name, "")
			}
		}},
		"a pipe for the time of the last clearing": {damage: func(f *fixture) {
			eachOf(f.t, []string{filepath.Join(f.store, "v1/pruned")}, pipe)
		}},
		"a folder for the time of the last clearing": {damage: func(f *fixture) {
			name := filepath.Join(f.store, "v1/pruned")
			eachOf(f.t, []string{name}, func(string) error { return replace(name, func() error { return os.Mkdir(name, 0o755) }) })
		}},
		"pipes for folders": {damage: func(f *fixture) {
			folders, _ := filepath.Glob(filepath.Join(f.store, "v1/??"))
			eachOf(f.t, folders, pipe)
		}},
		"outputs of enormous size": {damage: func(f *fixture) {
			eachOf(f.t, f.storeFiles("-a", ""), func(name string) error {
				data, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				e, err := gocache.ParseEntry(data)
				if err != nil {
					return err
				}
				e.Size = 1 << 40
				output := filepath.Join(f.store, "v1", fmt.Sprintf("%x/%x-d", e.Output[:1], e.Output))
				info, err := os.Stat(output)
				if err != nil {
					return err
				}
				return errors.Join(overwrite(name, string(e.Bytes())), os.Truncate(output, e.Size), os.Chtimes(output, info.ModTime(), info.ModTime()))
			})
		}},
		"links to nowhere": {damage: func(f *fixture) {
			eachOf(f.t, f.archives(), func(name string) error {
				return replace(name, func() error { return os.Symlink("/nowhere", name) })
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			want := bytesOf(t, f.layer("./top").cache)
			c.damage(f)
			r := f.layer("./top")
			for name := range tree(t, r.cache) {
				if _, ok := want[name]; !ok {
					t.Errorf("%s is not in the layer of a build without the store", name)
				}
			}
			if got := strings.Contains(r.stderr, "are damaged and were taken out"); got != c.again {
				t.Errorf("compiled without the store: %t\n%s", got, r.stderr)
			}
			if got := compiled(f.layer("./top").stderr); len(got) > 0 {
				t.Errorf("the store was not mended: compiled %q", got)
			}
		})
	}
}

func eachOf(t *testing.T, names []string, do func(string) error) {
	t.Helper()
	if len(names) == 0 {
		t.Fatal("there is nothing to damage")
	}
	for _, name := range names {
		if err := do(name); err != nil {
			t.Fatal(err)
		}
	}
}

// pipe puts a named pipe that nobody writes to in a file's place.
func pipe(name string) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return syscall.Mkfifo(name, 0o644)
}

func empty(name string) error { return os.Truncate(name, 0) }

// flip changes the last byte and leaves the mtime.
func flip(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	return os.Chtimes(name, info.ModTime(), info.ModTime())
}

// overwrite changes the first bytes.
func overwrite(name, text string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, append([]byte(text), data[len(text):]...), 0o644)
}

func replace(name string, with func() error) error {
	if err := os.Remove(name); err != nil {
		return err
	}
	return with()
}

// A package that does not compile because of what the store had does so without.
func TestDamageThatFailsTheBuild(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.layer("./low")
	eachOf(t, f.archives(), func(name string) error {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		// The build id in the head stays; what importers read does not.
		for i := bytes.Index(data, []byte("$$B\n")) + 4; i < len(data); i++ {
			data[i] = 0
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
		return os.Chtimes(name, info.ModTime(), info.ModTime())
	})
	r := f.layer("./top")
	if !strings.Contains(r.stderr, "could not import") || !strings.Contains(r.stderr, "are damaged") {
		t.Errorf("the build did not fail at first: this test shows nothing\n%s", r.stderr)
	}
}

// Another step, or an older program that takes no lock, may remove entries in the
// middle of a build: the go command then writes through the links.
func TestEntriesRemovedInBetween(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"before": `rm -rf "$STORE"/v1/*/*-d; go build -x ./top`,
		"after":  `go build -x ./top && rm -rf "$STORE"/v1/*/*-d`,
		"all":    `rm -rf "$STORE"/v1; go build -x ./top`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.layer("./top")
			f.env = append(f.env, "STORE="+f.store)
			f.complete(f.run(t.TempDir(), "sh", "-c", script), "./top")
			for _, name := range f.archives() {
				if info, err := os.Stat(name); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v", name, err)
				}
			}
			f.layer("./top") // what was removed after its use is back after the next
			if got := compiled(f.layer("./top").stderr); len(got) > 0 {
				t.Errorf("compiled %q", got)
			}
		})
	}
}

// What was damaged when the go command read it may be mended by the time that its
// hash is taken: other steps' go commands write through their links.
func TestDamageMendedInBetween(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.layer("./top")
	good := t.TempDir()
	if err := os.CopyFS(good, os.DirFS(f.store)); err != nil {
		t.Fatal(err)
	}
	eachOf(t, f.archives(), flip)
	f.env = append(f.env, "STORE="+f.store, "GOOD="+good)
	r := f.run(t.TempDir(), "sh", "-c", `go build -x ./top && cp -R "$GOOD/." "$STORE"`)
	f.complete(r, "./top")
	if !strings.Contains(r.stderr, "are damaged and were taken out") {
		t.Errorf("what was compiled with damaged entries was believed\n%s", r.stderr)
	}
}

// A cache of an unknown format is not understood, not stored and not changed.
func TestForeignFormat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cache := t.TempDir()
	r := f.run(cache, "sh", "-c", `mkdir -p "$GOCACHE/ab" && cd "$GOCACHE/ab" && echo "v2 x" >ab01-a && echo y >ab02-d && mkdir ab03-d && echo z >ab03-d/prog && echo n >ab04-x`)
	if r.err != nil {
		t.Fatal(r.err)
	}
	got := bytesOf(t, cache)
	want := map[string]string{
		".": "drwxr-xr-x", "ab": "drwxr-xr-x", "ab/ab01-a": "-rw-r--r--v2 x\n", "ab/ab02-d": "-rw-r--r--y\n",
		"ab/ab03-d": "drwxr-xr-x", "ab/ab03-d/prog": "-rw-r--r--z\n", "ab/ab04-x": "-rw-r--r--n\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if files := f.storeFiles("-a", ""); len(files) > 0 {
		t.Errorf("the store has %q", files)
	}
}

func TestUselessStore(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f *fixture){
		"no folder": func(f *fixture) {
			write(f.t, filepath.Join(f.store, "file"), "")
			f.store = filepath.Join(f.store, "file")
		},
		"a file for the folder of all": func(f *fixture) { write(f.t, filepath.Join(f.store, "v1"), "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			spoil(f)
			r := f.layer("./top")
			if n := strings.Count(r.stderr, "gokiln: the store of compiled packages can't be used"); n != 1 {
				t.Errorf("said so %d times\n%s", n, r.stderr)
			}
		})
	}
}

// Steps that share a store at the same moment, with a source of their own each.
func TestManyStepsOneStore(t *testing.T) {
	t.Parallel()
	first := newFixture(t)
	var group sync.WaitGroup
	for i := range 4 {
		f := newFixture(t)
		f.store = first.store
		group.Go(func() {
			for round := range 2 {
				f.write("mid/mid.go", fmt.Sprintf("package mid\n\nimport \"example.com/m/low\"\n\nconst V = low.V + %d\n", (i+round)%3))
				cache := filepath.Join(f.dir, fmt.Sprintf("cache%d", round))
				f.completeIn(cache)
			}
		})
	}
	group.Wait()
	eachOf(t, first.archives(), func(string) error { return nil })
	if left := first.storeFiles("", ""); slices.ContainsFunc(left, func(name string) bool { return strings.Contains(name, ".gokiln-") }) {
		t.Errorf("left behind: %q", left)
	}
}

// completeIn runs a step that may not end the test: it is not the test's goroutine.
func (f *fixture) completeIn(cache string) {
	r := f.run(cache, goBuild("./top", "./other")...)
	if r.err != nil {
		f.t.Errorf("%v\n%s", r.err, r.stderr)
		return
	}
	tidy(f.t, cache)
}

// The go command indexes folders whose files are older than two seconds, by their
// names, sizes and mtimes.
func TestIndexesStayOutOfTheStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("tags/one.go", "//go:build linux || !linux\n\npackage tags\n\nconst V = 1\n")
	f.write("tags/two.go", "//go:build linux && !linux\n\npackage tags\n\nconst V = 2\n")
	f.age("tags")
	if r := f.layer("./tags"); len(indexes(t, r.cache)) == 0 {
		t.Fatal("the go command made no index: this test shows nothing")
	}
	if got := indexes(t, f.store); len(got) > 0 {
		t.Errorf("the store has %q", got)
	}
	// Other content, same sizes and times: the other file is the package now.
	f.write("tags/one.go", "//go:build linux && !linux\n\npackage tags\n\nconst V = 1\n")
	f.write("tags/two.go", "//go:build linux || !linux\n\npackage tags\n\nconst V = 2\n")
	f.age("tags")
	if r := f.layer("./tags"); !strings.Contains(r.stderr, "./two.go") && !strings.Contains(r.stderr, "/two.go") {
		t.Errorf("two.go was not compiled\n%s", r.stderr)
	}
}

func (f *fixture) age(dir string) {
	f.t.Helper()
	entries, err := os.ReadDir(filepath.Join(f.dir, dir))
	if err != nil {
		f.t.Fatal(err)
	}
	then := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, e := range entries {
		if err := os.Chtimes(filepath.Join(f.dir, dir, e.Name()), then, then); err != nil {
			f.t.Fatal(err)
		}
	}
}

func indexes(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for name, file := range tree(t, dir) {
		if strings.HasPrefix(file.text, "go index v") {
			out = append(out, name)
		}
	}
	return out
}

// at runs a step on another day and returns what it compiled.
func (f *fixture) at(when time.Time, packages ...string) []string {
	f.t.Helper()
	var out bytes.Buffer
	s := gocache.Step{
		Cache: f.t.TempDir(), Store: f.store, Command: goBuild(packages...), Dir: f.dir, Env: f.env,
		Out: &out, Err: &out, Now: when,
	}
	if err := s.Run(context.Background()); err != nil {
		f.t.Fatalf("%v\n%s", err, &out)
	}
	return compiled(out.String())
}

// until runs a step on another day until it has removed what it should. A lock that
// was let go of lives on for a moment in what other tests are just starting.
func (f *fixture) until(when time.Time, removed func() bool) {
	f.t.Helper()
	for range 20 {
		if got := f.at(when, "./top"); len(got) > 0 {
			f.t.Errorf("compiled %q, which was used", got)
		}
		if removed() {
			return
		}
	}
	f.t.Errorf("what nobody used stayed until %s", when)
}

func TestPrune(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.layer("./top", "./other")
	all := len(f.archives())
	left := filepath.Join(f.store, "v1/ab/.gokiln-123")
	write(t, left, "of a run that was killed")
	write(t, filepath.Join(f.store, "v1/cd/"+strings.Repeat("cd", 32)+"-a"), "unreadable")
	// The go command's own clock tells what is used: less than linkAge ahead of it.
	now := time.Now()
	later, late := now.Add(46*time.Hour), now.Add(5*24*time.Hour+12*time.Hour)
	f.at(now.Add(time.Hour), "./top")
	if _, err := os.Stat(left); err != nil {
		t.Error("looked for old entries twice in a day")
	}

	lock, err := os.Open(filepath.Join(f.store, "v1/lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	f.at(later, "./top")
	if _, err := os.Stat(left); err != nil {
		t.Error("removed entries while another step used the store")
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}

	f.until(later, func() bool { _, err := os.Stat(left); return err != nil })
	if got := len(f.archives()); got != all {
		t.Errorf("%d of %d stayed before their time", got, all)
	}
	f.until(late, func() bool { return len(f.archives()) == 3 })
	for _, name := range f.storeFiles("-a", "") {
		if strings.Contains(name, "cdcdcd") {
			t.Error("an unreadable action stayed")
		}
	}
}
