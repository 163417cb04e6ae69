package grpcapi

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Client calls the notes service over one connection.
type Client struct{ Conn grpc.ClientConnInterface }

// Add stores a note and returns its number.
func (c Client) Add(ctx context.Context, text string) (int64, error) {
	out := new(wrapperspb.Int64Value)
	err := c.Conn.Invoke(ctx, "/"+serviceName+"/Add", wrapperspb.String(text), out)
	return out.GetValue(), err
}

// Get returns a note's text.
func (c Client) Get(ctx context.Context, id int64) (string, error) {
	out := new(wrapperspb.StringValue)
	err := c.Conn.Invoke(ctx, "/"+serviceName+"/Get", wrapperspb.Int64(id), out)
	return out.GetValue(), err
}

// List returns the newest notes' texts, the newest first.
func (c Client) List(ctx context.Context) ([]string, error) {
	raw, err := c.Conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+serviceName+"/List")
	if err != nil {
		return nil, err
	}
	stream := &grpc.GenericClientStream[emptypb.Empty, wrapperspb.StringValue]{ClientStream: raw}
	if err := errors.Join(stream.SendMsg(new(emptypb.Empty)), stream.CloseSend()); err != nil {
		return nil, err
	}
	var texts []string
	for {
		next, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, next.GetValue())
	}
}
