package builder

import (
	"context"
	"maps"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
)

// defaultsClient is a gateway client whose options have gokiln's defaults, and
// whose results have references.
type defaultsClient struct {
	client.Client
	opts client.BuildOpts
}

func withDefaults(c client.Client) client.Client {
	opts := c.BuildOpts()
	opts.Opts = maps.Clone(opts.Opts)
	if opts.Opts == nil {
		opts.Opts = map[string]string{}
	}
	if opts.Opts[optFilename] == "" {
		opts.Opts[optFilename] = DefaultFilename
	}
	return defaultsClient{Client: c, opts: opts}
}

func (c defaultsClient) BuildOpts() client.BuildOpts { return c.opts }

func (c defaultsClient) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	res, err := c.Client.Solve(ctx, req)
	return withEmpty(res), err
}

// imageHolder is a client that knows the frontend's own image: BuildKit's, where
// it runs the frontend from one.
type imageHolder interface {
	CurrentFrontend() (*llb.State, error)
}

// CurrentFrontend is nil where the client does not know.
func (c defaultsClient) CurrentFrontend() (*llb.State, error) {
	if holder, ok := c.Client.(imageHolder); ok {
		return holder.CurrentFrontend()
	}
	return nil, nil
}
