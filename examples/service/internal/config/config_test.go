package config

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func env(values map[string]string) func(string) string {
	return func(key string) string { return values[key] }
}

func TestLoad(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want Config
	}{
		{"defaults", nil, Config{
			HTTPAddr: ":8080", GRPCAddr: ":9090", ShutdownTimeout: 10 * time.Second, LogLevel: slog.LevelInfo,
		}},
		{"everything", map[string]string{
			"HTTP_ADDR": "127.0.0.1:80", "GRPC_ADDR": "[::1]:0", "DATABASE_URL": "postgres://db.example.com/notes",
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel.example.com:4317", "DRAIN_DELAY": "5s",
			"SHUTDOWN_TIMEOUT": "1m", "LOG_LEVEL": "debug",
		}, Config{
			HTTPAddr: "127.0.0.1:80", GRPCAddr: "[::1]:0", DatabaseURL: "postgres://db.example.com/notes",
			ExportTraces: true, DrainDelay: 5 * time.Second, ShutdownTimeout: time.Minute, LogLevel: slog.LevelDebug,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Load(env(test.env))
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestLoadReportsEverythingAtOnce(t *testing.T) {
	_, err := Load(env(map[string]string{
		"HTTP_ADDR": "8080", "GRPC_ADDR": ":grpc", "DRAIN_DELAY": "-1s", "SHUTDOWN_TIMEOUT": "10", "LOG_LEVEL": "loud",
	}))
	if err == nil {
		t.Fatal("five bad settings gave no error")
	}
	for _, want := range []string{
		`HTTP_ADDR: "8080"`, `GRPC_ADDR: ":grpc"`, `DRAIN_DELAY: "-1s"`, `SHUTDOWN_TIMEOUT: "10"`, `LOG_LEVEL: "loud"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not hold %q", err, want)
		}
	}
}
