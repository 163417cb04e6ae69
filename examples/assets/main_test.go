package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/examples/assets/internal/site"
)

// image lays the module's files out as gokiln.yaml does in an image.
func image(t *testing.T) (config, dir string) {
	t.Helper()
	root := t.TempDir()
	config, dir = filepath.Join(root, "site.json"), filepath.Join(root, "site")
	for _, folder := range []string{"templates", "static", "content"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "content", "drafts")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "static", "img", "icons", "flame.orig.svg")); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join("config", "site.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, raw, 0o440); err != nil {
		t.Fatal(err)
	}
	return config, dir
}

func TestCheckCommand(t *testing.T) {
	config, dir := image(t)
	var out strings.Builder
	if err := run(t.Context(), []string{"-check", "-owner", "", "-config", config, "-dir", dir}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "check: ok\n") {
		t.Errorf("got %q", out.String())
	}
}

// The module's own folder is not what an image may look like: it holds drafts.
func TestCheckFindsWhatDockerignoreKeepsOut(t *testing.T) {
	config, _ := image(t)
	err := run(t.Context(), []string{"-check", "-owner", "", "-config", config, "-dir", "."}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "content/drafts/unfinished.txt") ||
		!strings.Contains(err.Error(), "flame.orig.svg") {
		t.Errorf("got %v, want an error that names the draft and the drawing", err)
	}
}

func TestHealthcheck(t *testing.T) {
	config, dir := image(t)
	pages, err := site.Load(config, dir)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, pages.Handler()) }()
	probe := []string{"-healthcheck", "-listen", addr}
	if err := run(t.Context(), probe, io.Discard, io.Discard); err != nil {
		t.Errorf("alive: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := run(t.Context(), probe, io.Discard, io.Discard); err == nil {
		t.Error("a server that has stopped passed as alive")
	}
}

func TestUsage(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-version"}, &out, io.Discard); err != nil || !strings.HasPrefix(out.String(), "site version=dev ") {
		t.Errorf("version: got %q, %v", out.String(), err)
	}
	for _, args := range [][]string{{"serve"}, {"-chek"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q gave no error", args)
		}
	}
}
