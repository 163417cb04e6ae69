package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/image"
	"github.com/gokiln/gokiln/integration/internal/stack"
)

// runExample builds an example with the command line that a user would type,
// then fetches what was pushed and runs it on every platform.
func runExample(ctx context.Context, s stack.Stack, _ []string, _ io.Writer) error {
	env, err := s.Env()
	if err != nil {
		return err
	}
	if env.Registry == "" {
		return errors.New(`nothing is up: run "make up" first`)
	}
	tag := env.Registry + "/hello"
	args := []string{"build", "--builder", env.Builder, "-f", "examples/hello/gokiln.yaml",
		"--platform", "linux/amd64,linux/arm64", "-t", tag, "--push"}
	args = append(append(args, env.SyntaxArgs()...), "examples/hello")
	fmt.Printf("$ %s %s\n", strings.Join(env.Buildx, " "), strings.Join(args, " "))
	build := env.BuildxCommand(ctx, args...)
	build.Dir, build.Stdout, build.Stderr = s.Repo, os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return runPushed(ctx, s, tag)
}

func runPushed(ctx context.Context, s stack.Stack, tag string) error {
	images, err := image.Fetch(ctx, tag)
	if err != nil {
		return err
	}
	for _, platform := range slices.Sorted(maps.Keys(images)) {
		fmt.Printf("\n%s as %s:\n", tag, platform)
		err := runOne(ctx, images[platform], s.EmulatorDir())
		if errors.Is(err, image.ErrNoEmulator) {
			fmt.Printf("  not run here: %v\n", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	return nil
}

func runOne(ctx context.Context, img image.Image, emulators string) error {
	dir, err := os.MkdirTemp("", "gokiln-run-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The image's user has to get in, and it need not be the one that runs this.
	root := filepath.Join(dir, "rootfs")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(root, 0o755)); err != nil {
		return err
	}
	if err := img.Unpack(root); err != nil {
		return err
	}
	cmd, err := img.Command(ctx, root, emulators)
	if err != nil {
		return err
	}
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		fmt.Print("  ", line)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("the program ended with %w", err)
	}
	return err
}
