package lower

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/plan"
)

// modules returns the module cache as a layer of its own. Its key is made from
// the recipe files' content, the list of imports, the toolchain image, the
// environment and the program that the step runs, so that all platforms and
// every change to the code share it. Secrets, HTTP proxies and the store are in no
// key; the list of module proxies and the patience with them are, because BuildKit
// has no other way to hand a step what it shall not be keyed by.
//
// The recipe is mounted writable, because in a workspace the go command completes
// go.work.sum, and without an output: such a mount is keyed by its content, as a
// read-only one is.
func modules(m plan.Modules, p plan.Plan, in Inputs) (llb.State, error) {
	config, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		return llb.State{}, err
	}
	opts := in.about(p, "[modules] download modules", m.At, m.NoCache).run()
	opts = append(opts, in.Sandbox.options()...)
	opts = append(opts,
		llb.Args([]string{download.Program, "download"}),
		llb.AddMount(plan.SourceDir, recipe(m, p, in), llb.ForceNoOutput),
		llb.AddMount(download.Program, in.Program, llb.SourcePath(in.ProgramPath), llb.Readonly),
		llb.AddMount(path.Dir(download.ConfigPath), configFile(config, m, p, in), llb.Readonly),
		llb.AddMount(download.StoreDir, llb.Scratch(), llb.AsPersistentCacheDir(m.StoreID, llb.CacheMountShared)),
		llb.AddMount(download.ScratchDir, llb.Scratch(), llb.Tmpfs()),
	)
	for _, name := range m.ProxyFolders {
		opts = append(opts, llb.AddMount(path.Join(plan.ProxyDir, name), in.ProxyFolders[name], llb.Readonly))
	}
	opts = append(opts, credentials(m)...)
	if m.Proxy != (plan.Proxy{}) {
		opts = append(opts, llb.WithProxy(llb.ProxyEnv{
			HTTPProxy: m.Proxy.HTTP, HTTPSProxy: m.Proxy.HTTPS, FTPProxy: m.Proxy.FTP,
			NoProxy: m.Proxy.No, AllProxy: m.Proxy.All,
		}))
	}
	network := in.Sandbox.Network
	if m.Offline {
		network = pb.NetMode_NONE
	}
	run := in.step(in.ModulesToolchain, path.Join(p.Source, m.Dir), m.Env, network).Run(opts...)
	return run.AddMount(plan.ModCacheDir, llb.Scratch()), nil
}

// credentials are the mounts that hold secrets.
func credentials(m plan.Modules) []llb.RunOption {
	opts := []llb.RunOption{
		llb.AddSecret(path.Join(plan.CADir, "ca.pem"), llb.SecretID(plan.CASecret), llb.SecretOptional),
	}
	if !m.Offline {
		opts = append(opts, llb.AddSecretWithDest(plan.ProxySecret, nil, llb.SecretAsEnvName(plan.ProxySecretEnv), llb.SecretOptional))
	}
	for _, s := range m.Secrets {
		opts = append(opts, llb.AddSecret(s.Dest, llb.SecretID(s.ID)))
	}
	for _, a := range m.Agents {
		opts = append(opts, llb.AddSSHSocket(llb.SSHID(a.ID), llb.SSHSocketTarget(a.Dest)))
	}
	return opts
}

// configFile is a folder with the program's configuration.
func configFile(data []byte, m plan.Modules, p plan.Plan, in Inputs) llb.State {
	return llb.Scratch().File(
		llb.Mkfile("/"+path.Base(download.ConfigPath), 0o444, data),
		in.about(p, "[modules] say what to download", m.At, false)...,
	)
}

// recipe is the context, and what stands beside it, narrowed to the files that
// decide what is downloaded. The narrowing is a vertex, not an option of the
// local source, because remote contexts ignore the latter.
func recipe(m plan.Modules, p plan.Plan, in Inputs) llb.State {
	var files *llb.FileAction
	add := func(from llb.State, names []string, to string) {
		to = "/" + strings.Trim(strings.TrimPrefix(to, plan.SourceDir), "/")
		info := asGit(llb.CopyInfo{CopyDirContentsOnly: true, CreateDestPath: true, IncludePatterns: literals(names)})
		if files == nil {
			files = llb.Copy(from, "/", to, info)
			return
		}
		files = files.Copy(from, "/", to, info)
	}
	add(in.Context, m.Recipe, p.Source)
	for _, o := range m.Outside {
		if len(o.Recipe) > 0 {
			add(in.Outside[o.Path], o.Recipe, o.Dest)
		}
	}
	return llb.Scratch().File(files, in.about(p, "[modules] collect module files", m.At, in.CollectAnew)...)
}

func literals(names []string) []string {
	patterns := make([]string, len(names))
	for i, f := range names {
		patterns[i] = literal(f)
	}
	return patterns
}
