// Package telemetry makes the service's traces and metrics. It sets nothing
// global: what needs a tracer or a registry is handed one, so two services can
// run in one process, as the tests do.
package telemetry

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
)

// Options say whose telemetry it is and where it goes.
type Options struct {
	Service, Version, Revision string
	// Export sends spans over OTLP/gRPC, to where the OTEL_EXPORTER_OTLP_…
	// environment variables say. Without it spans are made, so that trace
	// context passes through, and dropped.
	Export bool
}

// Telemetry is what the service's parts report to.
type Telemetry struct {
	Traces     *sdktrace.TracerProvider
	Propagator propagation.TextMapPropagator
	Registry   *prometheus.Registry
	Requests   Requests
}

// New returns telemetry that is ready for use. No collector has to be there:
// the exporter connects by itself, and again after it lost its connection.
func New(ctx context.Context, options Options) (Telemetry, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(options),
	)
	traces, err := newTraces(ctx, options, registry)
	if err != nil {
		return Telemetry{}, err
	}
	return Telemetry{
		Traces:     traces,
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		Registry:   registry,
		Requests:   newRequests(registry),
	}, nil
}

// Close sends the spans that wait to be sent.
func (t Telemetry) Close(ctx context.Context) error {
	if err := t.Traces.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

func newTraces(ctx context.Context, options Options, registry *prometheus.Registry) (*sdktrace.TracerProvider, error) {
	about, err := resource.New(ctx,
		resource.WithAttributes(
			semconv.ServiceName(options.Service),
			semconv.ServiceVersion(options.Version),
			semconv.VCSRefHeadRevision(options.Revision),
		),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	spans := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "trace_spans_ended_total",
		Help: "Spans that were recorded, exported or not.",
	})
	registry.MustRegister(spans)
	with := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(about),
		sdktrace.WithSpanProcessor(spanCounter{spans}),
	}
	if options.Export {
		exporter, err := otlptracegrpc.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("make the trace exporter: %w", err)
		}
		with = append(with, sdktrace.WithBatcher(exporter))
	}
	return sdktrace.NewTracerProvider(with...), nil
}

func buildInfo(options Options) prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "service_build_info",
		Help:        "Always 1; its labels say what was built.",
		ConstLabels: prometheus.Labels{"version": options.Version, "revision": options.Revision},
	})
	info.Set(1)
	return info
}

// spanCounter is a span processor that counts.
type spanCounter struct{ ended prometheus.Counter }

func (s spanCounter) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (s spanCounter) OnEnd(sdktrace.ReadOnlySpan)                     { s.ended.Inc() }
func (s spanCounter) Shutdown(context.Context) error                  { return nil }
func (s spanCounter) ForceFlush(context.Context) error                { return nil }
