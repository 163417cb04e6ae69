package harness

import (
	"bytes"
	"os/exec"
	"testing"
)

// Result is what a build did and said.
type Result struct {
	// Steps are the vertices that the daemon reported, in the order in which
	// they were first seen.
	Steps []Step
	// Stdout is what buildx printed there: what --call asks for, say.
	Stdout string
	// Text is what buildx said apart from its progress: errors with the lines
	// of the source, hints and warnings.
	Text string
	// Err is set when the command failed.
	Err error
}

// Build runs docker buildx build with this stack's builder, as a user would in
// the folder dir: args are what follows, the context last. A build that fails
// is a Result with an error; see MustBuild.
func (e *Env) Build(t testing.TB, dir string, args ...string) Result {
	t.Helper()
	argv := append([]string{"build", "--builder", e.Builder, "--progress", "rawjson"}, e.SyntaxArgs()...)
	cmd := e.BuildxCommand(t.Context(), append(argv, args...)...)
	cmd.Dir = dir
	return Watch(t, cmd)
}

// MustBuild is Build for a build that has to succeed.
func (e *Env) MustBuild(t testing.TB, dir string, args ...string) Result {
	t.Helper()
	r := e.Build(t, dir, args...)
	if r.Err != nil {
		t.Fatalf("build %q in %s: %v\n%s", args, dir, r.Err, r.Text)
	}
	return r
}

// BuildWithBuildctl runs buildctl build with the given arguments, as Build does.
func (e *Env) BuildWithBuildctl(t testing.TB, dir string, args ...string) Result {
	t.Helper()
	argv := append([]string{"build", "--progress", "rawjson"}, args...)
	cmd := e.BuildctlCommand(t.Context(), argv...)
	cmd.Dir = dir
	return Watch(t, cmd)
}

// Watch runs a prepared build command that reports its progress as rawjson.
func Watch(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	steps, text := ParseProgress(stderr.Bytes())
	return Result{Steps: steps, Stdout: stdout.String(), Text: text, Err: err}
}
