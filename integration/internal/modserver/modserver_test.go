package modserver

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// upper has a path that has to be escaped.
func upper() Module {
	return Module{Path: "example.com/Acme/lib", Version: "v1.2.0", Files: map[string]string{"lib.go": "package lib\n\nconst Name = \"lib\"\n"}}
}

// client is a module that requires others, and a go command of its own.
type client struct {
	dir, cache string
	env        []string
}

// newClient requires the modules, with their sums.
func newClient(t *testing.T, ms ...Module) client {
	t.Helper()
	c := client{dir: t.TempDir(), cache: t.TempDir()}
	mod := "module example.com/app\n\ngo 1.24\n"
	for _, m := range ms {
		mod += "\nrequire " + m.Path + " " + m.Version + "\n"
	}
	for name, data := range map[string]string{"go.mod": mod, "go.sum": Sums(ms...)} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scratch := t.TempDir()
	// Without a home the go command counts nothing: it would go on doing so in
	// the background and write where the test removes its folders.
	c.env = []string{
		"PATH=" + os.Getenv("PATH"), "GOENV=off", "GOFLAGS=-modcacherw", "GOSUMDB=off", "GOTOOLCHAIN=local",
		"GOWORK=off", "GOMODCACHE=" + c.cache, "GOCACHE=" + filepath.Join(scratch, "cache"), "GOPATH=" + filepath.Join(scratch, "go"),
	}
	return c
}

// run runs the go command with more variables and gives what it said.
func (c client) run(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = c.dir, slices.Concat(c.env, env)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c client) has(m Module) bool {
	base, version, err := m.at()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(c.cache, base+"@"+strings.TrimPrefix(version, "/@v/"), "lib.go"))
	return err == nil
}

func TestDownload(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{Modules: []Module{upper()}})
	c := newClient(t, upper())
	if out, err := c.run(t, []string{"GOPROXY=" + s.URL()}, "mod", "download"); err != nil || !c.has(upper()) {
		t.Fatalf("go mod download: %v: %s", err, out)
	}
	zip := "/example.com/!acme/lib/@v/v1.2.0.zip"
	if s.Count(zip) != 1 || s.Count("@v/v1.2.0.mod") != 1 {
		t.Errorf("requests: %+v", s.Requests())
	}
	for _, r := range s.Requests() {
		if r.Path == zip && r != (Request{Method: http.MethodGet, Path: zip, Status: http.StatusOK}) {
			t.Errorf("request %+v", r)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	m := upper()
	var ms []Module
	for _, v := range []string{"v1.10.0", "v1.9.0", "v1.11.0-rc.1", "v1.10.1-0.20240203040506-0123456789ab", "v2.0.0+incompatible"} {
		m.Version = v
		ms = append(ms, m)
	}
	s := Start(t, Options{Modules: ms[:4]})
	c := newClient(t)
	for _, tc := range []struct{ args, want string }{
		{"list -m -versions " + m.Path, m.Path + " v1.9.0 v1.10.0 v1.11.0-rc.1\n"},
		{"list -m " + m.Path + "@latest", m.Path + " v1.10.0\n"},
	} {
		out, err := c.run(t, []string{"GOPROXY=" + s.URL()}, strings.Fields(tc.args)...)
		if err != nil || out != tc.want {
			t.Errorf("go %s: %v: %s, want %s", tc.args, err, out, tc.want)
		}
	}
	dir := t.TempDir()
	WriteDir(t, dir, ms...)
	c = newClient(t, ms[4])
	if out, err := c.run(t, []string{"GOPROXY=file://" + dir}, "mod", "download"); err != nil {
		t.Errorf("from a folder: %v: %s", err, out)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault Fault
		want  string
	}{
		"status":   {Fault{Status: http.StatusBadGateway, Body: "down for tea"}, "502 Bad Gateway"},
		"no page":  {Fault{Body: "<html>please sign in</html>"}, "not a valid zip file"},
		"cut":      {Fault{Cut: true}, "unexpected EOF"},
		"tampered": {Fault{Tamper: true}, "checksum mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{Modules: []Module{upper()}, Fault: func(path string, n int) Fault {
				if strings.HasSuffix(path, ".zip") && n == 0 {
					return tc.fault
				}
				return Fault{}
			}})
			c, env := newClient(t, upper()), []string{"GOPROXY=" + s.URL()}
			out, err := c.run(t, env, "mod", "download")
			if err == nil || !strings.Contains(out, tc.want) {
				t.Fatalf("go mod download: %v: %s, want %q", err, out, tc.want)
			}
			if out, err := c.run(t, env, "mod", "download"); err != nil || !c.has(upper()) {
				t.Fatalf("the second time: %v: %s", err, out)
			}
			if n := s.Count(".zip"); n != 2 {
				t.Errorf("the zip was asked for %d times: %+v", n, s.Requests())
			}
		})
	}
}

func TestStall(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{Modules: []Module{upper()}, Fault: func(path string, _ int) Fault {
		return Fault{Stall: strings.HasSuffix(path, ".zip")}
	}})
	c := newClient(t, upper())
	ended := make(chan error, 1)
	go func() {
		_, err := c.run(t, []string{"GOPROXY=" + s.URL()}, "mod", "download")
		ended <- err
	}()
	for range 600 {
		if s.Count(".zip") > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Fatalf("the download ended before the server: %v", err)
	default:
	}
	s.Close()
	s.Close()
	if err := <-ended; err == nil {
		t.Error("half a zip was enough")
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	// The go command sends credentials over HTTPS alone.
	s := Start(t, Options{Modules: []Module{upper()}, User: "ann", Password: "s3cret", TLS: true})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, s.CA(), 0o644); err != nil {
		t.Fatal(err)
	}
	with := strings.Replace(s.URL(), "//", "//ann:s3cret@", 1)
	for url, ok := range map[string]bool{s.URL(): false, strings.Replace(with, "s3", "s4", 1): false, with: true} {
		c := newClient(t, upper())
		out, err := c.run(t, []string{"GOPROXY=" + url, "SSL_CERT_FILE=" + ca}, "mod", "download")
		if (err == nil) != ok || !ok && !strings.Contains(out, "401 Unauthorized") {
			t.Errorf("%s: %v: %s", url, err, out)
		}
	}
	s = Start(t, Options{Modules: []Module{upper()}, Header: "PRIVATE-TOKEN", Value: "s3cret"})
	for value, status := range map[string]int{"": 401, "other": 401, "s3cret": 200} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/example.com/!acme/lib/@v/list", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("PRIVATE-TOKEN", value)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%q got %d, want %d", value, answer.StatusCode, status)
		}
	}
}

// HTTPS is reached by a name that is known to the HTTP proxy alone.
func TestHTTPSThroughProxy(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{Modules: []Module{upper()}, TLS: true, Hosts: []string{"goproxy.example.com"}})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, s.CA(), 0o644); err != nil {
		t.Fatal(err)
	}
	p := HTTPProxy(t)
	p.Route("goproxy.example.com:443", s.Addr())
	env := []string{"GOPROXY=https://goproxy.example.com", "HTTPS_PROXY=" + p.URL()}
	c := newClient(t, upper())
	if out, err := c.run(t, env, "mod", "download"); err == nil || !strings.Contains(out, "x509") {
		t.Errorf("without the authority: %v: %s", err, out)
	}
	if out, err := c.run(t, append(env, "SSL_CERT_FILE="+ca), "mod", "download"); err != nil {
		t.Errorf("go mod download: %v: %s", err, out)
	}
	if out, err := c.run(t, []string{"GOPROXY=https://" + s.Addr(), "SSL_CERT_FILE=" + ca}, "mod", "download"); err != nil {
		t.Errorf("by its address: %v: %s", err, out)
	}
}

func TestHTTPProxy(t *testing.T) {
	t.Parallel()
	s, p := Start(t, Options{Modules: []Module{upper()}}), HTTPProxy(t)
	p.Route("goproxy.example.com:80", s.Addr())
	c := newClient(t, upper())
	env := []string{"HTTP_PROXY=" + p.URL(), "GOPROXY=http://goproxy.example.com"}
	if out, err := c.run(t, env, "mod", "download"); err != nil || s.Count(".zip") != 1 {
		t.Fatalf("go mod download: %v: %s", err, out)
	}
	before := len(p.Hosts())
	c = newClient(t, upper())
	out, err := c.run(t, []string{"HTTP_PROXY=" + p.URL(), "GOPROXY=http://elsewhere.example.com"}, "mod", "download")
	if err == nil || !strings.Contains(out, "403 Forbidden") {
		t.Errorf("a host without a route: %v: %s", err, out)
	}
	hosts := p.Hosts()
	if before == 0 || hosts[0] != "goproxy.example.com:80" || hosts[len(hosts)-1] != "elsewhere.example.com:80" {
		t.Errorf("hosts %q", hosts)
	}
}

func TestDeterministic(t *testing.T) {
	t.Parallel()
	m := upper()
	m.Files = map[string]string{}
	for _, name := range strings.Fields("a.go b.go c/d.go c/e.go testdata/f z.go") {
		m.Files[name] = "// " + name
	}
	zip, sums := m.Zip(), Sums(m, upper())
	for range 20 {
		if !bytes.Equal(zip, m.Zip()) {
			t.Fatal("two zips of one module differ")
		}
	}
	if diff := cmp.Diff(sums, Sums(upper(), m, m)); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(sums, "\n"); n != 3 {
		t.Errorf("%d lines, want 3, the go.mod is the same:\n%s", n, sums)
	}
}

func TestEndless(t *testing.T) {
	s := Start(t, Options{Modules: []Module{{Path: "example.com/a", Version: "v1.0.0"}}, Fault: func(string, int) Fault {
		return Fault{Body: "begin", Endless: true}
	}})
	r, err := http.Get(s.URL() + "/example.com/a/@v/v1.0.0.mod")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, 3<<20))
	if err != nil || len(data) != 3<<20 || !strings.HasPrefix(string(data), "begin ") {
		t.Errorf("%d bytes came, %v", len(data), err)
	}
	if err := r.Body.Close(); err != nil {
		t.Error(err)
	}
}
