package bake

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every variable of a bake file is taken from the environment where that has it, and
// secrets name variables too. A spec comes with a pull request, and must not choose
// among what a pipeline's runner has.
func TestASpecChoosesNoVariable(t *testing.T) {
	names := []string{
		"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HOME", "PATH", "CA_CERTIFICATES", "BUILDX_CONFIG", "BAKE_CMD_CONTEXT", "GOKILN_SECRET_GIT_TOKEN",
		"VERSION", "REVISION", "SOURCE_DATE_EPOCH", "REGISTRY", "TAG", "PLATFORMS", "CACHE",
	}
	f := File{Spec: "gokiln.yaml", CASecret: "ca-certificates", Secrets: []string{"aws-secret-access-key", "GITHUB_TOKEN", "a.b", "ca-certificates", "gokiln-secret-x"}}
	for _, name := range names {
		f.Apps = append(f.Apps, App{Name: "app-" + strings.ToLower(strings.ReplaceAll(name, "_", "-")), Args: []Arg{{Name: name}}})
	}
	data, err := Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var got file
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	fixed := []string{"CA_CERTIFICATES", "CACHE", "PLATFORMS", "REGISTRY", "REVISION", "SOURCE_DATE_EPOCH", "TAG", "VERSION"}
	for name := range got.Variable {
		if !slices.Contains(fixed, name) && !strings.HasPrefix(name, "GOKILN_ARG_") {
			t.Errorf("the spec has bake read %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`env=([^",\\]*)`).FindAllStringSubmatch(string(data), -1) {
		if m[1] != "CA_CERTIFICATES" && !strings.HasPrefix(m[1], "GOKILN_SECRET_") {
			t.Errorf("the spec has bake read the secret %s", m[1])
		}
	}
	for _, app := range f.Apps {
		name := app.Args[0].Name
		want := "GOKILN_ARG_" + name
		if name != "CA_CERTIFICATES" && slices.Contains(fixed, name) {
			want = name
		}
		if got := got.Target[app.Name].Args[name]; got != "${"+want+` == "" ? null : `+want+"}" {
			t.Errorf("%s is %s", name, got)
		}
	}
}
