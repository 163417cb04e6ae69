package integration

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// scanner is an SBOM generator as BuildKit calls it: it finds the image's files
// below BUILDKIT_SCAN_SOURCE and leaves statements in BUILDKIT_SCAN_DESTINATION.
const scanner = `#!/bin/sh
set -e
programs=$(ls "$BUILDKIT_SCAN_SOURCE/usr/local/bin")
cat > "$BUILDKIT_SCAN_DESTINATION/app.spdx.json" <<EOF
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document",
 "predicate": {"spdxVersion": "SPDX-2.3", "name": "programs: $programs"}}
EOF
`

// An SBOM is made for each platform by the scanner that the user names.
func TestSBOM(t *testing.T) {
	s := setup(t)
	tag, generator := s.tag(t), s.tag(t)+"-scanner"
	dir := t.TempDir()
	write(t, dir+"/scan", scanner)
	write(t, dir+"/Dockerfile", "FROM golang:1.26-alpine\nCOPY --chmod=755 scan /scan\nENTRYPOINT [\"/scan\"]\n")
	s.ok(t, build{Dir: dir, Args: []string{"-t", generator, "--push", "."}})

	src := app(t, map[string]string{"main.go": mainPrinting(t, "sbom")})
	s.ok(t, build{Dir: src, Args: []string{"-f", "gokiln.yaml", "--platform", both, "--attest", "type=sbom,generator=" + generator,
		"-t", tag, "--push", "."}})
	var found int
	for _, statement := range attestations(t, tag) {
		if strings.Contains(statement, "https://spdx.dev/Document") && strings.Contains(statement, "programs: app") {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d SBOMs that name the program, want one for each platform", found)
	}
}

// attestations returns the statements that an index holds.
func attestations(t *testing.T, reference string) []string {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range manifest.Manifests {
		if d.Annotations["vnd.docker.reference.type"] != "attestation-manifest" {
			continue
		}
		img, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, contents(t, img)...)
	}
	return out
}

func contents(t *testing.T, img v1.Image) []string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range layers {
		rc, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(rc)
		if err := errors.Join(err, rc.Close()); err != nil {
			t.Fatal(err)
		}
		out = append(out, string(data))
	}
	return out
}
