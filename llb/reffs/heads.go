package reffs

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/gokiln/gokiln/internal/crash"
)

const (
	// pieceSize is how much of an opened file is fetched at a time: a Go file's
	// package clause and imports fit in one piece nearly always.
	pieceSize = 8 << 10
	// readSize is how much of a piece a reader gets at a time, so that what is kept
	// of a file ends soon after what was read of it.
	readSize = 512
	// window is how many files of a folder are asked for at once. A call costs the
	// daemon and the frontend a change of threads each way, and calls that are under
	// way together share it.
	window = 32
	// mostKept bounds the memory for the beginnings of files, in bytes.
	mostKept = 32 << 20
)

// heads keeps the beginning of each file as far as somebody has read it: imports are
// read for every target and every app. It asks for the Go files of a folder before
// somebody reads them.
type heads struct {
	// list lists a folder, piece fetches pieceSize bytes of a file from an offset on.
	list  func(dir string) ([]fs.DirEntry, error)
	piece func(name string, offset int) ([]byte, error)

	mu    sync.Mutex
	files map[string]*head
	// kept is the size of all heads in bytes; one that is on its way counts as a
	// whole piece.
	kept int
}

// head is the beginning of one file; it holds fewer than pieceSize bytes where the
// file ends there, and where nobody has read on.
type head struct {
	ready chan struct{}
	data  []byte
	whole bool
	err   error
}

// of returns the beginning of a file, and whether that is all of it.
func (h *heads) of(name string) (data []byte, whole bool, err error) {
	f, mine := h.claim(name)
	if mine {
		h.ahead(name)
		h.load(name, f)
	}
	<-f.ready
	h.mu.Lock()
	defer h.mu.Unlock()
	return f.data, f.whole, f.err
}

// claim finds a file's head, or makes one that the caller has to load.
func (h *heads) claim(name string) (f *head, mine bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.files[name]; f != nil {
		return f, false
	}
	f = &head{ready: make(chan struct{})}
	h.files[name] = f
	h.kept += pieceSize
	return f, true
}

// load fetches a head. A failure is told to whoever waits and not remembered.
func (h *heads) load(name string, f *head) {
	var data []byte
	err := crash.Do(func() (err error) {
		data, err = h.piece(name, 0)
		return err
	})
	h.mu.Lock()
	f.data, f.whole, f.err = data, len(data) < pieceSize, err
	h.kept += len(data) - pieceSize
	if err != nil {
		delete(h.files, name)
	}
	h.mu.Unlock()
	close(f.ready)
}

// ahead asks for the Go files that stand behind one in its folder: go/build reads
// them in this order, but for those whose names rule them out. It asks for nothing
// once as much is kept as may be.
func (h *heads) ahead(name string) {
	if !goSource(name) {
		return
	}
	dir, base := path.Split(name)
	entries, err := h.list(path.Clean("./" + dir))
	if err != nil {
		return // whoever opens one of them is told
	}
	asked := 0
	for _, e := range entries {
		if e.Name() <= base || !e.Type().IsRegular() || !goSource(e.Name()) {
			continue
		}
		if asked++; asked == window || h.full() {
			return
		}
		if f, mine := h.claim(dir + e.Name()); mine {
			go h.load(dir+e.Name(), f)
		}
	}
}

func (h *heads) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept > mostKept
}

// goSource reports whether a package may be built from a file of this name.
func goSource(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") &&
		!strings.HasPrefix(base, "_") && !strings.HasPrefix(base, ".")
}

// read says how far a file was read. What is behind is fetched again by whoever
// reads on; of a file too many nothing is kept.
func (h *heads) read(name string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.files[name]
	if f == nil || f.data == nil || n >= len(f.data) && h.kept <= mostKept {
		return
	}
	h.kept -= len(f.data)
	if h.kept > mostKept {
		delete(h.files, name)
		return
	}
	if n < len(f.data) {
		// A shorter slice would hold on to the whole piece.
		f.data, f.whole = append([]byte(nil), f.data[:n]...), false
	}
	h.kept += len(f.data)
}
