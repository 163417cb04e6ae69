package integration

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/modserver"
	"github.com/gokiln/gokiln/integration/internal/stack"
)

// hold keeps requests for one repository back until there was one for another. Both
// are a method and what a path has; it ends a moment after the other.
type hold struct {
	what, until [2]string
	held, ended chan struct{}
	hold, end   func()
}

func newHold(what, until [2]string, moment time.Duration) *hold {
	h := &hold{what: what, until: until, held: make(chan struct{}), ended: make(chan struct{})}
	h.hold = sync.OnceFunc(func() { close(h.held) })
	h.end = sync.OnceFunc(func() { time.AfterFunc(moment, func() { close(h.ended) }) })
	return h
}

func is(r *http.Request, what [2]string) bool {
	return r.Method == what[0] && strings.Contains(r.URL.Path, what[1])
}

// holding stands before the registry.
func holding(t *testing.T, registry string, holds ...*hold) (host string) {
	t.Helper()
	return standBefore(t, registry, func(w http.ResponseWriter, r *http.Request, on http.Handler) {
		for _, h := range holds {
			if is(r, h.what) {
				h.hold()
				select {
				case <-h.ended:
				case <-r.Context().Done():
				}
			}
		}
		on.ServeHTTP(w, r)
		for _, h := range holds {
			if is(r, h.until) {
				h.end()
			}
		}
	})
}

// Targets of a bake find their programs in the registry's cache, whichever has ended
// before another asks and whichever is compiled meanwhile: first a is done, then c,
// which was changed, holds on to the layers that all have, and then b asks.
func TestBakeFindsItsCache(t *testing.T) {
	for name, work := range map[string]string{"a module": "", "a workspace": "go 1.26\n\nuse .\n"} {
		t.Run(name, func(t *testing.T) { bakeFindsItsCache(t, work) })
	}
}

func bakeFindsItsCache(t *testing.T, work string) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	dep := library(modulePath(t, "dep"), "v1.0.0")
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{dep}})
	files := importing([]modserver.Module{dep})
	delete(files, "main.go")
	files["go.work"] = work
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
	pushed := func(name string) [2]string { return [2]string{http.MethodPut, repository + "/" + name + "/manifests/"} }
	base := func(name string) [2]string { return [2]string{http.MethodGet, repository + "-base" + name + "/"} }
	holds := []*hold{
		newHold(base("c"), pushed("a"), time.Second), // until the build of a has ended
		newHold(base("b"), [2]string{http.MethodPost, repository + "/c/blobs/"}, 0),
		newHold(pushed("c"), pushed("b"), 0),
	}
	r := bake(suite{s.FreshBehind(t, holding(t, s.Registry, holds...))}, "cache-from", "")
	for _, h := range holds {
		select {
		case <-h.held:
		default:
			t.Errorf("nothing asked for %q: the order was another", h.what)
		}
	}
	for _, step := range []string{"download modules", "] standard library", "] dependencies", "] compile "} {
		if len(r.named(step)) == 0 || len(r.ran(step)) > 0 {
			t.Errorf("%q: ran %q of %q", step, r.ran(step), r.named(step))
		}
	}
	if diff := cmp.Diff([]string{"[c linux/amd64] go build ./cmd/c"}, r.ran("] go build")); diff != "" {
		t.Errorf("programs that were compiled: %s", diff)
	}
}
