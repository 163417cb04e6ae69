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

const upload = "/v2/app/blobs/uploads/1"

// put sends a blob as one body, as buildkitd does.
func put(t *testing.T, address, digest string, body io.Reader, size int64) (code int, err error) {
	t.Helper()
	return send(t, http.MethodPut, "http://"+address+upload+"?digest="+digest, body, size)
}

func send(t *testing.T, method, url string, body io.Reader, size int64) (code int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		return 0, err
	}
	req.ContentLength = size
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func digestOf(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// head asks for a blob.
func head(t *testing.T, address, digest string) (code int, size int64) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+address+"/v2/app/blobs/"+digest, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.ContentLength
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
		if code, size := head(t, address, digestOf(b)); code != http.StatusOK || size != int64(len(b)) {
			t.Errorf("%s: status %d, %d bytes", b, code, size)
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
	if code, _ := head(t, address, digest); code != http.StatusNotFound {
		t.Errorf("status %d for a blob that was refused", code)
	}
	if kept, _ := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*")); len(kept) != 0 {
		t.Errorf("kept: %v", kept)
	}
}

// Clients may send a blob in pieces before they say its digest.
func TestUploadInPieces(t *testing.T) {
	address, _ := serve(t, t.TempDir())
	whole := []byte("first and last")
	first, last := whole[:6], whole[6:]
	if code, err := send(t, http.MethodPatch, "http://"+address+upload, bytes.NewReader(first), int64(len(first))); code != http.StatusAccepted {
		t.Fatalf("first piece: status %d, %v", code, err)
	}
	if code, err := put(t, address, digestOf(whole), bytes.NewReader(last), int64(len(last))); code != http.StatusCreated {
		t.Fatalf("last piece: status %d, %v", code, err)
	}
	if code, size := head(t, address, digestOf(whole)); code != http.StatusOK || size != int64(len(whole)) {
		t.Errorf("status %d, %d bytes were kept", code, size)
	}
}
