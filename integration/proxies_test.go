package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// What proxies do to a build, and what it says of them. What is retried, and how
// often, is counted by the proxy.
func TestProxies(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t) // its steps reach the proxies on loopback
	broken := modserver.Start(t, modserver.Options{Fault: func(string, int) modserver.Fault {
		return modserver.Fault{Status: http.StatusBadGateway}
	}})
	empty := modserver.Start(t, modserver.Options{})
	for name, c := range map[string]struct {
		spec  string
		fault modserver.Fault
		times int // how many requests for the zip get the fault
		list  string
		asked int // how often the zip is asked for
		want  []string
	}{
		"503 twice":        {fault: modserver.Fault{Status: 503}, times: 2, list: "%s", asked: 3},
		"cut once":         {fault: modserver.Fault{Cut: true}, times: 1, list: "%s", asked: 2},
		"stalls once":      {spec: "modules: {timeout: 3s}\n", fault: modserver.Fault{Stall: true}, times: 1, list: "%s", asked: 2},
		"503 for good":     {spec: "modules: {retries: 1}\n", fault: modserver.Fault{Status: 503}, times: 99, list: "%s", asked: 2, want: []string{"503 Service Unavailable", "@v/v1.0.0.zip", "tried 2 times", "(M8, "}},
		"stalls for good":  {spec: "modules: {timeout: 2s, retries: 0}\n", fault: modserver.Fault{Stall: true}, times: 99, list: "%s", asked: 1, want: []string{"nothing was received for 2s", "@v/v1.0.0.zip", "tried once", "(M1, "}},
		"403":              {fault: modserver.Fault{Status: 403}, times: 99, list: "%s", asked: 1, want: []string{"403 Forbidden", "modules.auth", "(M2, "}},
		"410":              {fault: modserver.Fault{Status: 410}, times: 99, list: "%s", asked: 1, want: []string{"410 Gone", "(M3, "}},
		"not found, comma": {list: empty.URL() + ",%s", asked: 1},
		"broken, comma":    {spec: "modules: {retries: 0}\n", list: broken.URL() + ",%s", want: []string{"502 Bad Gateway", "(M8, "}},
		"broken, pipe":     {list: broken.URL() + "|%s", asked: 1},
		"refused":          {spec: "modules: {retries: 0}\n", list: "http://127.0.0.1:1", want: []string{"connection refused", "127.0.0.1:1", "tried once", "(M1, "}},
		"no such name":     {list: "http://no-such-host.invalid", want: []string{"no-such-host.invalid", "(M11, "}},
		"off":              {list: "off", want: []string{"GOPROXY", "go mod vendor", "(M12, "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lib := library(modulePath(t, "lib"), "v1.0.0")
			p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}, Fault: func(path string, n int) modserver.Fault {
				if strings.HasSuffix(path, ".zip") && n < c.times {
					return c.fault
				}
				return modserver.Fault{}
			}})
			files := importing([]modserver.Module{lib}, lib.Path)
			files["gokiln.yaml"] = c.spec
			list := strings.ReplaceAll(c.list, "%s", p.URL())
			b := build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "--build-arg", "GOPROXY=" + list, "."}}
			if len(c.want) > 0 {
				want := c.want
				if c.list != "off" {
					want = append([]string{lib.Path}, want...)
				}
				checkFailure(t, failure{want: want, compiles: true}, s.try(t, b))
			} else {
				img, _ := s.pushOne(t, b)
				s.prints(t, img, "lib v1.0.0")
			}
			if n := p.Count(lib.Path + "/@v/v1.0.0.zip"); n != c.asked {
				t.Errorf("the zip was asked for %d times, want %d", n, c.asked)
			}
		})
	}
}

// A server that answers 200 with a login page, or without an end, is named, and what
// it was asked for: nobody is told that somebody changed the content.
func TestProxySendsSomethingElse(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	page := modserver.Fault{Body: "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n"}
	for name, c := range map[string]struct {
		fault modserver.Fault
		ext   string
		spec  string
		want  string
	}{
		"page for a zip":    {page, ".zip", "", "web page"},
		"page for a go.mod": {page, ".mod", "", "web page"},
		// Experiments are build tags, so all modules are downloaded.
		"page for an info": {page, ".info", "build: {env: {GOEXPERIMENT: nodwarf5}}\n", "web page"},
		"a go.mod, no end": {modserver.Fault{Body: "module x\n", Endless: true}, ".mod", "", "no end"},
	} {
		t.Run(name, func(t *testing.T) {
			lib := library(modulePath(t, "lib"), "v1.0.0")
			p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}, Fault: func(path string, _ int) modserver.Fault {
				if strings.HasSuffix(path, c.ext) {
					return c.fault
				}
				return modserver.Fault{}
			}})
			files := importing([]modserver.Module{lib}, lib.Path)
			files["gokiln.yaml"] = c.spec
			r := s.try(t, build{Dir: app(t, files), Args: fromProxy(p, ".")})
			checkFailure(t, failure{want: []string{p.URL() + "/" + lib.Path + "/@v/v1.0.0" + c.ext, c.want, "(M17, "}, compiles: true}, r)
		})
	}
}

// Build arguments go before the spec and the secret goproxy before both; an HTTP
// proxy is gone through; a company's authority is trusted where it is given.
func TestWhichProxy(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	const nowhere = "modules: {proxy: 'http://127.0.0.1:1', retries: 0}\n"
	for name, c := range map[string]struct {
		options modserver.Options
		spec    func(p *modserver.Server) string
		args    func(t *testing.T, p *modserver.Server) []string
		want    []string
	}{
		"spec": {spec: func(p *modserver.Server) string { return "modules: {proxy: [" + p.URL() + "]}\n" }},
		"build argument": {spec: func(*modserver.Server) string { return nowhere },
			args: func(_ *testing.T, p *modserver.Server) []string { return []string{"--build-arg", "GOPROXY=" + p.URL()} }},
		"secret": {spec: func(*modserver.Server) string { return nowhere },
			args: func(t *testing.T, p *modserver.Server) []string { return passSecret(t, "goproxy", p.URL()) }},
		"authority": {options: modserver.Options{TLS: true},
			spec: func(p *modserver.Server) string { return "modules: {proxy: '" + p.URL() + "'}\n" },
			args: func(t *testing.T, p *modserver.Server) []string {
				return passSecret(t, "ca-certificates", string(p.CA()))
			}},
		"no authority": {options: modserver.Options{TLS: true},
			spec: func(p *modserver.Server) string { return "modules: {proxy: '" + p.URL() + "'}\n" },
			want: []string{"x509", "--secret id=ca-certificates", "(M9, "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lib := library(modulePath(t, "lib"), "v1.0.0")
			c.options.Modules = []modserver.Module{lib}
			p := modserver.Start(t, c.options)
			files := importing([]modserver.Module{lib}, lib.Path)
			files["gokiln.yaml"] = c.spec(p)
			b := build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml"}}
			if c.args != nil {
				b.Args = append(b.Args, c.args(t, p)...)
			}
			b.Args = append(b.Args, ".")
			if len(c.want) > 0 {
				checkFailure(t, failure{want: c.want, compiles: true}, s.try(t, b))
				return
			}
			img, _ := s.pushOne(t, b)
			s.prints(t, img, "lib v1.0.0")
			if p.Count(".zip") != 1 {
				t.Errorf("the proxy was asked for the zip %d times, want once", p.Count(".zip"))
			}
		})
	}
	t.Run("HTTP proxy", func(t *testing.T) {
		lib := library(modulePath(t, "lib"), "v1.0.0")
		p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}})
		through := modserver.HTTPProxy(t)
		through.Route("goproxy.example.com:80", strings.TrimPrefix(p.URL(), "http://"))
		img, _ := s.pushOne(t, build{Dir: app(t, importing([]modserver.Module{lib}, lib.Path)), Args: []string{
			"-f", "gokiln.yaml", "--build-arg", "GOPROXY=http://goproxy.example.com", "--build-arg", "HTTP_PROXY=" + through.URL(), ".",
		}})
		s.prints(t, img, "lib v1.0.0")
		if hosts := slices.Compact(through.Hosts()); !slices.Equal(hosts, []string{"goproxy.example.com:80"}) {
			t.Errorf("the HTTP proxy was asked for %q", hosts)
		}
	})
}

// A pipeline's GOPRIVATE does not tell public proxies of what the spec calls private.
func TestPrivateNamesStayPrivate(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	for name, c := range map[string]struct{ spec, arg string }{
		"private":  {"private: %s", "GOPRIVATE=unrelated.example.com"},
		"auth":     {"auth: [{host: %s, token: token}]", "GOPRIVATE=unrelated.example.com"},
		"no proxy": {"private: %s", "GONOPROXY=unrelated.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			lib := library(modulePath(t, "lib"), "v1.0.0")
			host, _, _ := strings.Cut(lib.Path, "/")
			p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}})
			files := importing([]modserver.Module{lib}, lib.Path)
			files["gokiln.yaml"] = "modules: {retries: 0, image: 'golang:1.26-alpine', " + fmt.Sprintf(c.spec, host) + "}\n"
			r := s.try(t, build{Dir: app(t, files), Env: []string{"TOKEN=t0ken-of-the-test"}, Args: fromProxy(p, "--build-arg", c.arg, "--secret", "id=token,env=TOKEN", ".")})
			if r.Err == nil {
				t.Error("there is no repository to build from")
			}
			if n := p.Count(lib.Path); n > 0 || !strings.Contains(r.Output, lib.Path+"?go-get=1") {
				t.Errorf("the proxy was asked %d times for a private module, and its repository has to be:\n%s", n, short(r.Output))
			}
		})
	}
}
