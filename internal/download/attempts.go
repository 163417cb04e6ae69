package download

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// job is a go command that downloads.
type job struct {
	args, env []string
	// errors reads what the command says on its output; local tells of a
	// dependency that imports a local package.
	errors func(stdout []byte) (texts []string, local bool)
}

// downloadAll runs what the configuration asks for. override is environment that
// goes before the step's.
func (r *run) downloadAll(ctx context.Context, override ...string) error {
	if r.config.All {
		return r.everything(ctx, override)
	}
	for _, t := range r.config.Targets {
		err := r.attempts(ctx, r.listed(t), override)
		if errors.Is(err, errLocal) {
			return r.everything(ctx, override)
		}
		if err != nil {
			return err
		}
	}
	return r.beside(ctx, override)
}

// everything downloads all modules, because a list of packages does not tell what
// is needed.
func (r *run) everything(ctx context.Context, override []string) error {
	r.unlisted = true
	return r.attempts(ctx, allModules(), override)
}

func allModules() job {
	return job{args: []string{"mod", "download", "-x", "-json"}, errors: downloadErrors}
}

// listed makes the go command find the packages that are imported in the end,
// which downloads the modules they are in. A build that imports nothing still
// reads the go.mod files that any package would.
func (r *run) listed(t modstep.Target) job {
	packages := r.config.Packages
	if len(packages) == 0 {
		packages = []string{"errors"}
	}
	args := []string{"list", "-e", "-x", "-deps", "-mod=readonly", "-json=ImportPath,Dir,Error"}
	if t.Tags != "" {
		args = append(args, "-tags="+t.Tags)
	}
	return job{
		args: append(append(args, "--"), packages...), env: t.Env,
		errors: r.listErrors,
	}
}

// errLocal tells of a package outside that imports one of the build context,
// whose own imports only its files would tell.
var errLocal = errors.New("a dependency imports a local package")

// maxAttempts bounds the runs of a go command whatever is new in each.
const maxAttempts = 1000

// attempts runs a job until it succeeds, fails for good, or has failed in the
// same way too often.
func (r *run) attempts(ctx context.Context, j job, override []string) error {
	for range maxAttempts {
		out := r.command(ctx, slices.Concat(r.env, j.env, override), "go", j.args...)
		if err := ctx.Err(); err != nil {
			return err
		}
		failures, err := r.failures(j, out)
		if err == nil && len(failures) == 0 {
			return nil
		}
		if !errors.Is(err, errLocal) && r.recheck() {
			continue
		}
		if err != nil {
			return err
		}
		r.askGit(ctx, failures, out)
		r.blame(failures, out)
		if err := r.mismatched(ctx, failures, out); err != nil {
			return err
		}
		if err := r.retry(ctx, failures); err != nil {
			return err
		}
	}
	return errors.New("the go command failed in a new way each time")
}

// failures gathers what went wrong in one run of the go command.
func (r *run) failures(j job, out output) ([]Failure, error) {
	if errors.Is(out.err, errStalled) {
		// A git that was killed leaves locks in its clone, with which go would
		// fetch the whole history.
		return r.stalls(out), os.RemoveAll(filepath.Join(r.paths.ModCache, "cache", "vcs"))
	}
	if e := (endlessError{}); errors.As(out.err, &e) {
		return openFailures(symptom.Answer, e.urls, e.text), nil
	}
	texts, local := j.errors(out.stdout)
	var failures []Failure
	for _, text := range texts {
		failures = append(failures, diagnose(r.clean(text)))
	}
	if out.err != nil {
		for _, text := range messages(out.stderr) {
			failures = append(failures, diagnose(text))
		}
		if len(failures) == 0 {
			return nil, Failure{Code: symptom.Other, Text: fmt.Sprintf("go %s: %v", strings.Join(j.args[:2], " "), out.err)}
		}
	}
	if len(failures) == 0 && local {
		return nil, errLocal
	}
	return failures, nil
}

// noProtocol is what the go command says where git failed for a repository whose
// module path ends with .git. It does not say how git failed.
const noProtocol = "no secure protocol found for repository"

// askGit asks git what the go command has left out.
func (r *run) askGit(ctx context.Context, failures []Failure, out output) {
	for i, f := range failures {
		if !strings.Contains(f.Text, noProtocol) {
			continue
		}
		for _, line := range out.commands {
			address, ok := strings.CutPrefix(line, "git ls-remote https://")
			if !ok || !strings.Contains(f.Text, strings.TrimSuffix(address, ".git")) {
				continue
			}
			said := r.command(ctx, r.env, "git", "ls-remote", "--quiet", "https://"+address)
			if said.err == nil {
				continue
			}
			if text := strings.Join(said.stderr, "\n"); text != "" {
				failures[i] = diagnose(f.Text + "\n" + text)
			} else {
				failures[i] = diagnose(f.Text + ": " + said.err.Error())
			}
			break
		}
	}
}

// stalls are failures of the requests that were open when a command was ended.
func (r *run) stalls(out output) []Failure {
	text := fmt.Sprintf("nothing was received for %s", r.config.Stall)
	failures := openFailures(symptom.Timeout, r.open(out.trace), text)
	if failures == nil {
		failures = []Failure{{Code: symptom.Timeout, Text: text, Cure: symptom.Timeout.Cure()}}
	}
	return failures
}

func openFailures(code symptom.Code, urls []string, text string) []Failure {
	var failures []Failure
	for _, url := range slices.Sorted(slices.Values(urls)) {
		failures = append(failures, Failure{Code: code, URL: url, Module: versionOfURL(url), Text: text, Cure: code.Cure()})
	}
	return failures
}

// unfinished reports whether a request's answer began and its file is not there.
func (r *run) unfinished(url, answer string) bool {
	m := versionOfURL(url)
	if m.Path == "" || !strings.HasPrefix(answer, "200") {
		return false
	}
	name, ok := fileOf(downloads(r.paths.ModCache), m, path.Ext(url))
	if !ok {
		return false
	}
	_, err := os.Stat(name)
	return err != nil
}

// retry waits before the next try, or fails: at once where trying again would not
// help, else when something has failed too often.
func (r *run) retry(ctx context.Context, failures []Failure) error {
	most := 0
	counted := map[string]bool{}
	for i, f := range failures {
		if !f.transient() {
			return failed(failures[i:])
		}
		if counted[f.key()] {
			continue
		}
		counted[f.key()] = true
		r.tries[f.key()]++
		failures[i].Tries = r.tries[f.key()]
		most = max(most, r.tries[f.key()])
	}
	if most > r.config.Retries {
		slices.SortStableFunc(failures, func(a, b Failure) int { return b.Tries - a.Tries })
		return failed(failures)
	}
	f := failures[0]
	wait := backoff(most)
	r.say("%s: trying again in %s (%d of %d)", brief(f), wait.Round(100*time.Millisecond), most, r.config.Retries)
	r.wait(ctx, wait)
	return ctx.Err()
}

// maxWait bounds one wait.
const maxWait = 30 * time.Second

// backoff doubles from a second on, and is off by up to a quarter so that many
// builds do not come back at once.
func backoff(tries int) time.Duration {
	d := min(time.Second<<min(tries-1, 10), maxWait)
	return d + time.Duration(rand.Int64N(int64(d/4))) - d/8
}

// brief is a failure for a line about a further try.
func brief(f Failure) string {
	f.Cure, f.Tries = "", 0
	text, _, _ := strings.Cut(f.Error(), " ("+string(f.Code))
	return strings.ReplaceAll(text, "\n", " ")
}

// failed joins the failures of one kind, at most a few of them.
func failed(failures []Failure) error {
	const most = 5
	var errs []error
	seen := map[string]bool{}
	for _, f := range failures {
		if f.Code == failures[0].Code && !seen[f.key()] && len(errs) < most {
			seen[f.key()] = true
			errs = append(errs, f)
		}
	}
	return errors.Join(errs...)
}
