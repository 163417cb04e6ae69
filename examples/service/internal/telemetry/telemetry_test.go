package telemetry

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestTelemetry(t *testing.T) {
	made, err := New(t.Context(), Options{Service: "notes", Version: "1.2.3", Revision: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	_, span := made.Traces.Tracer("test").Start(t.Context(), "work")
	span.End()
	made.Requests.Observe("http", "GET /notes", "200", time.Millisecond)
	made.Requests.Observe("http", "GET /notes", "200", time.Millisecond)
	made.Requests.Observe("grpc", "/notes.v1.Notes/Add", "OK", time.Millisecond)

	want := `
# HELP service_build_info Always 1; its labels say what was built.
# TYPE service_build_info gauge
service_build_info{revision="abc",version="1.2.3"} 1
# HELP service_requests_total Requests answered, by protocol, operation and status code.
# TYPE service_requests_total counter
service_requests_total{code="200",operation="GET /notes",protocol="http"} 2
service_requests_total{code="OK",operation="/notes.v1.Notes/Add",protocol="grpc"} 1
# HELP trace_spans_ended_total Spans that were recorded, exported or not.
# TYPE trace_spans_ended_total counter
trace_spans_ended_total 1
`
	err = testutil.GatherAndCompare(made.Registry, strings.NewReader(want),
		"service_build_info", "service_requests_total", "trace_spans_ended_total")
	if err != nil {
		t.Error(err)
	}
	if err := made.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestExportNeedsNoCollectorToStart(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	made, err := New(t.Context(), Options{Service: "notes", Export: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(t.Context()); err != nil {
		t.Errorf("nothing waits to be sent, got: %v", err)
	}
}
