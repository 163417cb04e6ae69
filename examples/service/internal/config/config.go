// Package config reads the service's settings from its environment. It reads
// nothing else: no files, no flags, so that an image needs no volume to run.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"
)

// Config is the service's complete configuration.
type Config struct {
	// HTTPAddr is HTTP_ADDR: host:port of the HTTP listener; ":8080" unless set.
	HTTPAddr string
	// GRPCAddr is GRPC_ADDR: host:port of the gRPC listener; ":9090" unless set.
	GRPCAddr string
	// DatabaseURL is DATABASE_URL, as pgx reads it. Empty means: keep notes in
	// memory, which is for trying the service out.
	DatabaseURL string
	// ExportTraces is whether OTEL_EXPORTER_OTLP_ENDPOINT (or its variant for
	// traces) is set. The exporter reads its settings by itself.
	ExportTraces bool
	// DrainDelay is DRAIN_DELAY: how long the service says "not ready" before it
	// closes its listeners, for load balancers to notice; none unless set.
	DrainDelay time.Duration
	// ShutdownTimeout is SHUTDOWN_TIMEOUT: how long requests under way may take
	// to finish; 10 s unless set.
	ShutdownTimeout time.Duration
	// LogLevel is LOG_LEVEL: debug, info, warn or error; info unless set.
	LogLevel slog.Level
}

// Load reads the configuration through getenv, which is os.Getenv outside
// tests. It reports every bad setting at once.
func Load(getenv func(string) string) (Config, error) {
	or := func(key, fallback string) string {
		if value := getenv(key); value != "" {
			return value
		}
		return fallback
	}
	cfg := Config{
		HTTPAddr:    or("HTTP_ADDR", ":8080"),
		GRPCAddr:    or("GRPC_ADDR", ":9090"),
		DatabaseURL: getenv("DATABASE_URL"),
		ExportTraces: getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" ||
			getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "",
	}
	var errs [5]error
	errs[0] = checkAddr("HTTP_ADDR", cfg.HTTPAddr)
	errs[1] = checkAddr("GRPC_ADDR", cfg.GRPCAddr)
	cfg.DrainDelay, errs[2] = duration("DRAIN_DELAY", or("DRAIN_DELAY", "0s"))
	cfg.ShutdownTimeout, errs[3] = duration("SHUTDOWN_TIMEOUT", or("SHUTDOWN_TIMEOUT", "10s"))
	if level := or("LOG_LEVEL", "info"); cfg.LogLevel.UnmarshalText([]byte(level)) != nil {
		errs[4] = fmt.Errorf("LOG_LEVEL: %q is no level; use debug, info, warn or error", level)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

func checkAddr(key, value string) error {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return fmt.Errorf("%s: %q is not host:port; write it like \":8080\"", key, value)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%s: %q has no port number from 0 to 65535", key, value)
	}
	return nil
}

func duration(key, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s: %q is no duration; write it like \"10s\"", key, value)
	}
	return d, nil
}
