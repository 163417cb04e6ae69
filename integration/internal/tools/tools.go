// Package tools builds the pinned programs that the stack and the checks run.
// Each comes from a Go module of its own below integration/tools, whose go.mod
// pins it and whose go.sum proves it, so that none of their dependencies reach
// the modules that ship. A program is rebuilt when its pin, the compiler or the
// way of building changes, and otherwise taken as it lies there.
package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/state"
)

// Tool is one program and where it comes from.
type Tool struct {
	// Name is the program's file name.
	Name string
	// Module is the folder below integration/tools that pins it.
	Module string
	// Package is the import path of its main package.
	Package string
	// Origin is the module path whose version is stamped into VersionVar.
	Origin string
	// VersionVar is the variable that holds the program's version, or empty.
	// Without the stamp a program says that its version is unknown, and its
	// peers then guess what it can do.
	VersionVar string
}

// Buildkitd is BuildKit's daemon.
func Buildkitd() Tool { return buildkit("buildkitd") }

// Buildctl is BuildKit's own command line.
func Buildctl() Tool { return buildkit("buildctl") }

func buildkit(name string) Tool {
	const origin = "github.com/moby/buildkit"
	return Tool{
		Name: name, Module: "buildkit", Package: origin + "/cmd/" + name,
		Origin: origin, VersionVar: origin + "/version.Version",
	}
}

// Buildx is the command line that users call as docker buildx.
func Buildx() Tool {
	const origin = "github.com/docker/buildx"
	return Tool{
		Name: "buildx", Module: "buildx", Package: origin + "/cmd/buildx",
		Origin: origin, VersionVar: origin + "/version.Version",
	}
}

// DockerfileFrontend is the program of the image that a Dockerfile's syntax line
// names.
func DockerfileFrontend() Tool {
	const origin = "github.com/moby/buildkit"
	return Tool{
		Name: "dockerfile-frontend", Module: "buildkit", Package: origin + "/frontend/dockerfile/cmd/dockerfile-frontend",
		Origin: origin, VersionVar: "main.Version",
	}
}

// Ko builds images of Go programs without a daemon.
func Ko() Tool {
	const origin = "github.com/google/ko"
	return Tool{
		Name: "ko", Module: "ko", Package: origin,
		Origin: origin, VersionVar: origin + "/pkg/commands.Version",
	}
}

// Linter is golangci-lint.
func Linter() Tool {
	const origin = "github.com/golangci/golangci-lint/v2"
	return Tool{
		Name: "golangci-lint", Module: "lint", Package: origin + "/cmd/golangci-lint",
		Origin: origin, VersionVar: "main.version",
	}
}

// Actionlint checks the workflows of GitHub Actions. Its module is not the linter's:
// a new version of the one does not build the other anew.
func Actionlint() Tool {
	const origin = "github.com/rhysd/actionlint"
	return Tool{Name: "actionlint", Module: "actionlint", Package: origin + "/cmd/actionlint", Origin: origin}
}

// Builder builds tools for the host.
type Builder struct {
	// Modules is the folder that holds the tools' modules.
	Modules string
	// Out is the folder for the programs.
	Out string
	// Notes is told what takes long.
	Notes io.Writer
}

// Ensure builds the tool where it is missing or older than its pin, and gives
// its path.
func (b Builder) Ensure(ctx context.Context, t Tool) (string, error) {
	dir, out := filepath.Join(b.Modules, t.Module), filepath.Join(b.Out, t.Name)
	version, err := b.goCommand(ctx, dir, "list", "-m", "-f", "{{.Version}}", t.Origin)
	if err != nil {
		return "", err
	}
	args := buildArgs(t, version, out)
	key, err := b.key(ctx, dir, args)
	if err != nil {
		return "", err
	}
	stamp := out + ".key"
	if _, err := os.Stat(out); err == nil {
		if have, err := os.ReadFile(stamp); err == nil && string(have) == key {
			return out, nil
		}
	}
	fmt.Fprintf(b.Notes, "building %s %s (takes minutes the first time)\n", t.Name, version)
	if err := os.MkdirAll(b.Out, 0o755); err != nil {
		return "", err
	}
	if _, err := b.goCommand(ctx, dir, args...); err != nil {
		return "", err
	}
	return out, state.WriteFile(stamp, []byte(key), 0o644)
}

// Flags are the go command's flags that decide how packages are compiled. Tools,
// checks and tests use the same ones, and no cgo, so that what they have in common,
// the standard library and much of BuildKit's client, is compiled once: with tests
// compiled in their own way, the linter took 106 s instead of 39 s where nothing but
// the tools had been compiled. Nothing is made for a debugger that the linker of a
// tool would throw away: compiling net/http took 19 to 22 s instead of 23 to 25 s.
func Flags() []string { return []string{"-trimpath", "-gcflags=all=-dwarf=false"} }

const noCgo = "CGO_ENABLED=0"

// Env is the environment that goes with Flags, for what is no tool. The user's own
// CGO_ENABLED stands: the race detector, for one, wants cgo.
func Env() []string { return append([]string{noCgo}, os.Environ()...) }

// buildArgs are the arguments for a small static program that does not depend
// on the folder or the version control it was built in.
func buildArgs(t Tool, version, out string) []string {
	ldflags := "-s -w"
	if t.VersionVar != "" {
		ldflags += " -X " + t.VersionVar + "=" + version
	}
	args := append([]string{"build", "-buildvcs=false"}, Flags()...)
	return append(args, "-ldflags", ldflags, "-o", out, t.Package)
}

func (b Builder) key(ctx context.Context, dir string, args []string) (string, error) {
	compiler, err := b.goCommand(ctx, dir, "env", "GOVERSION", "GOOS", "GOARCH")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", compiler, args)
	for _, name := range []string{"go.mod", "go.sum"} {
		f, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n%s", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// goCommand runs the go command in dir and gives what it prints. A user's
// workspace, build mode and target platform must not reach a tool's build.
func (b Builder) goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), noCgo, "GOWORK=off", "GOFLAGS=", "GOOS=", "GOARCH=")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("go %s in %s: %w", strings.Join(args, " "), dir, err)
	}
	return strings.TrimSpace(string(out)), nil
}
