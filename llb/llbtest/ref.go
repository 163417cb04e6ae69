package llbtest

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"unicode/utf8"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/patternmatcher"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// Ref is a solved result over a file system, which answers as the gateway does.
type Ref struct{ FS fs.FS }

var _ client.Reference = (*Ref)(nil)

// ToState is client.Reference's.
func (r *Ref) ToState() (llb.State, error) { return llb.Scratch(), nil }

// Evaluate is client.Reference's.
func (r *Ref) Evaluate(context.Context) error { return nil }

// ReadFile is client.Reference's.
func (r *Ref) ReadFile(_ context.Context, req client.ReadRequest) ([]byte, error) {
	data, err := fs.ReadFile(r.FS, path.Clean(req.Filename))
	if err != nil {
		return nil, remote(err)
	}
	if rg := req.Range; rg != nil {
		data = data[min(rg.Offset, len(data)):]
		data = data[:min(rg.Length, len(data))]
	}
	return data, nil
}

// ReadDir is client.Reference's.
func (r *Ref) ReadDir(_ context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	entries, err := fs.ReadDir(r.FS, path.Clean(req.Path))
	if err != nil {
		return nil, remote(err)
	}
	var out []*fstypes.Stat
	for _, e := range entries {
		if req.IncludePattern != "" {
			pm, err := patternmatcher.New([]string{req.IncludePattern})
			if err != nil {
				return nil, err
			}
			if ok, err := pm.MatchesOrParentMatches(e.Name()); err != nil || !ok {
				continue
			}
		}
		if !utf8.ValidString(e.Name()) {
			return nil, errors.New("rpc error: code = Internal desc = grpc: error while marshaling: string field contains invalid UTF-8")
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		st := stat(e.Name(), info)
		if info.Mode()&fs.ModeSymlink != 0 {
			if st.Linkname, err = fs.ReadLink(r.FS, path.Join(path.Clean(req.Path), e.Name())); err != nil {
				return nil, err
			}
		}
		out = append(out, st)
	}
	return out, nil
}

// StatFile is client.Reference's.
func (r *Ref) StatFile(_ context.Context, req client.StatRequest) (*fstypes.Stat, error) {
	info, err := fs.Stat(r.FS, path.Clean(req.Path))
	if err != nil {
		return nil, remote(err)
	}
	return stat(path.Base(req.Path), info), nil
}

func stat(name string, info fs.FileInfo) *fstypes.Stat {
	return &fstypes.Stat{Path: name, Mode: uint32(info.Mode()), Size: info.Size(), ModTime: info.ModTime().UnixNano()}
}

// remote is how an error looks after the gateway: text without identity.
func remote(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("rpc error: code = Unknown desc = open x: no such file or directory")
	}
	return errors.New(err.Error())
}
