package integration

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"
)

// dependency is a module that exists on the test's own proxy alone.
const dependency = "dep.example.com/kiln"

// moduleProxy serves one version of the dependency and counts requests. As an
// HTTP proxy it answers for every host.
type moduleProxy struct {
	*httptest.Server
	zip      []byte
	mod      string
	requests atomic.Int64
}

func newModuleProxy(t *testing.T) *moduleProxy {
	t.Helper()
	p := &moduleProxy{mod: "module " + dependency + "\n\ngo 1.26\n"}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, data := range map[string]string{"go.mod": p.mod, "kiln.go": "package kiln\n\nconst Name = \"from the proxy\"\n"} {
		f, err := w.Create(dependency + "@v1.0.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.zip = buf.Bytes()
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *moduleProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	version, ok := strings.CutPrefix(r.URL.Path, "/"+dependency+"/@v/v1.0.0")
	answers := map[string][]byte{".info": []byte(`{"Version":"v1.0.0"}`), ".mod": []byte(p.mod), ".zip": p.zip}
	if !ok || answers[version] == nil {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(answers[version]) // a client that went away needs no answer
}

// files is an app that imports the dependency, with true sums.
func (p *moduleProxy) files(t *testing.T) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dep.zip")
	if err := os.WriteFile(file, p.zip, 0o644); err != nil {
		t.Fatal(err)
	}
	sum, err := dirhash.HashZip(file, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	modSum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(p.mod)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mod := fmt.Sprintf("module example.com/app\n\ngo 1.26\n\nrequire %s v1.0.0\n", dependency)
	return map[string]string{
		"go.mod":  mod,
		"go.sum":  fmt.Sprintf("%[1]s v1.0.0 %[2]s\n%[1]s v1.0.0/go.mod %[3]s\n", dependency, sum, modSum),
		"main.go": "// " + t.Name() + "\npackage main\n\nimport kiln \"" + dependency + "\"\n\nfunc main() { println(kiln.Name) }\n",
	}
}

// Module proxies and HTTP proxies from build arguments are the ones that are
// asked.
func TestProxiesFromBuildArgs(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t) // its steps reach the proxy on loopback
	for name, args := range map[string]func(p *moduleProxy) []string{
		"GOPROXY": func(p *moduleProxy) []string { return []string{"--build-arg", "GOPROXY=" + p.URL} },
		"HTTP_PROXY": func(p *moduleProxy) []string {
			return []string{"--build-arg", "GOPROXY=http://goproxy.example.com", "--build-arg", "HTTP_PROXY=" + p.URL}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newModuleProxy(t)
			tag := s.tag(t)
			s.ok(t, build{Dir: app(t, p.files(t)), Args: append(args(p),
				"-f", "gokiln.yaml", "--no-cache-filter", "modules", "--build-arg", "GOSUMDB=off", "--platform", "linux/amd64", "-t", tag, "--push", ".")})
			if p.requests.Load() == 0 {
				t.Error("nobody asked the proxy")
			}
			if out := s.run(t, fetch(t, tag)["linux/amd64"]); out != "from the proxy\n" {
				t.Errorf("printed %q", out)
			}
		})
	}
}
