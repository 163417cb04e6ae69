package grpcapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/gokiln/gokiln/examples/service/internal/note"
	"github.com/gokiln/gokiln/examples/service/internal/store"
	"github.com/gokiln/gokiln/examples/service/internal/telemetry"
)

var errBroken = errors.New("the disk is on fire")

// broken is a store whose database has gone.
type broken struct{ store.Store }

func (broken) Get(context.Context, int64) (note.Note, error)  { return note.Note{}, errBroken }
func (broken) List(context.Context, int) ([]note.Note, error) { return nil, errBroken }

type fixture struct {
	conn    *grpc.ClientConn
	health  *health.Server
	metrics telemetry.Telemetry
}

// serve starts the service on loopback and connects to it.
func serve(t *testing.T, s store.Store) fixture {
	t.Helper()
	made, err := telemetry.New(t.Context(), telemetry.Options{Service: "test"})
	if err != nil {
		t.Fatal(err)
	}
	server, serving, err := Server(s, made, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return fixture{conn, serving, made}
}

func TestNotes(t *testing.T) {
	f := serve(t, store.NewMemory(time.Now))
	client := Client{f.conn}
	ctx := t.Context()
	if texts, err := client.List(ctx); err != nil || len(texts) != 0 {
		t.Fatalf("a new store lists %q, %v", texts, err)
	}
	for i, text := range []string{"buy clay", " sift ash "} {
		id, err := client.Add(ctx, text)
		if err != nil || id != int64(i+1) {
			t.Fatalf("add: got %d, %v; want %d", id, err, i+1)
		}
	}
	if text, err := client.Get(ctx, 2); err != nil || text != "sift ash" {
		t.Errorf("get: got %q, %v", text, err)
	}
	texts, err := client.List(ctx)
	if diff := cmp.Diff([]string{"sift ash", "buy clay"}, texts); err != nil || diff != "" {
		t.Errorf("list (-want +got): %v\n%s", err, diff)
	}
	if _, err := client.Get(ctx, 3); status.Code(err) != codes.NotFound {
		t.Errorf("get what is not there: %v", err)
	}
	if _, err := client.Add(ctx, " "); status.Code(err) != codes.InvalidArgument {
		t.Errorf("add nothing: %v", err)
	}
	want := `
# HELP service_requests_total Requests answered, by protocol, operation and status code.
# TYPE service_requests_total counter
service_requests_total{code="InvalidArgument",operation="/gokiln.examples.notes.v1.Notes/Add",protocol="grpc"} 1
service_requests_total{code="NotFound",operation="/gokiln.examples.notes.v1.Notes/Get",protocol="grpc"} 1
service_requests_total{code="OK",operation="/gokiln.examples.notes.v1.Notes/Add",protocol="grpc"} 2
service_requests_total{code="OK",operation="/gokiln.examples.notes.v1.Notes/Get",protocol="grpc"} 1
service_requests_total{code="OK",operation="/gokiln.examples.notes.v1.Notes/List",protocol="grpc"} 2
`
	if err := testutil.GatherAndCompare(f.metrics.Registry, strings.NewReader(want), "service_requests_total"); err != nil {
		t.Error(err)
	}
}

func TestErrorsFromInsideStayInside(t *testing.T) {
	client := Client{serve(t, broken{}).conn}
	_, getErr := client.Get(t.Context(), 1)
	_, listErr := client.List(t.Context())
	for _, err := range []error{getErr, listErr} {
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), errBroken.Error()) {
			t.Errorf("got %v, want an internal error that says no more", err)
		}
	}
}

func TestHealth(t *testing.T) {
	f := serve(t, store.NewMemory(time.Now))
	client := healthpb.NewHealthClient(f.conn)
	for _, want := range []healthpb.HealthCheckResponse_ServingStatus{
		healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_NOT_SERVING,
	} {
		for _, service := range []string{"", serviceName} {
			got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			if err != nil || got.GetStatus() != want {
				t.Errorf("%q: got %v, %v; want %v", service, got.GetStatus(), err, want)
			}
		}
		f.health.Shutdown()
	}
}

func TestReflection(t *testing.T) {
	stream, err := reflectionpb.NewServerReflectionClient(serve(t, store.NewMemory(time.Now)).conn).
		ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(request *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	services := ask(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}).GetListServicesResponse().GetService()
	named := func(s *reflectionpb.ServiceResponse) bool { return s.GetName() == serviceName }
	if !slices.ContainsFunc(services, named) {
		t.Errorf("%s is not among %v", serviceName, services)
	}
	for _, symbol := range []string{serviceName, serviceName + ".List"} {
		files := ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol},
		}).GetFileDescriptorResponse().GetFileDescriptorProto()
		var names []string
		for _, raw := range files {
			file := new(descriptorpb.FileDescriptorProto)
			if err := proto.Unmarshal(raw, file); err != nil {
				t.Fatal(err)
			}
			names = append(names, file.GetName())
		}
		if !slices.Contains(names, fileName) {
			t.Errorf("%s: %s is not among the files %q", symbol, fileName, names)
		}
	}
}

// The handlers and the descriptor are both written by hand: they must agree.
func TestDescriptorMatchesHandlers(t *testing.T) {
	descriptors, err := newResolver()
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	methods := descriptors.own.Services().Get(0).Methods()
	for i := range methods.Len() {
		described[string(methods.Get(i).Name())] = methods.Get(i).IsStreamingServer()
	}
	handled := map[string]bool{}
	for _, method := range serviceDesc().Methods {
		handled[method.MethodName] = false
	}
	for _, stream := range serviceDesc().Streams {
		handled[stream.StreamName] = stream.ServerStreams
	}
	if diff := cmp.Diff(described, handled); diff != "" {
		t.Errorf("described and handled methods differ (-described +handled):\n%s", diff)
	}
}
