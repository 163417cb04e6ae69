package plan

import (
	"testing"

	"github.com/opencontainers/go-digest"
)

// Images that may be large, and those that nothing is known of, are not copied.
func TestSlimToolchain(t *testing.T) {
	env := []string{"PATH=/usr/local/go/bin", "GOLANG_VERSION=1.26.8"}
	for name, tc := range map[string]struct {
		yaml   string
		digest digest.Digest
		env    []string
		want   bool
	}{
		"official":            {"", official, env, true},
		"a mirror's":          {"build: {image: 'mirror.example.com/golang:1.26-alpine3.22'}", official, env, true},
		"with cgo":            {"build: {cgo: true}", official, env, false},
		"Debian's":            {"build: {image: 'golang:1.26-bookworm'}", official, env, false},
		"by digest alone":     {"build: {image: 'golang@sha256:0000000000000000000000000000000000000000000000000000000000000000'}", official, env, false},
		"a named context":     {"", "", env, false},
		"no official image":   {"build: {image: 'mirror.example.com/go:alpine'}", official, env[:1], false},
		"for kept builders":   {"cache: {dependencies: mount}", official, env, false},
		"layers at all costs": {"cache: {dependencies: layer}", official, env, true},
	} {
		in, _ := given{yaml: tc.yaml}.inputs(t)
		in.ToolchainDigest, in.ToolchainEnv = tc.digest, tc.env
		in.Layers = in.Spec.Cache.Dependencies != "mount"
		p, err := newDraft(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(p.ToolchainExcludes) > 0; got != tc.want {
			t.Errorf("%s: %q", name, p.ToolchainExcludes)
		}
	}
}
