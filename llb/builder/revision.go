package builder

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
)

// contextRevision asks the daemon for the commit of a git context; it is empty
// for other contexts. (buildx sends the commit of a local one by itself.)
func (s session) contextRevision(ctx context.Context) (string, error) {
	st, isGit, err := dockerui.DetectGitContext(s.ui.BuildOpts().Opts[dockerui.DefaultLocalNameContext], nil)
	if !isGit {
		return "", nil // the error then says only that it is no git address
	}
	if err != nil {
		return "", fmt.Errorf("find the commit of the build context: %w", err)
	}
	op, err := gitSource(ctx, *st)
	if err != nil {
		return "", err
	}
	meta, err := s.client.ResolveSourceMetadata(ctx, op, sourceresolver.Opt{
		LogName: "[internal] find the commit of the build context",
	})
	if err != nil {
		return "", fmt.Errorf("find the commit of the build context: %w", err)
	}
	if meta.Git == nil {
		return "", nil
	}
	return meta.Git.Checksum, nil
}

func gitSource(ctx context.Context, st llb.State) (*pb.SourceOp, error) {
	def, err := st.Marshal(ctx)
	if err != nil {
		return nil, fmt.Errorf("marshal the git context: %w", err)
	}
	for _, data := range def.ToPB().Def {
		var op pb.Op
		if err := op.Unmarshal(data); err != nil {
			return nil, fmt.Errorf("read the git context: %w", err)
		}
		if src := op.GetSource(); src != nil {
			return src, nil
		}
	}
	return nil, fmt.Errorf("the git context has no source")
}
