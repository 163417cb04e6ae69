package gitserver

import (
	"io"
	"os/exec"
	"time"
)

// process is a program that ends when its input does.
type process struct {
	cmd   *exec.Cmd
	input io.Closer
}

func start(cmd *exec.Cmd) (*process, error) {
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	// Programs that inherited its output don't keep end waiting.
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, input: input}, nil
}

// end has the program end, kills it where it does not, and returns when it is
// gone. There may be none.
func (p *process) end() {
	if p == nil {
		return
	}
	_ = p.input.Close()
	timer := time.AfterFunc(5*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait() // how it ended is no matter
}
