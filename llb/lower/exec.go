package lower

import (
	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// exec lowers a command.
func (l lowering) exec(s plan.Step) (llb.State, error) {
	root, err := l.root(*s.Exec)
	if err != nil {
		return root, err
	}
	opts := append(l.about(s).run(), l.in.Sandbox.options()...)
	opts = append(opts, llb.Args(s.Exec.Args))
	var output plan.Mount
	for _, m := range s.Exec.Mounts {
		if m.Access == plan.Output {
			output = m
			continue
		}
		opt, err := l.mount(m)
		if err != nil {
			return root, err
		}
		opts = append(opts, opt)
	}
	opts = append(opts, credentials(*s.Exec)...)
	if p := s.Exec.Proxy; p != (plan.Proxy{}) {
		opts = append(opts, llb.WithProxy(llb.ProxyEnv{
			HTTPProxy: p.HTTP, HTTPSProxy: p.HTTPS, FTPProxy: p.FTP, NoProxy: p.No, AllProxy: p.All,
		}))
	}
	from, err := l.from(output.From)
	if err != nil {
		return root, err
	}
	return root.Run(opts...).AddMount(output.Dest, from), nil
}

// root prepares the root file system for a command: working folder, environment, name
// and network.
func (l lowering) root(e plan.Exec) (llb.State, error) {
	st, err := l.from(e.Root)
	if err != nil {
		return st, err
	}
	network := llb.NetModeNone
	if e.Network {
		network = l.in.Sandbox.Network
	}
	st = st.Dir(e.Dir).Network(network)
	if l.in.Sandbox.Hostname != "" {
		st = st.Hostname(l.in.Sandbox.Hostname)
	}
	for _, v := range e.Env {
		st = st.AddEnv(v.Name, v.Value)
	}
	return st, nil
}

func (l lowering) mount(m plan.Mount) (llb.RunOption, error) {
	from, err := l.from(m.From)
	if err != nil {
		return nil, err
	}
	var opts []llb.MountOption
	switch {
	case m.Cache != "":
		opts = append(opts, llb.AsPersistentCacheDir(m.Cache, llb.CacheMountShared))
	case m.Access == plan.Readonly:
		opts = append(opts, llb.Readonly)
	case m.Access == plan.Memory:
		opts = append(opts, llb.Tmpfs())
	default:
		opts = append(opts, llb.ForceNoOutput)
	}
	if m.Path != "" {
		opts = append(opts, llb.SourcePath(m.Path))
	}
	if m.ByStep {
		opts = append(opts, llb.ContentCache(llb.MountContentCacheOff))
	}
	return llb.AddMount(m.Dest, from, opts...), nil
}

// credentials are the mounts and variables that hold secrets.
func credentials(e plan.Exec) []llb.RunOption {
	var opts []llb.RunOption
	for _, s := range e.Secrets {
		about := []llb.SecretOption{llb.SecretID(s.ID)}
		if s.Optional {
			about = append(about, llb.SecretOptional)
		}
		if s.Env != "" {
			opts = append(opts, llb.AddSecretWithDest(s.ID, nil, append(about, llb.SecretAsEnvName(s.Env))...))
			continue
		}
		opts = append(opts, llb.AddSecret(s.Dest, about...))
	}
	for _, a := range e.Agents {
		opts = append(opts, llb.AddSSHSocket(llb.SSHID(a.ID), llb.SSHSocketTarget(a.Dest)))
	}
	return opts
}
