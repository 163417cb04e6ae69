package builder

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gokiln/gokiln/internal/diag"
)

// What a client receives is what the error is after gRPC.
func received(t *testing.T, err error) string {
	t.Helper()
	s, ok := status.FromError(grpcerrors.ToGRPC(t.Context(), locate(err, nil)))
	if !ok {
		t.Fatalf("%v is no gRPC status", err)
	}
	return s.Message()
}

func TestLocateKeepsTheWordsAroundADaemonsError(t *testing.T) {
	daemon := status.Error(codes.NotFound, "too many links")
	err := fmt.Errorf("read go.mod: %w", daemon)
	if got := received(t, err); !strings.HasPrefix(got, "read go.mod: ") || !strings.Contains(got, "too many links") {
		t.Errorf("the client is told %q", got)
	}
	if grpcerrors.Code(locate(err, nil)) != codes.NotFound {
		t.Errorf("the code is lost: %v", grpcerrors.Code(locate(err, nil)))
	}
	plain := errors.New("plain")
	if got := received(t, plain); got != "plain" {
		t.Errorf("a plain error was changed to %q", got)
	}
}

// A step that fails comes with its op and its mounts, by which a debugger opens it.
// The message has what no terminal should see, so that it is told anew.
func TestLocateKeepsTheFailedStep(t *testing.T) {
	failed := &errdefs.SolveError{
		Err:   status.Error(codes.Unknown, "process \"go build \x1b[2J\" did not complete successfully"),
		Solve: &errdefs.Solve{MountIDs: []string{"mount"}, Op: &pb.Op{Op: &pb.Op_Exec{Exec: &pb.ExecOp{Meta: &pb.Meta{Args: []string{"go"}}}}}},
	}
	source := &errdefs.Source{Info: &pb.SourceInfo{Filename: "gokiln.yaml"}, Ranges: []*pb.Range{{Start: &pb.Position{Line: 1}}}}
	err := grpcerrors.FromGRPC(grpcerrors.ToGRPC(t.Context(), locate(fmt.Errorf("build: %w", errdefs.WithSource(failed, source)), nil)))
	var got *errdefs.SolveError
	if !errors.As(err, &got) || got.MountIDs[0] != "mount" || failedProgram(err) != "go" {
		t.Errorf("the client is told of %+v", got)
	}
	if len(errdefs.Sources(err)) != 1 || !strings.HasPrefix(err.Error(), "build: ") {
		t.Errorf("sources %v of %q", errdefs.Sources(err), err)
	}
}

func TestLocateOrdersSources(t *testing.T) {
	src := diag.Source{Filename: "gokiln.yaml", Data: []byte("a\n" + strings.Repeat("x", 5000) + "\nc\n")}
	at := func(line int) diag.Range {
		return diag.Range{Start: diag.Position{Line: line, Column: 1}, End: diag.Position{Line: line, Column: 2}}
	}
	err := locate(diag.List{diag.Errorf(src, at(3), "second"), diag.Errorf(src, at(2), "first")}.Err(), nil)
	var lines []int32
	for _, s := range errdefs.Sources(err) {
		lines = append(lines, s.Ranges[0].Start.Line)
		if len(s.Info.Data) > 400 {
			t.Errorf("a line of 5000 bytes is sent as %d", len(s.Info.Data))
		}
	}
	if len(lines) != 2 || lines[0] != 2 || lines[1] != 3 {
		t.Errorf("sources at lines %v, want 2 and 3", lines)
	}
}

// Of very many errors a few are told, with their number: a client gets a message
// that it can read, and that is not too long to be sent.
func TestLocateTellsAFewOfMany(t *testing.T) {
	src := diag.Source{Filename: "go.mod", Data: []byte(strings.Repeat("require example.com/lib v1.0.0\n", 5000))}
	var list diag.List
	for line := 1; line <= 5000; line++ {
		at := diag.Position{Line: line, Column: 1}
		list = append(list, diag.Errorf(src, diag.Range{Start: at, End: at}, "error %d", line))
	}
	err := locate(list.Err(), nil)
	text := err.Error()
	if !strings.Contains(text, "5000 errors") || !strings.HasSuffix(text, "and 4990 more") || strings.Count(text, "\n") != 11 {
		t.Errorf("the message is %q", text)
	}
	if n := len(errdefs.Sources(err)); n != 1 {
		t.Errorf("the source is sent %d times, want once", n)
	}
}
