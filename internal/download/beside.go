package download

import (
	"context"
	"encoding/json"
	"fmt"
	"go/version"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/gokiln/gokiln/internal/symptom"
)

// beside downloads the modules that compile only looks at. The go command opens
// every module that could have a package, going by the import path, to be sure that
// no other has: for what is imported from outside the listing has done so, and for
// local packages, which are not here, this does. In question are modules whose path
// begins that of a local one, and those below one.
func (r *run) beside(ctx context.Context, override []string) error {
	known, err := r.inQuestion(ctx, override)
	if err != nil {
		return err
	}
	var found []string
	for _, p := range known {
		if slices.ContainsFunc(r.config.Local, func(l string) bool { return p != l && (within(p, l) || within(l, p)) }) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil
	}
	args := append([]string{"mod", "download", "-x", "-json", "--"}, found...)
	return r.attempts(ctx, job{args: args, errors: downloadErrors}, override)
}

// inQuestion lists the paths of the modules that the go command chooses from. With
// a go line from 1.17 on those are the ones that go.mod names, else all that it
// leads to. What go.sum has no hash for compile could not open either.
func (r *run) inQuestion(ctx context.Context, override []string) ([]string, error) {
	var mod goMod
	if r.workSum() == "" {
		text, err := r.ask(ctx, override, "mod", "edit", "-json")
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &mod); err != nil {
			return nil, fmt.Errorf("go mod edit -json: %w", err)
		}
		if mod.Go != "" && version.Compare("go"+mod.Go, "go1.17") >= 0 {
			return r.summed(mod.Require, mod), nil
		}
	}
	text, err := r.ask(ctx, override, "mod", "graph")
	if err != nil {
		return nil, err
	}
	return r.summed(selected(string(text)), mod), nil
}

// selected reads what `go mod graph` says: of each module the newest version in it
// is the one in force.
func selected(graph string) []module.Version {
	newest := map[string]string{}
	for _, word := range strings.Fields(graph) {
		if p, v, ok := strings.Cut(word, "@"); ok && semver.IsValid(v) && (newest[p] == "" || semver.Compare(v, newest[p]) > 0) {
			newest[p] = v
		}
	}
	var all []module.Version
	for _, p := range slices.Sorted(maps.Keys(newest)) {
		all = append(all, module.Version{Path: p, Version: newest[p]})
	}
	return all
}

// summed are the paths of those modules that go.sum has all hashes for, and of
// those that are replaced by others. A workspace needs no sums.
func (r *run) summed(modules []module.Version, mod goMod) []string {
	var paths []string
	for _, m := range modules {
		_, zip := r.committed[zipKey(m)]
		_, file := r.committed[modKey(m)]
		if zip && file || mod.replaces(m.Path) || r.workSum() != "" {
			paths = append(paths, m.Path)
		}
	}
	return paths
}

// within reports whether a path is another or begins with it.
func within(p, other string) bool { return p == other || strings.HasPrefix(p, other+"/") }

// goMod is what `go mod edit -json` says of go.mod.
type goMod struct {
	Go      string
	Require []module.Version
	Replace []struct{ Old module.Version }
}

func (m goMod) replaces(p string) bool {
	for _, r := range m.Replace {
		if r.Old.Path == p {
			return true
		}
	}
	return false
}

// ask runs a go command that reads what is there.
func (r *run) ask(ctx context.Context, override []string, args ...string) ([]byte, error) {
	out := r.command(ctx, slices.Concat(r.env, override), "go", args...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if out.err != nil {
		return nil, Failure{Code: symptom.Other, Text: fmt.Sprintf("go %s: %v\n%s", strings.Join(args, " "), out.err, strings.Join(out.stderr, "\n"))}
	}
	return out.stdout, nil
}
