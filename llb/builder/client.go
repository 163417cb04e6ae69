package builder

import (
	"maps"

	"github.com/moby/buildkit/frontend/gateway/client"
)

// defaultsClient is a gateway client whose options have gokiln's defaults.
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
