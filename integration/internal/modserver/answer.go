package modserver

import (
	"bytes"
	"net/http"
	"path"
	"strconv"
)

// answer is what a request gets.
type answer struct {
	status int
	body   []byte
	fault  Fault
}

// ServeHTTP answers a request of the module proxy protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r)
	h := w.Header()
	h.Set("Content-Type", contentType(r.URL.Path, a.status))
	if !a.fault.Endless {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	if a.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="modules"`)
	}
	w.WriteHeader(a.status)
	body := a.body
	if a.fault.Cut || a.fault.Stall {
		body = body[:len(body)/2]
	}
	_, _ = w.Write(body) // a client that went away needs no answer
	if a.fault.Endless {
		s.endless(w, r)
	}
	if !a.fault.Cut && !a.fault.Stall {
		return
	}
	_ = http.NewResponseController(w).Flush()
	if a.fault.Stall {
		select {
		case <-s.closed:
		case <-r.Context().Done():
		}
	}
	// The way to end a connection without the rest of the body.
	panic(http.ErrAbortHandler)
}

// endless sends until the client has enough.
func (s *Server) endless(w http.ResponseWriter, r *http.Request) {
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for {
		select {
		case <-s.closed:
			return
		case <-r.Context().Done():
			return
		default:
		}
		if _, err := w.Write(spaces); err != nil {
			return
		}
	}
}

// answer decides on a request and writes it down.
func (s *Server) answer(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.decide(r)
	s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.Path, Status: a.status})
	return a
}

func (s *Server) decide(r *http.Request) answer {
	if !s.allows(r) {
		return answer{status: http.StatusUnauthorized, body: []byte("credentials are missing or wrong\n")}
	}
	at := r.URL.Path
	a := answer{status: http.StatusOK, body: s.answers[at]}
	if s.o.Fault != nil {
		a.fault = s.o.Fault(at, s.asked[at])
	}
	s.asked[at]++
	switch f := a.fault; {
	case f.Status != 0:
		a.status, a.body = f.Status, []byte(f.Body)
	case f.Body != "":
		a.body = []byte(f.Body)
	case s.answers[at] == nil:
		a.status, a.body = http.StatusNotFound, []byte("not found: no such module or version here: "+at+"\n")
	case f.Tamper && s.tampered[at] != nil:
		a.body = s.tampered[at]
	}
	return a
}

// allows reports whether the request has what the options demand.
func (s *Server) allows(r *http.Request) bool {
	o := s.o
	if o.User == "" && o.Password == "" && o.Header == "" {
		return true
	}
	user, password, ok := r.BasicAuth()
	if ok && (o.User != "" || o.Password != "") && user == o.User && password == o.Password {
		return true
	}
	return o.Header != "" && r.Header.Get(o.Header) == o.Value
}

func contentType(name string, status int) string {
	switch {
	case status == http.StatusOK && path.Ext(name) == ".zip":
		return "application/zip"
	case status == http.StatusOK && (path.Ext(name) == ".info" || path.Base(name) == "@latest"):
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}
