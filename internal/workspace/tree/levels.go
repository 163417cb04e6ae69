package tree

import (
	"context"
	"io/fs"
	"path"

	"golang.org/x/sync/errgroup"

	"github.com/gokiln/gokiln/internal/crash"
)

// Readers bounds the calls that run at once while the tree is walked.
const Readers = 8

// Levels walks breadth first. It visits the items of a level concurrently; next gets what
// the visits found, in the level's order, and returns the next level. The first error
// ends the walk.
func Levels[T, R any](ctx context.Context, level []T, visit func(context.Context, T) (R, error), next func(level []T, found []R) []T) error {
	for len(level) > 0 {
		found := make([]R, len(level))
		err := Each(ctx, len(level), func(ctx context.Context, i int) (err error) {
			found[i], err = visit(ctx, level[i])
			return err
		})
		if err != nil {
			return err
		}
		level = next(level, found)
	}
	return nil
}

// Each calls do for 0 up to n, a few at a time, and returns the first error, after which
// it starts no further call.
func Each(ctx context.Context, n int, do func(context.Context, int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(Readers)
	for i := 0; i < n && inner.Err() == nil; i++ {
		group.Go(func() error {
			return crash.Do(func() error { return do(inner, i) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// Below shows everything below a folder, level by level, without following links.
func (t *Tree) Below(ctx context.Context, dir string, show func(name string, e fs.DirEntry)) error {
	return Levels(ctx, []string{dir}, t.List, func(level []string, found [][]fs.DirEntry) (next []string) {
		for i, entries := range found {
			for _, e := range entries {
				name := path.Join(level[i], e.Name())
				show(name, e)
				if e.IsDir() {
					next = append(next, name)
				}
			}
		}
		return next
	})
}
