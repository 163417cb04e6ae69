package gocache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// layer is the GOCACHE that becomes a layer: what the layer below has, which is
// never touched, and what a build adds.
type layer struct {
	dir string
	// below are the paths of all that was there before, and stamps the mtimes of
	// the actions among them.
	below  map[string]bool
	stamps map[string]time.Time
	// linked are the entries that were lent from the store, by the action's file,
	// and linkTime the mtime that tells that one was not used.
	linked   map[string]Entry
	linkTime time.Time
}

// openLayer looks at what is there.
func openLayer(dir string) (*layer, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l := &layer{dir: dir, below: map[string]bool{}, stamps: map[string]time.Time{}, linked: map[string]Entry{}}
	top, err := namesIn(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range top {
		l.below[name] = true
	}
	var mu sync.Mutex
	return l, eachShard(func(shard string) error {
		names, err := namesIn(l.path(shard))
		for _, name := range names {
			file := filepath.Join(shard, name)
			stamp := l.stamp(file)
			mu.Lock()
			l.below[file] = true
			if !stamp.IsZero() {
				l.stamps[file] = stamp
			}
			mu.Unlock()
		}
		return err
	})
}

// stamp is an action's mtime.
func (l *layer) stamp(file string) time.Time {
	if !isAction(file) {
		return time.Time{}
	}
	info, err := os.Lstat(l.path(file))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (l *layer) path(name string) string { return filepath.Join(l.dir, name) }

// lent is where a file of the layer is: in the store where it is a link.
func (l *layer) lent(name string) string {
	if target, err := os.Readlink(l.path(name)); err == nil {
		return target
	}
	return l.path(name)
}

// nonEntries are the files of a GOCACHE that are no entries.
func nonEntries() []string { return []string{"README", "log.txt", "testexpire.txt", trimFile} }

const trimFile = "trim.txt"

// holdTrim keeps the go command from removing what the layer below has and the
// entries that the store lends: it looks for old ones at most once a day.
func (l *layer) holdTrim(now time.Time) error {
	return os.WriteFile(l.path(trimFile), fmt.Appendf(nil, "%d", now.Unix()), 0o644)
}

// link lends the store's entries to the go command: a small file for the action,
// old enough that use shows, and a symbolic link for the output. A hard link is no
// way: the two folders are different mounts, and the go command writes in place.
func (l *layer) link(s store, now time.Time) error {
	l.linkTime = now.Add(-linkAge).Truncate(time.Second)
	var mu sync.Mutex
	return eachShard(func(shard string) error {
		names, err := s.names(shard)
		if err != nil {
			return err
		}
		for _, name := range names {
			file := filepath.Join(shard, name)
			if !isAction(name) || l.below[file] {
				continue
			}
			e, err := readEntry(s.dir, file)
			if err != nil || !l.linkOutput(s, e) {
				continue // damaged, or removed just now: the go command compiles
			}
			if err := l.linkAction(e); err != nil {
				return err
			}
			mu.Lock()
			l.linked[file] = e
			mu.Unlock()
		}
		return nil
	})
}

// linkOutput reports whether an entry's output is there, as a link or from the
// layer below.
func (l *layer) linkOutput(s store, e Entry) bool {
	file := e.outputFile()
	if l.below[file] {
		info, err := os.Lstat(l.path(file))
		return err == nil && info.Size() == e.Size
	}
	if !s.holds(e) {
		return false
	}
	err := os.MkdirAll(filepath.Dir(l.path(file)), 0o755)
	if err == nil {
		err = os.Symlink(s.path(file), l.path(file))
	}
	return err == nil || errors.Is(err, fs.ErrExist)
}

func (l *layer) linkAction(e Entry) error {
	name := l.path(e.actionFile())
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, e.Bytes(), 0o644); err != nil {
		return err
	}
	return setTime(name, l.linkTime)
}

// found is what a build used or made of the layer's own entries.
type found struct {
	// used are the store's, made are new, and indexes are those of the new ones
	// that must not get into the store.
	used, made, indexes []Entry
	// unused are the paths of actions that were lent for nothing or have no whole
	// output.
	unused []string
	// foreign tells of actions in a format that this package does not know: they
	// and all outputs stay as they are.
	foreign bool
}

// look tells what the build did.
func (l *layer) look() (found, error) {
	var (
		mu  sync.Mutex
		all found
	)
	err := eachShard(func(shard string) error {
		names, err := namesIn(l.path(shard))
		if err != nil {
			return err
		}
		slices.Sort(names)
		one := found{}
		for _, name := range names {
			file := filepath.Join(shard, name)
			if isAction(name) && !l.untouched(file) {
				one = l.lookAt(file, one)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all.used = append(all.used, one.used...)
		all.made = append(all.made, one.made...)
		all.indexes = append(all.indexes, one.indexes...)
		all.unused = append(all.unused, one.unused...)
		all.foreign = all.foreign || one.foreign
		return nil
	})
	return all, err
}

// untouched reports whether an action is the layer's below, as it was. The go
// command writes to one whose output is missing.
func (l *layer) untouched(file string) bool {
	stamp, ok := l.stamps[file]
	return ok && stamp.Equal(l.stamp(file))
}

// lookAt sorts one action in.
func (l *layer) lookAt(file string, f found) found {
	info, err := os.Lstat(l.path(file))
	if err != nil {
		return f
	}
	lent, ok := l.linked[file]
	if ok && info.ModTime().Equal(l.linkTime) {
		f.unused = append(f.unused, file)
		return f
	}
	e, err := readEntry(l.dir, file)
	switch {
	case err != nil:
		f.foreign = true
	case ok && e == lent:
		f.used = append(f.used, e)
	case !l.whole(e):
		f.unused = append(f.unused, file)
	case isIndex(l.lent(e.outputFile())):
		f.indexes = append(f.indexes, e)
	default:
		f.made = append(f.made, e)
	}
	return f
}

// whole reports whether the go command could write all of an entry's output.
func (l *layer) whole(e Entry) bool {
	info, err := os.Stat(l.path(e.outputFile()))
	return err == nil && (info.IsDir() || info.Size() == e.Size)
}

// borrowed are the entries of which the output is a link into the store, each
// output once.
func (l *layer) borrowed(f found) []Entry {
	var out []Entry
	seen := map[ID]bool{}
	for _, e := range slices.Concat(f.used, f.made) {
		info, err := os.Lstat(l.path(e.outputFile()))
		if err == nil && info.Mode()&fs.ModeSymlink != 0 && !seen[e.Output] {
			seen[e.Output] = true
			out = append(out, e)
		}
	}
	return out
}

// settle leaves the entries in use and nothing else, each with the mtime mark.
func (l *layer) settle(f found) error {
	wanted := map[string]bool{}
	fresh := slices.Concat(f.made, f.indexes)
	for _, e := range slices.Concat(f.used, fresh) {
		wanted[e.outputFile()] = true
	}
	for _, e := range fresh {
		name := l.path(e.actionFile())
		if err := os.WriteFile(name, e.Bytes(), 0o644); err != nil {
			return err
		}
		if err := setTime(name, mark()); err != nil {
			return err
		}
	}
	unused := map[string]bool{}
	for _, file := range f.unused {
		unused[file] = true
	}
	return l.sweep(func(file string, mode fs.FileMode) bool {
		switch {
		case unused[file]:
			return false
		case isOutput(file):
			return wanted[file] || f.foreign && mode&fs.ModeSymlink == 0
		}
		return true
	})
}

// reset removes all that was not there before.
func (l *layer) reset() error {
	l.linked = map[string]Entry{}
	return l.sweep(func(string, fs.FileMode) bool { return false })
}

// sweep removes new files that stay does not ask for, and gives the others and
// the folders that were written to the mark.
func (l *layer) sweep(stay func(file string, mode fs.FileMode) bool) error {
	for _, name := range nonEntries() {
		if err := os.Remove(l.path(name)); ignoreMissing(err) != nil {
			return err
		}
	}
	err := eachShard(func(shard string) error {
		names, err := namesIn(l.path(shard))
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := l.sweepFile(filepath.Join(shard, name), stay); err != nil {
				return err
			}
		}
		return l.markFolder(shard)
	})
	if err != nil {
		return err
	}
	return setTime(l.dir, mark())
}

func (l *layer) sweepFile(file string, stay func(string, fs.FileMode) bool) error {
	if l.below[file] {
		return nil
	}
	full := l.path(file)
	info, err := os.Lstat(full)
	if err != nil {
		return ignoreMissing(err)
	}
	if !stay(file, info.Mode()) {
		return os.RemoveAll(full)
	}
	if !info.IsDir() {
		return setTime(full, mark())
	}
	return filepath.WalkDir(full, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, setTime(name, mark()))
	})
}

// markFolder makes equal layers of equal content. A folder that the layer below
// marked and nobody wrote to stays as it is.
func (l *layer) markFolder(shard string) error {
	info, err := os.Lstat(l.path(shard))
	if err != nil || info.ModTime().Equal(mark()) {
		return ignoreMissing(err)
	}
	return setTime(l.path(shard), mark())
}
