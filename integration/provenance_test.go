package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// statement is the part of an in-toto statement with SLSA provenance that the
// tests look at: what the daemon says it ran, and from what.
type statement struct {
	PredicateType string
	Subject       []struct{ Digest map[string]string }
	Predicate     struct {
		BuildDefinition struct {
			ResolvedDependencies []struct {
				URI    string
				Digest map[string]string
			}
			InternalParameters struct {
				BuildConfig struct{ LLBDefinition []provenanceStep }
			}
		}
	}
}

type provenanceStep struct {
	ID string
	Op struct {
		Op struct {
			Exec *struct {
				Meta struct{ Args []string }
				// Network is a NetMode of BuildKit's: 0 is a network of its
				// own, 1 the host's, 2 none.
				Network   int
				Secretenv []any
				Mounts    []struct{ SecretOpt *struct{ ID string } }
			}
		}
	}
}

const netModeNone = 2

// provenance returns the statement on an image that lies beside it in an index.
func provenance(t *testing.T, reference string) statement {
	t.Helper()
	idx, _ := index(t, reference)
	manifest, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range manifest.Manifests {
		if d.Annotations["vnd.docker.reference.type"] != "attestation-manifest" {
			continue
		}
		img, err := idx.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := img.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%d statements: %v", len(layers), err)
		}
		rc, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer rc.Close()
		var st statement
		if err := json.NewDecoder(rc).Decode(&st); err != nil {
			t.Fatal(err)
		}
		if want := d.Annotations["vnd.docker.reference.digest"]; len(st.Subject) == 0 || "sha256:"+st.Subject[0].Digest["sha256"] != want {
			t.Errorf("the statement is about %v and lies beside %s", st.Subject, want)
		}
		return st
	}
	t.Fatal("there is no attestation")
	return statement{}
}

// The daemon's own record of what it ran: only the module step had a network or
// a secret. The image's inputs are all recorded by digest.
func TestOnlyTheModuleStepHasANetwork(t *testing.T) {
	s := setup(t)
	t.Parallel()
	tag := s.tag(t)
	s.ok(t, build{Dir: app(t, withDependency(t, "provenance")), Args: append(caSecret(),
		"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "--provenance=mode=max,version=v1", ".")})
	st := provenance(t, tag)
	if st.PredicateType != "https://slsa.dev/provenance/v1" {
		t.Fatalf("predicate type %q", st.PredicateType)
	}
	ran := map[string]int{}
	for _, step := range st.Predicate.BuildDefinition.InternalParameters.BuildConfig.LLBDefinition {
		exec := step.Op.Op.Exec
		if exec == nil {
			continue
		}
		line := strings.Join(exec.Meta.Args, " ")
		if strings.HasSuffix(line, "/gokiln-modules download") {
			ran["modules"]++
			continue
		}
		ran["others"]++
		if exec.Network != netModeNone {
			t.Errorf("%s: %q has network mode %d, want %d", step.ID, line, exec.Network, netModeNone)
		}
		if len(exec.Secretenv) > 0 {
			t.Errorf("%s: %q has secrets in its environment", step.ID, line)
		}
		for _, m := range exec.Mounts {
			if m.SecretOpt != nil {
				t.Errorf("%s: %q has the secret %s", step.ID, line, m.SecretOpt.ID)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"modules": 1, "others": 3}, ran); diff != "" {
		t.Errorf("steps that run a command: %s", diff)
	}
	for _, want := range []string{"pkg:docker/golang@", "pkg:docker/gcr.io/distroless/static@nonroot"} {
		found := false
		for _, d := range st.Predicate.BuildDefinition.ResolvedDependencies {
			found = found || strings.HasPrefix(d.URI, want) && len(d.Digest["sha256"]) == 64
		}
		if !found {
			t.Errorf("the record has no digest of %s: %+v", want, st.Predicate.BuildDefinition.ResolvedDependencies)
		}
	}
}
