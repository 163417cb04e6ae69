package download_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// version is one module version of the tests' proxy.
type version struct {
	path, version string
	files         map[string]string
}

func (v version) mod() string {
	if text, ok := v.files["go.mod"]; ok {
		return text
	}
	return "module " + v.path + "\n\ngo 1.24\n"
}

func (v version) zip(t testing.TB) []byte {
	t.Helper()
	files := maps.Clone(v.files)
	if files == nil {
		files = map[string]string{}
	}
	files["go.mod"] = v.mod()
	if strings.HasSuffix(v.version, "+incompatible") {
		delete(files, "go.mod") // it is beside the zip alone
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(v.path + "@" + v.version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sums are the version's lines of go.sum.
func (v version) sums(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "m.zip")
	if err := os.WriteFile(name, v.zip(t), 0o644); err != nil {
		t.Fatal(err)
	}
	hash, err := dirhash.HashZip(name, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(v.mod()))
	line := fmt.Sprintf("%x  go.mod\n", sum)
	of := sha256.Sum256([]byte(line))
	return fmt.Sprintf("%s %s %s\n%s %s/go.mod h1:%s\n", v.path, v.version, hash, v.path, v.version, base64.StdEncoding.EncodeToString(of[:]))
}

// fault is what a request gets in place of its answer.
type fault struct {
	status int
	body   []byte
	stall  bool
	// every, unless 0, sends the body again and again, with that much time between;
	// less than 0 is no time.
	every time.Duration
}

// proxy is a module proxy whose answers can be spoilt: fault is asked with the
// path and how often it was requested before.
type proxy struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	fault    func(path string, n int) *fault
}

func (p *proxy) count(part string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if strings.Contains(r, part) {
			n++
		}
	}
	return n
}

func (p *proxy) note(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if r == path {
			n++
		}
	}
	p.requests = append(p.requests, path)
	return n
}

func startProxy(t testing.TB, versions ...version) *proxy {
	t.Helper()
	files := map[string][]byte{}
	for _, v := range versions {
		escaped, err := module.EscapePath(v.path)
		if err != nil {
			t.Fatal(err)
		}
		at := "/" + escaped + "/@v/" + v.version
		files[at+".mod"] = []byte(v.mod())
		files[at+".info"] = []byte(`{"Version":"` + v.version + `"}`)
		files[at+".zip"] = v.zip(t)
	}
	p := &proxy{}
	done := make(chan struct{})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := p.note(r.URL.Path)
		if p.fault != nil {
			if f := p.fault(r.URL.Path, n); f != nil {
				answerFault(w, r, *f, done)
				return
			}
		}
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(func() { close(done); p.Close() })
	return p
}

func answerFault(w http.ResponseWriter, r *http.Request, f fault, done <-chan struct{}) {
	switch {
	case f.stall:
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		select {
		case <-done:
		case <-r.Context().Done():
		}
	case f.every != 0:
		answerForEver(w, r, f, done)
	case f.body != nil:
		_, _ = w.Write(f.body)
	default:
		http.Error(w, "sorry", f.status)
	}
}

func answerForEver(w http.ResponseWriter, r *http.Request, f fault, done <-chan struct{}) {
	for {
		if _, err := w.Write(f.body); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-done:
			return
		case <-r.Context().Done():
			return
		case <-time.After(max(f.every, 0)):
		}
	}
}
