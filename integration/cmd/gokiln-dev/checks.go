package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/stack"
	"github.com/gokiln/gokiln/integration/internal/tools"
)

// test runs the tests of every module, all of them even after a failure.
func test(ctx context.Context, s stack.Stack, args []string, _ io.Writer) error {
	dirs, err := modules(s.Repo)
	if err != nil {
		return err
	}
	var failed error
	for _, dir := range dirs {
		fmt.Fprintf(s.Notes, "go test in %s\n", relative(s.Repo, dir))
		argv := append([]string{"test"}, tools.Flags()...)
		if strings.HasSuffix(dir, "integration") {
			// What these tests see is not in the go command's cache key.
			argv = append(argv, "-count=1", "-timeout=40m")
		}
		cmd := command(ctx, dir, tools.Env(), "go", append(append(argv, args...), "./...")...)
		if err := cmd.Run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("go test in %s: %w", relative(s.Repo, dir), err))
		}
	}
	return failed
}

// lint runs every check, all of them even after a finding.
func lint(ctx context.Context, s stack.Stack, _ []string, _ io.Writer) error {
	dirs, err := modules(s.Repo)
	if err != nil {
		return err
	}
	b := tools.Builder{
		Modules: filepath.Join(s.Repo, "integration", "tools"), Out: s.Dir.Path("bin"), Notes: s.Notes,
	}
	linter, err := b.Ensure(ctx, tools.Linter())
	if err != nil {
		return err
	}
	env, err := lintEnv(ctx)
	if err != nil {
		return err
	}
	config := filepath.Join(s.Repo, ".golangci.yml")
	checks := [][]string{
		{"go", "mod", "tidy", "-diff"},
		{linter, "run", "--config", config, "./..."},
	}
	var failed error
	for _, dir := range dirs {
		for _, argv := range checks {
			if err := check(ctx, dir, env, argv); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s in %s: %w", filepath.Base(argv[0]), relative(s.Repo, dir), err))
			}
		}
	}
	return errors.Join(failed, lintWorkflows(ctx, s, b))
}

// lintWorkflows checks the workflows of GitHub Actions, without the programs that
// actionlint would call if they happened to be installed.
func lintWorkflows(ctx context.Context, s stack.Stack, b tools.Builder) error {
	actionlint, err := b.Ensure(ctx, tools.Actionlint())
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.Repo, ".github", "workflows", "*.yml"))
	if err != nil {
		return err
	}
	argv := append([]string{actionlint, "-shellcheck=", "-pyflakes="}, files...)
	if err := check(ctx, s.Repo, os.Environ(), argv); err != nil {
		return fmt.Errorf("actionlint: %w", err)
	}
	return nil
}

// lintEnv is an environment for the linter, which has the go command compile what
// the code imports.
func lintEnv(ctx context.Context) ([]string, error) {
	own, err := exec.CommandContext(ctx, "go", "env", "GOFLAGS").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	flags := append(strings.Fields(string(own)), tools.Flags()...)
	return append(tools.Env(), "GOFLAGS="+strings.Join(flags, " ")), nil
}

// check runs a command that is content when it succeeds, and shows what it says
// when it is not.
func check(ctx context.Context, dir string, env, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Printf("%s\n", bytes.TrimSpace(out))
	}
	return err
}

func relative(repo, dir string) string {
	rel, err := filepath.Rel(repo, dir)
	if err != nil {
		return dir
	}
	return rel
}

// fuzz runs every fuzz target of the root module, one after the other.
func fuzz(ctx context.Context, s stack.Stack, args []string, _ io.Writer) error {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	limit := flags.String("time", "20s", "how long each target runs, as -fuzztime takes it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	targets, err := fuzzTargets(ctx, s.Repo)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		fmt.Fprintln(s.Notes, "there are no fuzz targets")
	}
	var failed error
	for _, t := range targets {
		fmt.Fprintf(s.Notes, "%s in %s for %s\n", t.name, t.pkg, *limit)
		cmd := command(ctx, s.Repo, os.Environ(), "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+*limit, t.pkg)
		if err := cmd.Run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s in %s: %w", t.name, t.pkg, err))
		}
	}
	return failed
}

type fuzzTarget struct{ pkg, name string }

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// fuzzTargets reads them from the test files: listing them through go test
// would link every test binary first.
func fuzzTargets(ctx context.Context, repo string) ([]fuzzTarget, error) {
	const format = `{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}}	{{$p.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}}	{{$p.Dir}}/{{.}}
{{end}}`
	cmd := exec.CommandContext(ctx, "go", "list", "-f", format, "./...")
	cmd.Dir, cmd.Stderr = repo, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var targets []fuzzTarget
	for line := range strings.Lines(string(out)) {
		pkg, file, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range fuzzFunc.FindAllSubmatch(src, -1) {
			targets = append(targets, fuzzTarget{pkg: pkg, name: string(m[1])})
		}
	}
	return targets, nil
}
