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
	// ended are the sites whose folders are still there.
	ended []*site
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
		if err := w.stop(ctx, w.site(state.Dir(dir))); err != nil {
			return err
		}
	}
	w.ended = nil
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

// stop ends a site's daemon if it has one; Clear removes what that has made. It
// works after the run's context has ended.
func (w *Workshop) stop(ctx context.Context, s *site) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	if err := s.daemon.Stop(ctx); err != nil {
		return err // what is still mounted must not be removed
	}
	w.ended = append(w.ended, s)
	return stack.RemoveBuilder(ctx, s.env)
}

// forgetting is how long ext4 passes over the inodes of deleted files when it looks
// for free ones (recently_deleted in its ialloc.c: 60 s, once what was deleted is on
// the disk). After a daemon's folder was removed, unpacking 12,800 files took 11 to
// 15 s instead of 2.6; what a go command deletes in the end costs the next build too.
const forgetting = 65 * time.Second

// Clear removes the folders of ended sites before a build that unpacks everything, so
// that no tool pays for what another has left.
func (w *Workshop) Clear(ctx context.Context) error {
	for _, s := range w.ended {
		if err := removeTree(string(s.dir)); err != nil {
			return err
		}
	}
	w.ended = nil
	Machinist{}.Settle(ctx)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(forgetting):
		return nil
	}
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
	return w.stop(context.Background(), s)
}

// Fresh gives a daemon with nothing in it, or empty caches on the host.
func (w *Workshop) Fresh(ctx context.Context, t Tool) (Place, func() error, error) {
	w.count++
	s, err := w.open(ctx, strconv.Itoa(w.count), t.Daemon)
	if err != nil {
		return Place{}, nil, errors.Join(err, w.stop(ctx, s))
	}
	return s.place(t.Name), func() error { return w.stop(ctx, s) }, nil
}

// removeTree removes a folder, and waits for nothing else: a module cache made
// with -modcacherw can be removed like any other.
func removeTree(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove what a build left: %w", err)
	}
	return nil
}
