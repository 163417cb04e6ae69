package bench

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/harness"
	"github.com/gokiln/gokiln/integration/internal/daemon"
	"github.com/gokiln/gokiln/integration/internal/image"
	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/state"
)

// host is this machine. Its daemons have roots of their own below one folder, beside
// the stack whose registry they use. The stack's daemon builds nothing here, so a run
// finds no caches and leaves none.
type host struct {
	env stack.Env
	dir state.Dir
	// daemons counts the fresh ones.
	daemons int
}

// daemon returns the one of that name, which need not run, and the way to reach it.
func (h *host) daemon(name string) (daemon.Daemon, stack.Env) {
	env := h.env
	env.Builder = "gokiln-bench-" + name
	return daemon.Daemon{
		Dir: state.Dir(h.dir.Path(name)), Buildkitd: h.env.State.Path("bin", "buildkitd"), Buildctl: h.env.Buildctl, Mirror: h.env.Registry,
	}, env
}

func (h *host) place(ctx context.Context, t tool, fresh bool) (place, func() error, error) {
	name, end := "warm", func() error { return nil }
	if fresh {
		if err := h.settle(ctx); err != nil {
			return place{}, nil, err
		}
		h.daemons++
		name = fmt.Sprintf("fresh-%d", h.daemons)
		end = func() error { return h.stop(ctx, name) }
	}
	d, env := h.daemon(name)
	at := place{env: env, cache: d.Dir.Path("cache", t.name)}
	if t.host {
		return at, end, nil
	}
	if _, err := d.Ensure(ctx); err != nil {
		return place{}, nil, errors.Join(err, end())
	}
	var err error
	if at.env.BuildkitHost, err = d.Address(); err == nil {
		err = stack.EnsureBuilder(ctx, at.env)
	}
	if err != nil {
		return place{}, nil, errors.Join(err, end())
	}
	return at, end, nil
}

// stop ends a daemon; its folder stays until settle removes it. It works after the
// run's context has ended.
func (h *host) stop(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	d, env := h.daemon(name)
	if err := d.Stop(ctx); err != nil {
		return err // what is still mounted must not be removed
	}
	return stack.RemoveBuilder(ctx, env)
}

// sweep ends all daemons, those of a run that was killed too, and removes the folder.
func (h *host) sweep(ctx context.Context) error {
	left, err := filepath.Glob(h.dir.Path("*", "buildkit"))
	for _, root := range left {
		err = errors.Join(err, h.stop(ctx, filepath.Base(filepath.Dir(root))))
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(string(h.dir))
}

// deletionDelay is how long ext4 passes over the inodes of deleted files when it looks
// for free ones (recently_deleted in its ialloc.c: 60 s, once what was deleted is on the
// disk). After a daemon's folder was removed, unpacking 12,800 files took 11 to 15 s
// instead of 2.6; what a go command deletes in the end costs the next build too.
const deletionDelay = 65 * time.Second

// settle removes what fresh daemons have left, and waits, so that no tool pays for what
// another has left.
func (h *host) settle(ctx context.Context) error {
	left, err := filepath.Glob(h.dir.Path("fresh-*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	sync(ctx)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(deletionDelay):
		return err
	}
}

// sync writes dirty pages to the disk. Where that fails the figures get noisier.
func sync(ctx context.Context) { _ = exec.CommandContext(ctx, "sync").Run() }

func (h *host) run(ctx context.Context, b build) (time.Duration, []step, error) {
	sync(ctx)
	var total time.Duration
	var steps []step
	for _, cmd := range b.tool.commands(ctx, b) {
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 20 * time.Second
		start := time.Now()
		err := cmd.Run()
		total += time.Since(start)
		all, text := harness.ParseProgress(stderr.Bytes())
		if ctx.Err() != nil {
			return 0, nil, context.Cause(ctx)
		}
		if err != nil {
			return 0, nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args[:3], " "), err, lastLines(text, 25))
		}
		for _, s := range all {
			if s.Ran {
				steps = append(steps, step{s.Name})
			}
		}
	}
	return total, steps, nil
}

// inspect looks into the first program, which gets changed, and into a fleet's last,
// which shares a package with it.
func (h *host) inspect(ctx context.Context, b build, want content) error {
	for _, platform := range b.platforms {
		for i, pkg := range b.work.packages {
			if i > 0 && i < len(b.work.packages)-1 {
				continue
			}
			if i > 0 {
				want.line, want.version = "", ""
			}
			program, err := b.program(ctx, b.work.program(pkg), platform)
			if err == nil {
				err = want.check(program, b.work.module)
			}
			if err != nil {
				return fmt.Errorf("%s for %s: %w", pkg, platform, err)
			}
		}
	}
	return nil
}

// program reads a program from where the build left it.
func (b build) program(ctx context.Context, name, platform string) ([]byte, error) {
	if b.tool.programs == "" {
		return os.ReadFile(filepath.Join(b.out, strings.ReplaceAll(platform, "/", "-"), name))
	}
	reference := b.image()
	if b.work.fleet() {
		reference += "/" + name
	}
	images, err := image.Fetch(ctx, reference)
	if err != nil {
		return nil, err
	}
	img, ok := images[platform]
	if !ok {
		return nil, fmt.Errorf("%s has no image of that platform", reference)
	}
	return img.ReadFile(b.tool.programs + "/" + name)
}

// check looks for the texts of the last changes and the dependency's version.
func (c content) check(program []byte, module string) error {
	for _, text := range []string{c.line, c.deep} {
		if !bytes.Contains(program, []byte(text)) {
			return fmt.Errorf("the program lacks the change %q", text)
		}
	}
	if c.version == "" {
		return nil
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("the program has no build information: %w", err)
	}
	for _, dep := range info.Deps {
		if dep.Path == module && dep.Version == c.version {
			return nil
		}
	}
	return fmt.Errorf("the program is not built with %s %s", module, c.version)
}
