package integration

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// call runs docker buildx build --call and returns its standard output.
func (s suite) call(t *testing.T, dir, request string, args ...string) (string, error) {
	t.Helper()
	argv := slices.Concat([]string{"build", "--builder", s.Builder, "--progress", "quiet", "--call=" + request}, s.SyntaxArgs(), args, []string{"-f", "gokiln.yaml", "."})
	cmd := s.BuildxCommand(t.Context(), argv...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	t.Logf("standard error of --call=%s: %s", request, stderr.String())
	return stdout.String(), err
}

func TestCallOutline(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := tinyApp(t, "main: .\nmodules: {auth: [{host: github.com/acme, token: github-token}, {host: git.example.com, ssh: default, known_hosts: known_hosts}]}\n"+
		"build: {ldflags: ['-X main.v={{ .Version }}']}\nimage: {labels: {channel: '{{ .Args.CHANNEL }}'}}\n", "outline")
	out, err := s.call(t, dir, "outline,format=json", "--build-arg", "VERSION=1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name          string
		Args, Secrets []struct{ Name, Value string }
		SSH           []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := map[string]string{}
	for _, a := range got.Args {
		args[a.Name] = a.Value
	}
	if diff := cmp.Diff(map[string]string{"CHANNEL": "", "VERSION": "1.2.3"}, args); diff != "" {
		t.Error(diff)
	}
	var secrets []string
	for _, s := range got.Secrets {
		secrets = append(secrets, s.Name)
	}
	if diff := cmp.Diff([]string{"ca-certificates", "goproxy", "github-token"}, secrets); diff != "" {
		t.Errorf("secrets: %s", diff)
	}
	if len(got.SSH) != 1 || got.SSH[0].Name != "default" {
		t.Errorf("agents %+v", got.SSH)
	}
	if out, err = s.call(t, dir, "outline"); err != nil || !strings.Contains(out, "CHANNEL") {
		t.Errorf("as text: %v\n%s", err, out)
	}
}

func TestCallTargets(t *testing.T) {
	s := setup(t)
	t.Parallel()
	dir := tinyApp(t, "main: .\n", "targets")
	out, err := s.call(t, dir, "targets,format=json")
	if err != nil {
		t.Fatal(err)
	}
	type target struct {
		Name    string
		Default bool
		Base    string
	}
	var got struct{ Targets []target }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff([]target{{"image", true, "gcr.io/distroless/static:nonroot"}, {"binaries", false, ""}, {"bake", false, ""}}, got.Targets); diff != "" {
		t.Error(diff)
	}
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", got.Targets[0].Name, "--output", "type=cacheonly", "."}})
	r := s.try(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "debug", "--output", "type=cacheonly", "."}})
	if r.Err == nil || !strings.Contains(r.Output, `target "debug"`) {
		t.Errorf("a target that does not exist: %v\n%s", r.Err, r.Output)
	}
}

func TestCheck(t *testing.T) {
	s := setup(t)
	t.Parallel()
	for _, tc := range []struct {
		name, spec string
		says       []string // nothing for a good spec
	}{
		{"good", "main: .\n", nil},
		{"misspelt key", "mian: .\n", []string{"gokiln.yaml:2:1", "mian", `did you mean "main"?`}},
		{"two errors", "go: 1.26\nbuild:\n  cgo: perhaps\nimage:\n  usr: 1\n", []string{"gokiln.yaml:4:", "cgo", "gokiln.yaml:6:", "usr"}},
		{"no YAML", "main: [\n", []string{"gokiln.yaml:"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := s.call(t, tinyApp(t, tc.spec, "check"), "check,format=json")
			if failed := err != nil; failed != (len(tc.says) > 0) {
				t.Errorf("exit status: %v\n%s", err, out)
			}
			var got struct {
				BuildError *struct {
					Message  string
					Location struct{ Ranges []any }
				}
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			switch {
			case len(tc.says) == 0 && got.BuildError != nil:
				t.Errorf("a good spec: %s", got.BuildError.Message)
			case len(tc.says) > 0 && got.BuildError == nil:
				t.Errorf("a bad spec has no error: %s", out)
			case got.BuildError != nil && len(got.BuildError.Location.Ranges) == 0:
				t.Error("the error has no place")
			}
			for _, want := range tc.says {
				if got.BuildError != nil && !strings.Contains(got.BuildError.Message, want) {
					t.Errorf("%q lacks %q", got.BuildError.Message, want)
				}
			}
		})
	}
}
