package download

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/sync/errgroup"

	"github.com/gokiln/gokiln/internal/symptom"
)

// verify holds every extracted folder and every go.mod file of the module cache
// against go.sum. The go command has checked each zip when it arrived; this
// checks what the compiler will read.
func (r *run) verify() error {
	sums, err := readSums(r.sumFiles())
	if err != nil {
		return err
	}
	zips, err := versionsWith(downloads(r.paths.ModCache), extHash)
	if err != nil {
		return err
	}
	mods, err := versionsWith(downloads(r.paths.ModCache), extMod)
	if err != nil {
		return err
	}
	type check struct {
		m    module.Version
		hash func(module.Version) (string, error)
		key  sumKey
	}
	var checks []check
	for _, m := range zips {
		checks = append(checks, check{m, r.hashDir, zipKey(m)})
	}
	for _, m := range mods {
		checks = append(checks, check{m, r.hashMod, modKey(m)})
	}
	failures := make([]error, len(checks))
	eachOf(len(checks), func(i int) {
		c := checks[i]
		hash, err := c.hash(c.m)
		if err == nil && hash != "" {
			err = r.compare(sums, c.m, c.key, hash)
		}
		failures[i] = err
	})
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// compare returns a failure where go.sum says something else. Where it says
// nothing the go command has asked the checksum database or was told not to, and
// has refused the rest.
func (r *run) compare(sums sumLines, m module.Version, key sumKey, hash string) error {
	ok, known := sums.has(key, hash)
	if ok || !known {
		return nil
	}
	line := sums[key][0]
	return Failure{
		Code: symptom.Mismatch, Module: m,
		Text: fmt.Sprintf("what was extracted has the hash %s, but %s says %s", hash, line.at(r.config.Root), line.hash),
		Cure: symptom.Mismatch.Cure(),
	}
}

func (r *run) hashDir(m module.Version) (string, error) {
	dir, ok := dirOf(r.paths.ModCache, m)
	if !ok {
		return "", nil
	}
	if _, err := os.Stat(dir); err != nil {
		return "", nil //nolint:nilerr // a zip that was not extracted is not in the layer
	}
	return dirhash.HashDir(dir, m.String(), dirhash.Hash1)
}

func (r *run) hashMod(m module.Version) (string, error) {
	name, _ := fileOf(downloads(r.paths.ModCache), m, extMod)
	return hashPath(name, extMod)
}

// modifiedText is what `go mod verify` says of a version.
const modifiedText = " has been modified"

// goVerify runs `go mod verify`. It wants the go.mod files of all modules, those
// that this build does not need included: what it fetches of them is not for the
// layer. Where they can't be had the proof is verify's alone.
//
// It does not see the zips: the go command held each against go.sum when it came,
// the layer has none, and to unpack 183 MB of them once more for their hashes took
// 2.6 of its 4.0 s.
func (r *run) goVerify(ctx context.Context) (err error) {
	before, err := versionsWith(downloads(r.paths.ModCache), extMod)
	if err != nil {
		return err
	}
	show, err := r.hideZips()
	defer func() { err = errors.Join(err, show()) }()
	if err != nil {
		return err
	}
	out := r.command(ctx, append(slices.Clone(r.env), "GOPROXY=off"), "go", "mod", "verify")
	if out.err != nil && ctx.Err() == nil && len(modified(out)) == 0 {
		out = r.command(ctx, r.env, "go", "mod", "verify")
		for out.err != nil && ctx.Err() == nil && r.recheck() {
			out = r.command(ctx, r.env, "go", "mod", "verify")
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	after, err := versionsWith(downloads(r.paths.ModCache), extMod)
	if err != nil {
		return err
	}
	zips, err := versionsWith(downloads(r.paths.ModCache), extHash)
	if err != nil {
		return err
	}
	for _, m := range after {
		// A module that is only looked at has its folder and no go.mod file yet.
		if !slices.Contains(before, m) && !slices.Contains(zips, m) {
			r.unneeded = append(r.unneeded, m)
		}
	}
	if found := modified(out); len(found) > 0 {
		return r.mismatch(ctx, found[0], out)
	}
	if out.err != nil {
		r.say("go mod verify: not run, because it wants modules that could not be had")
	}
	return nil
}

// hideZips takes the zips of the module cache out of the go command's sight; show
// brings them back.
func (r *run) hideZips() (show func() error, err error) {
	hidden := map[string]string{}
	show = func() error {
		var errs []error
		for name, as := range hidden {
			errs = append(errs, os.Rename(as, name))
		}
		return errors.Join(errs...)
	}
	versions, err := versionsWith(downloads(r.paths.ModCache), extZip)
	for _, m := range versions {
		name, _ := fileOf(downloads(r.paths.ModCache), m, extZip)
		as := name + ".hidden"
		if err := os.Rename(name, as); err != nil {
			return show, err
		}
		hidden[name] = as
	}
	return show, err
}

// modified are the failures that `go mod verify` has found.
func modified(out output) []Failure {
	var found []Failure
	for _, text := range messages(out.lines()) {
		if f := diagnose(text); f.Code == symptom.Mismatch && !strings.Contains(text, modifiedText) {
			found = append(found, f)
		}
		name, _, ok := strings.Cut(text, modifiedText)
		if !ok {
			continue
		}
		m := module.Version{}
		if f := strings.Fields(strings.TrimPrefix(name, "go: ")); len(f) >= 2 {
			m = module.Version{Path: f[0], Version: strings.TrimSuffix(f[1], ":")}
		}
		found = append(found, Failure{Code: symptom.Mismatch, Module: m, Text: "go mod verify: " + text, Cure: symptom.Mismatch.Cure()})
	}
	return found
}

// checkUnchanged fails where the go command has written to go.sum: what it wrote
// is lost with the step, and was proved by nothing that is committed.
func (r *run) checkUnchanged(before string) error {
	if r.workSum() != "" {
		return nil
	}
	after, err := r.ownSums()
	if err != nil || after == before {
		return err
	}
	known := map[string]bool{}
	for text := range strings.Lines(before) {
		known[strings.TrimSpace(text)] = true
	}
	for text := range strings.Lines(after) {
		if f := strings.Fields(text); len(f) == 3 && !known[strings.TrimSpace(text)] {
			m := module.Version{Path: f[0], Version: strings.TrimSuffix(f[1], "/go.mod")}
			return Failure{
				Code: symptom.MissingSum, Module: m, Cure: symptom.MissingSum.Cure(),
				Text: fmt.Sprintf("go.sum has no entry %s %s", f[0], f[1]),
			}
		}
	}
	return nil
}

// workers is for hashing, which two cores do twice as fast and ten do not.
const workers = 4

// eachOf calls f for 0 to n-1, several at a time.
func eachOf(n int, f func(i int)) {
	var group errgroup.Group
	group.SetLimit(workers)
	for i := range n {
		group.Go(func() error {
			f(i)
			return nil
		})
	}
	_ = group.Wait() // no call fails
}
