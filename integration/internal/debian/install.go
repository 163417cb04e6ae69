package debian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func drain(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }

// Install has the machine's apt install packages. It fetches the package lists
// first only where the packages are not known without: on a new machine the
// lists are empty or so old that the files they name are gone.
func Install(ctx context.Context, notes io.Writer, names ...string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%q is missing and there is no apt-get to install it: install it by hand", names)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%q is missing: install it, or run as root", names)
	}
	fmt.Fprintf(notes, "installing %q\n", names)
	first := aptInstall(ctx, names)
	if first == nil {
		return nil
	}
	if err := run(ctx, "apt-get", "update"); err != nil {
		// A source that is down does not matter when another has the package.
		fmt.Fprintf(notes, "package lists: %v\n", err)
	}
	if err := aptInstall(ctx, names); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

func aptInstall(ctx context.Context, names []string) error {
	args := []string{"install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"}
	return run(ctx, "apt-get", append(args, names...)...)
}

func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	_, err := cmd.Output()
	return commandError(cmd, err)
}
