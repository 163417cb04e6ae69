package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gokiln/gokiln/integration/internal/daemon"
	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/state"
)

// Workshop is the Lab on this machine: daemons with roots of their own below
// one folder, beside the stack whose registry they use. The stack's own daemon
// builds nothing here, so a run finds no caches and leaves none.
type Workshop struct {
	Stack stack.Stack
	Env   stack.Env
	// Base is what all calls have in common.
	Base Call
	// Dir is the run's folder.
	Dir state.Dir
	// Notes is told what takes long.
	Notes io.Writer

	sources map[string]string
	warm    *site
	count   int
}

// site is a daemon that runs, and a folder beside it.
type site struct {
	daemon  daemon.Daemon
	env     stack.Env
	dir     state.Dir
	running bool
}

// NewWorkshop takes over the folder dir. What a run that was killed has left
// there is ended and removed first.
func NewWorkshop(ctx context.Context, s stack.Stack, env stack.Env, base Call, dir state.Dir) (*Workshop, error) {
	w := &Workshop{Stack: s, Env: env, Base: base, Dir: dir, Notes: s.Notes, sources: map[string]string{}}
	return w, w.Sweep(ctx)
}

// Sweep ends all daemons below the folder and removes it.
func (w *Workshop) Sweep(ctx context.Context) error {
	left, err := filepath.Glob(w.Dir.Path("d-*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := w.end(ctx, w.site(state.Dir(dir))); err != nil {
			return err
		}
	}
	return removeTree(string(w.Dir))
}

func (w *Workshop) site(dir state.Dir) *site {
	env := w.Env
	env.Builder = "gokiln-bench-" + filepath.Base(string(dir))
	return &site{dir: dir, env: env, daemon: daemon.Daemon{
		Dir: dir, Buildkitd: w.Env.State.Path("bin", "buildkitd"), Buildctl: w.Env.Buildctl, Mirror: w.Env.Registry,
	}}
}

// open makes a folder for a place, with a running daemon where a tool needs it.
func (w *Workshop) open(ctx context.Context, name string, needsDaemon bool) (*site, error) {
	s := w.site(state.Dir(w.Dir.Path("d-" + name)))
	if !needsDaemon {
		return s, nil
	}
	return s, s.start(ctx)
}

func (s *site) start(ctx context.Context) error {
	if s.running {
		return nil
	}
	if _, err := s.daemon.Ensure(ctx); err != nil {
		return err
	}
	s.running = true
	var err error
	if s.env.BuildkitHost, err = s.daemon.Address(); err != nil {
		return err
	}
	return stack.EnsureBuilder(ctx, s.env)
}

// end ends a site's daemon if it has one and removes all it has made. It works
// after the run's context has ended.
func (w *Workshop) end(ctx context.Context, s *site) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	if err := s.daemon.Stop(ctx); err != nil {
		return err // what is still mounted must not be removed
	}
	return errors.Join(stack.RemoveBuilder(ctx, s.env), removeTree(string(s.dir)))
}

func (s *site) place(tool string) Place {
	return Place{Env: s.env, Cache: s.dir.Path("cache", tool)}
}

// Source generates a workload once.
func (w *Workshop) Source(ctx context.Context, work Workload) (string, error) {
	if dir, ok := w.sources[work.Name]; ok {
		return dir, nil
	}
	fmt.Fprintf(w.Notes, "generating the source of %s\n", work.Name)
	dir := w.Folder("source", work.Name)
	if err := work.Generate(ctx, dir, w.Stack.Repo); err != nil {
		return "", fmt.Errorf("source of %s: %w", work.Name, err)
	}
	w.sources[work.Name] = dir
	return dir, nil
}

// Folder gives a path below the run's folder.
func (w *Workshop) Folder(elem ...string) string { return w.Dir.Path(elem...) }

// Call is what all calls have in common.
func (w *Workshop) Call() Call { return w.Base }

// Warm gives the daemon that lives as long as the workload is measured.
func (w *Workshop) Warm(ctx context.Context, _ Workload, t Tool) (Place, error) {
	if w.warm == nil {
		s, err := w.open(ctx, "warm", false)
		if err != nil {
			return Place{}, err
		}
		w.warm = s
	}
	if t.Daemon {
		if err := w.warm.start(ctx); err != nil {
			return Place{}, err
		}
	}
	return w.warm.place(t.Name), nil
}

// Cool ends it.
func (w *Workshop) Cool() error {
	if w.warm == nil {
		return nil
	}
	s := w.warm
	w.warm = nil
	return w.end(context.Background(), s)
}

// Fresh gives a daemon with nothing in it, or empty caches on the host.
func (w *Workshop) Fresh(ctx context.Context, t Tool) (Place, func() error, error) {
	w.count++
	s, err := w.open(ctx, strconv.Itoa(w.count), t.Daemon)
	if err != nil {
		return Place{}, nil, errors.Join(err, w.end(ctx, s))
	}
	return s.place(t.Name), func() error { return w.end(ctx, s) }, nil
}

// removeTree removes a folder, and waits for nothing else: a module cache made
// with -modcacherw can be removed like any other.
func removeTree(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove what a build left: %w", err)
	}
	return nil
}
