package gocache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gokiln/gokiln/internal/gocache"
)

// fixture is a module of packages that import no package of the standard library:
// compiling them takes no other compile.
type fixture struct {
	t     *testing.T
	dir   string
	store string
	apart string
	env   []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal("the go command is not on PATH")
	}
	home := t.TempDir()
	f := &fixture{t: t, dir: t.TempDir(), store: t.TempDir(), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOENV=off", "GOFLAGS=-buildvcs=false -trimpath", "GOWORK=off",
		"GOPROXY=off", "GOMODCACHE=" + filepath.Join(home, "mod"), "GOTOOLCHAIN=local", "CGO_ENABLED=0",
	}}
	write(t, filepath.Join(home, ".config/go/telemetry/mode"), "off") // its process would outlive the test
	f.write("go.mod", "module example.com/m\n\ngo 1.21\n")
	f.write("low/low.go", "package low\n\nconst V = 1\n")
	f.write("mid/mid.go", "package mid\n\nimport \"example.com/m/low\"\n\nconst V = low.V + 1\n")
	f.write("top/top.go", "package top\n\nimport \"example.com/m/mid\"\n\nconst V = mid.V + 1\n")
	f.write("other/other.go", "package other\n\nconst V = 1\n")
	return f
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// write writes a source file. The go command makes an index of a folder once its
// files are two seconds old: these stay young, however slow the machine is.
func (f *fixture) write(name, text string) {
	f.t.Helper()
	name = filepath.Join(f.dir, name)
	write(f.t, name, text)
	young := time.Now().Add(24 * time.Hour)
	if err := os.Chtimes(name, young, young); err != nil {
		f.t.Fatal(err)
	}
}

// goBuild is the command of most steps.
func goBuild(packages ...string) []string {
	return append([]string{"go", "build", "-x"}, packages...)
}

// result is what a step left.
type result struct {
	cache, out, stderr string
	err                error
}

// run runs a step whose layer is cache.
func (f *fixture) run(cache string, command ...string) result {
	f.t.Helper()
	var out, stderr bytes.Buffer
	s := gocache.Step{Cache: cache, Store: f.store, Apart: f.apart, Command: command, Dir: f.dir, Env: f.env, Out: &out, Err: &stderr, Now: time.Now()}
	err := s.Run(context.Background())
	return result{cache, out.String(), stderr.String(), err}
}

// layer runs a step into a new layer, which has to succeed and to be complete.
func (f *fixture) layer(packages ...string) result {
	f.t.Helper()
	r := f.run(f.t.TempDir(), goBuild(packages...)...)
	f.complete(r, packages...)
	return r
}

// complete holds a layer against the laws.
func (f *fixture) complete(r result, packages ...string) {
	f.t.Helper()
	if r.err != nil {
		f.t.Fatalf("%v\n%s", r.err, r.stderr)
	}
	tidy(f.t, r.cache)
	seed := f.t.TempDir()
	if err := os.CopyFS(seed, os.DirFS(r.cache)); err != nil {
		f.t.Fatal(err)
	}
	if got := compiled(f.plain(seed, packages...)); len(got) > 0 {
		f.t.Errorf("the layer lacks what go build compiles again: %q", got)
	}
}

// plain runs go build alone on a GOCACHE.
func (f *fixture) plain(cache string, packages ...string) string {
	f.t.Helper()
	args := goBuild(packages...)
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = f.dir, append(slices.Clone(f.env), "GOCACHE="+cache)
	out, err := cmd.CombinedOutput()
	if err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// compiled are the packages that "go build -x" says it compiles, sorted.
func compiled(stderr string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)/compile(?:\.exe)? -o .* -p (\S+) `).FindAllStringSubmatch(stderr, -1) {
		out = append(out, strings.TrimPrefix(m[1], "example.com/m/"))
	}
	slices.Sort(out)
	return out
}

// tidy checks what holds for every file of a layer.
func tidy(t *testing.T, cache string) {
	t.Helper()
	year2038 := time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, file := range tree(t, cache) {
		if !file.mtime.Equal(year2038) {
			t.Errorf("%s: mtime %s", name, file.mtime)
		}
		base := filepath.Base(name)
		switch {
		case file.mode.IsDir() && (len(base) == 2 || name == "."):
		case !file.mode.IsRegular():
			t.Errorf("%s: is %s", name, file.mode)
		case strings.HasSuffix(base, "-d"):
			if sum := sha256.Sum256([]byte(file.text)); base != hex.EncodeToString(sum[:])+"-d" {
				t.Errorf("%s: has other content than its name says", name)
			}
		case strings.HasSuffix(base, "-a"):
			e, err := gocache.ParseEntry([]byte(file.text))
			if err != nil || hex.EncodeToString(e.Action[:])+"-a" != base {
				t.Errorf("%s: %q, %v", name, file.text, err)
			}
			out := hex.EncodeToString(e.Output[:])
			if info, err := os.Stat(filepath.Join(cache, out[:2], out+"-d")); err != nil || info.Size() != e.Size {
				t.Errorf("%s: its output is not there as a whole: %v", name, err)
			}
		default:
			t.Errorf("%s: has no business in a layer", name)
		}
	}
}

// file is all that can be seen of one.
type file struct {
	mode  fs.FileMode
	text  string
	mtime time.Time
	// inode and changed tell what the rest may hide.
	inode   uint64
	changed syscall.Timespec
}

// tree is a folder's content by slash-separated path.
func tree(t *testing.T, dir string) map[string]file {
	t.Helper()
	out := map[string]file{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		f := file{mode: info.Mode(), mtime: info.ModTime(), inode: stat.Ino, changed: stat.Ctim}
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			f.text = string(data)
		}
		rel, err := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = f
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// storeFiles are the files of the store with an ending, by their content's
// beginning where begin is set.
func (f *fixture) storeFiles(ext, begin string) []string {
	f.t.Helper()
	var out []string
	for name, file := range tree(f.t, f.store) {
		if strings.HasSuffix(name, ext) && strings.HasPrefix(file.text, begin) {
			out = append(out, filepath.Join(f.store, name))
		}
	}
	slices.Sort(out)
	return out
}

// archives are the compiled packages in the store.
func (f *fixture) archives() []string { return f.storeFiles("-d", "!<arch>") }
