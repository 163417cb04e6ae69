package builder

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/gateway/client"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/spec"
)

// warnUnusedArgs tells of build arguments that nothing reads. A warning that
// can't be delivered is no reason to fail a build.
func (s session) warnUnusedArgs(ctx context.Context, apps []spec.App) {
	unused := unusedArgs(s.ui.BuildArgs, usedArgs(apps))
	if len(unused) == 0 {
		return
	}
	msg := fmt.Sprintf("build arguments that nothing uses: %s", strings.Join(unused, ", "))
	s.src.Warn(ctx, diag.Plain(msg), client.WarnOpts{
		Detail: [][]byte{[]byte("A build argument is used by a template in the spec ({{ .Args.NAME }}) or by the module step (GOPROXY and the like).")},
	})
}
