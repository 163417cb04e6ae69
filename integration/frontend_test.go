package integration

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// maxFrontend is how large the frontend image may be, compressed, in bytes:
// throw-away runners fetch it on every build.
const maxFrontend = 11 << 20

// The Dockerfile and gokiln.yaml at the root make the same frontend: the same
// labels, and a frontend that turns the same input into the same image.
func TestFrontendImage(t *testing.T) {
	s := setup(t)
	t.Parallel()
	byGokiln := s.tag(t)
	s.ok(t, build{Dir: s.Repo, Args: append(caSecret(), "-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", byGokiln, "--push", ".")})
	theirs, ours := fetch(t, s.Frontend), fetch(t, byGokiln)
	a, b := theirs["linux/amd64"], ours["linux/amd64"]
	if diff := cmp.Diff(configOf(t, a).Config.Labels, configOf(t, b).Config.Labels); diff != "" {
		t.Errorf("labels: %s", diff)
	}
	for _, program := range []string{"gokiln-modules", "gokiln-compile"} {
		if !bytes.Equal(content(t, a, program), content(t, b, "usr/local/bin/"+program)) {
			t.Errorf("%s is not the same in both, though only gokiln's version differs: layers would not be shared", program)
		}
	}
	for name, img := range map[string]image.Image{"Dockerfile": a, "gokiln.yaml": b} {
		if size := compressed(t, img); size > maxFrontend {
			t.Errorf("the image of the %s is %d bytes, more than %d", name, size, maxFrontend)
		}
		if n := len(files(t, img)); n > 6 {
			t.Errorf("the image of the %s holds %d files and folders, not its three programs alone", name, n)
		}
	}

	dir := app(t, map[string]string{"main.go": mainPrinting(t, "frontend")})
	var got []map[string]string
	for _, frontend := range []string{s.Frontend, byGokiln} {
		tag := s.tag(t) + "-app"
		s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--build-arg", "BUILDKIT_SYNTAX=" + frontend, "--platform", both, "-t", tag, "--push", "."}})
		got = append(got, digests(t, fetch(t, tag)))
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("the two frontends make different images: %s", diff)
	}
}

func content(t *testing.T, img image.Image, name string) []byte {
	t.Helper()
	data, err := img.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func compressed(t *testing.T, img image.Image) int64 {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, l := range layers {
		n, err := l.Size()
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
