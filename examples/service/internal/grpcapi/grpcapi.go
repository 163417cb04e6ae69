// Package grpcapi serves notes over gRPC, with the health and reflection
// services beside them. Its messages are protobuf's well-known types, so that
// nothing has to be generated; the service's descriptor is written by hand.
package grpcapi

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gokiln/gokiln/examples/service/internal/note"
	"github.com/gokiln/gokiln/examples/service/internal/store"
	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

// listed is how many notes List sends at most.
const listed = 100

// Server returns the whole gRPC side of the service, not yet listening, and
// the health service that says whether it serves.
func Server(s store.Store, t telemetry.Telemetry, log *slog.Logger) (*grpc.Server, *health.Server, error) {
	descriptors, err := newResolver()
	if err != nil {
		return nil, nil, err
	}
	server := grpc.NewServer(
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(t.Traces),
			otelgrpc.WithPropagators(t.Propagator),
		)),
		grpc.ChainUnaryInterceptor(observeUnary(t.Requests)),
		grpc.ChainStreamInterceptor(observeStream(t.Requests)),
	)
	server.RegisterService(serviceDesc(), notes{store: s, log: log})
	serving := health.NewServer()
	serving.SetServingStatus(serviceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, serving)
	reflectionpb.RegisterServerReflectionServer(server, reflection.NewServerV1(reflection.ServerOptions{
		Services:           server,
		DescriptorResolver: descriptors,
	}))
	return server, serving, nil
}

// notes implements notesServer.
type notes struct {
	store store.Store
	log   *slog.Logger
}

func (n notes) Add(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.Int64Value, error) {
	text, err := note.Clean(in.GetValue())
	if err != nil {
		return nil, n.status(ctx, err)
	}
	added, err := n.store.Add(ctx, text)
	if err != nil {
		return nil, n.status(ctx, err)
	}
	return wrapperspb.Int64(added.ID), nil
}

func (n notes) Get(ctx context.Context, in *wrapperspb.Int64Value) (*wrapperspb.StringValue, error) {
	found, err := n.store.Get(ctx, in.GetValue())
	if err != nil {
		return nil, n.status(ctx, err)
	}
	return wrapperspb.String(found.Text), nil
}

func (n notes) List(_ *emptypb.Empty, stream grpc.ServerStreamingServer[wrapperspb.StringValue]) error {
	all, err := n.store.List(stream.Context(), listed)
	if err != nil {
		return n.status(stream.Context(), err)
	}
	for _, found := range all {
		if err := stream.Send(wrapperspb.String(found.Text)); err != nil {
			return err
		}
	}
	return nil
}

// status is the gRPC error that err deserves. Errors from inside are logged
// and not shown.
func (n notes) status(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, note.ErrNotFound):
		return status.Error(codes.NotFound, err.Error())
	case errors.Is(err, note.ErrInvalid):
		return status.Error(codes.InvalidArgument, err.Error())
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	n.log.ErrorContext(ctx, "call failed", "error", err)
	return status.Error(codes.Internal, "internal error")
}
