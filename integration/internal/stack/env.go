package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/state"
)

// Env tells how to reach a stack.
type Env struct {
	State state.Dir `json:"state"`
	// DockerConfig is the configuration folder that has buildx and the builder
	// in it, where the user's own has not; else it is empty.
	DockerConfig string `json:"dockerConfig,omitempty"`
	// Buildx is the command to which build and the like are added: docker
	// buildx, or the program alone where there is no docker.
	Buildx []string `json:"buildx"`
	// BuildkitHost is the daemon's address, empty where the builder is the
	// user's own.
	BuildkitHost string `json:"buildkitHost"`
	// Registry is the host:port to push to and to pull from.
	Registry string `json:"registry"`
	Builder  string `json:"builder"`
	// Buildctl is the path of BuildKit's command line, empty where there is
	// none.
	Buildctl string `json:"buildctl"`
	// Borrowed is set where the builder is the user's own. It does not find the
	// frontend under its usual name then; see Frontend.
	Borrowed bool `json:"borrowed,omitempty"`
	// Frontend is the full name of the frontend image that has been pushed.
	Frontend string `json:"frontend"`
}

// Assignments is the environment as lines for a shell. The last four are the
// ones that scripts rely on.
func (e Env) Assignments() string {
	var b strings.Builder
	if e.DockerConfig != "" {
		fmt.Fprintf(&b, "export DOCKER_CONFIG=%s\n", quote(e.DockerConfig))
	}
	for _, v := range e.variables() {
		fmt.Fprintf(&b, "%s=%s\n", v[0], quote(v[1]))
	}
	return b.String()
}

func (e Env) variables() [][2]string {
	return [][2]string{
		{"FRONTEND", e.Frontend},
		{"BUILDX", strings.Join(e.Buildx, " ")},
		{"BUILDKIT_HOST", e.BuildkitHost},
		{"REGISTRY", e.Registry},
		{"BUILDER", e.Builder},
		{"BUILDCTL", e.Buildctl},
	}
}

// quote writes a word for a shell, bare where that is safe.
func quote(s string) string {
	bare := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:._-+@,", r)
	}
	if strings.TrimFunc(s, bare) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Environ is the process environment with what the stack's programs need.
func (e Env) Environ() []string {
	dir := e.DockerConfig
	if dir == "" {
		dir = userConfig()
	}
	env := append(os.Environ(), "DOCKER_CONFIG="+dir)
	if e.BuildkitHost != "" {
		env = append(env, "BUILDKIT_HOST="+e.BuildkitHost)
	}
	return env
}

// BuildxCommand prepares docker buildx with the given arguments.
func (e Env) BuildxCommand(ctx context.Context, args ...string) *exec.Cmd {
	argv := append(append([]string{}, e.Buildx...), args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = e.Environ()
	return cmd
}

// SyntaxArgs are the arguments that have a build use the pushed frontend where
// the builder would not find it under its usual name.
func (e Env) SyntaxArgs() []string {
	if !e.Borrowed {
		return nil
	}
	return []string{"--build-arg", "BUILDKIT_SYNTAX=" + e.Frontend}
}
