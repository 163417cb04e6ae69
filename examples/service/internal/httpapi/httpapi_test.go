package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gokiln/gokiln/examples/service/internal/note"
	"github.com/gokiln/gokiln/examples/service/internal/store"
	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

var errBroken = errors.New("the disk is on fire")

// broken is a store whose database has gone.
type broken struct{ store.Store }

func (broken) List(context.Context, int) ([]note.Note, error) { return nil, errBroken }

func handler(t *testing.T, s store.Store, ready error) http.Handler {
	t.Helper()
	made, err := telemetry.New(t.Context(), telemetry.Options{Service: "test", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return Handler(s, func(context.Context) error { return ready }, made, slog.New(slog.DiscardHandler))
}

func memory() store.Store {
	return store.NewMemory(func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) })
}

func call(h http.Handler, method, target, body string) *http.Response {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(method, target, strings.NewReader(body)))
	return recorder.Result()
}

func TestNotes(t *testing.T) {
	const (
		clay = `{"id":1,"text":"buy clay","created":"2026-01-02T03:04:05Z"}`
		ash  = `{"id":2,"text":"sift ash","created":"2026-01-02T03:04:05Z"}`
	)
	h := handler(t, memory(), nil)
	steps := []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", "/notes", "", 200, `{"notes":[]}`},
		{"POST", "/notes", `{"text":" buy clay "}`, 201, clay},
		{"POST", "/notes", `{"text":"sift ash"}`, 201, ash},
		{"GET", "/notes", "", 200, `{"notes":[` + ash + `,` + clay + `]}`},
		{"GET", "/notes?limit=1", "", 200, `{"notes":[` + ash + `]}`},
		{"GET", "/notes/1", "", 200, clay},
		{"DELETE", "/notes/1", "", 204, ``},
		{"DELETE", "/notes/1", "", 404, `{"error":"no such note"}`},
		{"GET", "/notes/1", "", 404, `{"error":"no such note"}`},
		{"GET", "/notes/one", "", 404, `{"error":"no such note"}`},
		{"GET", "/notes?limit=0", "", 400, `{"error":"limit: \"0\" is not a number from 1 to 100"}`},
		{"GET", "/notes?limit=", "", 400, `{"error":"limit: \"\" is not a number from 1 to 100"}`},
		{"POST", "/notes", `{"text":" "}`, 422, `{"error":"invalid note: text is empty"}`},
		{"POST", "/notes", `{"txet":"a"}`, 400, `{"error":"body: json: unknown field \"txet\""}`},
		{"POST", "/notes", `{"text":"` + strings.Repeat("a", maxBody) + `"}`, 413, `{"error":"body: http: request body too large"}`},
		{"PUT", "/notes", "", 405, "Method Not Allowed"},
		{"GET", "/", "", 404, "404 page not found"},
	}
	for _, step := range steps {
		response := call(h, step.method, step.target, step.body)
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(body)); response.StatusCode != step.status || got != step.want {
			t.Errorf("%s %s: got %d %s, want %d %s", step.method, step.target, response.StatusCode, got, step.status, step.want)
		}
	}
}

func TestAddSaysWhereTheNoteIs(t *testing.T) {
	response := call(handler(t, memory(), nil), "POST", "/notes", `{"text":"a"}`)
	if got := response.Header.Get("Location"); got != "/notes/1" {
		t.Errorf("Location is %q, want /notes/1", got)
	}
}

func TestErrorsFromInsideStayInside(t *testing.T) {
	response := call(handler(t, broken{}, nil), "GET", "/notes", "")
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"error":"internal error"}` + "\n"; response.StatusCode != http.StatusInternalServerError || string(body) != want {
		t.Errorf("got %d %s, want 500 %s", response.StatusCode, body, want)
	}
}

func TestProbes(t *testing.T) {
	for name, test := range map[string]struct {
		target string
		ready  error
		status int
	}{
		"alive":                {"/healthz", nil, 200},
		"alive, but not ready": {"/healthz", errBroken, 200},
		"ready":                {"/readyz", nil, 200},
		"not ready":            {"/readyz", errBroken, 503},
	} {
		t.Run(name, func(t *testing.T) {
			response := call(handler(t, memory(), test.ready), "GET", test.target, "")
			if response.StatusCode != test.status {
				t.Errorf("got %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	h := handler(t, memory(), nil)
	call(h, "GET", "/notes/17", "")
	call(h, "GET", "/notes/18", "")
	call(h, "GET", "/nowhere", "")
	call(h, "GET", "/healthz", "")
	body, err := io.ReadAll(call(h, "GET", "/metrics", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`service_requests_total{code="404",operation="GET /notes/{id}",protocol="http"} 2`,
		`service_requests_total{code="404",operation="unmatched",protocol="http"} 1`,
		`service_build_info{revision="",version="1.2.3"} 1`,
		"trace_spans_ended_total 3\n", // /healthz makes none
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}
