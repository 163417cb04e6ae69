package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Outcome is what a command did.
type Outcome struct {
	// Took is from the start of the command to its end.
	Took  time.Duration
	Steps []Step
}

// Runner runs commands.
type Runner interface {
	// Run runs a command to its end, or to the context's.
	Run(ctx context.Context, c Command) (Outcome, error)
	// Settle waits until the machine has written down what it was left with,
	// so that one build does not pay for the one before.
	Settle(ctx context.Context)
}

// Machinist is the Runner of real commands.
type Machinist struct{}

// endGrace is how long a command may take to end once it has been told to.
const endGrace = 20 * time.Second

// Run starts the command as the leader of a process group and ends the whole
// group when the context does: docker runs buildx as a child.
func (Machinist) Run(ctx context.Context, c Command) (Outcome, error) {
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	asGroup(cmd)
	cmd.WaitDelay = endGrace
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	steps, text := parseSteps(stderr.Bytes())
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("%w: %s", err, tail(text, 25))
	}
	return Outcome{Took: took, Steps: steps}, nil
}

// Settle writes dirty pages to the disk. Where that fails the figures get
// noisier and not wrong.
func (Machinist) Settle(ctx context.Context) { _ = exec.CommandContext(ctx, "sync").Run() }
