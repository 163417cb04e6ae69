// Package httpapi serves notes as JSON over HTTP, with the service's own
// endpoints beside them: /healthz, /readyz and /metrics.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/gokiln/gokiln/examples/service/internal/note"
	"github.com/gokiln/gokiln/examples/service/internal/store"
	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	// maxBody is room for the longest note with every character escaped.
	maxBody = 16 * 1024
)

type api struct {
	store store.Store
	ready func(context.Context) error
	log   *slog.Logger
}

// Handler returns the whole HTTP side of the service. ready says why the
// service should get no traffic, or nil.
func Handler(s store.Store, ready func(context.Context) error, t telemetry.Telemetry, log *slog.Logger) http.Handler {
	a := api{store: s, ready: ready, log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.Registry, promhttp.HandlerOpts{Registry: t.Registry}))
	mux.HandleFunc("GET /notes", a.list)
	mux.HandleFunc("POST /notes", a.add)
	mux.HandleFunc("GET /notes/{id}", a.get)
	mux.HandleFunc("DELETE /notes/{id}", a.delete)

	return otelhttp.NewHandler(observe(mux, t.Requests), "http",
		otelhttp.WithTracerProvider(t.Traces),
		otelhttp.WithPropagators(t.Propagator),
		otelhttp.WithFilter(isTraced),
	)
}

// isTraced keeps what orchestrators ask every few seconds out of the traces.
func isTraced(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		return false
	}
	return true
}

func (a api) readyz(w http.ResponseWriter, r *http.Request) {
	if err := a.ready(r.Context()); err != nil {
		a.log.WarnContext(r.Context(), "not ready", "error", err)
		// What is wrong inside is for the log, not for whoever asks.
		text(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	text(w, http.StatusOK, "ready")
}

func (a api) list(w http.ResponseWriter, r *http.Request) {
	limit := defaultLimit
	if query := r.URL.Query(); query.Has("limit") {
		asked, err := strconv.Atoi(query.Get("limit"))
		if err != nil || asked < 1 || asked > maxLimit {
			message := fmt.Sprintf("limit: %q is not a number from 1 to %d", query.Get("limit"), maxLimit)
			a.answer(w, r, http.StatusBadRequest, problem{message})
			return
		}
		limit = asked
	}
	notes, err := a.store.List(r.Context(), limit)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if notes == nil {
		notes = []note.Note{}
	}
	a.answer(w, r, http.StatusOK, map[string]any{"notes": notes})
}

func (a api) add(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Text string `json:"text"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		a.answer(w, r, status, problem{"body: " + err.Error()})
		return
	}
	clean, err := note.Clean(body.Text)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	added, err := a.store.Add(r.Context(), clean)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", fmt.Sprintf("/notes/%d", added.ID))
	a.answer(w, r, http.StatusCreated, added)
}

func (a api) get(w http.ResponseWriter, r *http.Request) {
	id, err := noteID(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	found, err := a.store.Get(r.Context(), id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, found)
}

func (a api) delete(w http.ResponseWriter, r *http.Request) {
	id, err := noteID(r)
	if err == nil {
		err = a.store.Delete(r.Context(), id)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// noteID reads the path's number. What is no number names no note.
func noteID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, note.ErrNotFound
	}
	return id, nil
}
