package harness

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// Command prepares the image's program with its own environment, user and root
// folder; args replace its command. A foreign architecture runs emulated. A
// test whose program has no emulator here is skipped, or fails where
// RequireVar is set.
func (e *Env) Command(t testing.TB, img image.Image, args ...string) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "gk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	root := filepath.Join(dir, "rootfs")
	// The image's user has to get in.
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(root, 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inMemory(root)) // unmounted before the folder is removed
	if err := img.Unpack(root); err != nil {
		t.Fatal(err)
	}
	cmd, err := img.Command(t.Context(), root, e.stack.EmulatorDir(), args...)
	if errors.Is(err, image.ErrNoEmulator) && os.Getenv(RequireVar) == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// Run runs the image's program to its end and gives what it printed, both
// streams together. A program that fails is a failure of the test.
func (e *Env) Run(t testing.TB, img image.Image, args ...string) string {
	t.Helper()
	out, err := e.Command(t, img, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("run %s: %v\n%s", image.Key(img.Platform), err, out)
	}
	return string(out)
}
