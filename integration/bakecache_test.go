package integration

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/modserver"
	"github.com/gokiln/gokiln/integration/internal/stack"
)

// hold keeps requests for one repository back until there was one for another.
// Repositories are named by how their paths end.
type hold struct {
	method, repository string
	// until is the method and the repository of the request that ends it, moment how
	// much longer it takes.
	until  [2]string
	moment time.Duration
	ended  chan struct{}
	once   sync.Once
}

func (h *hold) end() {
	h.once.Do(func() { time.AfterFunc(h.moment, func() { close(h.ended) }) })
}

// holding stands before the registry.
func holding(t *testing.T, registry string, holds ...*hold) (host string) {
	t.Helper()
	for _, h := range holds {
		h.ended = make(chan struct{})
	}
	target := &url.URL{Scheme: "http", Host: registry}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	is := func(r *http.Request, method, repository string) bool {
		return r.Method == method && strings.Contains(r.URL.Path, repository+"/")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range holds {
			if is(r, h.method, h.repository) {
				select {
				case <-h.ended:
				case <-r.Context().Done():
				}
			}
		}
		proxy.ServeHTTP(w, r)
		for _, h := range holds {
			if is(r, h.until[0], h.until[1]) {
				h.end()
			}
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// Targets of a bake find their programs in the registry's cache, whichever has ended
// before another asks and whichever is compiled meanwhile: first a is done, then c,
// which was changed, holds on to the layers that all have, and then b asks.
func TestBakeFindsItsCache(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	dep := library(modulePath(t, "dep"), "v1.0.0")
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{dep}})
	files := importing([]modserver.Module{dep})
	delete(files, "main.go")
	files["log/log.go"] = fmt.Sprintf("package log\n\nimport lib %q\n\nfunc Say(s string) { println(s, lib.Name) }\n", dep.Path)
	apps := []string{"a", "b", "c"}
	for _, name := range apps {
		files["cmd/"+name+"/main.go"] = fmt.Sprintf("package main\n\nimport \"example.com/app/log\"\n\nfunc main() { log.Say(%q) }\n", name)
		s.derive(t, "base"+name, "FROM gcr.io/distroless/static:nonroot\n")
	}
	dir := app(t, files)
	repository := strings.TrimPrefix(s.tag(t), s.Registry+"/")
	bake := func(s suite, key, more string) result {
		tag := s.Registry + "/" + repository
		spec, targets := "# syntax="+stack.Syntax+"\ncache: {dependencies: layer}\napps:\n", []string{}
		var args []string
		for _, name := range apps {
			spec += fmt.Sprintf("  %s: {main: ./cmd/%s, image: {base: %q}}\n", name, name, tag+"-base"+name)
			targets = append(targets, fmt.Sprintf(`%q: {"dockerfile": "gokiln.yaml", "target": %q, "platforms": ["linux/amd64"],
				"args": {"GOPROXY": %q}, "tags": ["%s/%s"], "output": ["type=registry"]}`, name, name, p.URL(), tag, name))
			args = append(args, "--set", fmt.Sprintf("%s.%s=type=registry,ref=%s/cache:%s%s", name, key, tag, name, more))
		}
		write(t, filepath.Join(dir, "gokiln.yaml"), spec)
		write(t, filepath.Join(dir, "docker-bake.json"),
			fmt.Sprintf(`{"group": {"default": {"targets": ["a", "b", "c"]}}, "target": {%s}}`, strings.Join(targets, ", ")))
		return s.bake(t, dir, args...)
	}
	bake(s, "cache-to", ",mode=max")
	write(t, filepath.Join(dir, "cmd/c/main.go"), strings.Replace(files["cmd/c/main.go"], `"c"`, `"changed"`, 1))
	front := holding(t, s.Registry,
		&hold{method: http.MethodGet, repository: repository + "-basec", until: [2]string{http.MethodPut, repository + "/a/manifests"}, moment: time.Second},
		&hold{method: http.MethodGet, repository: repository + "-baseb", until: [2]string{http.MethodPost, repository + "/c/blobs"}},
		&hold{method: http.MethodPut, repository: repository + "/c/manifests", until: [2]string{http.MethodPut, repository + "/b/manifests"}},
	)
	r := bake(suite{s.FreshBehind(t, front)}, "cache-from", "")
	for _, step := range []string{"download modules", "] standard library", "] dependencies", "] compile "} {
		if len(r.named(step)) == 0 || len(r.ran(step)) > 0 {
			t.Errorf("%q: ran %q of %q", step, r.ran(step), r.named(step))
		}
	}
	if diff := cmp.Diff([]string{"[c linux/amd64] go build ./cmd/c"}, r.ran("] go build")); diff != "" {
		t.Errorf("programs that were compiled: %s", diff)
	}
}
