package integration

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/gokiln/gokiln/integration/harness"
)

// fleet is three apps that import no more than they must: what is tried here is
// which of them are built.
func fleet(t *testing.T) string {
	t.Helper()
	return app(t, map[string]string{
		"gokiln.yaml": "build: {ldflags: ['-s -w -X main.version={{.Version | default \"dev\"}}']}\n" +
			"apps:\n  a: {main: ./cmd/a, groups: [some]}\n  b: {main: ./cmd/b, groups: [some], image: {cmd: [x]}}\n  c: {main: ./cmd/c}\n",
		"cmd/a/main.go": stamped(t, "a"), "cmd/b/main.go": stamped(t, "b"), "cmd/c/main.go": stamped(t, "c"),
	})
}

// stamped is a main package of this run, so that no step is in the cache. It prints
// its version and name.
func stamped(t *testing.T, name string) string {
	t.Helper()
	return "// " + rand.Text() + "\n" + strings.Replace(mainPrinting(t, name), "func main() { println(", "var version string\n\nfunc main() { println(version + ", 1)
}

func TestAppsNeedATarget(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := fleet(t)
	r := s.try(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--output", "type=cacheonly", "."}})
	if r.Err == nil || !strings.Contains(r.Output, "choose one with --target NAME (a, b, c)") {
		t.Errorf("without a target: %v\n%s", r.Err, r.Output)
	}
	r = s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "b", "--platform", "linux/amd64", "--output", "type=cacheonly", "."}})
	if diff := cmp.Diff([]string{"[linux/amd64] go build ./cmd/b"}, r.ran("go build")); diff != "" {
		t.Errorf("steps that ran: %s", diff)
	}
}

// Programs for machines that have no containers, of one app to be quick; a second
// one shows that all go side by side.
func TestBinaries(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := fleet(t)
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "binaries/a", "--platform", "darwin/arm64,windows/amd64", "-o", "dist", "."}})
	want := map[string]string{"darwin_arm64/a": "\xcf\xfa\xed\xfe", "windows_amd64/a.exe": "MZ"}
	if diff := cmp.Diff(keys(want), tree(t, filepath.Join(dir, "dist"))); diff != "" {
		t.Fatal(diff)
	}
	for name, magic := range want {
		checkBinary(t, filepath.Join(dir, "dist", name), magic)
	}
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "binaries", "--platform", "linux/amd64", "--provenance", "mode=max", "-o", "all", "."}})
	if diff := cmp.Diff([]string{"a", "b", "c", "provenance.json"}, tree(t, filepath.Join(dir, "all"))); diff != "" {
		t.Fatal(diff)
	}
	checkBinary(t, filepath.Join(dir, "all", "c"), "\x7fELF")
}

func checkBinary(t *testing.T, file, magic string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(data, []byte(magic)) || info.ModTime().Unix() != 0 || info.Mode().Perm() != 0o755 {
		t.Errorf("%s begins with %q, its time is %v and its mode %v", file, data[:4], info.ModTime(), info.Mode())
	}
}

// The bake file builds all apps, with the variables that a pipeline sets, and each
// image runs.
func TestBakeFile(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	dir := fleet(t)
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "bake", "-o", ".", "."}})
	file := filepath.Join(dir, "docker-bake.json")
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	registry := s.tag(t)
	cmd := s.BuildxCommand(t.Context(), "bake", "--builder", s.Builder, "--push", "--progress", "plain")
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "REGISTRY="+registry, "TAG=1", "PLATFORMS=linux/amd64", "CACHE="+registry+"/cache", "VERSION=1.2.3-")
	command(t, cmd)
	for _, app := range []string{"a", "b", "c"} {
		if _, err := remote.Get(reference(t, registry+"/cache:"+app)); err != nil {
			t.Errorf("the cache of %s: %v", app, err)
		}
		img, ok := fetch(t, registry+"/"+app+":1")["linux/amd64"]
		if !ok {
			t.Fatalf("%s has no image for linux/amd64", app)
		}
		if out := s.run(t, img); out != "1.2.3-"+app+"\n" {
			t.Errorf("%s printed %q", app, out)
		}
	}
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "bake", "-o", "again", "."}})
	again, err := os.ReadFile(filepath.Join(dir, "again", "docker-bake.json"))
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("written again it differs: %v\n%s", err, cmp.Diff(string(first), string(again)))
	}
}

// bake runs docker buildx bake with the file in a folder.
func (s suite) bake(t *testing.T, dir string, args ...string) result {
	t.Helper()
	argv := []string{"bake", "--builder", s.Builder, "--progress", "rawjson"}
	for _, arg := range caSecret() {
		if secret, ok := strings.CutPrefix(arg, "id="); ok {
			argv = append(argv, "--set", "*.secrets=id="+secret)
		}
	}
	cmd := s.BuildxCommand(t.Context(), append(argv, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "BUILDX_BAKE_ENTITLEMENTS_FS=0") // the authorities' file is not of the folder
	r := result{harness.Watch(cmd)}
	if r.Err != nil {
		t.Fatalf("docker buildx bake: %v\n%s", r.Err, r.Output)
	}
	return r
}

func reference(t *testing.T, s string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(s, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// tree lists the files below a folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func keys(m map[string]string) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
