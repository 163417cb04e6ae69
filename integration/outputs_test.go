package integration

import (
	"archive/tar"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// tinyApp is an app without dependencies that prints a line.
func tinyApp(t *testing.T, spec, line string) string {
	t.Helper()
	return app(t, map[string]string{"gokiln.yaml": spec, "main.go": mainPrinting(t, line)})
}

func TestDockerArchive(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "image.tar")
	s.ok(t, build{Dir: tinyApp(t, "main: .\n", "docker"), Args: []string{
		"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", "example.com/app:1", "-o", "type=docker,dest=" + dest, "."}})
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(dest) })
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 {
		t.Fatalf("manifest.json lists %d images, want one", len(manifest))
	}
	if diff := cmp.Diff([]string{"example.com/app:1"}, manifest[0].RepoTags); diff != "" {
		t.Error(diff)
	}
	img, err := tarball.ImageFromPath(dest, nil)
	if err != nil {
		t.Fatal(err)
	}
	config := configOf(t, img)
	if diff := cmp.Diff([]string{"/usr/local/bin/app"}, config.Config.Entrypoint); diff != "" {
		t.Error(diff)
	}
	if len(config.RootFS.DiffIDs) != len(manifest[0].Layers) {
		t.Errorf("%d layers in manifest.json and %d in the config", len(manifest[0].Layers), len(config.RootFS.DiffIDs))
	}
	s.prints(t, image.Image{Image: img}, "docker")
}

func TestOCILayout(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "image.tar")
	s.ok(t, build{Dir: tinyApp(t, "main: .\n", "oci"), Args: []string{
		"-f", "gokiln.yaml", "--platform", both, "-t", "example.com/app:1", "-o", "type=oci,dest=" + dest, "."}})
	top, err := layout.ImageIndexFromPath(untar(t, dest))
	if err != nil {
		t.Fatal(err)
	}
	outer, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(outer.Manifests) != 1 || !outer.Manifests[0].MediaType.IsIndex() {
		t.Fatalf("index.json lists %+v, want one index", outer.Manifests)
	}
	if got := outer.Manifests[0].Annotations["org.opencontainers.image.ref.name"]; got != "1" {
		t.Errorf("the index is named %q, want the tag", got)
	}
	idx, err := top.ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range inner.Manifests {
		if d.Platform == nil || d.Platform.OS == "unknown" {
			continue // attestations
		}
		got = append(got, d.Platform.String())
		img, err := idx.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if config := configOf(t, img); config.Platform().String() != d.Platform.String() {
			t.Errorf("the index says %v, the config %v", d.Platform, config.Platform())
		}
		s.prints(t, image.Image{Image: img, Platform: *d.Platform}, "oci")
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, got); diff != "" {
		t.Error(diff)
	}
}

// untar unpacks an archive of regular files and folders and returns where.
func untar(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		if !filepath.IsLocal(h.Name) {
			t.Fatalf("the archive names %q", h.Name)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, h.Name), string(data))
	}
}

func TestLocalFolder(t *testing.T) {
	s := setup(t)
	t.Parallel()
	for _, tc := range []struct {
		name, platforms string
		programs        map[string]elf.Machine
	}{
		{"one", "linux/amd64", map[string]elf.Machine{"usr/local/bin/app": elf.EM_X86_64}},
		{"two", both, map[string]elf.Machine{
			"linux_amd64/usr/local/bin/app": elf.EM_X86_64, "linux_arm64/usr/local/bin/app": elf.EM_AARCH64}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dest := t.TempDir()
			s.ok(t, build{Dir: tinyApp(t, "main: .\nimage: {base: scratch}\n", "local"), Args: []string{
				"-f", "gokiln.yaml", "--platform", tc.platforms, "--provenance=false", "-o", "type=local,dest=" + dest, "."}})
			got := map[string]elf.Machine{}
			err := fs.WalkDir(os.DirFS(dest), ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				if info.Mode() != 0o755 {
					t.Errorf("%s has mode %v", path, info.Mode())
				}
				f, err := elf.Open(filepath.Join(dest, path))
				if err != nil {
					return err
				}
				got[path] = f.Machine
				return f.Close()
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.programs, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTar(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "root.tar")
	s.ok(t, build{Dir: tinyApp(t, "main: .\n", "tar"), Args: []string{
		"-f", "gokiln.yaml", "--platform", "linux/amd64", "-o", "type=tar,dest=" + dest, "."}})
	f, err := os.Open(dest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	modes := map[string]int64{}
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[strings.Trim(h.Name, "/")] = h.Mode
	}
	if modes["usr/local/bin/app"] != 0o755 || modes["etc/passwd"] != 0o644 {
		t.Errorf("modes of the program %o and of the base's etc/passwd %o", modes["usr/local/bin/app"], modes["etc/passwd"])
	}
}

func TestBuildctl(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	for _, tc := range []struct {
		name string
		file string
		opts []string
	}{
		{"named spec", "build.yaml", []string{"--opt", "filename=build.yaml"}},
		{"default spec", "gokiln.yaml", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := app(t, map[string]string{"main.go": mainPrinting(t, "buildctl")})
			write(t, filepath.Join(dir, "gokiln.yaml"), "main: ./nowhere\n")
			write(t, filepath.Join(dir, tc.file), "main: .\n") // no syntax line: the source is named
			tag := s.tag(t)
			s.buildctl(t, append([]string{"build", "--progress", "plain", "--frontend", "gateway.v0", "--opt", "source=gokiln/gokiln:1",
				"--opt", "platform=linux/amd64", "--local", "context=" + dir, "--local", "dockerfile=" + dir,
				"--output", "type=image,name=" + tag + ",push=true"}, tc.opts...)...)
			s.prints(t, fetch(t, tag)["linux/amd64"], "buildctl")
		})
	}
}

// index returns what the registry has under a reference.
func index(t *testing.T, reference string) (v1.ImageIndex, v1.Hash) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := remote.Index(ref, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := idx.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return idx, digest
}

// What the command line tells scripts of the image is what the registry has,
// and what it is told of labels and annotations gets there.
func TestMetadataLabelsAnnotations(t *testing.T) {
	s := setup(t)
	t.Parallel()
	tag, out := s.tag(t), t.TempDir()
	iid, metadata := filepath.Join(out, "iid"), filepath.Join(out, "metadata.json")
	spec := "main: .\nimage: {labels: {from: spec, kept: spec}}\n"
	s.ok(t, build{Dir: tinyApp(t, spec, "metadata"), Args: []string{
		"-f", "gokiln.yaml", "--platform", both, "-t", tag, "--push", "--iidfile", iid, "--metadata-file", metadata,
		"--label", "from=command", "--label", "new=command",
		"--annotation", "plain=manifest", "--annotation", "index:top=index", "--annotation", "manifest[linux/arm64]:arm=yes", "."}})

	idx, digest := index(t, tag)
	data, err := os.ReadFile(iid)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != digest.String() {
		t.Errorf("the iidfile holds %q, the registry %s", data, digest)
	}
	var said struct {
		Digest string `json:"containerimage.digest"`
		Name   string `json:"image.name"`
	}
	if data, err = os.ReadFile(metadata); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &said); err != nil {
		t.Fatal(err)
	}
	if said.Digest != digest.String() || said.Name != tag {
		t.Errorf("the metadata say %+v, the registry has %s as %s", said, tag, digest)
	}
	manifest, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Annotations["top"] != "index" {
		t.Errorf("the index's annotations are %v", manifest.Annotations)
	}
	for platform, img := range fetch(t, tag) {
		m, err := img.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"plain": "manifest"}
		if platform == "linux/arm64" {
			want["arm"] = "yes"
		}
		if diff := cmp.Diff(want, m.Annotations); diff != "" {
			t.Errorf("%s: annotations: %s", platform, diff)
		}
		labels := configOf(t, img).Config.Labels
		for key, want := range map[string]string{"from": "command", "kept": "spec", "new": "command"} {
			if labels[key] != want {
				t.Errorf("%s: label %s is %q, want %q", platform, key, labels[key], want)
			}
		}
	}
}

// Bake builds a spec as it builds a Dockerfile; one target's result can be
// another's base image.
func TestBake(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	dir := app(t, map[string]string{
		"gokiln.yaml":     "main: .\nimage: {labels: {version: '{{ .Version }}'}}\n",
		"main.go":         mainPrinting(t, "bake"),
		"base.Dockerfile": "FROM gcr.io/distroless/static:nonroot\nLABEL base=corp\nENV FROM_BASE=yes\n",
	})
	tag := s.tag(t)
	file, err := json.Marshal(map[string]any{
		"target": map[string]any{
			"default": map[string]any{
				"context": ".", "dockerfile": "gokiln.yaml", "platforms": []string{"linux/amd64", "linux/arm64"},
				"args": map[string]string{"VERSION": "1.2.3"}, "tags": []string{tag}, "output": []string{"type=registry"},
				"contexts": map[string]string{"gcr.io/distroless/static": "target:base"},
			},
			"base": map[string]any{"context": ".", "dockerfile": "base.Dockerfile", "platforms": []string{"linux/amd64", "linux/arm64"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "docker-bake.json"), string(file))
	cmd := s.BuildxCommand(t.Context(), "bake", "--builder", s.Builder, "--progress", "plain", "--allow", "fs.read="+dir)
	cmd.Dir = dir
	command(t, cmd)
	images := fetch(t, tag)
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms(images)); diff != "" {
		t.Fatal(diff)
	}
	for platform, img := range images {
		s.prints(t, img, "bake")
		config := configOf(t, img).Config
		if config.Labels["base"] != "corp" || config.Labels["version"] != "1.2.3" || !slices.Contains(config.Env, "FROM_BASE=yes") {
			t.Errorf("%s: labels %v, environment %q", platform, config.Labels, config.Env)
		}
	}
}
