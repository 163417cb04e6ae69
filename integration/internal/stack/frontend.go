package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// frontend builds the frontend image from the repository and pushes it. The
// builder's cache decides whether anything has to be done.
func (s Stack) frontend(ctx context.Context, env *Env, _ Options) error {
	if _, err := os.Stat(filepath.Join(s.Repo, "Dockerfile")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no Dockerfile of the frontend image", s.Repo)
	}
	env.Frontend = env.Registry + "/" + Syntax
	network, err := NetworkArgs(ctx)
	if err != nil {
		return err
	}
	args := []string{
		"build", "--builder", env.Builder, "--progress", "plain",
		// They would make the image differ from build to build.
		"--provenance", "false", "--sbom", "false",
		"--tag", env.Frontend, "--push",
	}
	args = append(append(args, network...), s.Repo)
	out, err := env.BuildxCommand(ctx, args...).CombinedOutput()
	if logErr := os.WriteFile(s.logFile("frontend.log"), out, 0o644); logErr != nil {
		return logErr
	}
	if err != nil {
		return fmt.Errorf("%w; the end of %s:\n%s", err, s.logFile("frontend.log"), lastLines(string(out), 30))
	}
	return nil
}

func (s Stack) logFile(name string) string {
	_ = os.MkdirAll(s.Dir.Path("log"), 0o755)
	return s.Dir.Path("log", name)
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// NetworkArgs are the arguments that give a build the machine's way to the
// module proxy: the settings of Go's that differ from the defaults, proxies,
// and the certificates that the machine trusts.
func NetworkArgs(ctx context.Context) ([]string, error) {
	settings, err := goSettings(ctx)
	if err != nil {
		return nil, err
	}
	return buildNetworkArgs(settings, os.LookupEnv, trustedBundle()), nil
}

// goSettings are those of the go command's that differ from its defaults.
func goSettings(ctx context.Context) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "-json", "-changed").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	settings := map[string]string{}
	return settings, json.Unmarshal(out, &settings)
}

func buildNetworkArgs(settings map[string]string, lookup func(string) (string, bool), bundle string) []string {
	var args []string
	for _, name := range []string{"GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB"} {
		if value := settings[name]; value != "" {
			args = append(args, "--build-arg", name+"="+value)
		}
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"} {
		for _, spelling := range []string{name, strings.ToLower(name)} {
			if value, ok := lookup(spelling); ok && value != "" {
				args = append(args, "--build-arg", spelling+"="+value)
			}
		}
	}
	if bundle != "" {
		args = append(args, "--secret", "id=ca-certificates,src="+bundle)
	}
	return args
}

// trustedBundle finds the file with the certificates that this machine trusts,
// or nothing. The places are those that Go itself looks at on Linux.
func trustedBundle() string {
	places := []string{
		os.Getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
	}
	i := slices.IndexFunc(places, func(file string) bool {
		info, err := os.Stat(file)
		return file != "" && err == nil && info.Mode().IsRegular()
	})
	if i < 0 {
		return ""
	}
	return places[i]
}
