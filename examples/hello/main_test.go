package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestGreet(t *testing.T) {
	tail := fmt.Sprintf(": platform=%s/%s go=%s uid=65532\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	tests := []struct {
		name  string
		names []string
		want  string
	}{
		{"nobody named", nil, "hello, world"},
		{"one", []string{"kiln"}, "hello, kiln"},
		{"two", []string{"kiln", "clay"}, "hello, kiln and clay"},
		{"three", []string{"kiln", "clay", "ash"}, "hello, kiln, clay and ash"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			if err := greet(&out, test.names, 65532); err != nil {
				t.Fatal(err)
			}
			if want := test.want + tail; out.String() != want {
				t.Errorf("got %q, want %q", out.String(), want)
			}
		})
	}
}

var errClosed = errors.New("closed")

type closedWriter struct{}

func (closedWriter) Write([]byte) (int, error) { return 0, errClosed }

func TestGreetReportsWriteError(t *testing.T) {
	if err := greet(closedWriter{}, nil, 0); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want %v", err, errClosed)
	}
}
