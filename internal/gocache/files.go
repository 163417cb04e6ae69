package gocache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".gokiln-"

// shards are the folders of a GOCACHE.
func shards() []string {
	out := make([]string, 256)
	for i := range out {
		out[i] = fmt.Sprintf("%02x", i)
	}
	return out
}

// eachShard calls do for every folder of a GOCACHE, several at once.
func eachShard(do func(shard string) error) error {
	return each(shards(), do)
}

// each calls do for every item, several at once, and stops early after an error:
// the first one is returned.
func each[T any](items []T, do func(T) error) error {
	var (
		mu     sync.Mutex
		next   int
		failed error
		group  sync.WaitGroup
	)
	take := func() (item T, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if failed != nil || next == len(items) {
			return item, false
		}
		next++
		return items[next-1], true
	}
	for range min(runtime.GOMAXPROCS(0), len(items)) {
		group.Go(func() {
			for item, ok := take(); ok; item, ok = take() {
				if err := do(item); err != nil {
					mu.Lock()
					if failed == nil {
						failed = err
					}
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return failed
}

// namesIn lists a folder that may be missing.
func namesIn(dir string) ([]string, error) {
	f, err := openFolder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// errContent tells of a source that can't be read or has other content than its
// name says. The error of a target that can't be written does not wrap it.
var errContent = errors.New("damaged")

// copyOutput copies the output at from to a file that is there as a whole or not
// at all. Where check is set, its content has to hash to want.
func copyOutput(from, to string, want ID, check bool) (err error) {
	in, err := openRegular(from)
	if err != nil {
		return fmt.Errorf("%w: %w", errContent, err)
	}
	defer in.Close()
	return writeFile(to, mark(), func(out io.Writer) error {
		h := sha256.New()
		if check {
			out = io.MultiWriter(out, h)
		}
		source := &reader{in: in}
		if _, err := io.CopyBuffer(struct{ io.Writer }{out}, source, make([]byte, 256<<10)); err != nil {
			if source.err != nil {
				return fmt.Errorf("%w: %w", errContent, source.err)
			}
			return err
		}
		if check && ID(h.Sum(nil)) != want {
			return fmt.Errorf("%w: %s has other content than its name says", errContent, from)
		}
		return nil
	})
}

// reader remembers what went wrong with reading.
type reader struct {
	in  io.Reader
	err error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// writeFile writes a file with an mtime: beside its place, then renamed. There is
// no fsync: what a crash spoils is found by its hash.
func writeFile(to string, mtime time.Time, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(to), tempPrefix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name()) // the first error is the one to tell
		}
	}()
	err = write(out)
	if err = errors.Join(err, out.Chmod(0o644), out.Close()); err != nil {
		return err
	}
	if err := setTime(out.Name(), mtime); err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}

// sound reports whether a file's content hashes to want.
func sound(name string, want ID) bool {
	f, err := openRegular(name)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && ID(h.Sum(nil)) == want
}

func setTime(name string, t time.Time) error { return os.Chtimes(name, t, t) }

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func isAction(name string) bool { return strings.HasSuffix(name, extAction) }
func isOutput(name string) bool { return strings.HasSuffix(name, extOutput) }
