package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc/status"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/lower"
)

// mostErrors is how many errors are told in full. What a file of thousands of lines
// has wrong in each is told by a few, and clients get no message that is too long.
const mostErrors = 10

// locate gives an error the sources that clients show beside the message. All
// located errors are kept: each becomes one link of the chain, because clients
// follow a chain and not the branches of a joined error. Here every error leaves:
// nothing in it is more than text.
func locate(err error, sm *llb.SourceMap) error {
	located := diag.All(err)
	if len(located) == 0 {
		return whole(err)
	}
	out := errors.New(diag.Text(message(err, located)))
	if len(located) > mostErrors {
		located = located[:1] // each takes its whole file along
	}
	for _, e := range located {
		ranges := lower.Ranges([]diag.Range{e.Range})
		if len(ranges) == 0 {
			continue
		}
		out = errdefs.WithSource(out, &errdefs.Source{Info: sourceInfo(e.Source, sm), Ranges: ranges})
	}
	return out
}

// whole keeps the words that were put around an error from the daemon: sent over
// gRPC, such an error keeps its own message alone. The daemon's have lines.
func whole(err error) error {
	text := diag.Plain(err.Error())
	if _, daemon := status.FromError(err); daemon {
		text = diag.Text(err.Error())
	}
	if s, ok := status.FromError(grpcerrors.ToGRPC(context.Background(), err)); !ok || s.Message() == text {
		return err
	}
	out := errors.New(text)
	for _, detail := range details(err) {
		out = detail.WrapError(out)
	}
	return grpcerrors.WrapCode(out, grpcerrors.Code(err))
}

// details are what BuildKit sends along with an error, innermost first: sources, and the
// step that failed with its mounts, which buildx's debugger opens.
func details(err error) []grpcerrors.TypedErrorProto {
	var out []grpcerrors.TypedErrorProto
	switch e := err.(type) { //nolint:errorlint // each link of the chain is looked at
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			out = details(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out = append(out, details(inner)...)
		}
	}
	if typed, ok := err.(grpcerrors.TypedError); ok {
		out = append(out, typed.ToProto())
	}
	return out
}

// message puts several errors under one headline, a line each.
func message(err error, located []*diag.Error) string {
	if len(located) == 1 {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d errors:", len(located))
	for i, e := range located {
		if i == mostErrors {
			fmt.Fprintf(&b, "\n  and %d more", len(located)-i)
			break
		}
		b.WriteString("\n  " + strings.ReplaceAll(e.Error(), "\n", "\n    "))
	}
	return b.String()
}

// sourceInfo reuses the spec's source map, which knows the vertex the file came
// from.
func sourceInfo(src diag.Source, sm *llb.SourceMap) *pb.SourceInfo {
	info := &pb.SourceInfo{Filename: diag.Plain(src.Filename), Language: src.Language, Data: shortLines(diag.Excerpt(src.Data))}
	if sm != nil && sm.Filename == src.Filename {
		info.Definition = sm.Definition.ToPB()
	}
	return info
}

// shortLines cuts lines that no terminal shows: clients print whole lines of
// the source, and one line may be all of a generated file.
func shortLines(data []byte) []byte {
	const most = 300
	lines := bytes.Split(data, []byte("\n"))
	for i, line := range lines {
		if len(line) > most {
			lines[i] = append(bytes.ToValidUTF8(line[:most:most], nil), " ..."...)
		}
	}
	return bytes.Join(lines, []byte("\n"))
}
