package builder

import (
	"sync"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// platformStates keeps each platform's final state for the SBOM scanner.
type platformStates struct {
	mu sync.Mutex
	m  map[string]llb.State
}

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
