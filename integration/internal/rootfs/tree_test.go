package rootfs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func sample() Tree {
	t := Tree{}
	t.Dir("/tmp", 0o1777, 0, 0)
	t.Dir("home/nonroot", 0o700, 65532, 65532)
	t.File("etc/passwd", 0o644, []byte("root\n"))
	t.Symlink("bin", "usr/bin")
	return t
}

func list(t *testing.T, r io.Reader) []string {
	t.Helper()
	var got []string
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%c %04o %d:%d %d %s%s %q", h.Typeflag, h.Mode, h.Uid, h.Gid,
			h.ModTime.Unix(), h.Name, strings.Replace(">"+h.Linkname, ">", " > ", 1), body))
	}
}

func TestWriteTar(t *testing.T) {
	var buf bytes.Buffer
	if err := sample().WriteTar(&buf, time.Unix(7, 0)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`2 0777 0:0 7 bin > usr/bin ""`,
		`5 0755 0:0 7 etc/ >  ""`,
		`0 0644 0:0 7 etc/passwd >  "root\n"`,
		`5 0755 0:0 7 home/ >  ""`,
		`5 0700 65532:65532 7 home/nonroot/ >  ""`,
		`5 1777 0:0 7 tmp/ >  ""`,
	}
	if diff := cmp.Diff(want, list(t, &buf)); diff != "" {
		t.Error(diff)
	}
}

func TestAddTarKeepsOwnersAndResolvesHardLinks(t *testing.T) {
	var buf bytes.Buffer
	if err := sample().WriteTar(&buf, time.Unix(7, 0)); err != nil {
		t.Fatal(err)
	}
	tw := tar.NewWriter(&buf)
	buf.Truncate(buf.Len() - 1024) // the end-of-archive blocks
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeLink, Name: "./etc/copy", Linkname: "./etc/passwd"}); err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	got := Tree{}
	if err := got.AddTar(&buf); err != nil {
		t.Fatal(err)
	}
	want := sample().WithParents()
	want["etc/copy"] = want["etc/passwd"]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAddTarRefusesDevicesAndDanglingHardLinks(t *testing.T) {
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeChar, Name: "dev/null"},
		{Typeflag: tar.TypeLink, Name: "a", Linkname: "missing"},
	} {
		var buf bytes.Buffer
		tw := tar.NewWriter(&buf)
		if err := errors.Join(tw.WriteHeader(&h), tw.Close()); err != nil {
			t.Fatal(err)
		}
		if err := (Tree{}).AddTar(&buf); err == nil || !strings.Contains(err.Error(), h.Name) {
			t.Errorf("%s: error = %v", h.Name, err)
		}
	}
}

func TestLayerDependsOnTheTreeAlone(t *testing.T) {
	disk := t.TempDir()
	if err := os.WriteFile(filepath.Join(disk, "tool"), []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	layer := func() v1.Hash {
		tree := sample()
		err := tree.AddDisk("usr/local", disk, func(string, fs.FileInfo) (int64, error) { return 0o755, nil })
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewLayer(tree, time.Unix(0, 0), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		img, err := mutate.AppendLayers(empty.Image, l)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(img); err != nil {
			t.Error(err)
		}
		digest, err := l.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	first := layer()
	now := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(disk, "tool"), now, now); err != nil {
		t.Fatal(err)
	}
	if second := layer(); first != second {
		t.Errorf("two layers of one tree differ: %s and %s", first, second)
	}
}
