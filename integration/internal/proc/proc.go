// Package proc starts processes that outlive the program that started them,
// and ends exactly those again. A process is known by its id, the moment the
// kernel started it and the boot that this happened in: an id that has been
// given to another process since is never signalled.
//
// It ends no process by name and searches for none.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Identity tells one process from every other that this machine ever ran. The
// zero Identity is no process.
type Identity struct {
	PID int `json:"pid"`
	// Start is the kernel's start time of the process, in its own units.
	Start string `json:"start"`
	// Boot names the boot of the machine that Start counts from.
	Boot string `json:"boot"`
}

// Detach starts a program in a session of its own, with its output appended to
// the file log, and gives its identity. The program goes on when the caller
// ends. A program that ends at once is seen by Alive, not here.
func Detach(log, dir string, env []string, name string, args ...string) (Identity, error) {
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return Identity{}, err
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return Identity{}, err
	}
	defer out.Close()
	cmd := exec.Command(name, args...) //nolint:noctx // it outlives every context of the caller
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Identity{}, fmt.Errorf("start %s: %w", filepath.Base(name), err)
	}
	id, err := identify(cmd.Process.Pid)
	// Waiting here collects the child when it ends while the caller still
	// runs, so that it does not stay as a zombie that looks alive.
	go func() { _ = cmd.Wait() }()
	return id, err
}

// Alive reports whether the process still runs.
func (id Identity) Alive() bool {
	if id.PID <= 0 {
		return false
	}
	now, err := identify(id.PID)
	return err == nil && now == id
}

// Stop asks the process to end, waits up to grace, and then kills it. It does
// nothing where the process is gone already.
func (id Identity) Stop(ctx context.Context, grace time.Duration) error {
	if !id.Alive() {
		return nil
	}
	if err := id.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if id.waitGone(ctx, grace) {
		return nil
	}
	if err := id.signal(syscall.SIGKILL); err != nil {
		return err
	}
	if id.waitGone(ctx, 5*time.Second) {
		return nil
	}
	return fmt.Errorf("process %d does not end", id.PID)
}

func (id Identity) signal(sig syscall.Signal) error {
	if !id.Alive() {
		return nil
	}
	err := syscall.Kill(id.PID, sig)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", id.PID, err)
	}
	return nil
}

func (id Identity) waitGone(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for id.Alive() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}
