// Package store is a container registry for one machine: go-containerregistry's
// handler with blobs on disk, and manifests that survive a restart, which that
// handler keeps in memory alone.
//
// It has no authentication, no TLS and no garbage collection, and is meant to
// be bound to a loopback address.
package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/gokiln/gokiln/integration/internal/state"
)

// maxManifest is the size of a manifest in bytes above which a push is refused,
// as the big registries refuse it.
const maxManifest = 4 << 20

// record is one manifest under one name, as it lies on disk.
type record struct {
	Repository string `json:"repository"`
	// Target is a tag or a digest.
	Target    string `json:"target"`
	MediaType string `json:"mediaType"`
	// Rank orders the replay: what an index lists was pushed before it.
	Rank int64  `json:"rank"`
	Body []byte `json:"body"`
}

type handler struct {
	next    http.Handler
	uploads uploads
	dir     string
}

// New gives a registry that keeps everything in dir, and holds from the start
// what an earlier registry kept there. A manifest file that can't be read or is
// refused is an error that names the file.
func New(dir string) (http.Handler, error) {
	blobDir, manifests := filepath.Join(dir, "blobs"), filepath.Join(dir, "manifests")
	for _, d := range []string{blobDir, manifests} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	taken, err := newBlobs(blobDir)
	if err != nil {
		return nil, err
	}
	h := &handler{dir: manifests, next: registry.New(
		registry.WithBlobHandler(taken),
		registry.WithReferrersSupport(true),
		registry.Logger(log.New(io.Discard, "", 0)),
	)}
	return h, h.replay()
}

// ServeHTTP passes every request on, and keeps manifests on disk that were
// taken.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	repository, target, ok := cutPath(r.URL.Path, "/manifests/")
	if !ok || r.Method != http.MethodPut && r.Method != http.MethodDelete {
		h.next.ServeHTTP(w, h.uploads.unlocked(r))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxManifest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := newAnswer()
	h.next.ServeHTTP(answer, r)
	if answer.code < 300 {
		if err := h.keep(r, repository, target, body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	answer.copyTo(w)
}

func (h *handler) keep(r *http.Request, repository, target string, body []byte) error {
	if r.Method == http.MethodDelete {
		err := os.Remove(h.file(repository, target))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	sum := sha256.Sum256(body)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	rec := record{Repository: repository, MediaType: r.Header.Get("Content-Type"), Body: body}
	rec.Rank = rank(types.MediaType(rec.MediaType))
	for _, name := range slices.Compact([]string{digest, target}) {
		rec.Target = name
		b, err := json.Marshal(rec)
		if err != nil {
			return err
		}
		if err := state.WriteFile(h.file(repository, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// rank puts images before the indexes that list them. An index inside an index
// is settled by replay, which goes round until all are taken.
func rank(t types.MediaType) int64 {
	if t.IsIndex() {
		return 1
	}
	return 0
}

func (h *handler) file(repository, target string) string {
	sum := sha256.Sum256([]byte(repository + "\x00" + target))
	return filepath.Join(h.dir, hex.EncodeToString(sum[:])+".json")
}

// replay pushes every kept manifest again. An index that lists an index not
// there yet is refused by the handler and gets another turn, for as long as
// every round takes at least one.
func (h *handler) replay() error {
	todo, err := h.load()
	if err != nil {
		return err
	}
	for len(todo) > 0 {
		var refused []record
		var reasons error
		for _, rec := range todo {
			if err := h.push(rec); err != nil {
				refused = append(refused, rec)
				reasons = errors.Join(reasons, err)
			}
		}
		if len(refused) == len(todo) {
			return reasons
		}
		todo = refused
	}
	return nil
}

func (h *handler) load() ([]record, error) {
	files, err := filepath.Glob(filepath.Join(h.dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []record
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var rec record
		if err := json.Unmarshal(b, &rec); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, rec)
	}
	slices.SortStableFunc(all, func(a, b record) int { return cmp.Compare(a.Rank, b.Rank) })
	return all, nil
}

func (h *handler) push(rec record) error {
	url := "/v2/" + rec.Repository + "/manifests/" + rec.Target
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPut, url, bytes.NewReader(rec.Body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", rec.MediaType)
	answer := newAnswer()
	h.next.ServeHTTP(answer, r)
	if answer.code >= 300 {
		return fmt.Errorf("%s: kept manifest is refused: %s", url, strings.TrimSpace(answer.body.String()))
	}
	return nil
}

// answer holds back what a handler answers until it is known whether the
// manifest could be kept.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: http.Header{}, code: http.StatusOK} }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) copyTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.code)
	// A client that hung up has no use for the rest.
	_, _ = w.Write(a.body.Bytes())
}
