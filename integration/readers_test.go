package integration

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// standBefore starts a server in front of the registry; handle gets each request and
// what hands it on.
func standBefore(t *testing.T, registry string, handle func(w http.ResponseWriter, r *http.Request, on http.Handler)) (host string) {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: registry}
	// The registry's answers name paths alone, so the host need not be mended.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, proxy) }))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// front stands before the registry: it notes which blobs are fetched and takes
// no cache from anybody.
type front struct {
	host    string
	mu      sync.Mutex
	fetched []string
}

func startFront(t *testing.T, registry string) *front {
	t.Helper()
	f := &front{}
	f.host = standBefore(t, registry, func(w http.ResponseWriter, r *http.Request, on http.Handler) {
		if f.allows(r) {
			on.ServeHTTP(w, r)
			return
		}
		http.Error(w, `{"errors":[{"code":"DENIED","message":"read only"}]}`, http.StatusForbidden)
	})
	return f
}

func (f *front) allows(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, digest, blob := strings.Cut(r.URL.Path, "/blobs/sha256:")
	if blob && r.Method == http.MethodGet {
		f.fetched = append(f.fetched, "sha256:"+digest)
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads || !strings.Contains(r.URL.Path, "/cache/")
}

// took gives the blobs fetched since it was asked last, in order.
func (f *front) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Sorted(slices.Values(f.fetched))
	f.fetched = nil
	return all
}

// A machine that may read the cache and not write it gets all there is to get, and
// what it need not see stays where it is: of a build that others have done it
// fetches no layer at all, and after a change of the code what compiles it, once: not
// the toolchain image, but the smaller one that was made of it.
func TestReaderFetchesWhatItNeeds(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	dep := library(modulePath(t, "dep"), "v1.0.0")
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{dep}})
	files := importing([]modserver.Module{dep}, dep.Path)
	dir := app(t, files)
	args := func(registry string, more ...string) build {
		name := registry + strings.TrimPrefix(s.tag(t), s.Registry)
		return build{Dir: dir, Args: fromProxy(p, slices.Concat([]string{"--platform", "linux/amd64", "-t", name, "--push",
			"--cache-from", "type=registry,ref=" + name + "/cache:x"}, more, []string{"."})...)}
	}
	s.ok(t, args(s.Registry, "--cache-to", "type=registry,ref="+s.tag(t)+"/cache:x,mode=max"))
	before := digests(t, fetch(t, s.tag(t)))

	front := startFront(t, s.Registry)
	reader := suite{s.FreshBehind(t, front.host)}
	image, toolchain := layersOf(t, s.tag(t)), layersOf(t, s.Registry+"/library/golang:1.26-alpine")
	cached := layersOf(t, s.tag(t)+"/cache:x")
	fetched := func() []string {
		return slices.DeleteFunc(front.took(), func(blob string) bool { return !slices.Contains(slices.Concat(image, toolchain, cached), blob) })
	}
	r := reader.ok(t, args(front.host))
	if layers, ran := fetched(), append(r.ran("go build"), r.ran("copy programs")...); len(layers) > 0 || len(ran) > 0 {
		t.Errorf("of what others have built: ran %q, fetched %q", ran, layers)
	}
	if diff := cmp.Diff(before, digests(t, fetch(t, s.tag(t)))); diff != "" {
		t.Error(diff)
	}

	write(t, filepath.Join(dir, "main.go"), strings.Replace(files["main.go"], "println(", "println(\"changed\", ", 1))
	r = reader.ok(t, args(front.host))
	layers := fetched()
	if len(layers) == 0 || len(slices.Compact(slices.Clone(layers))) != len(layers) {
		t.Errorf("fetched %q, want each once", layers)
	}
	if slices.ContainsFunc(layers, func(l string) bool { return slices.Contains(toolchain, l) }) {
		t.Errorf("fetched %q, among them the toolchain image's %q", layers, toolchain)
	}
	if layers = slices.DeleteFunc(layers, func(l string) bool { return slices.Contains(image, l) }); len(layers) != 4 {
		t.Errorf("fetched %q of the cache, want the slim toolchain and the layers of modules, of the standard library and of dependencies", layers)
	}
	if ran := slices.Concat(r.ran("download modules"), r.ran("] standard library"), r.ran("] dependencies")); len(ran) > 0 || len(r.ran("go build")) != 1 {
		t.Errorf("after a change of the code: ran %q and %q", ran, r.ran("go build"))
	}
}

// layersOf are the digests of the layers that a name in the registry stands for.
func layersOf(t *testing.T, reference string) []string {
	t.Helper()
	var all []string
	for _, img := range fetch(t, reference) {
		all = append(all, layerDigests(t, img)...)
	}
	return all
}
