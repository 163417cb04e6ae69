package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gokiln/gokiln/examples/service/internal/config"
	"github.com/gokiln/gokiln/examples/service/internal/grpcapi"
)

const checkTimeout = 20 * time.Second

// Check starts the service on loopback ports of the system's choice with an
// in-memory store, calls it by HTTP and by gRPC, writes a line for each answer
// to out, and shuts it down. It looks at no setting, so that it leaves nothing
// behind in a database, and says "check: ok" where everything was right.
func Check(ctx context.Context, build Build, log *slog.Logger, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	service, err := Start(ctx, config.Config{
		HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", ShutdownTimeout: checkTimeout / 4,
	}, build, log)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- service.Run(serving) }()

	err = errors.Join(checkGRPC(ctx, service.GRPCAddr(), out), checkHTTP(ctx, service.HTTPAddr(), build, out))
	stop()
	if err = errors.Join(err, <-stopped); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	_, err = fmt.Fprintln(out, "check: ok")
	return err
}

func checkGRPC(ctx context.Context, addr string, out io.Writer) (err error) {
	conn, err := grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return fmt.Errorf("gRPC: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return fmt.Errorf("gRPC health: %w", err)
	}
	client := grpcapi.Client{Conn: conn}
	id, err := client.Add(ctx, "written by gRPC")
	if err != nil {
		return fmt.Errorf("gRPC Add: %w", err)
	}
	text, err := client.Get(ctx, id)
	if err != nil {
		return fmt.Errorf("gRPC Get: %w", err)
	}
	_, err = fmt.Fprintf(out, "grpc: health=%s note=%d text=%q\n", answer.GetStatus(), id, text)
	return err
}

func checkHTTP(ctx context.Context, addr string, build Build, out io.Writer) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, step := range []struct{ path, want string }{
		{"/healthz", "ok"},
		{"/readyz", "ready"},
		{"/notes", `"text":"written by gRPC"`},
		{"/metrics", fmt.Sprintf("service_build_info{revision=%q,version=%q} 1", build.Revision, build.Version)},
	} {
		body, err := get(ctx, client, "http://"+addr+step.path)
		if err != nil {
			return err
		}
		if !strings.Contains(body, step.want) {
			return fmt.Errorf("GET %s: answer %q does not hold %q", step.path, body, step.want)
		}
		if _, err := fmt.Fprintf(out, "http: %s 200 %s\n", step.path, step.want); err != nil {
			return err
		}
	}
	return nil
}

func get(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("GET %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return string(body), nil
}
