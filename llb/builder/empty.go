package builder

import (
	"context"
	"maps"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/result"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// emptyRef is the result of an empty state, such as scratch: an empty folder.
// BuildKit gives no reference for one, and neither dockerui nor gokiln would have
// to forget a check for that only once.
type emptyRef struct{}

var _ client.Reference = emptyRef{}

func (emptyRef) ToState() (llb.State, error)    { return llb.Scratch(), nil }
func (emptyRef) Evaluate(context.Context) error { return nil }

func (emptyRef) ReadFile(_ context.Context, req client.ReadRequest) ([]byte, error) {
	return nil, &os.PathError{Op: "open", Path: req.Filename, Err: os.ErrNotExist}
}

func (emptyRef) StatFile(_ context.Context, req client.StatRequest) (*fstypes.Stat, error) {
	return nil, &os.PathError{Op: "stat", Path: req.Path, Err: os.ErrNotExist}
}

func (emptyRef) ReadDir(_ context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	switch req.Path {
	case "", ".", "/":
		return nil, nil
	}
	return nil, &os.PathError{Op: "open", Path: req.Path, Err: os.ErrNotExist}
}

// withEmpty puts an emptyRef where a result has no reference.
func withEmpty(res *client.Result) *client.Result {
	if res == nil {
		return nil
	}
	if res.Ref == nil && len(res.Refs) == 0 {
		res.SetRef(emptyRef{})
	}
	for name, ref := range res.Refs {
		if ref == nil {
			res.AddRef(name, emptyRef{})
		}
	}
	return res
}

// withoutEmpty is a result as BuildKit knows it.
func withoutEmpty(res *client.Result) *client.Result {
	out := res.Clone()
	out.Ref = known(out.Ref)
	for name, ref := range out.Refs {
		out.Refs[name] = known(ref)
	}
	out.Attestations = maps.Clone(out.Attestations)
	for name, list := range out.Attestations {
		var all []result.Attestation[client.Reference]
		for _, a := range list {
			a.Ref = known(a.Ref)
			all = append(all, a)
		}
		out.Attestations[name] = all
	}
	return out
}

func known(ref client.Reference) client.Reference {
	if ref == (emptyRef{}) {
		return nil
	}
	return ref
}
