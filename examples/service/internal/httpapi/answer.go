package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gokiln/gokiln/examples/service/internal/note"
	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

// problem is the body of every answer that is an error.
type problem struct {
	Error string `json:"error"`
}

// fail answers with the status that err deserves. Errors from inside are
// logged and not shown.
func (a api) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, note.ErrNotFound):
		a.answer(w, r, http.StatusNotFound, problem{err.Error()})
	case errors.Is(err, note.ErrInvalid):
		a.answer(w, r, http.StatusUnprocessableEntity, problem{err.Error()})
	default:
		a.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
		a.answer(w, r, http.StatusInternalServerError, problem{"internal error"})
	}
}

func (a api) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.DebugContext(r.Context(), "client went away", "route", r.Pattern, "error", err)
	}
}

func text(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// A probe that hangs up has its answer.
	_, _ = w.Write([]byte(line + "\n"))
}

// observe counts requests by route. It wraps the mux itself: the mux writes
// the matched pattern into the very request it is handed.
func observe(mux *http.ServeMux, requests telemetry.Requests) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(recorder, r)
		route := r.Pattern
		if route == "" {
			route = "unmatched"
		}
		requests.Observe("http", route, strconv.Itoa(recorder.status), time.Since(start))
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the real writer.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
