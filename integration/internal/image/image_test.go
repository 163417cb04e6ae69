package image

import (
	"archive/tar"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/gokiln/gokiln/integration/internal/rootfs"
)

// build makes an image of layers for an architecture.
func build(t *testing.T, goarch string, config v1.Config, trees ...rootfs.Tree) Image {
	t.Helper()
	img := empty.Image
	for _, tree := range trees {
		layer, err := rootfs.NewLayer(tree, time.Unix(0, 0), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			t.Fatal(err)
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file.OS, file.Architecture, file.Config = "linux", goarch, config
	if img, err = mutate.ConfigFile(img, file); err != nil {
		t.Fatal(err)
	}
	return Image{Image: img}
}

func TestFilesApplyWhiteouts(t *testing.T) {
	lower := rootfs.Tree{}
	for _, p := range []string{"a/gone", "a/kept", "b/one", "b/two", "both"} {
		lower.File(p, 0o644, []byte("lower"))
	}
	upper := rootfs.Tree{}
	upper.File("a/.wh.gone", 0, nil)
	upper.File("b/.wh..wh..opq", 0, nil)
	upper.File("b/new", 0o4755, []byte("upper"))
	upper.File("both", 0o600, []byte("upper"))
	img := build(t, "amd64", v1.Config{}, lower, upper)
	files, err := img.Files()
	if err != nil {
		t.Fatal(err)
	}
	want := []File{
		{Path: "a", Type: tar.TypeDir, Mode: 0o755, Layer: 1},
		{Path: "a/kept", Type: tar.TypeReg, Mode: 0o644, Size: 5},
		{Path: "b", Type: tar.TypeDir, Mode: 0o755, Layer: 1},
		{Path: "b/new", Type: tar.TypeReg, Mode: 0o4755, Size: 5, Layer: 1},
		{Path: "both", Type: tar.TypeReg, Mode: 0o600, Size: 5, Layer: 1},
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	if b, err := img.ReadFile("/both"); err != nil || string(b) != "upper" {
		t.Errorf("ReadFile = %q, %v", b, err)
	}
	if _, err := img.ReadFile("nowhere"); err == nil {
		t.Error("a file that is not there was read")
	}
}

const program = `package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) == 3 && os.Args[2] == "fail" {
		os.Exit(3)
	}
	dir, _ := os.Getwd()
	_, outside := os.Stat("/usr")
	made := os.WriteFile("made", nil, 0o600)
	fmt.Println(os.Args[1:], os.Getenv("GREETING"), dir, os.Getuid(), os.Getgid(), outside != nil, made)
}
`

func TestRunInTheImagesOwnRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may change the root folder")
	}
	src := t.TempDir()
	if err := os.WriteFile(filepath.Join(src, "main.go"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	compile := exec.CommandContext(t.Context(), "go", "build", "-o", "app", "main.go")
	compile.Dir, compile.Env = src, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(src, "app"))
	if err != nil {
		t.Fatal(err)
	}
	tree := rootfs.Tree{}
	tree.File("bin/app", 0o755, binary)
	tree.File("etc/passwd", 0o644, []byte("app:x:77:88::/:/bin/sh\n"))
	tree.Dir("work", 0o755, 77, 88)
	img := build(t, runtime.GOARCH, v1.Config{
		Entrypoint: []string{"/bin/app", "-c"}, Cmd: []string{"fail"},
		Env: []string{"GREETING=hello"}, User: "app", WorkingDir: "/work",
	}, tree)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := img.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	cmd, err := img.Command(t.Context(), dir, "", "an argument")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if want := "[-c an argument] hello /work 77 88 true <nil>\n"; err != nil || string(out) != want {
		t.Errorf("output %q, %v; want %q", out, err, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "work", "made")); err != nil {
		t.Error(err)
	}
	if cmd, err = img.Command(t.Context(), dir, ""); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the image's own command: %v, want exit status 3", err)
	}
}

func TestForeignArchitectureWithoutEmulator(t *testing.T) {
	img := build(t, "mips64le", v1.Config{Entrypoint: []string{"/app"}}, rootfs.Tree{})
	t.Setenv("PATH", "")
	_, err := img.Command(t.Context(), t.TempDir(), "")
	if !errors.Is(err, ErrNoEmulator) || !strings.Contains(err.Error(), "mips64le") {
		t.Errorf("error = %v", err)
	}
}

func TestUnknownUserIsAnError(t *testing.T) {
	tree := rootfs.Tree{}
	tree.File("etc/passwd", 0o644, []byte("root:x:0:0::/root:/bin/sh\nnonroot:x:65532:65532::/:/x\n"))
	img := build(t, runtime.GOARCH, v1.Config{}, tree)
	for user, want := range map[string]uint32{"": 0, "nonroot": 65532, "65532": 65532, "1234": 1234} {
		got, err := img.credential(user)
		if err != nil || got.Uid != want {
			t.Errorf("%q: %+v, %v", user, got, err)
		}
	}
	if _, err := img.credential("nobody"); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("error = %v", err)
	}
}
