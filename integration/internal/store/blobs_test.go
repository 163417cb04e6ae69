package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// put sends a blob as one body, as buildkitd does.
func put(t *testing.T, address, digest string, body io.Reader, size int64) (code int, err error) {
	t.Helper()
	url := "http://" + address + "/v2/app/blobs/uploads/1?digest=" + digest
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func digestOf(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

func head(t *testing.T, address, digest string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+address+"/v2/app/blobs/"+digest, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// An upload whose body is late must not stop others.
func TestUploadsDoNotWaitForEachOther(t *testing.T) {
	address, _ := serve(t, t.TempDir())
	slow, quick := []byte("late"), []byte("at once")
	late, body := io.Pipe()
	begun, done := make(chan struct{}), make(chan int, 1)
	go func() {
		code, err := put(t, address, digestOf(slow), io.MultiReader(readNotice{begun}, late), int64(len(slow)))
		if err != nil {
			t.Error(err)
		}
		done <- code
	}()
	<-begun
	for range 3 {
		if code, err := put(t, address, digestOf(quick), bytes.NewReader(quick), int64(len(quick))); code != http.StatusCreated {
			t.Fatalf("status %d, %v while another upload waits for its body", code, err)
		}
	}
	if _, err := body.Write(slow); err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != http.StatusCreated {
		t.Errorf("late body: status %d", code)
	}
	for _, b := range [][]byte{slow, quick} {
		if resp := head(t, address, digestOf(b)); resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(b)) {
			t.Errorf("%s: status %d, %d bytes", b, resp.StatusCode, resp.ContentLength)
		}
	}
}

// readNotice tells that a request's body is asked for, which is after its head was
// sent, and holds nothing.
type readNotice struct{ begun chan struct{} }

func (r readNotice) Read([]byte) (int, error) {
	close(r.begun)
	return 0, io.EOF
}

func TestWrongBlobIsRefused(t *testing.T) {
	dir := t.TempDir()
	address, _ := serve(t, dir)
	digest := digestOf([]byte("what was meant"))
	if code, err := put(t, address, digest, strings.NewReader("something else"), int64(len("something else"))); err == nil && code < 400 {
		t.Errorf("status %d for a blob that is not its digest's", code)
	}
	if resp := head(t, address, digest); resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d for a blob that was refused", resp.StatusCode)
	}
	if kept, _ := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*")); len(kept) != 0 {
		t.Errorf("kept: %v", kept)
	}
}

// Clients may send a blob in pieces before they say its digest.
func TestUploadInPieces(t *testing.T) {
	address, _ := serve(t, t.TempDir())
	whole := []byte("first and last")
	url := "http://" + address + "/v2/app/blobs/uploads/7"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, url, bytes.NewReader(whole[:6]))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("first piece: %v, %v", resp, err)
	}
	req, err = http.NewRequestWithContext(t.Context(), http.MethodPut, url+"?digest="+digestOf(whole), bytes.NewReader(whole[6:]))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("last piece: %v, %v", resp, err)
	}
	if resp := head(t, address, digestOf(whole)); resp.ContentLength != int64(len(whole)) {
		t.Errorf("%d bytes were kept", resp.ContentLength)
	}
}
