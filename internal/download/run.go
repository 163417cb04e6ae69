package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/modstep"
)

// Step is one run of the module step.
type Step struct {
	Config modstep.Config
	Paths  Paths
	// Env is the environment that the go command's is made from.
	Env []string
	// Out gets what the user sees. Secrets never reach it.
	Out io.Writer
	// Wait is how the step waits before it tries again; nil waits.
	Wait func(context.Context, time.Duration)
}

// Paths are where the step finds and leaves things. DefaultPaths is what holds in
// a container.
type Paths struct {
	Program, Config, ModCache, Store, Scratch, CADir, WorkSum, Unlisted, Unhashed string
}

// DefaultPaths returns the paths that the frontend mounts. modCache is
// GOMODCACHE.
func DefaultPaths(modCache string) Paths {
	return Paths{
		Program: modstep.Program, Config: modstep.ConfigPath, ModCache: modCache, Store: modstep.StoreDir,
		Scratch: modstep.ScratchDir, CADir: modstep.CADir, WorkSum: modstep.WorkSumPath, Unlisted: modstep.ImportsLocalPath,
		Unhashed: modstep.UnhashedPath,
	}
}

// run is a Step under way.
type run struct {
	config  modstep.Config
	paths   Paths
	out     io.Writer
	wait    func(context.Context, time.Duration)
	store   store
	secrets secrets
	// env is the go command's environment.
	env []string
	// tries counts failed tries by what failed.
	tries map[string]int
	// committed are the lines of go.sum before any go command has written some.
	committed sumLines
	// fresh counts the zips that the store did not have.
	fresh int
	// unneeded are versions whose go.mod is there for the proof alone.
	unneeded []module.Version
	// loans are the files that the store lends; takenBack counts how often some
	// of them were found to be something else.
	loans     []*loan
	takenBack int
	// linked are the versions that were put into the module cache beforehand.
	linked []module.Version
	// unlisted tells that all modules were downloaded.
	unlisted bool
}

// Run fills the module cache. The error is a Failure where the go command, a
// server or the content is to blame. What was downloaded and proved goes to the
// store in any case, so that a build that failed half-way need not begin again.
func (s Step) Run(ctx context.Context) error {
	r := &run{
		config: s.Config, paths: s.Paths, out: s.Out, wait: s.Wait,
		store: openStore(s.Paths.Store), tries: map[string]int{},
	}
	defer r.store.close()
	if r.wait == nil {
		r.wait = pause
	}
	before, err := r.ownSums()
	if err != nil {
		return err
	}
	if r.committed, err = readSums(r.sumFiles()); err != nil {
		return err
	}
	if err := r.prepare(ctx, s.Env); err != nil {
		return err
	}
	if err := r.downloadAll(ctx); err != nil {
		return errors.Join(err, r.keepProved())
	}
	for _, phase := range []func() error{
		func() error { return r.settle(ctx) },
		func() error { return r.checkUnchanged(before) },
		r.verify,
		func() error { return r.goVerify(ctx) },
		r.keepProved,
		r.leaveWorkSum,
		r.leaveUnlisted,
		r.report,
		r.slim,
	} {
		if err := phase(); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// say writes a line for the user.
func (r *run) say(format string, args ...any) {
	// A server's words may be among it.
	fmt.Fprintln(r.out, diag.Plain(r.secrets.hide(fmt.Sprintf(format, args...))))
}

// clean takes secrets out of what others say, and names files of the build context
// as the user knows them.
func (r *run) clean(text string) string {
	text = r.secrets.hide(text)
	if r.config.Root == "" {
		return text
	}
	// Only where a word begins: a URL may have such a folder too.
	root := regexp.MustCompile(`(^|[\s"'(])` + regexp.QuoteMeta(r.config.Root+"/"))
	return root.ReplaceAllString(text, "$1")
}

// sumFiles are the files that hold hashes, the one that the go command writes in
// a workspace included.
func (r *run) sumFiles() []string {
	files := slices.Clone(r.config.Sums)
	if name := r.workSum(); name != "" && !slices.Contains(files, name) {
		files = append(files, name)
	}
	return files
}

func (r *run) workSum() string {
	if r.config.GoWork == "" || r.config.GoWork == "off" {
		return ""
	}
	return r.config.GoWork + ".sum"
}

// ownSums is go.sum as it is committed. In a workspace the go command writes to
// go.work.sum, and may.
func (r *run) ownSums() (string, error) {
	if r.workSum() != "" {
		return "", nil
	}
	data, err := os.ReadFile(filepath.Join(r.config.Dir, "go.sum"))
	return string(data), ignoreMissing(err)
}

// zipProved reports whether the module cache has a version's zip with the hash
// that go.sum has. The go command writes .ziphash once it has checked.
func (r *run) zipProved(m module.Version) (bool, error) {
	name, _ := fileOf(downloads(r.paths.ModCache), m, extHash)
	data, err := os.ReadFile(name)
	if err != nil {
		return false, ignoreMissing(err)
	}
	ok, _ := r.committed.has(zipKey(m), strings.TrimSpace(string(data)))
	return ok, nil
}

// leaveWorkSum puts go.work.sum into the layer.
func (r *run) leaveWorkSum() error {
	name := r.workSum()
	if name == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.paths.WorkSum), 0o755); err != nil {
		return err
	}
	from, err := os.Open(name)
	if err != nil {
		return os.WriteFile(r.paths.WorkSum, nil, 0o644)
	}
	defer from.Close()
	return writeFile(r.paths.WorkSum, from)
}

// leaveUnlisted marks a layer for which nobody knows that no dependency imports a
// package of the build context.
func (r *run) leaveUnlisted() error {
	if !r.unlisted {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.paths.Unlisted), 0o755); err != nil {
		return err
	}
	return os.WriteFile(r.paths.Unlisted, nil, 0o644)
}

// report tells how much was downloaded and how much was there.
func (r *run) report() error {
	versions, err := versionsWith(downloads(r.paths.ModCache), extHash)
	if err != nil {
		return err
	}
	var size int64
	proved := 0
	for _, m := range versions {
		if ok, err := r.zipProved(m); err != nil {
			return err
		} else if ok {
			proved++
		}
		if name, ok := fileOf(downloads(r.paths.ModCache), m, extZip); ok {
			if info, err := os.Stat(name); err == nil {
				size += info.Size()
			}
		}
	}
	r.say("modules: %d, %.1f MB of zips, %d of them new to the store; %d proved against go.sum", len(versions), float64(size)/1e6, r.fresh, proved)
	if proved < len(versions) {
		r.say("go.work.sum lacks the rest; commit what `go work sync` and `go mod download` write")
	}
	return nil
}

// environ is a process environment as a map.
func environ(env []string) map[string]string {
	m := make(map[string]string, len(env))
	for _, kv := range env {
		if name, value, ok := strings.Cut(kv, "="); ok {
			m[name] = value
		}
	}
	return m
}

func listOf(env map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}
