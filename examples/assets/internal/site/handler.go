package site

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
)

// Handler serves the site, and /healthz beside it.
func (s Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /static/{path...}", s.asset)
	mux.HandleFunc("GET /robots.txt", s.own)
	mux.HandleFunc("GET /.well-known/security.txt", s.own)
	mux.HandleFunc("GET /", s.page)
	return mux
}

func (s Site) page(w http.ResponseWriter, r *http.Request) {
	page, found := s.rendered[r.URL.Path]
	if !found {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A client that hangs up is told nothing more.
	_, _ = w.Write(page)
}

// asset serves static files and, other than http.FileServer, lists no folder.
func (s Site) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	info, err := fs.Stat(s.static, name)
	if err != nil || info.IsDir() {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	http.ServeFileFS(w, r, s.static, name)
}

// own serves what is embedded in the program.
func (s Site) own(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, embedded, "embedded"+r.URL.Path)
}

func (s Site) fail(w http.ResponseWriter, r *http.Request, status int) {
	var out bytes.Buffer
	data := struct{ Status, Path string }{fmt.Sprintf("%d %s", status, http.StatusText(status)), r.URL.Path}
	if err := s.failure.Execute(&out, data); err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
