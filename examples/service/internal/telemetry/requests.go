package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts and times what the service answers, over HTTP and gRPC
// alike, so that one dashboard shows both.
type Requests struct {
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newRequests(registry *prometheus.Registry) Requests {
	requests := Requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "service_requests_total",
			Help: "Requests answered, by protocol, operation and status code.",
		}, []string{"protocol", "operation", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "service_request_duration_seconds",
			Help:    "Time to answer a request, by protocol and operation.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}, []string{"protocol", "operation"}),
	}
	registry.MustRegister(requests.total, requests.seconds)
	return requests
}

// Observe counts one answered request. The operation must come from a small
// set, such as a route's pattern; never from a path that callers make up.
func (r Requests) Observe(protocol, operation, code string, took time.Duration) {
	r.total.WithLabelValues(protocol, operation, code).Inc()
	r.seconds.WithLabelValues(protocol, operation).Observe(took.Seconds())
}
