package store

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// blobs are go-containerregistry's blobs on disk. That handler reads a blob again to
// the end for each question whether it is there, to see that it is whole: a client
// that asks for the layers of twenty images has it read gigabytes. Here blobs are
// held against their digest when they are pushed, and then trusted, as elsewhere.
type blobs struct {
	disk
	dir string
}

// disk is what go-containerregistry's handler can do besides telling sizes.
type disk interface {
	registry.BlobHandler
	registry.BlobPutHandler
	registry.BlobDeleteHandler
}

func newBlobs(dir string) (registry.BlobHandler, error) {
	d, ok := registry.NewDiskBlobHandler(dir).(disk)
	if !ok {
		return nil, errors.New("go-containerregistry's handler for blobs on disk takes none")
	}
	return blobs{d, dir}, nil
}

// Stat gives a blob's size.
func (b blobs) Stat(_ context.Context, _ string, h v1.Hash) (int64, error) {
	info, err := os.Stat(filepath.Join(b.dir, h.Algorithm, h.Hex))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, registry.ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// uploads keeps uploads out of each other's way. go-containerregistry's handler
// holds a lock while it reads the body of a PUT. buildkitd sends the heads of many
// PUTs to a registry at once and the bodies of four: where the lock is held by one
// of the others, both wait for ever. A POST with the whole blob takes no lock.
type uploads struct {
	// patched are the ids of uploads that came in pieces: they are the handler's.
	patched sync.Map
}

// unlocked gives a PUT of a whole blob the form of a POST.
func (u *uploads) unlocked(r *http.Request) *http.Request {
	repository, id, ok := cutPath(r.URL.Path, "/blobs/uploads/")
	if !ok {
		return r
	}
	if r.Method == http.MethodPatch {
		u.patched.Store(id, true)
		return r
	}
	if _, inPieces := u.patched.Load(id); inPieces || r.Method != http.MethodPut || r.ContentLength == 0 {
		return r
	}
	post := r.Clone(r.Context())
	post.Method = http.MethodPost
	post.URL.Path = "/v2/" + repository + "/blobs/uploads/"
	return post
}

// cutPath splits /v2/<repository><kind><name>.
func cutPath(path, kind string) (repository, name string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return "", "", false
	}
	i := strings.LastIndex(rest, kind)
	if i <= 0 {
		return "", "", false
	}
	name = rest[i+len(kind):]
	return rest[:i], name, name != "" && !strings.Contains(name, "/")
}
