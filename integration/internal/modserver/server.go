// Package modserver serves Go modules to real go commands: over HTTP, over
// HTTPS, from a folder, and through an HTTP proxy, in good health or with the
// faults that networks and proxies have. All servers are on loopback and end
// with their test.
//
// It knows the modules that a test gives it and no others: it asks no upstream,
// has no checksum database, and its HTTP proxy forwards to loopback alone.
package modserver

import (
	"io"
	"log"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/testca"
)

// Fault is what is wrong with an answer. The zero Fault is a good answer.
type Fault struct {
	// Status replaces the status, and Body the body; a Body alone comes with
	// status 200.
	Status int
	Body   string
	// Cut announces the whole body, sends half of it and closes the connection.
	Cut bool
	// Stall sends the headers and half of the body and then nothing, until the
	// client goes away or the server closes.
	Stall bool
	// Endless sends the body, and then spaces as fast as the client takes them,
	// until it goes away or the server closes.
	Endless bool
	// Tamper, of a zip, serves a valid one with a file that was not published.
	Tamper bool
}

// Options say what a server has and whom it answers.
type Options struct {
	Modules []Module
	// User and Password demand basic authentication, Header and Value a header;
	// either will do where both are set. Without, the answer is 401.
	User, Password string
	Header, Value  string
	// TLS serves HTTPS with a certificate of the Authority for the address and
	// the Hosts.
	TLS bool
	// Authority signs the certificate; nil is one of the server's own.
	Authority *testca.CA
	// Hosts are names in the certificate besides the address.
	Hosts []string
	// Addr is the address to listen on. Default: 127.0.0.1 and a free port.
	Addr string
	// Fault says what is wrong with the answer to a path, which is the escaped
	// one as it was asked for and starts with a slash. n is how often the path
	// was answered before. Requests without the right credentials don't count
	// and have no faults. It is called for one request at a
	// time, and must not ask the server for anything.
	Fault func(path string, n int) Fault
}

// Request is a request that a server got, with the status it answered.
type Request struct {
	Method, Path string
	Status       int
}

// Server is a running module proxy.
type Server struct {
	o        Options
	http     *httptest.Server
	ca       *testca.CA
	answers  map[string][]byte
	tampered map[string][]byte // the zips alone
	closed   chan struct{}
	once     sync.Once

	mu       sync.Mutex
	requests []Request
	asked    map[string]int
}

// Start starts a server. It ends with the test at the latest.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	all, err := answers(o.Modules)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{o: o, answers: all, tampered: map[string][]byte{}, closed: make(chan struct{}), asked: map[string]int{}}
	for _, m := range o.Modules {
		base, version, err := m.at()
		if err != nil {
			t.Fatal(err)
		}
		if s.tampered[base+version+".zip"], err = m.tampered(); err != nil {
			t.Fatal(err)
		}
	}
	s.http = httptest.NewUnstartedServer(s)
	listen(t, s.http, o.Addr)
	if o.TLS {
		s.ca = o.Authority
		if s.ca == nil {
			s.ca = testca.New(t)
		}
		s.http.TLS = s.ca.ServerConfig(t, append([]string{s.http.Listener.Addr().(*net.TCPAddr).IP.String()}, o.Hosts...)...)
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// listen replaces the server's listener by one at addr, which has to be on
// loopback; empty leaves it.
func listen(t testing.TB, server *httptest.Server, addr string) {
	t.Helper()
	// A client that refuses the certificate or cuts a connection is part of
	// many tests and no news.
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if addr == "" {
		return
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
	_ = server.Listener.Close()
	server.Listener = l
}

// URL is the server's address with its scheme and without a slash at the end.
func (s *Server) URL() string { return s.http.URL }

// Addr is the server's IP address and port.
func (s *Server) Addr() string { return s.http.Listener.Addr().String() }

// CA is the certificate, as PEM, that clients of an HTTPS server have to trust;
// nil without TLS.
func (s *Server) CA() []byte {
	if s.ca == nil {
		return nil
	}
	return s.ca.PEM()
}

// Close ends the server and every answer that stalls. It may be called again.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closed)
		s.http.CloseClientConnections()
		s.http.Close()
	})
}

// Requests are the requests that came so far, in their order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Count is how many requests had substr in their path.
func (s *Server) Count(substr string) int {
	n := 0
	for _, r := range s.Requests() {
		if strings.Contains(r.Path, substr) {
			n++
		}
	}
	return n
}
