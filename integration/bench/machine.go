package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/standin"
)

// ThisMachine describes the machine from what Linux tells of itself; what it
// does not tell is left out.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, CPU: "unknown"}
	m.CPU = procValue(readProc("/proc/cpuinfo"), "model name", m.CPU)
	if kb, _, ok := strings.Cut(procValue(readProc("/proc/meminfo"), "MemTotal", ""), " "); ok {
		n, err := strconv.ParseUint(kb, 10, 64)
		if err == nil {
			m.Memory = n << 10
		}
	}
	m.Kernel = strings.TrimSpace(readProc("/proc/sys/kernel/osrelease"))
	return m
}

func readProc(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(b)
}

// procValue finds the first "name : value" line.
func procValue(text, name, otherwise string) string {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}

// VersionsOf asks the programs that take part for their versions.
func VersionsOf(ctx context.Context, s stack.Stack, env stack.Env) (map[string]string, error) {
	versions := map[string]string{}
	buildx := env.BuildxCommand(ctx, "version")
	for name, cmd := range map[string]*exec.Cmd{
		"go":        exec.CommandContext(ctx, "go", "env", "GOVERSION"),
		"buildkitd": exec.CommandContext(ctx, env.State.Path("bin", "buildkitd"), "--version"),
		"buildx":    buildx,
		"gokiln":    exec.CommandContext(ctx, "git", "-C", s.Repo, "describe", "--always", "--dirty", "--abbrev=12"),
		"ko":        inModule(ctx, s, "ko", "github.com/google/ko"),
	} {
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("version of %s: %w", name, err)
		}
		versions[name] = versionIn(string(out))
	}
	digest, err := FrontendDigest(ctx, env)
	versions[FrontendVersion] = digest
	return versions, err
}

// FrontendVersion is the version's name that holds FrontendDigest.
const FrontendVersion = "gokiln image"

// FrontendDigest is the digest of the frontend image that builds use now. It
// changes when somebody pushes another.
func FrontendDigest(ctx context.Context, env stack.Env) (string, error) {
	return standin.Published(ctx, env.Registry, stack.Syntax)
}

func inModule(ctx context.Context, s stack.Stack, module, origin string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", origin)
	cmd.Dir = filepath.Join(s.Repo, "integration", "tools", module)
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	return cmd
}

// versionIn picks the word that looks like a version from what a program says:
// "name github.com/org/name v1.2.3 0123abc".
func versionIn(text string) string {
	words := strings.Fields(text)
	for _, w := range words {
		if len(w) > 1 && w[0] == 'v' && w[1] >= '0' && w[1] <= '9' {
			return w
		}
	}
	return strings.Join(words, " ")
}
