package harness

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Build is one call of docker buildx build.
type Build struct {
	// Args are what the user types after docker buildx build, the context last.
	Args []string
	// Dir is the working folder.
	Dir string
	// Stdin is the standard input.
	Stdin []byte
	// Env is added to the environment.
	Env []string
}

// Result is what a build did and said.
type Result struct {
	// Output is what buildx printed, without its progress, and what the steps wrote.
	Output string
	// Steps are the vertices that the daemon reported, in the order in which
	// they were first seen.
	Steps []Step
	// Err is set when the command failed.
	Err error
}

// Try builds with this stack's builder, as a user would. A build that fails is a
// Result with an error.
func (e *Env) Try(t testing.TB, b Build) Result {
	t.Helper()
	args := append([]string{"build", "--builder", e.Builder, "--progress", "rawjson"}, e.SyntaxArgs()...)
	cmd := e.BuildxCommand(t.Context(), append(args, b.Args...)...)
	cmd.Dir = b.Dir
	cmd.Stdin = bytes.NewReader(b.Stdin)
	cmd.Env = append(cmd.Env, b.Env...)
	return Watch(cmd)
}

// Build is Try for a build that has to succeed.
func (e *Env) Build(t testing.TB, b Build) Result {
	t.Helper()
	r := e.Try(t, b)
	if r.Err != nil {
		t.Fatalf("docker buildx build %s: %v\n%s", strings.Join(b.Args, " "), r.Err, r.Output)
	}
	return r
}

// Watch runs a prepared build command that reports its progress as rawjson.
func Watch(cmd *exec.Cmd) Result {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	steps, text := ParseProgress(stderr.Bytes())
	for _, s := range steps {
		stdout.WriteString(s.Log)
	}
	return Result{Output: stdout.String() + text, Steps: steps, Err: err}
}

// Named gives the steps whose name contains part, cached ones too.
func (r Result) Named(part string) []Step {
	var found []Step
	for _, s := range r.Steps {
		if strings.Contains(s.Name, part) {
			found = append(found, s)
		}
	}
	return found
}
