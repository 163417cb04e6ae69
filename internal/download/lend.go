package download

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/goproxy"
)

// loan is a file that the store lends to this run.
type loan struct {
	m         module.Version
	ext, hash string
	// name is the store's entry.
	name string
	// seen is the entry as it was when it was last found to be what its name says.
	seen fs.FileInfo
}

// maxTakenBack bounds how often damage is found before nothing is lent any more:
// who spoils entries while this runs is not to keep it running.
const maxTakenBack = 3

// lent is a folder laid out as a module proxy, in memory, of links to what the
// store has.
func (r *run) lent() string { return filepath.Join(r.paths.Scratch, "lent") }

// lend makes the folder of those files that a committed go.sum has a hash for, and
// no others. The go command, which gets it before any proxy, proves each against
// go.sum as it does a server's answer.
func (r *run) lend() error {
	if err := os.MkdirAll(r.lent(), 0o755); err != nil {
		return err
	}
	for key, lines := range r.committed {
		m, ext := key.file()
		to, ok := fileOf(r.lent(), m, ext)
		if !ok {
			continue
		}
		for _, l := range lines {
			name, ok := entryOf(l.hash, ext)
			if !ok || !r.store.holds(name) {
				continue
			}
			if err := r.lendFile(m, filepath.Join(r.store.dir, name), to); err != nil {
				return err
			}
			r.loans = append(r.loans, &loan{m: m, ext: ext, hash: l.hash, name: name})
			break
		}
	}
	return nil
}

// lendFile links a file, and writes the .info that `go mod download` wants with it.
// No hash is about that, so it is made: the version is all that has to be true.
func (r *run) lendFile(m module.Version, from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	info, _ := fileOf(r.lent(), m, extInfo)
	if err := writeInfo(m, info); err != nil {
		return err
	}
	return os.Symlink(from, to)
}

func writeInfo(m module.Version, name string) error {
	data, err := json.Marshal(struct{ Version string }{m.Version})
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// recheck holds everything that is lent against its hash, and takes back what is
// something else: that is for the server to give. It reports whether anything was.
//
// It runs whenever the go command fails, whatever that says: a damaged file has
// many ways to fail, and none of them shall fail a build.
func (r *run) recheck() bool {
	good := make([]bool, len(r.loans))
	eachOf(len(r.loans), func(i int) {
		l := r.loans[i]
		l.seen, good[i] = r.store.check(l.name, l.hash, l.seen)
	})
	var kept []*loan
	for i, l := range r.loans {
		if good[i] {
			kept = append(kept, l)
			continue
		}
		r.say("what the store had as %s is something else, and was taken out", l.m)
		r.store.remove(l.name)
		r.takeBack(l)
	}
	taken := len(kept) < len(r.loans)
	if taken {
		r.takenBack++
	}
	if r.loans = kept; r.takenBack < maxTakenBack {
		return taken
	}
	for _, l := range r.loans {
		r.takeBack(l)
	}
	r.loans = nil
	return taken
}

// takeBack ends a loan. What has come of it in the module cache was proved first.
func (r *run) takeBack(l *loan) {
	name, _ := fileOf(r.lent(), l.m, l.ext)
	_ = os.Remove(name) // what can't be removed fails the go command again
}

// copyPrivate puts what GONOPROXY sends past every proxy, the lent folder included,
// into the module cache. The go command hashes a zip that has no .ziphash beside it.
func (r *run) copyPrivate(patterns string) error {
	if patterns == "" || patterns == "none" {
		return nil
	}
	linked := map[module.Version]bool{}
	for _, l := range r.loans {
		if !module.MatchPrefixPatterns(patterns, l.m.Path) {
			continue
		}
		to, _ := fileOf(downloads(r.paths.ModCache), l.m, l.ext)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if r.copyLoan(l, to) != nil {
			continue // the server has it
		}
		info, _ := fileOf(downloads(r.paths.ModCache), l.m, extInfo)
		if err := writeInfo(l.m, info); err != nil {
			return err
		}
		if !linked[l.m] {
			linked[l.m] = true
			r.linked = append(r.linked, l.m)
		}
	}
	return nil
}

// copyLoan copies an entry and proves the copy. An entry that is something else goes: it
// would stand in the way of the server's.
func (r *run) copyLoan(l *loan, to string) error {
	from, _, err := r.store.open(l.name)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := writeFile(to, from); err != nil {
		return err
	}
	if got, err := hashPath(to, l.ext); err != nil || got != l.hash {
		r.store.remove(l.name)
		return errors.Join(errOtherContent, os.Remove(to))
	}
	return nil
}

// errOtherContent is what an entry has whose name is another content's.
var errOtherContent = errors.New("other content than the name says")

// settle takes out what was copied and turned out not to be needed as a whole, and
// has the go command bring back from the store what it needs a part of. Else the
// layer would have what the builder's store happened to have.
func (r *run) settle(ctx context.Context) error {
	dropped := false
	for _, m := range r.linked {
		name, _ := fileOf(downloads(r.paths.ModCache), m, extHash)
		if _, err := os.Stat(name); err == nil {
			continue
		}
		if err := r.forget(m); err != nil {
			return err
		}
		dropped = true
	}
	if !dropped {
		return nil
	}
	err := r.downloadAll(ctx, "GOPROXY="+goproxy.File(filepath.ToSlash(r.lent()))+",off", "GONOPROXY=none")
	if err == nil || ctx.Err() != nil {
		return err
	}
	return r.downloadAll(ctx) // the store has lost it since
}

// keepProved copies to the store what has a hash of a committed go.sum: lines that
// the go command has added in a workspace may vouch for no more than that they were
// the first. It hashes each file itself; neither the go command of the toolchain
// image nor the store is asked. A store that can't be written to is none.
func (r *run) keepProved() error {
	if r.store.root == nil {
		return nil
	}
	for _, ext := range []string{extZip, extMod} {
		versions, err := versionsWith(downloads(r.paths.ModCache), ext)
		if err != nil {
			return err
		}
		added, failures := make([]bool, len(versions)), make([]error, len(versions))
		eachOf(len(versions), func(i int) { added[i], failures[i] = r.keep(versions[i], ext) })
		for i, err := range failures {
			if err != nil {
				r.say("the store of modules can't be written to, which costs later builds time: %v", err)
				return nil
			}
			if added[i] && ext == extZip {
				r.fresh++
			}
		}
	}
	return nil
}

// keep reports whether a file is new to the store.
func (r *run) keep(m module.Version, ext string) (added bool, err error) {
	lines := r.committed[keyOf(m, ext)]
	for _, l := range lines {
		if name, ok := entryOf(l.hash, ext); ok && r.store.holds(name) {
			return false, nil
		}
	}
	if len(lines) == 0 {
		return false, nil
	}
	name, _ := fileOf(downloads(r.paths.ModCache), m, ext)
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return false, nil // what is no file is not kept
	}
	hash, err := hashPath(name, ext)
	if err != nil {
		return false, nil
	}
	entry, ok := entryOf(hash, ext)
	if proved, _ := r.committed.has(keyOf(m, ext), hash); !ok || !proved {
		return false, nil
	}
	from, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer from.Close()
	return true, r.store.keep(entry, from)
}
