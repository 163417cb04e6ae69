// Package probe asks a running service, from inside its own container, whether
// it is alive. It does what an image's healthcheck would use curl for.
package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

const timeout = 3 * time.Second

// Alive asks /healthz of the service that listens on addr, an address as in
// HTTP_ADDR: a host that is empty or a wildcard is asked by loopback. Any answer
// but 200 within 3 s is an error.
func Alive(ctx context.Context, addr string) error {
	target, err := dialable(addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	// HTTP_PROXY is for the way out; the default transport would obey it here.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answered %s", request.URL, response.Status)
	}
	return nil
}

func dialable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("healthcheck: %w", err)
	}
	switch ip := net.ParseIP(host); {
	case host == "":
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}
