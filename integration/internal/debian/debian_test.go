package debian

import (
	"archive/tar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURIs(t *testing.T) {
	const plan = `Reading package lists...
Building dependency tree...
The following NEW packages will be installed:
  gcc
'http://mirror.example.com/pool/gcc_12.2.0-3_amd64.deb' gcc_4%3a12.2.0-3_amd64.deb 19432 SHA256:00
'http://mirror.example.com/pool/make_4.3_amd64.deb' make_4.3-4.1_amd64.deb 395000 MD5Sum:00
'http://mirror.example.com/dists/InRelease' mirror.example.com_InRelease 0
`
	want := []string{"gcc_4%3a12.2.0-3_amd64.deb", "make_4.3-4.1_amd64.deb"}
	if diff := cmp.Diff(want, parseURIs(plan)); diff != "" {
		t.Error(diff)
	}
}

func TestConfigIsPrivate(t *testing.T) {
	a := &Archive{dir: "/private", native: "amd64"}
	config := a.config([]string{"amd64", "arm64", "arm"})
	for line := range strings.Lines(config) {
		if strings.HasPrefix(line, "Dir::") && !strings.Contains(line, `"/private`) {
			t.Errorf("apt would write outside the archive: %s", line)
		}
	}
	for arch, want := range map[string]int{`"amd64"`: 2, `"arm64"`: 1, `"armhf"`: 1} {
		if n := strings.Count(config, arch); n != want {
			t.Errorf("%s stands %d times, want %d:\n%s", arch, n, want, config)
		}
	}
}

// The machine may forbid what makes apt quick.
func TestAptKeepsItsDigests(t *testing.T) {
	if !Available() {
		t.Skip("this machine has no apt-get")
	}
	dir := t.TempDir()
	a := &Archive{dir: dir, native: "amd64"}
	config := a.config(nil) + "Dir::Cache::pkgcache \"\";\nDir::Etc::SourceList \"/dev/null\";\nDir::Etc::SourceParts \"/dev/null\";\n"
	for name, content := range map[string]string{"apt.conf": config, "status": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.apt(t.Context(), dir, "check"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pkgcache.bin")); err != nil {
		t.Error(err)
	}
}

func TestUnpack(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("this machine has no dpkg-deb")
	}
	src := t.TempDir()
	for name, content := range map[string]string{
		"DEBIAN/control": "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: sample\n",
		"usr/bin/tool":   "#!/bin/sh\n",
		"usr/bin/big":    strings.Repeat("x", 1<<20),
	} {
		file := filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(t.TempDir(), "sample.deb")
	out, err := exec.CommandContext(t.Context(), "dpkg-deb", "--root-owner-group", "--build", src, deb).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tree, err := Unpack(t.Context(), deb)
	if err != nil {
		t.Fatal(err)
	}
	tool := tree["usr/bin/tool"]
	if tool.Type != tar.TypeReg || tool.Mode != 0o755 || tool.UID != 0 || string(tool.Data) != "#!/bin/sh\n" {
		t.Errorf("tool = %+v", tool)
	}
	control, err := Control(t.Context(), deb)
	if err != nil || !strings.HasPrefix(string(control), "Package: sample\n") {
		t.Errorf("control = %q, %v", control, err)
	}
	if err := os.WriteFile(deb, []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(t.Context(), deb); err == nil || !strings.Contains(err.Error(), "sample.deb") {
		t.Errorf("error = %v, want one that names the file", err)
	}
}
