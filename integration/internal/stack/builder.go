package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/tools"
)

// command finds the command line of buildx. A docker that has the plugin is
// used as it is, with the user's own configuration. Where docker lacks it, or
// there is no docker at all, the pinned buildx is used, with a configuration
// folder of the stack's own that shares the user's registry logins.
func (s Stack) command(ctx context.Context, env *Env, mayBuild bool) error {
	own := s.Dir.Path("docker")
	docker, dockerErr := exec.LookPath("docker")
	if dockerErr == nil && hasPlugin(ctx, docker) {
		env.Buildx = []string{"docker", "buildx"}
		return nil
	}
	if !mayBuild {
		return errors.New("docker buildx is not there, so it has no builder either")
	}
	buildx, err := s.toolBuilder().Ensure(ctx, tools.Buildx())
	if err != nil {
		return err
	}
	env.DockerConfig = own
	if err := os.MkdirAll(filepath.Join(own, "cli-plugins"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(own, ownMark), nil, 0o644); err != nil {
		return err
	}
	if err := relink(buildx, filepath.Join(own, "cli-plugins", "docker-buildx")); err != nil {
		return err
	}
	if err := s.shareLogins(own); err != nil {
		return err
	}
	env.Buildx = []string{buildx}
	if dockerErr == nil {
		env.Buildx = []string{"docker", "buildx"}
	}
	return nil
}

// ownMark is a file that tells a configuration folder of a stack's from the
// user's.
const ownMark = "made-by-gokiln"

// userConfig is the configuration folder that the user would have without any
// stack: a shell that took over one's environment still has that one's.
func userConfig() string {
	dir := os.Getenv("DOCKER_CONFIG")
	if _, err := os.Stat(filepath.Join(dir, ownMark)); dir != "" && err == nil {
		return ""
	}
	return dir
}

// hasPlugin asks docker for buildx.
func hasPlugin(ctx context.Context, docker string) bool {
	cmd := exec.CommandContext(ctx, docker, "buildx", "version")
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+userConfig())
	return cmd.Run() == nil
}

// shareLogins links the user's configuration file into the stack's folder, so
// that pushing to a registry of the user's works as it does without.
func (s Stack) shareLogins(own string) error {
	dir := userConfig()
	if home, err := os.UserHomeDir(); dir == "" && err == nil {
		dir = filepath.Join(home, ".docker")
	}
	file := filepath.Join(dir, "config.json")
	if _, err := os.Stat(file); dir != "" && err == nil {
		return relink(file, filepath.Join(own, "config.json"))
	}
	return nil
}

// relink makes link point at target, whatever it was before.
func relink(target, link string) error {
	if have, err := os.Readlink(link); err == nil && have == target {
		return nil
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, link)
}

func (s Stack) builder(ctx context.Context, env *Env, _ Options) error {
	return EnsureBuilder(ctx, *env)
}

// EnsureBuilder makes env's buildx builder unless it is there and points at env's
// daemon.
func EnsureBuilder(ctx context.Context, env Env) error {
	out, err := env.BuildxCommand(ctx, "inspect", env.Builder).Output()
	if err == nil && strings.Contains(string(out), env.BuildkitHost+"\n") {
		return nil
	}
	if err == nil {
		if err := buildx(ctx, env, "rm", "--force", env.Builder); err != nil {
			return err
		}
	}
	return buildx(ctx, env, "create", "--name", env.Builder, "--driver", "remote", env.BuildkitHost)
}

// RemoveBuilder removes env's buildx builder if there is one and it is not the
// user's own.
func RemoveBuilder(ctx context.Context, env Env) error {
	if env.Borrowed || len(env.Buildx) == 0 {
		return nil
	}
	err := env.BuildxCommand(ctx, "inspect", env.Builder).Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return ctx.Err() // there is none, so it is gone already
	}
	if err != nil {
		return err
	}
	return buildx(ctx, env, "rm", "--force", env.Builder)
}

// buildx runs a command of buildx whose output nobody reads when it succeeds.
func buildx(ctx context.Context, env Env, args ...string) error {
	if out, err := env.BuildxCommand(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("buildx %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
