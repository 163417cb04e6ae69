package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gokiln/gokiln/integration/internal/proc"
	"github.com/gokiln/gokiln/integration/internal/store"
)

const registryFile = "registry.json"

// registryRecord is what is remembered of the registry. The address stays when
// the registry is stopped, so that names of pushed images go on to work.
type registryRecord struct {
	Identity proc.Identity `json:"identity"`
	Address  string        `json:"address"`
}

// registry starts the registry unless it runs and answers.
func (s Stack) registry(ctx context.Context, env *Env, o Options) error {
	if o.Registry != "" {
		env.Registry = o.Registry
		return nil
	}
	var rec registryRecord
	if err := s.Dir.ReadJSON(registryFile, &rec); err != nil {
		return err
	}
	if rec.Identity.Alive() && registryAnswers(ctx, rec.Address) == nil {
		env.Registry = rec.Address
		return nil
	}
	if err := rec.Identity.Stop(ctx, 5*time.Second); err != nil {
		return err
	}
	address, err := freeAddress(ctx, rec.Address)
	if err != nil {
		return err
	}
	rec.Address = address
	rec.Identity, err = proc.Detach(s.Dir.Path("log", "registry.log"), "", os.Environ(),
		s.Self, "registry", "-listen", address, "-dir", s.Dir.Path("registry"))
	if err != nil {
		return err
	}
	if err := s.Dir.WriteJSON(registryFile, rec); err != nil {
		return err
	}
	env.Registry = address
	fmt.Fprintf(s.Notes, "started a registry on %s\n", address)
	return waitFor(ctx, 30*time.Second, func() error {
		if !rec.Identity.Alive() {
			return fatal{fmt.Errorf("the registry ended right after its start, see %s", s.Dir.Path("log", "registry.log"))}
		}
		return registryAnswers(ctx, address)
	})
}

// stopRegistry ends the registry and remembers its address.
func (s Stack) stopRegistry(ctx context.Context) error {
	var rec registryRecord
	if err := s.Dir.ReadJSON(registryFile, &rec); err != nil || rec.Address == "" {
		return err
	}
	if err := rec.Identity.Stop(ctx, 5*time.Second); err != nil {
		return err
	}
	rec.Identity = proc.Identity{}
	return s.Dir.WriteJSON(registryFile, rec)
}

// freeAddress gives a loopback address to listen on: the one from last time if
// it is free.
func freeAddress(ctx context.Context, last string) (string, error) {
	for _, address := range []string{last, "127.0.0.1:0"} {
		if address == "" {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			continue
		}
		got := l.Addr().String()
		return got, l.Close()
	}
	return "", errors.New("no free port on 127.0.0.1")
}

func registryAnswers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v2/", nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("registry at %s answers %s", address, resp.Status)
	}
	return nil
}

// ServeRegistry serves the registry in dir on address until ctx ends.
func ServeRegistry(ctx context.Context, address, dir string) error {
	handler, err := store.New(dir)
	if err != nil {
		return err
	}
	srv := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.ListenAndServe() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := srv.Shutdown(stop); err != nil {
			return srv.Close()
		}
		return nil
	}
}

// fatal is an error that waiting can't mend.
type fatal struct{ error }

// waitFor calls f until it succeeds, gives a fatal error, or time is up.
func waitFor(ctx context.Context, limit time.Duration, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := f()
		if err == nil || errors.As(err, new(fatal)) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(30 * time.Millisecond):
		}
	}
}
