package builder

import (
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/lower"
)

// locate gives an error the sources that clients show beside the message. All
// located errors are kept: each becomes one link of the chain, because clients
// follow a chain and not the branches of a joined error.
func locate(err error, sm *llb.SourceMap) error {
	located := diag.All(err)
	if len(located) == 0 {
		return err
	}
	out := errors.New(message(err, located))
	for i := len(located) - 1; i >= 0; i-- {
		e := located[i]
		ranges := lower.Ranges([]diag.Range{e.Range})
		if len(ranges) == 0 {
			continue
		}
		out = errdefs.WithSource(out, &errdefs.Source{Info: sourceInfo(e.Source, sm), Ranges: ranges})
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
	for _, e := range located {
		b.WriteString("\n  " + strings.ReplaceAll(e.Error(), "\n", "\n    "))
	}
	return b.String()
}

// sourceInfo reuses the spec's source map, which knows the vertex the file came
// from.
func sourceInfo(src diag.Source, sm *llb.SourceMap) *pb.SourceInfo {
	info := &pb.SourceInfo{Filename: src.Filename, Language: src.Language, Data: src.Data}
	if sm != nil && sm.Filename == src.Filename {
		info.Definition = sm.Definition.ToPB()
	}
	return info
}
