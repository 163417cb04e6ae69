package gitserver

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/debian"
	"github.com/gokiln/gokiln/integration/internal/rootfs"
	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/state"
)

// sshd is OpenSSH's server.
type sshd struct {
	program string
	// libraries is a folder with those that the machine may lack, or empty.
	libraries string
	// session and auth are programs that newer servers start, where they are
	// not in the place that was compiled in; or empty.
	session, auth string
}

// findSSHD gives the machine's own server or, where it has none, the one from
// its distribution's package, unpacked into the state folder. The package is not
// installed: that would start a service that lets users in from outside.
func findSSHD(t testing.TB) (sshd, error) {
	t.Helper()
	t.Helper()
	if path, err := program("sshd", "/usr/sbin", "/usr/local/sbin"); err == nil {
		return sshd{program: path}, nil
	}
	work, err := os.Getwd()
	if err != nil {
		return sshd{}, err
	}
	repo, err := stack.FindRepo(work)
	if err != nil {
		return sshd{}, err
	}
	dir, err := state.Locate(repo)
	if err != nil {
		return sshd{}, err
	}
	unlock, err := dir.Lock(t.Context(), t.Output())
	if err != nil {
		return sshd{}, err
	}
	err = ensureSSHD(t.Context(), dir)
	if err := errors.Join(err, unlock()); err != nil {
		return sshd{}, fmt.Errorf("this machine has no sshd: %w", err)
	}
	s := sshd{program: dir.Path("sshd", "sshd"), libraries: dir.Path("sshd")}
	for name, to := range map[string]*string{"sshd-session": &s.session, "sshd-auth": &s.auth} {
		if _, err := os.Stat(dir.Path("sshd", name)); err == nil {
			*to = dir.Path("sshd", name)
		}
	}
	return s, nil
}

// ensureSSHD unpacks the server into the folder sshd of the state folder unless
// it is there.
func ensureSSHD(ctx context.Context, dir state.Dir) error {
	to := dir.Path("sshd")
	if _, err := os.Stat(filepath.Join(to, "sshd")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The architectures are those that the stack asks for: with others its
	// package lists would be fetched again.
	archive, err := debian.Open(ctx, dir.Path("debian"), "amd64", "arm64")
	if err != nil {
		return err
	}
	// Of the server's libraries this one alone is in no base system.
	files, err := archive.Fetch(ctx, "openssh-server", "libwrap0")
	if err != nil {
		return err
	}
	tree, err := debian.Unpack(ctx, files...)
	if err != nil {
		return err
	}
	// The folder appears when it is whole.
	part, err := os.MkdirTemp(string(dir), "sshd-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if err := place(part, tree); err != nil {
		return err
	}
	return os.Rename(part, to)
}

// place writes the programs and libraries of the tree into one folder.
func place(dir string, tree rootfs.Tree) error {
	for name, entry := range tree {
		base := path.Base(name)
		if !strings.HasPrefix(base, "sshd") && !strings.Contains(base, ".so.") {
			continue
		}
		var err error
		to := filepath.Join(dir, base)
		switch {
		case entry.Type == tar.TypeReg && entry.Mode&0o111 != 0, entry.Type == tar.TypeReg && strings.Contains(base, ".so."):
			err = os.WriteFile(to, entry.Data, 0o755)
		case entry.Type == tar.TypeSymlink:
			err = os.Symlink(path.Base(entry.Link), to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
