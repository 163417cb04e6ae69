// Package harness gives tests the real parts: the stack that "make up" brought
// up, a second daemon with empty caches, the user's own command line, and a
// look at what it pushed.
//
// It never brings the stack up by itself and never skips quietly: a test that
// asks for the stack fails without it, and is skipped only under -short, which
// itself is a failure where GOKILN_REQUIRE_DAEMON is set.
package harness

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gokiln/gokiln/integration/internal/daemon"
	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/state"
)

// RequireVar is the environment variable that turns a skip into a failure.
const RequireVar = "GOKILN_REQUIRE_DAEMON"

// Env is a running stack.
type Env struct {
	stack.Env
	// Repo is the root of the repository.
	Repo  string
	stack stack.Stack
}

// Start gives the stack that is up.
func Start(t testing.TB) *Env {
	t.Helper()
	if testing.Short() {
		if os.Getenv(RequireVar) != "" {
			t.Fatalf("-short skips this test and $%s forbids that", RequireVar)
		}
		t.Skip("needs a daemon, and -short asks for tests without")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	repo, err := stack.FindRepo(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := state.Locate(repo)
	if err != nil {
		t.Fatal(err)
	}
	s := stack.Stack{Repo: repo, Dir: d, Notes: notes{t}}
	env, err := s.Env()
	if err != nil {
		t.Fatal(err)
	}
	if env.Registry == "" {
		t.Fatal(`nothing is up: run "make up" first, or test with -short`)
	}
	return &Env{Env: env, Repo: repo, stack: s}
}

// notes writes what takes long to the test's log.
type notes struct{ t testing.TB }

func (n notes) Write(b []byte) (int, error) {
	n.t.Helper()
	n.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// Golang sees to it that builds find a golang image, such as
// "1.25.9-bookworm". One that has to be made takes a minute the first time.
func (e *Env) Golang(t testing.TB, tag string) {
	t.Helper()
	if err := e.stack.Golang(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
}

// Fresh starts a second daemon with caches that are empty, a builder of its
// own and the same registry behind it. Both go away with the test. It is
// skipped where the builder is the user's own.
func (e *Env) Fresh(t testing.TB) *Env {
	t.Helper()
	return e.FreshBehind(t, e.Registry)
}

// FreshBehind is Fresh with another host:port for the registry, of something
// that stands in front of it: the daemon asks there for all images.
func (e *Env) FreshBehind(t testing.TB, registry string) *Env {
	t.Helper()
	if e.Borrowed {
		t.Skip("a second daemon can't be started beside a builder of the user's own")
	}
	// A test's own temporary folder has a name too long for a socket.
	dir, err := os.MkdirTemp("", "gk-")
	if err != nil {
		t.Fatal(err)
	}
	d := daemon.Daemon{
		Dir: state.Dir(dir), Buildkitd: e.State.Path("bin", "buildkitd"), Buildctl: e.Buildctl, Mirror: registry,
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := d.Stop(ctx); err != nil {
			t.Errorf("second daemon: %v", err)
			return // what is still mounted must not be removed
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if _, err := d.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := *e
	fresh.Registry = registry
	if fresh.BuildkitHost, err = d.Address(); err != nil {
		t.Fatal(err)
	}
	fresh.Builder = filepath.Base(dir)
	if err := stack.EnsureBuilder(t.Context(), fresh.Env); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := stack.RemoveBuilder(ctx, fresh.Env); err != nil {
			t.Error(err)
		}
	})
	return &fresh
}

// BuildctlCommand prepares BuildKit's own command line for this daemon.
func (e *Env) BuildctlCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.Buildctl, args...)
	cmd.Env = e.Environ()
	return cmd
}

// Tag gives a name in the registry that no other test uses.
func (e *Env) Tag(t testing.TB) string {
	t.Helper()
	lower := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}
	name := strings.Trim(strings.Map(lower, strings.ToLower(t.Name())), "-")
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return e.Registry + "/test/" + name
}
