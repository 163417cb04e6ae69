package builder

import (
	"context"
	"fmt"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// solve hands a state to the daemon. Cache imports go with every solve: one
// without them would build what the user's cache has.
func (b *build) solve(ctx context.Context, st llb.State) (client.Reference, error) {
	return b.request(ctx, st, false)
}

// evaluate is solve that runs the steps at once: only then the frontend learns of
// a step that fails, and can say what it means.
func (b *build) evaluate(ctx context.Context, st llb.State) (client.Reference, error) {
	return b.request(ctx, st, true)
}

func (b *build) request(ctx context.Context, st llb.State, evaluate bool) (client.Reference, error) {
	def, err := st.Marshal(ctx, llb.WithCaps(b.ui.BuildOpts().LLBCaps), llb.Platform(b.platform))
	if err != nil {
		return nil, fmt.Errorf("marshal the build: %w", err)
	}
	res, err := b.client.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), CacheImports: b.ui.CacheImports, Evaluate: evaluate})
	if err != nil {
		return nil, err
	}
	return res.SingleRef()
}

// platformStates keeps each platform's final state for the SBOM scanner.
type platformStates struct {
	mu sync.Mutex
	m  map[string]llb.State
}

func platformID(p ocispecs.Platform) string { return platforms.FormatAll(platforms.Normalize(p)) }

func (s *platformStates) set(p ocispecs.Platform, st llb.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[platformID(p)] = st
}

func (s *platformStates) get(id string) (llb.State, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.m[id]
	return st, ok
}
