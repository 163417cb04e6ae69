package lower

import (
	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// modules returns the module cache as a layer of its own. Its key is made from
// the recipe files' content, the toolchain image and the environment alone, so
// that all platforms and every change to the code share it.
func modules(m plan.Modules, p plan.Plan, in Inputs) llb.State {
	opts := in.about(p, "[modules] go mod download", m.At, m.NoCache).run()
	opts = append(opts, in.Sandbox.options()...)
	opts = append(opts,
		llb.Args([]string{"go", "mod", "download"}),
		llb.AddMount(plan.SourceDir, recipe(m, p, in), llb.Readonly),
		llb.AddSecret(plan.CADir+"/ca.pem", llb.SecretID(plan.CASecret), llb.SecretOptional),
	)
	if m.Proxy != (plan.Proxy{}) {
		opts = append(opts, llb.WithProxy(llb.ProxyEnv{
			HTTPProxy: m.Proxy.HTTP, HTTPSProxy: m.Proxy.HTTPS, FTPProxy: m.Proxy.FTP,
			NoProxy: m.Proxy.No, AllProxy: m.Proxy.All,
		}))
	}
	run := in.step(m.Dir, m.Env, in.Sandbox.Network).Run(opts...)
	return run.AddMount(plan.ModCacheDir, llb.Scratch())
}

// recipe is the context narrowed to the files that decide what is downloaded.
// The narrowing is a vertex, not an option of the local source, because remote
// contexts ignore the latter.
func recipe(m plan.Modules, p plan.Plan, in Inputs) llb.State {
	patterns := make([]string, len(m.Recipe))
	for i, f := range m.Recipe {
		patterns[i] = literal(f)
	}
	return llb.Scratch().File(
		llb.Copy(in.Context, "/", "/", &llb.CopyInfo{
			CopyDirContentsOnly: true,
			IncludePatterns:     patterns,
		}),
		in.about(p, "[modules] collect module files", m.At, false)...,
	)
}
