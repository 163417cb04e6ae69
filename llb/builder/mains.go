package builder

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/spec"
)

// mainPackages finds the main packages for one target: those the spec lists, or
// the module's only one.
func mainPackages(ctx context.Context, s *spec.Spec, w *workspace.Workspace, t workspace.Target, target ocispecs.Platform) ([]workspace.Package, error) {
	if len(s.Main) == 0 {
		return onlyMain(ctx, s, w, t, target)
	}
	var packages []workspace.Package
	var errs diag.List
	for i, dir := range s.Main {
		p, err := w.Main(ctx, dir, t)
		if err != nil {
			err = blame(err, s, spec.Index("main", i))
			located := diag.All(err)
			if len(located) == 0 {
				return nil, err
			}
			errs = append(errs, located...)
			continue
		}
		packages = append(packages, p)
	}
	return packages, errs.Err()
}

func onlyMain(ctx context.Context, s *spec.Spec, w *workspace.Workspace, t workspace.Target, target ocispecs.Platform) ([]workspace.Package, error) {
	dirs, err := w.Mains(ctx, t)
	if err != nil {
		return nil, err
	}
	switch len(dirs) {
	case 0:
		if err := needCgo(ctx, s, w, t); err != nil {
			return nil, err
		}
		return nil, s.Errorf("main",
			"module %s has no main package for %s; name its folder with `main: ./cmd/app` if build tags hide it, and check .dockerignore",
			w.Path, platforms.Format(target))
	case 1:
		p, err := w.Main(ctx, dirs[0], t)
		if err != nil {
			return nil, blame(err, s, "main")
		}
		return []workspace.Package{p}, nil
	}
	return nil, s.Errorf("main",
		"module %s has %d main packages; choose one, or list several to put into one image: %s",
		w.Path, len(dirs), choices(dirs))
}

// needCgo returns an error where main packages would be found with cgo.
func needCgo(ctx context.Context, s *spec.Spec, w *workspace.Workspace, t workspace.Target) error {
	if t.Cgo {
		return nil
	}
	t.Cgo = true
	dirs, err := w.Mains(ctx, t)
	if err != nil || len(dirs) == 0 {
		return err
	}
	return s.Errorf("main",
		"all files of %s import \"C\"; set `build: {cgo: true}`", choices(dirs))
}

// choices renders folders as the user would write them, a handful at most.
func choices(dirs []string) string {
	const most = 10
	var out []string
	for _, d := range dirs[:min(most, len(dirs))] {
		if d == "." {
			out = append(out, ".")
			continue
		}
		out = append(out, "./"+d)
	}
	text := strings.Join(out, ", ")
	if len(dirs) > most {
		text += fmt.Sprintf(" and %d more", len(dirs)-most)
	}
	return text
}

// blame gives an error without a place of its own the place of the spec's key
// that led to it.
func blame(err error, s *spec.Spec, path string) error {
	var e *diag.Error
	if !errors.As(err, &e) || e.Source.Filename != "" {
		return err
	}
	key, _, _ := strings.Cut(path, "[")
	return diag.Errorf(s.Source, s.At(path), "%s: %w", key, e.Err)
}
