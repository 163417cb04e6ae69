//go:build unix

package bench

import (
	"os/exec"
	"syscall"
)

// asGroup has the command's whole process group interrupted with its context.
func asGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
