package daemon

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/state"
)

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	d := Daemon{Dir: state.Dir(dir), Mirror: "127.0.0.1:5000"}
	config, err := d.config()
	if err != nil {
		t.Fatal(err)
	}
	const want = `root = "/s/buildkit"
insecure-entitlements = ["network.host"]
provenanceEnvDir = "/s/provenance.d"

[grpc]
address = ["unix:///s/buildkitd.sock"]

[otel]
socketPath = "/s/otel.sock"

[worker.oci]
enabled = true
networkMode = "host"

[worker.containerd]
enabled = false

[registry."docker.io"]
mirrors = ["127.0.0.1:5000"]

[registry."gcr.io"]
mirrors = ["127.0.0.1:5000"]

[registry."127.0.0.1:5000"]
http = true
`
	if diff := cmp.Diff(want, strings.ReplaceAll(config, dir, "/s")); diff != "" {
		t.Error(diff)
	}
}

func TestTwoDaemonsShareNothing(t *testing.T) {
	configs := map[string]string{}
	for _, dir := range []string{t.TempDir(), t.TempDir()} {
		config, err := Daemon{Dir: state.Dir(dir)}.config()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(config) {
			if !strings.Contains(line, "/") {
				continue
			}
			if other, ok := configs[line]; ok {
				t.Errorf("daemons in %s and %s share %s", other, dir, line)
			}
			configs[line] = dir
		}
	}
}

func TestMountsBelow(t *testing.T) {
	const mountinfo = `22 1 0:21 / /proc rw shared:1 - proc proc rw
30 1 0:40 / /s/buildkit/a rw - overlay overlay rw
31 1 0:41 / /s/buildkit/a/with\040space rw - overlay overlay rw
32 1 0:42 / /s/buildkit2/a rw - overlay overlay rw
`
	want := []string{"/s/buildkit/a", "/s/buildkit/a/with space"}
	if diff := cmp.Diff(want, mountsBelow(mountinfo, "/s/buildkit")); diff != "" {
		t.Error(diff)
	}
}

func TestContainersBelow(t *testing.T) {
	const list = `[
		{"id": "mine", "pid": 1, "status": "running", "bundle": "/s/buildkit/runc-overlayfs/executor/mine"},
		{"id": "other", "pid": 2, "status": "running", "bundle": "/s/buildkit2/runc-overlayfs/executor/other"}
	]`
	got, err := containersBelow([]byte(list), "/s/buildkit")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mine"}, got); diff != "" {
		t.Error(diff)
	}
	if got, err := containersBelow([]byte("null"), "/s"); err != nil || got != nil {
		t.Errorf("empty list: %v, %v", got, err)
	}
}
