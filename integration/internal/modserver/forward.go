package modserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"sync"
	"testing"
	"time"
)

// Proxy is an HTTP proxy, as companies have them between their machines and the
// world. It forwards requests for http:// addresses and tunnels the rest with
// CONNECT, to loopback addresses and to what Route names: everything else gets
// status 403, so that no test leaves the machine by it.
type Proxy struct {
	http *httptest.Server
	dial net.Dialer

	once   sync.Once
	closed chan struct{}

	mu     sync.Mutex
	hosts  []string
	routes map[string]string
}

// HTTPProxy starts a proxy. It ends with the test at the latest.
func HTTPProxy(t testing.TB) *Proxy {
	t.Helper()
	p := &Proxy{routes: map[string]string{}, closed: make(chan struct{}), dial: net.Dialer{Timeout: 10 * time.Second}}
	p.http = httptest.NewUnstartedServer(p)
	listen(t, p.http, "")
	p.http.Start()
	t.Cleanup(p.Close)
	return p
}

// URL is the proxy's address, as HTTP_PROXY and HTTPS_PROXY want it.
func (p *Proxy) URL() string { return p.http.URL }

// Route sends what is for host, a name with a port, to addr: a name that no
// resolver knows gets a server that way.
func (p *Proxy) Route(host, addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.routes[host] = addr
}

// Hosts are the hosts with ports that were asked for, one per request or
// tunnel, in their order. Those that were refused are among them.
func (p *Proxy) Hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.hosts)
}

// Close ends the proxy and its tunnels. It may be called again.
func (p *Proxy) Close() {
	p.once.Do(func() {
		close(p.closed) // for tunnels, which the server has forgotten
		p.http.CloseClientConnections()
		p.http.Close()
	})
}

// ServeHTTP forwards a request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if r.Method != http.MethodConnect {
		if !r.URL.IsAbs() {
			http.Error(w, "this is an HTTP proxy", http.StatusBadRequest)
			return
		}
		host = r.URL.Host
		if r.URL.Port() == "" {
			host = net.JoinHostPort(r.URL.Hostname(), "80")
		}
	}
	addr, ok := p.target(host)
	if !ok {
		http.Error(w, fmt.Sprintf("host %q is neither on loopback nor has a route", host), http.StatusForbidden)
		return
	}
	if r.Method == http.MethodConnect {
		p.tunnel(w, r, addr)
		return
	}
	p.forward(w, r, addr)
}

// target writes the host down and gives the address to connect to.
func (p *Proxy) target(host string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hosts = append(p.hosts, host)
	if addr, ok := p.routes[host]; ok {
		return addr, true
	}
	name, _, err := net.SplitHostPort(host)
	ip := net.ParseIP(name)
	return host, err == nil && (name == "localhost" || ip != nil && ip.IsLoopback())
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, addr string) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return p.dial.DialContext(ctx, network, addr)
		},
	}
	// It keeps the request's own address, host and headers.
	proxy := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, Transport: transport, ErrorLog: p.http.Config.ErrorLog}
	proxy.ServeHTTP(w, r)
}

func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request, addr string) {
	upstream, err := p.dial.DialContext(r.Context(), "tcp", addr)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer upstream.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	pump := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // either end may break off as it likes
		done <- struct{}{}
	}
	go pump(upstream, buffered)
	go pump(client, upstream)
	select { // closing both ends what still runs
	case <-done:
	case <-p.closed:
	}
}
