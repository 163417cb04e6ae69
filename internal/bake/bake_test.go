package bake

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// fleet has what every part of a bake file is made of, names that bake would take
// for expressions among them.
func fleet() File {
	return File{
		Spec:     "deploy/${x}/gokiln.yaml",
		Secrets:  []string{"git-token", "netrc.corp"},
		CASecret: "ca-certificates",
		Agents:   []string{"default"},
		Apps: []App{
			{Name: "catalog", Target: "catalog", Description: "image of ./cmd/catalog", Groups: []string{"shop"},
				Args: []Arg{{"CHANNEL", ""}, {"TAG", ""}, {"VERSION", "the release"}}},
			{Name: "cart", Target: "cart", Description: "image of ./cmd/%{cart}", Groups: []string{"shop", "slow"}},
		},
	}
}

func TestMarshal(t *testing.T) {
	for name, f := range map[string]File{
		"fleet": fleet(),
		"one":   {Spec: "gokiln.yaml", Apps: []App{{Name: "api", Description: "image of the module's main package"}}},
	} {
		data, err := Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/"+name+".json", data)
		for range 25 {
			if again, err := Marshal(f); err != nil || !bytes.Equal(data, again) {
				t.Fatalf("%s: written twice it differs: %v", name, err)
			}
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test ./internal/bake -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/bake -update rewrites it:\n%s", file, diff)
	}
}

func TestName(t *testing.T) {
	all := func(string) bool { return true }
	for in, want := range map[string]string{"api": "api", "My.Api_2": "my-api-2", "--": "", "": ""} {
		if got := Name(in, all); got != want {
			t.Errorf("Name(%q) is %q, want %q", in, got, want)
		}
	}
	if got := Name("default", func(s string) bool { return s != "default" }); got != "app" {
		t.Errorf("a name that can't be is %q", got)
	}
}
