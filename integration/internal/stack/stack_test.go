package stack

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/gokiln/gokiln/integration/internal/proc"
	"github.com/gokiln/gokiln/integration/internal/standin"
	"github.com/gokiln/gokiln/integration/internal/state"
	"github.com/gokiln/gokiln/integration/internal/store"
)

// TestAssignmentsMeanTheSameToAShell has a shell read them back.
func TestAssignmentsMeanTheSameToAShell(t *testing.T) {
	e := Env{
		DockerConfig: "/it's a folder/$HOME", Buildx: []string{"docker", "buildx"},
		BuildkitHost: "unix:///s/b.sock", Registry: "127.0.0.1:5000", Builder: "gokiln", Buildctl: "/s/bin/buildctl",
		Frontend: "127.0.0.1:5000/gokiln/gokiln:1",
	}
	script := e.Assignments() + `sh -c 'echo "$DOCKER_CONFIG"'; printf '%s\n' "$FRONTEND" "$BUILDX" "$BUILDKIT_HOST" "$REGISTRY" "$BUILDER" "$BUILDCTL"`
	out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := strings.Join([]string{e.DockerConfig, e.Frontend, "docker buildx", e.BuildkitHost, e.Registry, e.Builder, e.Buildctl, ""}, "\n")
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(strings.TrimSpace(e.Assignments()), "\n")
	wantLast := []string{"BUILDKIT_HOST=unix:///s/b.sock", "REGISTRY=127.0.0.1:5000", "BUILDER=gokiln", "BUILDCTL=/s/bin/buildctl"}
	if diff := cmp.Diff(wantLast, lines[len(lines)-4:]); diff != "" {
		t.Error(diff)
	}
}

func TestBuildNetworkArgs(t *testing.T) {
	environ := map[string]string{"https_proxy": "http://proxy.example.com:3128", "NO_PROXY": "", "HOME": "/root"}
	lookup := func(name string) (string, bool) { v, ok := environ[name]; return v, ok }
	settings := map[string]string{"GOPROXY": "https://goproxy.example.com", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
	want := []string{
		"--build-arg", "GOPROXY=https://goproxy.example.com",
		"--build-arg", "https_proxy=http://proxy.example.com:3128",
		"--secret", "id=ca-certificates,src=/ca.crt",
	}
	if diff := cmp.Diff(want, buildNetworkArgs(settings, lookup, "/ca.crt")); diff != "" {
		t.Error(diff)
	}
	if got := buildNetworkArgs(nil, func(string) (string, bool) { return "", false }, ""); got != nil {
		t.Errorf("a machine with defaults alone passes %q", got)
	}
}

func TestFreeAddressPrefersTheLastOne(t *testing.T) {
	first, err := freeAddress(t.Context(), "")
	if err != nil || !strings.HasPrefix(first, "127.0.0.1:") {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := freeAddress(t.Context(), first); err != nil || again != first {
		t.Errorf("%q, %v; want %q again", again, err, first)
	}
	busy := httptest.NewServer(nil)
	defer busy.Close()
	taken := strings.TrimPrefix(busy.URL, "http://")
	if got, err := freeAddress(t.Context(), taken); err != nil || got == taken {
		t.Errorf("%q, %v; that one is taken", got, err)
	}
}

func TestFindRepo(t *testing.T) {
	root := t.TempDir()
	inner := filepath.Join(root, "integration", "cmd")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, module := range map[string]string{root: "github.com/gokiln/gokiln", filepath.Dir(inner): "github.com/gokiln/gokiln/integration"} {
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+module+"\n\ngo 1.26.8\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := FindRepo(inner); err != nil || got != root {
		t.Errorf("FindRepo = %q, %v", got, err)
	}
	if _, err := FindRepo(t.TempDir()); err == nil {
		t.Error("a folder outside is taken for the repository")
	}
	if got, err := (Stack{Repo: root}).goRelease(); err != nil || got != "1.26.8" {
		t.Errorf("goRelease = %q, %v", got, err)
	}
}

func TestStandInIsCurrent(t *testing.T) {
	handler, err := store.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	address := strings.TrimPrefix(srv.URL, "http://")
	idx, err := random.Index(64, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := wanted{names: []string{"golang:1.2.3-alpine", "golang:1.2-alpine"}, recipe: "r"}
	digest, err := standin.Publish(t.Context(), address, idx, w.names...)
	if err != nil {
		t.Fatal(err)
	}
	made := standinRecord{Recipe: "r", Digest: digest}
	for name, tc := range map[string]struct {
		have map[string]standinRecord
		want bool
	}{
		"as made":         {map[string]standinRecord{w.names[0]: made, w.names[1]: made}, true},
		"one name lacks":  {map[string]standinRecord{w.names[0]: made}, false},
		"another recipe":  {map[string]standinRecord{w.names[0]: {Recipe: "old", Digest: digest}, w.names[1]: made}, false},
		"somebody pushed": {map[string]standinRecord{w.names[0]: {Recipe: "r", Digest: "sha256:other"}, w.names[1]: made}, false},
	} {
		if got, err := isCurrent(t.Context(), address, w, tc.have); err != nil || got != tc.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	have := map[string]standinRecord{w.names[0]: made, "gcr.io/other:1": made}
	var notes strings.Builder
	if err := (Stack{Notes: &notes}).withdraw(t.Context(), address, w, have); err != nil {
		t.Fatal(err)
	}
	if got, err := standin.Published(t.Context(), address, w.names[0]); err != nil || got != "" || len(have) != 1 {
		t.Errorf("withdrawn: %q, %v, remembered %v", got, err, have)
	}
}

// TestRegistryIsStartedKeptAndReplaced runs the real server as a process of its
// own, kills it, and expects the same address and content back.
func TestRegistryIsStartedKeptAndReplaced(t *testing.T) {
	self := filepath.Join(t.TempDir(), "gokiln-dev")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", self, "../../cmd/gokiln-dev").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	repo := t.TempDir()
	if err := os.WriteFile(filepath.Join(repo, "go.mod"), []byte("module github.com/gokiln/gokiln\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var notes strings.Builder
	s := Stack{Repo: repo, Dir: state.Dir(filepath.Join(repo, ".state")), Self: self, Notes: &notes}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := s.stopRegistry(context.Background()); err != nil {
			t.Error(err)
		}
	})
	identity := func() proc.Identity {
		t.Helper()
		var rec registryRecord
		if err := s.Dir.ReadJSON(registryFile, &rec); err != nil {
			t.Fatal(err)
		}
		return rec.Identity
	}
	up := func() string {
		t.Helper()
		var env Env
		if err := s.registry(t.Context(), &env, Options{}); err != nil {
			t.Fatal(err)
		}
		return env.Registry
	}
	address := up()
	idx, err := random.Index(64, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := standin.Publish(t.Context(), address, idx, "app:1"); err != nil {
		t.Fatal(err)
	}
	first := identity()
	if again := up(); again != address || identity() != first {
		t.Errorf("a running registry was replaced: %s, %s", address, again)
	}
	if err := first.Stop(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if again := up(); again != address || identity() == first {
		t.Errorf("a dead registry was not replaced at its address: %s, %s", address, again)
	}
	if got, err := standin.Published(t.Context(), address, "app:1"); err != nil || got == "" {
		t.Errorf("what was pushed before: %q, %v", got, err)
	}
	if err := s.stopRegistry(t.Context()); err != nil {
		t.Fatal(err)
	}
	if identity().Alive() || registryAnswers(t.Context(), address) == nil {
		t.Error("the registry still answers after its stop")
	}
}
