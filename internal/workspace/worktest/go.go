package worktest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// Go runs the go command without network and without the user's settings, and fails
// the test when it fails.
func Go(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := TryGo(t, dir, env, args...)
	if err != nil {
		t.Fatalf("go %s in %s: %v\n%s", strings.Join(args, " "), dir, err, out)
	}
	return out
}

// TryGo is Go where the command may fail; the output then has its messages.
func TryGo(t *testing.T, dir string, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=", "GOTOOLCHAIN=local", "GOENV=off", "GOSUMDB=off", "PWD="+dir)
	cmd.Env = append(cmd.Env, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out) + stderr.String(), err
	}
	return string(out), nil
}

//go:embed published.txtar
var publishedArchive string

// Published are the modules that the tests' proxy has, "path@version", with their
// files.
func Published() map[string]map[string]string {
	modules := make(map[string]map[string]string)
	f, _ := Parse(publishedArchive)
	for name, data := range f.Files {
		modulePath, rest, _ := strings.Cut(name, "@")
		version, file, _ := strings.Cut(rest, "/")
		at := modulePath + "@" + version
		if modules[at] == nil {
			modules[at] = make(map[string]string)
		}
		modules[at][file] = data
	}
	return modules
}

// Proxy writes modules as a proxy's folder and returns its URL.
func Proxy(t *testing.T, modules map[string]map[string]string) string {
	t.Helper()
	root := RealDir(t)
	for name, files := range modules {
		modulePath, version, _ := strings.Cut(name, "@")
		src := t.TempDir()
		WriteTree(t, src, files)
		dir := filepath.Join(root, modulePath, "@v")
		WriteTree(t, dir, map[string]string{
			"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": files["go.mod"],
		})
		f, err := os.Create(filepath.Join(dir, version+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := zip.CreateFromDir(f, module.Version{Path: modulePath, Version: version}, src); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + root
}
