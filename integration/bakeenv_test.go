package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A pull request's spec names a variable of the runner, in a template and as a secret.
// The pipeline makes the bake file of it and builds; what the runner has under that
// name gets into no image, no provenance and no step.
func TestSpecReadsNoVariableOfTheRunner(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.needsOwnDaemon(t)
	const secret = "value-of-the-runner"
	dir := app(t, map[string]string{
		"gokiln.yaml": "build: {ldflags: [\"-X main.text={{ default `none` .Args.AWS_SECRET_ACCESS_KEY }}-{{ .Args.CHANNEL }}\"]}\n" +
			"image: {labels: {stolen: '{{ or .Args.AWS_SECRET_ACCESS_KEY `none` }}'}}\napps: {a: {main: ./a}}\n",
		"a/main.go": "package main\n\nvar text string\n\nfunc main() { println(text) }\n// " + t.Name() + "\n",
	})
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "bake", "-o", ".", "."}})
	registry := s.tag(t)
	cmd := s.BuildxCommand(t.Context(), "bake", "--builder", s.Builder, "--push", "--progress", "plain", "--set", "*.attest=type=provenance,mode=max")
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "REGISTRY="+registry, "PLATFORMS=linux/amd64", "AWS_SECRET_ACCESS_KEY="+secret, "GOKILN_ARG_CHANNEL=beta")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte(secret)) {
		t.Errorf("the log has the runner's variable:\n%s", out)
	}
	img := fetch(t, registry+"/a:latest")["linux/amd64"]
	if got := s.run(t, img); strings.TrimSpace(got) != "none-beta" {
		t.Errorf("the program printed %q", got)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Labels["stolen"]; got != "none" {
		t.Errorf("the label is %q", got)
	}
	statements := attestations(t, registry+"/a:latest")
	if len(statements) == 0 || strings.Contains(strings.Join(statements, ""), secret) {
		t.Errorf("%d statements, with the runner's variable: %q", len(statements), statements)
	}

	// As a secret: the module step is given nothing under that name.
	write(t, filepath.Join(dir, "gokiln.yaml"), readFile(t, filepath.Join(dir, "gokiln.yaml"))+
		"modules: {auth: [{host: proxy.example.com, token: aws-secret-access-key}]}\n")
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--target", "bake", "-o", ".", "."}})
	if file := readFile(t, filepath.Join(dir, "docker-bake.json")); strings.Contains(file, "env=AWS_SECRET_ACCESS_KEY") || !strings.Contains(file, "env=GOKILN_SECRET_AWS_SECRET_ACCESS_KEY") {
		t.Errorf("the bake file is\n%s", file)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
