package integration

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// failure is a build that a user gets wrong, and what helps him.
type failure struct {
	name  string
	files map[string]string
	// prepare makes in the context what files can't say.
	prepare func(t *testing.T, dir string)
	// args come before the context; the default is -f gokiln.yaml.
	args []string
	// want is what the output has to contain: the place where there is one, the
	// value at fault, the cure.
	want []string
	// compiles is set where the go command has to find the mistake. Every other
	// one has to be told before a step of go's has run.
	compiles bool
}

// trace is what a program in Go prints when it dies, or an error that carries
// its own stack.
var trace = regexp.MustCompile(`panic:|runtime error|goroutine \d+|\.go:\d+ \+0x|gokiln/(spec|llb|internal|cmd)/\S*\.go:\d+|PANIC|SIGSEGV`)

// A check for traces that finds none in a trace would pass for ever.
func TestTraceIsFound(t *testing.T) {
	for _, text := range []string{
		string(debug.Stack()),
		"panic: runtime error: index out of range [1] with length 1",
		"github.com/gokiln/gokiln/llb/builder.Build\n\t/src/gokiln/llb/builder/build.go:41",
	} {
		if !trace.MatchString(text) {
			t.Errorf("no trace was found in\n%s", text)
		}
	}
	if text := "cmd/api/main.go:4:14: cannot use x"; trace.MatchString(text) {
		t.Errorf("a trace was found in %q", text)
	}
}

// fails builds each failure and looks at what its user would see.
func (s suite) fails(t *testing.T, table []failure) {
	t.Helper()
	for _, f := range table {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			dir := app(t, f.files)
			if f.prepare != nil {
				f.prepare(t, dir)
			}
			args := f.args
			if args == nil {
				args = []string{"-f", "gokiln.yaml", "--platform", "linux/amd64"}
			}
			// A tag of this run: what an earlier one pushed by mistake must not count.
			tag := s.tag(t) + ":" + strings.ToLower(rand.Text())
			r := s.try(t, build{Dir: dir, Args: append([]string{"-t", tag, "--push"}, append(args, ".")...)})
			checkFailure(t, f, r)
			checkAbsent(t, tag)
		})
	}
}

func checkFailure(t *testing.T, f failure, r result) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(r.Err, &exit) || exit.ExitCode() <= 0 {
		t.Errorf("the build ended with %v, want a failure", r.Err)
	}
	for _, want := range f.want {
		if !strings.Contains(r.Output, want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	if found := trace.FindString(r.Output); found != "" {
		t.Errorf("the output has a stack trace: %q", found)
	}
	if steps := r.ran("] go "); !f.compiles && len(steps) > 0 {
		t.Errorf("steps were run before the mistake was told: %q", steps)
	}
	if t.Failed() {
		t.Logf("docker buildx build printed\n%s", short(r.Output))
	}
}

// short keeps a failed test's log readable.
func short(s string) string {
	const most = 4 << 10
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s\n[%d bytes more]", s[:most], len(s)-most)
}

// checkAbsent asks the registry for a tag that must not be there.
func checkAbsent(t *testing.T, tag string) {
	t.Helper()
	ref, err := name.ParseReference(tag)
	if err != nil {
		t.Fatal(err)
	}
	_, err = remote.Head(ref, remote.WithContext(t.Context()))
	var answer *transport.Error
	if !errors.As(err, &answer) || answer.StatusCode != http.StatusNotFound {
		t.Errorf("the registry says of %s: %v, want that it is not there", tag, err)
	}
}

// withSpec returns a context with a program and a spec that begins on line 2, after
// the syntax line.
func withSpec(text string) map[string]string {
	return map[string]string{"gokiln.yaml": text, "main.go": "package main\n\nfunc main() {}\n"}
}

// bomb is a list that doubles itself with every line.
func bomb(lines int) string {
	var b strings.Builder
	b.WriteString("x0: &x0 [lol, lol]\n")
	for i := 1; i < lines; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [*x%d, *x%d]\n", i, i, i-1, i-1)
	}
	return b.String()
}

func TestBadSpec(t *testing.T) {
	s := setup(t)
	t.Parallel()
	s.fails(t, []failure{
		{name: "bomb", files: withSpec(bomb(40)), want: []string{"gokiln.yaml:", "more than 100000 values"}},
		{name: "nested lists", files: withSpec("main: " + strings.Repeat("[", 1<<20-100)), want: []string{"gokiln.yaml:", "nested"}},
		{name: "nested lists on lines", files: withSpec("main:\n" + strings.Repeat("- ", 500_000)), want: []string{"gokiln.yaml:", "nested"}},
		{name: "nested lists with an end", files: withSpec("main: " + strings.Repeat("[", 1<<18) + strings.Repeat("]", 1<<18)), want: []string{"gokiln.yaml:2", "nested"}},
		{name: "too large", files: withSpec("# " + strings.Repeat("x", 3<<20) + "\n"), want: []string{"gokiln.yaml", "too large", "1 MiB"}},
		{name: "tab", files: withSpec("build:\n\ttrimpath: true\n"), want: []string{"gokiln.yaml:3", "spaces, not tabs"}},
		{name: "nul", files: withSpec("name: a\x00b\n"), want: []string{"gokiln.yaml:2:8", "U+0000"}},
		{name: "not UTF-8", files: withSpec("name: caf\xe9\n"), want: []string{"gokiln.yaml:2:10", "0xe9", "UTF-8"}},
		{name: "two documents", files: withSpec("name: a\n---\nname: b\n"), want: []string{"gokiln.yaml:3", "---"}},
		{name: "not a map", files: withSpec("- main: ./cmd/api\n"), want: []string{"gokiln.yaml:2:1", "map"}},
		{name: "string for list", files: withSpec("build:\n  tags: {a: b}\n"), want: []string{"gokiln.yaml:3", "build.tags", "list"}},
		{name: "string for bool", files: withSpec("build:\n  trimpath: sometimes\n"), want: []string{"gokiln.yaml:3:13", "build.trimpath", "true or false"}},
		{name: "number for map", files: withSpec("image:\n  labels: 5\n"), want: []string{"gokiln.yaml:3:11", "image.labels", "map"}},
		{name: "number for duration", files: withSpec("image:\n  healthcheck:\n    test: [CMD, /x]\n    interval: soon\n"), want: []string{"gokiln.yaml:5", "image.healthcheck.interval", `"soon"`, "30s"}},
		{name: "unknown key", files: withSpec("biuld:\n  tags: [a]\n"), want: []string{"gokiln.yaml:2:1", "unknown key", `did you mean "build"`}},
		{name: "unknown key below", files: withSpec("image:\n  entry_point: [/x]\n"), want: []string{"gokiln.yaml:3:3", `did you mean "image.entrypoint"`}},
		{name: "another tool's key", files: withSpec("image:\n  expose: [80]\n"), want: []string{"gokiln.yaml:3:3", "image.ports"}},
		{name: "several", files: withSpec("nam: a\nbuild:\n  cgo: perhaps\nimage:\n  user: [x]\n  base: ../x\n"),
			want: []string{"gokiln.yaml:2", "gokiln.yaml:4", "gokiln.yaml:6", "errors:"}},
		{name: "key twice", files: withSpec("name: a\nname: b\n"), want: []string{"gokiln.yaml:3", "name"}},
		{name: "template", files: withSpec("image:\n  labels:\n    a: '{{ .Versoin }}'\n"), want: []string{"gokiln.yaml:4", "Version"}},
		{name: "template without quotes", files: withSpec("name: a\nimage:\n  labels:\n    a: {{ .Version }}\n"), want: []string{"gokiln.yaml:5:8", "quote a value"}},
		{name: "huge label", files: withSpec("image:\n  labels:\n    a: " + strings.Repeat("x", 100<<10) + "\n"), want: []string{"gokiln.yaml:4", "image.labels.a", "65536"}},
		{name: "platform as environment", files: withSpec("build:\n  env: {GOOS: windows}\n"), want: []string{"gokiln.yaml:3", "build.env.GOOS", "--platform"}},
		{name: "race without cgo", files: withSpec("build:\n  race: true\n"), want: []string{"gokiln.yaml:3", "cgo: true"}},
	})
}
