package standin

import (
	"archive/tar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/gokiln/gokiln/integration/internal/rootfs"
	"github.com/gokiln/gokiln/integration/internal/store"
)

func TestGolangTags(t *testing.T) {
	for _, tc := range []struct {
		version, flavour string
		newest           bool
		want             []string
	}{
		{"1.26.8", Alpine, true, []string{"1.26.8-alpine", "1.26-alpine", "1-alpine", "alpine"}},
		{"1.25.9", Alpine, false, []string{"1.25.9-alpine", "1.25-alpine"}},
		{"1.25.9", Bookworm, false, []string{"1.25.9-bookworm", "1.25-bookworm", "1.25.9", "1.25"}},
	} {
		if diff := cmp.Diff(tc.want, GolangTags(tc.version, tc.flavour, tc.newest)); diff != "" {
			t.Errorf("%s-%s: %s", tc.version, tc.flavour, diff)
		}
	}
}

func TestParseGolang(t *testing.T) {
	for _, tc := range []struct{ tag, version, flavour, err string }{
		{tag: "1.25.9", version: "1.25.9", flavour: Alpine},
		{tag: "1.25.9-bookworm", version: "1.25.9", flavour: Bookworm},
		{tag: "1.25-alpine", err: `"1.25" is no full Go release`},
		{tag: "1.25.9-windows", err: `no flavour "windows"`},
		{tag: "1.25.9;x", err: "no full Go release"},
		{tag: "", err: "no full Go release"},
	} {
		version, flavour, err := ParseGolang(tc.tag)
		switch {
		case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
			t.Errorf("%q: error = %v, want one with %q", tc.tag, err, tc.err)
		case tc.err == "" && (err != nil || version != tc.version || flavour != tc.flavour):
			t.Errorf("%q: %q, %q, %v", tc.tag, version, flavour, err)
		}
	}
}

func TestMirrorPath(t *testing.T) {
	for image, want := range map[string]string{
		"golang:1.26-alpine":               "library/golang:1.26-alpine",
		"gokiln/gokiln:1":                  "gokiln/gokiln:1",
		"gcr.io/distroless/static:nonroot": "distroless/static:nonroot",
	} {
		if got, err := MirrorPath(image); err != nil || got != want {
			t.Errorf("MirrorPath(%q) = %q, %v", image, got, err)
		}
	}
}

func TestPublishAndWithdraw(t *testing.T) {
	handler, err := store.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	address := strings.TrimPrefix(srv.URL, "http://")
	idx, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := Publish(t.Context(), address, idx, "golang:1.2.3-alpine", "golang:1.2-alpine")
	if err != nil {
		t.Fatal(err)
	}
	for image, want := range map[string]string{
		"golang:1.2.3-alpine": digest, "golang:1.2-alpine": digest, "golang:other": "", "nothing:here": "",
	} {
		if got, err := Published(t.Context(), address, image); err != nil || got != want {
			t.Errorf("Published(%s) = %q, %v; want %q", image, got, err, want)
		}
	}
	for range 2 { // what is gone can be withdrawn again
		if err := Withdraw(t.Context(), address, "golang:1.2-alpine"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Published(t.Context(), address, "golang:1.2-alpine"); err != nil || got != "" {
		t.Errorf("withdrawn image: %q, %v", got, err)
	}
}

func TestImageHasItsConfigAndPlatform(t *testing.T) {
	m := Maker{Layers: t.TempDir()}
	build := func() v1.ImageIndex {
		layer, err := m.part(accounts(), "accounts", time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		p := v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
		img, err := image(p, distrolessConfig(), time.Unix(0, 0), layer)
		if err != nil {
			t.Fatal(err)
		}
		idx, err := index(map[string]v1.Image{p.String(): img})
		if err != nil {
			t.Fatal(err)
		}
		return idx
	}
	idx := build()
	if err := validate.Index(idx); err != nil {
		t.Error(err)
	}
	manifest, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := idx.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := manifest.Manifests[0].Platform.String(); got != "linux/arm/v7" || file.Variant != "v7" || file.Config.User != "65532" {
		t.Errorf("platform %q, config %+v", got, file)
	}
	first, err := idx.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := build().Digest(); err != nil || second != first {
		t.Errorf("made twice: %s and %s, %v", first, second, err)
	}
}

func TestCertificatesAreJoinedInOrder(t *testing.T) {
	tree := rootfs.Tree{}
	tree.File("usr/share/ca-certificates/mozilla/b.crt", 0o644, []byte("B"))
	tree.File("usr/share/ca-certificates/mozilla/a.crt", 0o644, []byte("A\n"))
	tree.File("usr/share/ca-certificates/readme", 0o644, []byte("no"))
	addCertificates(tree)
	if got := string(tree[caBundle].Data); got != "A\nB\n" {
		t.Errorf("bundle = %q", got)
	}
}

func TestMergeUsr(t *testing.T) {
	tree := rootfs.Tree{}
	tree.Dir("bin", 0o755, 0, 0)
	tree.File("bin/ls", 0o755, []byte("ls"))
	tree.File("usr/bin/git", 0o755, []byte("git"))
	tree.File("lib/x86_64-linux-gnu/libc.so.6", 0o755, []byte("libc"))
	tree.Symlink("lib64/ld-linux.so.2", "/lib/x86_64-linux-gnu/ld.so")
	tree.File("library", 0o644, nil)
	got := mergeUsr(tree)
	for name, link := range map[string]string{"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"} {
		if e := got[name]; e.Type != tar.TypeSymlink || e.Link != link {
			t.Errorf("%s = %+v, want a link to %s", name, e, link)
		}
	}
	for _, name := range []string{"usr/bin/ls", "usr/bin/git", "usr/lib/x86_64-linux-gnu/libc.so.6", "usr/lib64/ld-linux.so.2", "library"} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestSDKRestoresWhatModuleZipsLose(t *testing.T) {
	goroot := t.TempDir()
	for name, content := range map[string]string{
		"VERSION": "go1.26.8\ntime 2026-01-02T03:04:05Z\n", "go.env": "GOTOOLCHAIN=auto\n",
		"bin/go": "ELF", "pkg/tool/linux_amd64/compile": "ELF", "src/_go.mod": "module std\n",
		"src/make.bash": "#!/usr/bin/env bash\n", "src/fmt/print.go": "package fmt\n",
	} {
		file := filepath.Join(goroot, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := sdkTree(goroot)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]int64{
		"bin/go": 0o755, "pkg/tool/linux_amd64/compile": 0o755, "src/make.bash": 0o755,
		"src/fmt/print.go": 0o644, "src/go.mod": 0o644, "go.env": 0o644,
	} {
		if e, ok := tree["usr/local/go/"+name]; !ok || e.Mode != mode {
			t.Errorf("%s = %+v, want mode %o", name, e, mode)
		}
	}
	if _, ok := tree["usr/local/go/src/_go.mod"]; ok {
		t.Error("_go.mod is there under its module zip name")
	}
	if env := string(tree["usr/local/go/go.env"].Data); env != "GOTOOLCHAIN=local\n" {
		t.Errorf("go.env = %q", env)
	}
	when, err := buildTime(goroot)
	if err != nil || !when.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("buildTime = %v, %v", when, err)
	}
}
