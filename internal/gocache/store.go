package gocache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// store is the persistent folder of entries, laid out as a GOCACHE is. Other
// steps read and write it at the same moment, and it may be empty or damaged.
type store struct {
	dir string
	// lock is held shared by whoever uses the store, and alone by whoever removes
	// old entries; nil where the store can't be written.
	lock *os.File
}

// The files of a store besides entries.
const (
	// storeFormat begins the folder below the mount: a change of what this package
	// keeps, or of the meaning of an mtime, takes another.
	storeFormat = "v1"
	lockFile    = "lock"
	prunedFile  = "pruned"
	// lockWait is how long another step may take with removing old entries.
	lockWait = 10 * time.Second
)

// part is the folder of a store for a Step.Apart.
func part(apart string) string {
	if apart == "" {
		return storeFormat
	}
	return fmt.Sprintf("%s-%x", storeFormat, sha256.Sum256([]byte(apart)))
}

// openStore makes a part of a store ready, and removes old entries when it is time to.
func openStore(ctx context.Context, dir, apart string, now time.Time) (store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return store{}, err
	}
	s := store{dir: filepath.Join(dir, part(apart))}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return store{}, err
	}
	s.lock, err = openLock(s.path(lockFile))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return s, nil // whoever can write it may remove entries: found out on use
	}
	if err != nil {
		return store{}, err
	}
	if err := s.pruneDue(now); err != nil {
		s.close()
		return store{}, err
	}
	if err := s.share(ctx); err != nil {
		s.close()
		return store{}, err
	}
	return s, nil
}

func (s store) path(name string) string { return filepath.Join(s.dir, name) }

// close lets go of the lock.
func (s store) close() {
	if s.lock != nil {
		_ = s.lock.Close() // nothing was written to it
	}
}

// share waits for a step that removes old entries.
func (s store) share(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, lockWait)
	defer stop()
	for {
		err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", s.lock.Name(), ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// pruneDue prunes at most once in pruneInterval, and only while no other step
// uses the store.
func (s store) pruneDue(now time.Time) error {
	info, err := os.Lstat(s.path(prunedFile))
	if err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()).Abs() < pruneInterval {
		return nil
	}
	err = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", s.lock.Name(), err)
	}
	err = eachShard(func(shard string) error { return s.pruneActions(shard, now) })
	if err != nil {
		return err
	}
	used, err := s.outputs()
	if err != nil {
		return err
	}
	if err := eachShard(func(shard string) error { return s.pruneOutputs(shard, used) }); err != nil {
		return err
	}
	if err := s.pruneParts(now); err != nil {
		return err
	}
	if err := s.clear(prunedFile); err != nil {
		return err
	}
	return writeFile(s.path(prunedFile), now, func(io.Writer) error { return nil })
}

// pruneParts removes the other parts of the store that no step has used for long: each
// writes prunedFile. A step that takes one up at this moment has to do without.
func (s store) pruneParts(now time.Time) error {
	names, err := namesIn(filepath.Dir(s.dir))
	if err != nil {
		return err
	}
	for _, name := range names {
		other := filepath.Join(filepath.Dir(s.dir), name)
		if other == s.dir || name != storeFormat && !strings.HasPrefix(name, storeFormat+"-") {
			continue
		}
		last, err := lastUse(other)
		if err == nil && now.Sub(last) > keepUnused {
			err = os.RemoveAll(other)
		}
		if ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}

// lastUse is about when a part of the store was last used.
func lastUse(part string) (time.Time, error) {
	info, err := os.Lstat(filepath.Join(part, prunedFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		info, err = os.Lstat(part)
	}
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// pruneActions removes from one folder the actions that no build has used for
// long, those that can't be read, and what interrupted runs left.
func (s store) pruneActions(shard string, now time.Time) error {
	names, err := s.names(shard)
	if err != nil {
		return err
	}
	for _, name := range names {
		limit := tempAge
		switch {
		case isOutput(name):
			continue
		case isAction(name):
			limit = keepUnused
			if _, err := readEntry(s.dir, filepath.Join(shard, name)); err != nil {
				limit = 0
			}
		}
		full := filepath.Join(s.path(shard), name)
		info, err := os.Lstat(full)
		if err != nil || now.Sub(info.ModTime()) < limit {
			continue
		}
		if err := os.RemoveAll(full); err != nil {
			return err
		}
	}
	return nil
}

// outputs are the paths of the outputs that actions in the store have.
func (s store) outputs() (map[string]bool, error) {
	used := map[string]bool{}
	for _, shard := range shards() {
		names, err := s.names(shard)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !isAction(name) {
				continue
			}
			if e, err := readEntry(s.dir, filepath.Join(shard, name)); err == nil {
				used[e.outputFile()] = true
			}
		}
	}
	return used, nil
}

func (s store) pruneOutputs(shard string, used map[string]bool) error {
	names, err := s.names(shard)
	if err != nil {
		return err
	}
	for _, name := range names {
		if isOutput(name) && !used[filepath.Join(shard, name)] {
			if err := os.RemoveAll(filepath.Join(s.path(shard), name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// holds reports whether the store has an output that looks whole and that nobody
// else has written: the go command writes through a link whose target is gone, in
// place, and sets the time to now.
func (s store) holds(e Entry) bool {
	info, err := os.Lstat(s.path(e.outputFile()))
	return err == nil && info.Mode().IsRegular() && info.Size() == e.Size && e.Size <= maxOutput && info.ModTime().Equal(mark())
}

// fetch copies an output out of the store. The error wraps errContent where the
// store is to blame.
func (s store) fetch(e Entry, to string) error {
	if err := copyOutput(s.path(e.outputFile()), to, e.Output, true); err != nil {
		return err
	}
	// After the copy: what was overwritten while the go command read it may have
	// been damaged then and be sound now.
	if !s.holds(e) {
		return fmt.Errorf("%w: %s was written to by others", errContent, s.path(e.outputFile()))
	}
	return nil
}

// evict removes an entry.
func (s store) evict(e Entry) error {
	return errors.Join(
		ignoreMissing(os.RemoveAll(s.path(e.actionFile()))),
		ignoreMissing(os.RemoveAll(s.path(e.outputFile()))))
}

// touch notes that an entry was used.
func (s store) touch(e Entry, now time.Time) error {
	name := s.path(e.actionFile())
	info, err := os.Lstat(name)
	if err != nil {
		return ignoreMissing(err)
	}
	if now.Sub(info.ModTime()).Abs() < useInterval {
		return nil
	}
	return setTime(name, now)
}

// keep copies an entry from a GOCACHE, its output first: an action without an
// output is worth nothing, and an output without an action does no harm.
func (s store) keep(e Entry, gocache string, now time.Time) error {
	from := filepath.Join(gocache, e.outputFile())
	if !s.holds(e) {
		if info, err := os.Stat(from); err != nil || !info.Mode().IsRegular() {
			return ignoreMissing(err) // a folder: the go command's executables
		}
		if err := s.clear(e.outputFile()); err != nil {
			return err
		}
		if err := copyOutput(from, s.path(e.outputFile()), e.Output, false); err != nil {
			return err
		}
	}
	if have, err := readEntry(s.dir, e.actionFile()); err == nil && have == e {
		return s.touch(e, now)
	}
	if err := s.clear(e.actionFile()); err != nil {
		return err
	}
	return writeFile(s.path(e.actionFile()), now, func(w io.Writer) error {
		_, err := w.Write(e.Bytes())
		return err
	})
}

// clear removes a folder, which no file could be renamed onto.
func (s store) clear(name string) error {
	info, err := os.Lstat(s.path(name))
	if err != nil || !info.IsDir() {
		return ignoreMissing(err)
	}
	return os.RemoveAll(s.path(name))
}

// isIndex tells the go command's lists of a module's or a folder's Go files from
// other outputs. Their keys are a path, or names with sizes and mtimes, and not
// content: a store that several modules and toolchain images share must not have
// them.
func isIndex(name string) bool {
	f, err := openRegular(name)
	if err != nil {
		return false
	}
	defer f.Close()
	const magic = "go index v"
	head := make([]byte, len(magic))
	n, _ := io.ReadFull(f, head) // shorter: no index
	return string(head[:n]) == magic
}
