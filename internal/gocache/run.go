package gocache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Step is one run of a go command that fills a layer.
type Step struct {
	// Cache is the GOCACHE that becomes the layer. What is there already is the
	// layer below.
	Cache string
	// Store is the persistent store of entries, which other steps may use at the
	// same moment; empty for none.
	Store string
	// Apart gives the step a part of the store that it shares only with steps of the
	// same text; empty is a part too. It is for what an entry depends on and the go
	// command's hashes leave out.
	Apart string
	// Command is the go command and its arguments, Dir the folder that it runs in
	// (empty for the present one), and Env its environment; GOCACHE is set here.
	Command []string
	Dir     string
	Env     []string
	// Out and Err get what the command writes, untouched. Err gets a line of this
	// package where the store is of no use, and one that tells what was compiled.
	Out, Err io.Writer
	// Now is the time of the run, by which the store's entries age.
	Now time.Time
}

// ExitError says that the go command failed. It has told why.
type ExitError struct {
	// Code is what to exit with: the go command's own, or 128 and the number of
	// the signal that ended it, as a shell has it.
	Code int
}

func (e ExitError) Error() string {
	return fmt.Sprintf("the go command ended with exit code %d", e.Code)
}

// run is a Step under way.
type run struct {
	step  Step
	layer *layer
	store store
	// stored tells that there is a store; it is given up at the first failure to
	// write to it.
	stored bool
	now    time.Time
}

// Run runs the command and leaves in Cache, besides what was there, every entry
// that it used or made. The error is an ExitError where the command fails; then
// nothing is added to Cache. Troubles with the store only cost time.
func (s Step) Run(ctx context.Context) error {
	if len(s.Command) == 0 {
		return errors.New("there is no command to run")
	}
	if s.Cache == "" || s.Now.IsZero() {
		return errors.New("a step needs a folder for the layer and the time")
	}
	r := &run{step: s, now: s.Now}
	var err error
	if r.layer, err = openLayer(s.Cache); err != nil {
		return fmt.Errorf("open the layer of compiled packages: %w", err)
	}
	if s.Store != "" {
		r.store, err = openStore(ctx, s.Store, s.Apart, r.now)
		if r.stored = err == nil; r.stored {
			defer r.store.close()
		} else {
			r.giveUp(err)
		}
	}
	damaged, err := r.build(ctx, r.stored)
	if len(damaged) == 0 || ctx.Err() != nil {
		return err
	}
	if err := r.recover(damaged); err != nil {
		return err
	}
	_, err = r.build(ctx, false)
	return err
}

// say writes a line for the user.
func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.step.Err, "gokiln: "+format+"\n", args...)
}

// giveUp goes on without the store.
func (r *run) giveUp(err error) {
	r.stored = false
	r.say("the store of compiled packages can't be used, which costs time and nothing else: %v", err)
}

// recover takes damaged entries out of the store, and out of the layer all that
// may have been compiled with them.
func (r *run) recover(damaged []Entry) error {
	r.say("%d entries in the store of compiled packages are damaged and were taken out; compiling without it", len(damaged))
	for _, e := range damaged {
		if err := r.store.evict(e); err != nil {
			r.giveUp(err)
			break
		}
	}
	return r.layer.reset()
}

// build runs the command once. Where it used entries of the store that turn out
// to be damaged it returns those, and nothing of this run can be believed.
func (r *run) build(ctx context.Context, lend bool) (damaged []Entry, err error) {
	if err := r.layer.holdTrim(r.now); err != nil {
		return nil, err
	}
	if lend {
		if err := r.layer.link(r.store, r.now); err != nil {
			return nil, fmt.Errorf("lend the store's entries: %w", err)
		}
	}
	failed := r.command(ctx)
	if ctx.Err() != nil {
		return nil, errors.Join(failed, ctx.Err())
	}
	f, err := r.layer.look()
	if err != nil {
		return nil, err
	}
	if failed == nil {
		damaged, err = r.fetch(f)
	} else {
		damaged = r.check(f)
	}
	if err != nil || len(damaged) > 0 {
		return damaged, err
	}
	r.keep(f)
	if failed != nil {
		return nil, errors.Join(failed, r.layer.reset())
	}
	r.say("build cache: %d entries of the store, %d new", len(f.used), len(f.made))
	return nil, r.layer.settle(f)
}

// command runs the go command in a process group of its own, so that a signal
// reaches the compilers too.
func (r *run) command(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, r.step.Command[0], r.step.Command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.step.Dir, r.step.Out, r.step.Err
	// A GOCACHEPROG would take the entries elsewhere.
	cmd.Env = slices.Concat(r.step.Env, []string{"GOCACHE=" + r.layer.dir, "GOCACHEPROG="})
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	exit := &exec.ExitError{}
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return ExitError{128 + int(status.Signal())}
	}
	return ExitError{exit.ExitCode()}
}

// fetch makes files of the links into the store that are in use.
func (r *run) fetch(f found) (damaged []Entry, err error) {
	var mu sync.Mutex
	err = each(r.layer.borrowed(f), func(e Entry) error {
		err := r.store.fetch(e, r.layer.path(e.outputFile()))
		if !errors.Is(err, errContent) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		damaged = append(damaged, e)
		return nil
	})
	return damaged, err
}

// check finds the damaged entries among those in use.
func (r *run) check(f found) (damaged []Entry) {
	var mu sync.Mutex
	_ = each(r.layer.borrowed(f), func(e Entry) error { // its function has no error
		name := r.store.path(e.outputFile())
		if sound(name, e.Output) && r.store.holds(e) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		damaged = append(damaged, e)
		return nil
	})
	return damaged
}

// keep writes to the store what was made, and notes what was used.
func (r *run) keep(f found) {
	if !r.stored {
		return
	}
	err := each(f.made, func(e Entry) error { return r.store.keep(e, r.layer.dir, r.now) })
	if err == nil {
		err = each(f.used, func(e Entry) error { return r.store.touch(e, r.now) })
	}
	if err != nil {
		r.giveUp(err)
	}
}
