package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gokiln/gokiln/integration/internal/rootfs"
)

// The flavours of the golang image that can be made.
const (
	// Alpine has the toolchain and a shell, no C compiler and no git, as the
	// real image of that name. Its programs are Busybox's, linked statically.
	Alpine = "alpine"
	// Bookworm has a C compiler, git and ssh as well.
	Bookworm = "bookworm"
)

var release = regexp.MustCompile(`^1\.\d+\.\d+$`)

// GolangTags are the tags that the golang image of a Go release goes by. Short
// ones are given only to the newest release that is made, which the caller
// knows.
func GolangTags(version, flavour string, newest bool) []string {
	minor := version[:strings.LastIndexByte(version, '.')]
	tags := []string{version + "-" + flavour, minor + "-" + flavour}
	if newest {
		tags = append(tags, "1-"+flavour, flavour)
	}
	if flavour == Bookworm {
		tags = append(tags, version, minor)
	}
	return tags
}

// ParseGolang splits a tag such as "1.25.9-bookworm" into the release and the
// flavour, which is Alpine where the tag names none.
func ParseGolang(tag string) (version, flavour string, err error) {
	version, flavour, found := strings.Cut(tag, "-")
	if !found {
		flavour = Alpine
	}
	if !release.MatchString(version) {
		return "", "", fmt.Errorf("golang: %q is no full Go release, name one like \"1.25.9\"", version)
	}
	if !slices.Contains([]string{Alpine, Bookworm}, flavour) {
		return "", "", fmt.Errorf("golang: no flavour %q, there are %q and %q", flavour, Alpine, Bookworm)
	}
	return version, flavour, nil
}

// Golang makes the golang image of a release such as "1.26.8" for this
// machine's architecture.
func (m Maker) Golang(ctx context.Context, version, flavour string) (v1.ImageIndex, error) {
	goroot, err := m.toolchain(ctx, version)
	if err != nil {
		return nil, err
	}
	built, err := buildTime(goroot)
	if err != nil {
		return nil, err
	}
	var system rootfs.Tree
	if flavour == Bookworm {
		system, err = m.compilerSystem(ctx)
	} else {
		system, err = m.shellSystem(ctx)
	}
	if err != nil {
		return nil, err
	}
	base, err := m.part(system, "a "+flavour+" system", built)
	if err != nil {
		return nil, err
	}
	sdk, err := m.sdk(goroot, version, built)
	if err != nil {
		return nil, err
	}
	p := v1.Platform{OS: "linux", Architecture: m.GOARCH}
	if m.GOARCH == "arm64" {
		p.Variant = "v8"
	}
	img, err := image(p, golangConfig(version, flavour), built, base, sdk)
	if err != nil {
		return nil, err
	}
	return index(map[string]v1.Image{p.String(): img})
}

func golangConfig(version, flavour string) v1.Config {
	shell := "/bin/sh"
	if flavour == Bookworm {
		shell = "bash"
	}
	return v1.Config{
		Env: []string{
			"PATH=/go/bin:/usr/local/go/bin:" + defaultPath,
			"GOLANG_VERSION=" + version,
			"GOTOOLCHAIN=local",
			"GOPATH=/go",
		},
		WorkingDir: "/go",
		Cmd:        []string{shell},
	}
}

// toolchain has the go command fetch and verify a release, and gives its
// folder in the module cache.
func (m Maker) toolchain(ctx context.Context, version string) (string, error) {
	module := "golang.org/toolchain@v0.0.1-go" + version + ".linux-" + m.GOARCH
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir = os.TempDir() // outside every module, so none's requirements apply
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GO111MODULE=on")
	out, err := cmd.Output()
	var got struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &got); jsonErr != nil {
		return "", fmt.Errorf("go mod download %s: %w", module, errors.Join(err, jsonErr))
	}
	if err != nil || got.Dir == "" {
		return "", fmt.Errorf("go mod download %s: %w: %s", module, err, got.Error)
	}
	return got.Dir, nil
}

// buildTime reads when the release was made from its VERSION file.
func buildTime(goroot string) (time.Time, error) {
	b, err := os.ReadFile(filepath.Join(goroot, "VERSION"))
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(b)) {
		if when, ok := strings.CutPrefix(strings.TrimSpace(line), "time "); ok {
			return time.Parse(time.RFC3339, when)
		}
	}
	return time.Time{}, fmt.Errorf("%s: VERSION tells no time", goroot)
}

// sdk is the toolchain at /usr/local/go and the workspace at /go.
func (m Maker) sdk(goroot, version string, when time.Time) (part, error) {
	tree, err := sdkTree(goroot)
	if err != nil {
		return part{}, err
	}
	return m.part(tree, "go"+version+" at /usr/local/go", when)
}

// sdkTree makes an SDK of a toolchain in the module cache. A module zip keeps no
// executable bits and may hold no go.mod below its root, so the go command
// restores both when it uses one, and so does this.
func sdkTree(goroot string) (rootfs.Tree, error) {
	disk := rootfs.Tree{}
	err := disk.AddDisk("usr/local/go", goroot, func(name string, _ fs.FileInfo) (int64, error) {
		return fileMode(goroot, name)
	})
	if err != nil {
		return nil, err
	}
	tree := rootfs.Tree{}
	for name, e := range disk {
		if path.Base(name) == "_go.mod" {
			name = path.Join(path.Dir(name), "go.mod")
		}
		tree[name] = e
	}
	// The toolchain says "auto" so that it can switch; the image says "local".
	if tree["usr/local/go/go.env"], err = localToolchain(goroot); err != nil {
		return nil, err
	}
	for _, dir := range []string{"go", "go/bin", "go/src"} {
		tree.Dir(dir, 0o1777, 0, 0)
	}
	return tree, nil
}

func localToolchain(goroot string) (rootfs.Entry, error) {
	b, err := os.ReadFile(filepath.Join(goroot, "go.env"))
	if err != nil {
		return rootfs.Entry{}, err
	}
	tree := rootfs.Tree{}
	tree.File("e", 0o644, bytes.ReplaceAll(b, []byte("GOTOOLCHAIN=auto"), []byte("GOTOOLCHAIN=local")))
	return tree["e"], nil
}

// fileMode makes programs and scripts executable.
func fileMode(goroot, name string) (int64, error) {
	if strings.HasPrefix(name, "bin/") || strings.HasPrefix(name, "pkg/tool/") {
		return 0o755, nil
	}
	f, err := os.Open(filepath.Join(goroot, name))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, 2)
	if n, _ := f.Read(head); n == 2 && string(head) == "#!" {
		return 0o755, nil
	}
	return 0o644, nil
}
