package workspace

import (
	"context"
	"io/fs"
	"path"
	"sync"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/crash"
)

// readers bounds the calls that run at once while the tree is walked.
const readers = 8

// levels walks breadth first. It visits the items of a level side by side, and
// next takes in what the visits found, in the level's order, and returns the
// level that follows. The first error ends the walk.
func levels[T, R any](ctx context.Context, level []T, visit func(context.Context, T) (R, error), next func(level []T, found []R) []T) error {
	for len(level) > 0 {
		found := make([]R, len(level))
		err := eachOf(ctx, len(level), func(ctx context.Context, i int) (err error) {
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

// eachOf calls do for 0 up to n, a few at a time, and returns the first error.
// After it no further call starts.
func eachOf(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(readers, n) {
		wg.Go(func() {
			for i := range next {
				if err := crash.Do(func() error { return do(ctx, i) }); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// moduleRoot is where a module is, and what its go.mod leaves out of "./...".
type moduleRoot struct {
	dir, path string
	ignore    ignored
}

// packageFolders returns those of a module's folders that look finds something in,
// relative to its root. It goes where `./...` goes: not into folders named testdata
// or vendor or beginning with "_" or ".", not into nested modules, and along no
// symbolic link. look is asked about a folder named vendor itself too.
func (t *tree) packageFolders(ctx context.Context, root moduleRoot, look func(ctx context.Context, dir string) (bool, error)) ([]string, error) {
	type folder struct {
		found bool
		below []string
	}
	visit := func(ctx context.Context, dir string) (f folder, err error) {
		if nested, err := t.nested(ctx, root.dir, dir); err != nil || nested {
			return f, err
		}
		if f.found, err = look(ctx, dir); err != nil || path.Base(dir) == "vendor" {
			return f, err
		}
		entries, err := t.list(ctx, path.Join(root.dir, dir))
		for _, e := range entries {
			sub := path.Join(dir, e.Name())
			if e.IsDir() && !skipped(e.Name()) && !root.ignore.has(sub) && module.CheckImportPath(path.Join(root.path, sub)) == nil {
				f.below = append(f.below, sub)
			}
		}
		return f, err
	}
	var all []string
	err := levels(ctx, []string{"."}, visit, func(level []string, found []folder) (next []string) {
		for i, f := range found {
			if f.found {
				all = append(all, level[i])
			}
			next = append(next, f.below...)
		}
		return next
	})
	return all, err
}

// nested reports whether a folder below a module's root is another module's. A
// go.mod that is a link to nothing makes it one too.
func (t *tree) nested(ctx context.Context, root, dir string) (bool, error) {
	if dir == "." {
		return false, nil
	}
	name := path.Join(root, dir, modName)
	if ok, err := t.has(ctx, name); err != nil || ok {
		return ok, err
	}
	broken, err := t.broken(ctx, name)
	return broken != nil, err
}

// skipped reports whether "./..." never goes into folders of this name.
func skipped(name string) bool { return hidden(name) || name == "testdata" }

// below shows all that is in a folder and below it, links not followed, level by
// level.
func (t *tree) below(ctx context.Context, dir string, show func(name string, e fs.DirEntry)) error {
	return levels(ctx, []string{dir}, t.list, func(level []string, found [][]fs.DirEntry) (next []string) {
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
