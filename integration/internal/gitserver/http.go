// Package gitserver serves repositories to real clients the way that companies
// do: git's own server behind HTTPS with tokens, which also answers the go
// command's question for a module's repository, and OpenSSH's server with keys
// in an agent. All servers are on loopback and end with their test.
//
// Repositories can be read and not written. Nothing is installed on the
// machine, no user is created on it, and its configuration of git and SSH is
// neither read nor changed.
package gitserver

import (
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/testca"
)

// Options say what a server has and whom it answers.
type Options struct {
	// Addr is the address to listen on. Default: 127.0.0.1 and a free port.
	Addr string
	// Host is the name that clients know the server by. Default: the IP address
	// of Addr.
	Host  string
	Repos []Repo
	// User and Token demand basic authentication over HTTPS, and Header and
	// Value a header; either will do where both are set. Credentials that are
	// missing get status 401, and wrong ones 403.
	User, Token   string
	Header, Value string
	// Authority signs the certificate for HTTPS; nil is one of the server's
	// own.
	Authority *testca.CA
}

// Request is a request that an HTTPS server got, with the status it answered.
type Request struct {
	Method, Path, Query string
	Status              int
}

// HTTP is a running HTTPS server.
type HTTP struct {
	o    Options
	http *httptest.Server
	ca   *testca.CA
	git  http.Handler
	once sync.Once

	mu       sync.Mutex
	requests []Request
}

// StartHTTP starts a server. It ends with the test at the latest.
func StartHTTP(t testing.TB, o Options) *HTTP {
	t.Helper()
	path, err := backend(t.Context())
	if err != nil {
		t.Fatalf("git has no HTTP server: %v", err)
	}
	s := &HTTP{o: o, ca: o.Authority}
	if s.ca == nil {
		s.ca = testca.New(t)
	}
	s.git = &cgi.Handler{
		Path: path, Env: append(gitEnv(), "GIT_PROJECT_ROOT="+publish(t, o.Repos), "GIT_HTTP_EXPORT_ALL=1"), Stderr: io.Discard,
	}
	s.http = httptest.NewUnstartedServer(s)
	// A client that refuses the certificate is part of many tests and no news.
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	_ = s.http.Listener.Close()
	s.http.Listener = listen(t, o.Addr)
	ip := s.http.Listener.Addr().(*net.TCPAddr).IP.String()
	if s.o.Host == "" {
		s.o.Host = ip
	}
	s.http.TLS = s.ca.ServerConfig(t, ip, s.o.Host)
	s.http.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// listen listens at addr, which has to be on loopback.
func listen(t testing.TB, addr string) net.Listener {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		_ = l.Close()
		t.Fatalf("address %q is not on loopback", addr)
	}
	return l
}

// URL is https:// and the Host, with the port where it is not 443.
func (s *HTTP) URL() string {
	_, port, _ := net.SplitHostPort(s.Addr())
	return "https://" + strings.TrimSuffix(net.JoinHostPort(s.o.Host, port), ":443")
}

// Addr is the server's IP address and port.
func (s *HTTP) Addr() string { return s.http.Listener.Addr().String() }

// CA is the certificate, as PEM, that clients have to trust.
func (s *HTTP) CA() []byte { return s.ca.PEM() }

// Requests are the requests that were answered so far, in their order.
func (s *HTTP) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Count is how many requests had substr in their path with its query.
func (s *HTTP) Count(substr string) int {
	n := 0
	for _, r := range s.Requests() {
		if strings.Contains(r.Path+"?"+r.Query, substr) {
			n++
		}
	}
	return n
}

// Close ends the server. It may be called again.
func (s *HTTP) Close() {
	s.once.Do(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
}

// ServeHTTP answers a request of git or of the go command.
func (s *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &recorder{ResponseWriter: w, record: func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Status: status})
	}}
	switch status := s.authorize(r); {
	case status == http.StatusUnauthorized:
		seen.Header().Set("WWW-Authenticate", `Basic realm="repositories"`)
		http.Error(seen, "credentials are missing", status)
	case status != http.StatusOK:
		http.Error(seen, "credentials are wrong", status)
	case r.URL.Query().Get("go-get") == "1":
		s.discover(seen, r)
	default:
		s.git.ServeHTTP(seen, r)
	}
}

// authorize gives the status that the credentials deserve.
func (s *HTTP) authorize(r *http.Request) int {
	basic, header := s.o.User != "" || s.o.Token != "", s.o.Header != ""
	if !basic && !header {
		return http.StatusOK
	}
	user, token, hasBasic := r.BasicAuth()
	value := r.Header.Get(s.o.Header)
	switch {
	case basic && hasBasic && user == s.o.User && token == s.o.Token, header && value == s.o.Value:
		return http.StatusOK
	case hasBasic, header && value != "", r.Header.Get("Authorization") != "":
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// discover tells the go command which repository has the package.
func (s *HTTP) discover(w http.ResponseWriter, r *http.Request) {
	for _, repo := range s.o.Repos {
		path := "/" + repo.Path
		if at := strings.TrimSuffix(r.URL.Path, "/"); at != path && !strings.HasPrefix(at, path+"/") {
			continue
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		content := s.o.Host + path + " git " + s.URL() + path + ".git"
		fmt.Fprintf(w, "<html><head><meta name=\"go-import\" content=\"%s\"></head></html>\n", html.EscapeString(content))
		return
	}
	http.NotFound(w, r)
}

// recorder tells the status before the client can know it, so that a test that
// has its answer finds the request.
type recorder struct {
	http.ResponseWriter
	record func(status int)
}

func (r *recorder) WriteHeader(status int) {
	r.record(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
