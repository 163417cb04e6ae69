package store

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func serve(t *testing.T, dir string) (address string, stop func()) {
	t.Helper()
	h, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://"), srv.Close
}

func reference(t *testing.T, s string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(s, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestManifestsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	address, stop := serve(t, dir)
	inner, err := random.Index(64, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	outer := mutate.AppendManifests(inner, mutate.IndexAddendum{Add: inner})
	if err := remote.WriteIndex(reference(t, address+"/deep/er/app:1"), outer); err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	gone := reference(t, address+"/gone:1")
	if err := remote.Write(gone, img); err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(gone); err != nil {
		t.Fatal(err)
	}
	stop()

	address, _ = serve(t, dir)
	got, err := remote.Index(reference(t, address+"/deep/er/app:1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(got); err != nil {
		t.Error(err)
	}
	if _, err := remote.Head(reference(t, address+"/gone:1")); err == nil {
		t.Error("a deleted tag is back after a restart")
	}
}

func TestTagMoves(t *testing.T) {
	dir := t.TempDir()
	address, stop := serve(t, dir)
	var last string
	for range 3 {
		img, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(reference(t, address+"/app:latest"), img); err != nil {
			t.Fatal(err)
		}
		h, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		last = h.String()
	}
	stop()
	address, _ = serve(t, dir)
	desc, err := remote.Head(reference(t, address+"/app:latest"))
	if err != nil || desc.Digest.String() != last {
		t.Errorf("tag after a restart: %v, %v; want %s", desc, err, last)
	}
}

func TestBrokenManifestFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir)
	file := filepath.Join(dir, "manifests", "broken.json")
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := New(dir); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error = %v, want one that names %s", err, file)
	}
}

func TestHugeManifestIsRefused(t *testing.T) {
	address, _ := serve(t, t.TempDir())
	body := strings.NewReader(strings.Repeat("x", maxManifest+1))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+"/v2/app/manifests/1", body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestCutPath(t *testing.T) {
	for _, tc := range []struct {
		path, repository, target string
		ok                       bool
	}{
		{path: "/v2/a/manifests/1", repository: "a", target: "1", ok: true},
		{path: "/v2/a/manifests/manifests/1", repository: "a/manifests", target: "1", ok: true},
		{path: "/v2/manifests/1"},
		{path: "/v2/a/manifests/"},
		{path: "/v2/a/blobs/1"},
		{path: "/"},
	} {
		repository, target, ok := cutPath(tc.path, "/manifests/")
		if ok != tc.ok || ok && (repository != tc.repository || target != tc.target) {
			t.Errorf("cutPath(%q) = %q, %q, %v", tc.path, repository, target, ok)
		}
	}
}
