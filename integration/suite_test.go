// Package integration tries gokiln as its users do: docker buildx build against
// a real buildkitd and a real registry, looking at what was pushed. `make test`
// starts the real parts first.
package integration

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/harness"
	"github.com/gokiln/gokiln/integration/internal/image"
	"github.com/gokiln/gokiln/integration/internal/stack"
)

// suite is the running real parts as a test sees them.
type suite struct {
	*harness.Env
}

// setup finds what `make up` has started.
func setup(t *testing.T) suite {
	t.Helper()
	return suite{harness.Start(t)}
}

// needsOwnDaemon ends a test that can't be made with a builder of the user's.
func (s suite) needsOwnDaemon(t *testing.T) {
	t.Helper()
	if s.Borrowed {
		t.Skip("it needs a buildkitd of its own, and the builder is the user's")
	}
}

type build = harness.Build

// result is what a build did.
type result struct{ harness.Result }

// try builds and returns the failure, if any, with what was printed.
func (s suite) try(t *testing.T, b build) result {
	t.Helper()
	return result{s.Try(t, b)}
}

// ok builds and fails the test where that fails.
func (s suite) ok(t *testing.T, b build) result {
	t.Helper()
	return result{s.Build(t, b)}
}

// ran lists the steps that were executed and not found in the cache, of those
// whose name contains the word.
func (r result) ran(word string) []string {
	var names []string
	for _, st := range r.Named(word) {
		if st.Ran {
			names = append(names, st.Name)
		}
	}
	slices.Sort(names)
	return names
}

// named lists the steps whose name contains the word, cached ones too.
func (r result) named(word string) []string {
	var names []string
	for _, st := range r.Named(word) {
		names = append(names, st.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// app writes files to a folder of the test's own. A file named gokiln.yaml gets
// the syntax line unless it has one.
func app(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"gokiln.yaml": "", "go.mod": "module example.com/app\n\ngo 1.26\n"}
	maps.Copy(all, files)
	if !strings.HasPrefix(all["gokiln.yaml"], "# syntax=") {
		all["gokiln.yaml"] = "# syntax=" + stack.Syntax + "\n" + all["gokiln.yaml"]
	}
	for name, data := range all {
		if data != "" {
			write(t, filepath.Join(dir, name), data)
		}
	}
	return dir
}

func write(t *testing.T, file, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mainPrinting is a main package that prints a line. The test's name in it keeps
// one test from finding its programs in the cache of another.
func mainPrinting(t *testing.T, line string) string {
	t.Helper()
	return fmt.Sprintf("// %s\npackage main\n\nfunc main() { println(%q) }\n", t.Name(), line)
}

// tag is a repository of the test's own in the registry.
func (s suite) tag(t *testing.T) string {
	t.Helper()
	return s.Tag(t)
}

// fetch returns what was pushed, by platform.
func fetch(t *testing.T, reference string) map[string]image.Image {
	t.Helper()
	images, err := image.Fetch(t.Context(), reference)
	if err != nil {
		t.Fatalf("fetch %s: %v", reference, err)
	}
	return images
}

// platforms lists the platforms of a pushed reference.
func platforms(images map[string]image.Image) []string { return slices.Sorted(maps.Keys(images)) }

// run runs an image's program as a container would and returns what it printed.
func (s suite) run(t *testing.T, img image.Image, args ...string) string {
	t.Helper()
	return s.Run(t, img, args...)
}

// files returns an image's files by path.
func files(t *testing.T, img image.Image) map[string]image.File {
	t.Helper()
	list, err := img.Files()
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]image.File{}
	for _, f := range list {
		m[f.Path] = f
	}
	return m
}

// digests returns the digest of each platform's manifest.
func digests(t *testing.T, images map[string]image.Image) map[string]string {
	t.Helper()
	m := map[string]string{}
	for p, img := range images {
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		m[p] = d.String()
	}
	return m
}

// fresh starts a buildkitd with empty caches that ends with the test, and
// returns the suite with it.
func (s suite) fresh(t *testing.T) suite {
	t.Helper()
	return suite{s.Fresh(t)}
}

func (s suite) buildctl(t *testing.T, args ...string) {
	t.Helper()
	command(t, s.BuildctlCommand(t.Context(), args...))
}

// command runs a command and returns its standard output.
func command(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.String())
	}
	return string(out)
}
