package builder

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/attestations/sbom"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/result"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/crash"
	"github.com/gokiln/gokiln/llb/plan"
)

// attest adds an SBOM per platform where the user asked for one (--sbom),
// made by the scanner image that the client names.
func (s session) attest(ctx context.Context, rb *dockerui.ResultBuilder, states *platformStates) error {
	if s.ui.SBOM == nil {
		return nil
	}
	scan, err := sbom.CreateSBOMScanner(ctx, s.client, s.ui.SBOM.Generator, s.platform, sourceresolver.Opt{
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &s.platform, ResolveMode: s.ui.ImageResolveMode.String()},
	}, s.ui.SBOM.Parameters)
	if err != nil {
		return fmt.Errorf("sbom scanner: %w", err)
	}
	var opts []llb.ConstraintsOpt
	if s.ui.IsNoCache(plan.StageImage) {
		opts = append(opts, llb.IgnoreCache)
	}
	return rb.EachPlatform(ctx, func(ctx context.Context, id string, _ ocispecs.Platform) (err error) {
		defer crash.Guard(&err)
		st, ok := states.get(id)
		if !ok {
			return fmt.Errorf("sbom: nothing was built for %s", id)
		}
		att, err := scan(ctx, id, st, nil, opts...)
		if err != nil {
			return fmt.Errorf("sbom for %s: %w", id, err)
		}
		solved, err := result.ConvertAttestation(&att, func(st *llb.State) (client.Reference, error) {
			return s.solve(ctx, *st)
		})
		if err != nil {
			return fmt.Errorf("sbom for %s: %w", id, err)
		}
		rb.AddAttestation(id, *solved)
		return nil
	})
}
