package grpcapi

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

// notesServer is what the descriptor's methods call.
type notesServer interface {
	Add(context.Context, *wrapperspb.StringValue) (*wrapperspb.Int64Value, error)
	Get(context.Context, *wrapperspb.Int64Value) (*wrapperspb.StringValue, error)
	List(*emptypb.Empty, grpc.ServerStreamingServer[wrapperspb.StringValue]) error
}

func serviceDesc() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*notesServer)(nil),
		Metadata:    fileName,
		Methods: []grpc.MethodDesc{
			{MethodName: "Add", Handler: unary("Add", notesServer.Add)},
			{MethodName: "Get", Handler: unary("Get", notesServer.Get)},
		},
		Streams: []grpc.StreamDesc{{StreamName: "List", ServerStreams: true, Handler: list}},
	}
}

// unary is the handler that protoc's Go plugin would generate for a method.
func unary[In, Out any](
	name string, method func(notesServer, context.Context, *In) (*Out, error),
) grpc.MethodHandler {
	return func(server any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := new(In)
		if err := decode(in); err != nil {
			return nil, err
		}
		handle := func(ctx context.Context, request any) (any, error) {
			return method(server.(notesServer), ctx, request.(*In))
		}
		if intercept == nil {
			return handle(ctx, in)
		}
		info := &grpc.UnaryServerInfo{Server: server, FullMethod: "/" + serviceName + "/" + name}
		return intercept(ctx, in, info, handle)
	}
}

func list(server any, stream grpc.ServerStream) error {
	in := new(emptypb.Empty)
	if err := stream.RecvMsg(in); err != nil {
		return err
	}
	return server.(notesServer).List(in, &grpc.GenericServerStream[emptypb.Empty, wrapperspb.StringValue]{ServerStream: stream})
}

// The metrics' operation is the method's full name. Methods that do not exist
// never get here, so callers cannot make up new ones.

func observeUnary(requests telemetry.Requests) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		start := time.Now()
		out, err := handle(ctx, in)
		requests.Observe("grpc", info.FullMethod, status.Code(err).String(), time.Since(start))
		return out, err
	}
}

func observeStream(requests telemetry.Requests) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		start := time.Now()
		err := handle(server, stream)
		requests.Observe("grpc", info.FullMethod, status.Code(err).String(), time.Since(start))
		return err
	}
}
