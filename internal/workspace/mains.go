package workspace

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/crash"
)

// readers bounds the calls that run at once while the tree is walked.
const readers = 8

// Mains lists the folders of the module's main packages for a target, clean and
// relative to Dir ("." or "cmd/api"), sorted. It walks what `go list ./...`
// walks: not folders named testdata or vendor or beginning with "_" or ".", not
// nested modules, not what go.mod's ignore directives name, no symbolic links.
// A folder's package name is that of the first file which belongs to the
// target, so a `//go:build ignore` file next to a library does not count. A
// file that can't be parsed tells nothing here; Main reports it.
func (w *Workspace) Mains(ctx context.Context, t Target) ([]string, error) {
	l := w.loader(t)
	ignore := newIgnored(w.mod.file.Ignore)
	var mains []string
	for level := []string{"."}; len(level) > 0; {
		found := make([]folder, len(level))
		err := eachOf(ctx, len(level), func(ctx context.Context, i int) error {
			var err error
			found[i], err = w.look(ctx, l, level[i], ignore)
			return err
		})
		if err != nil {
			return nil, err
		}
		level = nil
		for _, f := range found {
			if f.main {
				mains = append(mains, f.dir)
			}
			level = append(level, f.below...)
		}
	}
	slices.Sort(mains)
	return mains, nil
}

// folder is what Mains learns about one: below are the folders to go on with.
type folder struct {
	dir   string
	main  bool
	below []string
}

func (w *Workspace) look(ctx context.Context, l loader, dir string, ignore ignored) (folder, error) {
	f := folder{dir: dir}
	full := path.Join(w.Dir, dir)
	entries, err := w.tree.list(ctx, full)
	if err != nil {
		return f, err
	}
	for _, e := range entries {
		if e.Name() == modName && dir != "." {
			k, err := w.tree.entryKind(ctx, full, e)
			if err != nil || k == isFile || k == absent && e.Type()&fs.ModeSymlink != 0 {
				return f, err
			}
		}
	}
	names, err := l.goFiles(ctx, full)
	if err != nil {
		return f, err
	}
	if f.main, err = l.isMain(ctx, full, names); err != nil {
		return f, err
	}
	if path.Base(dir) == "vendor" {
		return f, nil
	}
	for _, e := range entries {
		sub := path.Join(dir, e.Name())
		if e.IsDir() && !skipped(e.Name()) && !ignore.has(sub) && module.CheckImportPath(path.Join(w.Path, sub)) == nil {
			f.below = append(f.below, sub)
		}
	}
	return f, nil
}

// skipped reports whether "./..." never goes into folders of this name.
func skipped(name string) bool { return hidden(name) || name == "testdata" }

// isMain asks the files one after the other for the package's name and for one
// that is built. As in go/build the name is that of the first file which the
// constraints let through, even when it is then left out for its import "C".
func (l loader) isMain(ctx context.Context, dir string, names []string) (bool, error) {
	for _, name := range names {
		pkg, _, failure := l.importFiles(ctx, dir, []string{name})
		switch {
		case failure != nil:
			return false, failure
		case pkg.Name == "":
			continue
		case pkg.Name != "main":
			return false, nil
		case len(pkg.GoFiles)+len(pkg.CgoFiles) > 0:
			return true, nil
		}
	}
	// What is outside of the build context may be a main package: Main tells.
	broken, err := l.brokenGo(ctx, dir)
	return slices.ContainsFunc(broken, func(b brokenLink) bool { return !b.inside }), err
}

// ignored are go.mod's ignore directives (Go 1.25): a path after "./" counts
// from the module's root, any other wherever its elements stand in a row.
type ignored struct{ rooted, anywhere []string }

func newIgnored(lines []*modfile.Ignore) ignored {
	var ig ignored
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line.Path, "./"); ok {
			ig.rooted = append(ig.rooted, fenced(rest))
		} else {
			ig.anywhere = append(ig.anywhere, fenced(line.Path))
		}
	}
	return ig
}

func (ig ignored) has(dir string) bool {
	at := fenced(dir)
	return slices.ContainsFunc(ig.rooted, func(p string) bool { return strings.HasPrefix(at, p) }) ||
		slices.ContainsFunc(ig.anywhere, func(p string) bool { return strings.Contains(at, p) })
}

// fenced puts a slash at both ends, so that a match is one of whole elements.
func fenced(p string) string {
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	if !strings.HasSuffix(p, "/") {
		p += "/"
	}
	return p
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
