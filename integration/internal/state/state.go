// Package state names the places where the development stack keeps what it
// makes, remembers small facts between two runs, and lets one run at a time
// change them. Everything lives in one folder that can be thrown away; nothing
// outside it is written, except system packages and a buildx builder.
//
// It starts nothing and knows neither BuildKit nor registries.
package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// EnvVar is the environment variable that overrides the state folder.
const EnvVar = "GOKILN_STATE"

// maxSocketPath leaves room below the 108 bytes that Linux has for the path of a
// unix socket.
const maxSocketPath = 100

// Dir is the state folder, as an absolute path.
type Dir string

// Locate gives the state folder of the repository at repo: $GOKILN_STATE, else
// .state at the repository's root. It creates nothing.
func Locate(repo string) (Dir, error) {
	path := os.Getenv(EnvVar)
	if path == "" {
		path = filepath.Join(repo, ".state")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("state folder %q: %w", path, err)
	}
	return Dir(abs), nil
}

// Path joins elem to the state folder.
func (d Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Make creates a folder inside the state folder and gives its path.
func (d Dir) Make(elem ...string) (string, error) {
	path := d.Path(elem...)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", fmt.Errorf("state folder: %w", err)
	}
	return path, nil
}

// Socket gives the path for a unix socket. It is inside the state folder where
// the kernel's limit for such paths allows that, and otherwise in a folder of
// the system's temporary folder whose name is made from the state folder's.
func (d Dir) Socket(name string) (string, error) {
	path := d.Path(name)
	if len(path) <= maxSocketPath {
		return path, os.MkdirAll(string(d), 0o755)
	}
	return filepath.Join(d.shortcut(), name), os.MkdirAll(d.shortcut(), 0o700)
}

func (d Dir) shortcut() string {
	sum := sha256.Sum256([]byte(d))
	return filepath.Join(os.TempDir(), "gokiln-"+hex.EncodeToString(sum[:6]))
}

// Remove removes the state folder and the sockets that had no place in it.
func (d Dir) Remove() error {
	return errors.Join(os.RemoveAll(string(d)), os.RemoveAll(d.shortcut()))
}

// ReadJSON fills v from a file in the state folder. A file that is missing
// leaves v as it is.
func (d Dir) ReadJSON(name string, v any) error {
	b, err := os.ReadFile(d.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", d.Path(name), err)
	}
	return nil
}

// WriteJSON replaces a file in the state folder in one step.
func (d Dir) WriteJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(d.Path(name), append(b, '\n'), 0o644)
}

// WriteFile writes a file beside its final place and renames it there, so that
// a reader sees the old content or the new one and nothing between.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Lock waits until no other process holds the state folder, and holds it until
// the returned function is called or the process ends. It says on notes once
// that it waits. The kernel drops the lock of a process that dies.
func (d Dir) Lock(ctx context.Context, notes io.Writer) (unlock func() error, err error) {
	if _, err := d.Make(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.Path("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for told := false; ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
		}
		if !told {
			fmt.Fprintf(notes, "waiting for another run that holds %s\n", f.Name())
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), ctx.Err()), f.Close())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
