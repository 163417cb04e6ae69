package download

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// output is what a command left.
type output struct {
	stdout []byte
	// stderr has the lines that are not about single requests.
	stderr []string
	// commands are those that "go -x" says it runs.
	commands []string
	trace    *trace
	err      error
}

// lines are all lines of both streams.
func (o output) lines() []string {
	return append(strings.Split(string(o.stdout), "\n"), o.stderr...)
}

// command runs a command in the main module's folder in a process group of its
// own, which is ended with the context or by watch.
func (r *run) command(ctx context.Context, env []string, name string, args ...string) output {
	return r.commandIn(ctx, r.config.Dir, env, name, args...)
}

func (r *run) commandIn(ctx context.Context, dir string, env []string, name string, args ...string) output {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// A helper of git that outlives it may hold the pipes open.
	cmd.WaitDelay = 5 * time.Second
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	reader, writer := io.Pipe()
	cmd.Stderr = writer
	out := output{trace: &trace{answers: map[string]string{}}}
	if err := cmd.Start(); err != nil {
		out.err = err
		return out
	}
	var group sync.WaitGroup
	group.Go(func() { r.read(reader, &out) })
	done := make(chan struct{})
	group.Go(func() { r.watch(cmd.Process.Pid, out.trace, done, stop) })
	err := cmd.Wait()
	close(done)
	_ = writer.Close() // the reader has all there will be
	group.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it ended well; something it had started holds its output
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	out.stdout, out.err = stdout.Bytes(), err
	return out
}

// read sorts a command's error stream: requests are noted, what the user waits
// for is shown, and the rest is kept.
func (r *run) read(from io.Reader, out *output) {
	lines := bufio.NewReader(from)
	for {
		text, err := lines.ReadString('\n')
		text = r.clean(strings.TrimRight(text, "\r\n"))
		switch {
		case out.trace.add(text) || text == "":
		case commandRule.MatchString(text):
			out.commands = append(out.commands, text)
			out.trace.event()
		case strings.HasPrefix(text, "go: downloading "):
			r.say("%s", text)
		default:
			out.stderr = append(out.stderr, text)
		}
		if err != nil {
			return
		}
	}
}

// commandRule matches what "go -x" writes of the programs that it runs, and of how
// long they took.
var commandRule = regexp.MustCompile(`^(cd|mkdir|git|hg|svn|bzr|fossil) |^[0-9]+\.[0-9]+s # `)
