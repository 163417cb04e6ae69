package gitserver

import (
	"os"
	"os/exec"
	"syscall"
)

// canIsolate reports whether a program can get a view of its own of the
// machine's users and processes.
func canIsolate() bool { return os.Geteuid() == 0 }

// isolate gives the program namespaces of its own. Its mounts are seen by nobody
// else, and everything that it started is killed when it ends.
func isolate(cmd *exec.Cmd) {
	if canIsolate() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS}
	}
}
