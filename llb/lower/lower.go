// Package lower turns a Plan into LLB. It is pure: the same Plan and Inputs give
// the same bytes, with no clock, environment, network, randomness or bare map
// order. A file per step: modules.go, toolchain.go, layers.go, compile.go, image.go,
// binaries.go; source.go is what the compiling ones see of the context.
//
// Laws that its tests hold: only the module step has a network and a secret;
// every step runs on the build platform; the module step's inputs hold none of
// the app's code.
package lower

import (
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/plan"
)

// Inputs are the states that a Plan's steps start from.
type Inputs struct {
	// Context is the build context.
	Context llb.State
	// Toolchain is the image that has the go command, its config applied.
	Toolchain llb.State
	// ModulesToolchain is the image that downloads modules.
	ModulesToolchain llb.State
	// Program holds, at ProgramPath, the program that downloads modules, and at
	// CompileProgramPath the one that compiles into layers.
	Program            llb.State
	ProgramPath        string
	CompileProgramPath string
	// Outside are the folders beside the context by path, ProxyFolders the
	// module proxies that are named contexts by name.
	Outside, ProxyFolders map[string]llb.State
	// Base is the final stage's base image.
	Base llb.State
	// Sandbox is what the user asked of every step that runs a command.
	Sandbox Sandbox
	// Source is the spec as BuildKit's source map; nil leaves locations out.
	Source *llb.SourceMap
	// CollectAnew tells to copy anew out of the context what the module step and the
	// layers see, whether or not the cache has such a copy. It is for builds of several
	// apps, which have these steps in common, with a cache import.
	//
	// BuildKit keys such a copy by its content and also by the client's session. In a
	// bake, whose targets have one session, a target that asks after another has ended
	// finds the copy by the session's key, and by it results that the daemon took from
	// the other's cache import; its own import knows no such key. Where a third target
	// keeps these results busy they are not looked for in another way, and the programs
	// on top of them are compiled although the cache has them: in 4 of 16 bakes of 20
	// apps, up to 18 programs (of the kind of moby/buildkit#4674). Without a copy to be
	// found, the content of the new one is what everything is found by. No key changes.
	CollectAnew bool
}

// Sandbox holds the frontend options that shape the environment of exec steps.
// Zero values mean BuildKit's defaults.
type Sandbox struct {
	// Network is for steps that may have one: only the module step.
	Network      pb.NetMode
	ExtraHosts   []llb.HostIP
	Ulimits      []*pb.Ulimit
	CgroupParent string
	Hostname     string
	// ShmSize is the size of /dev/shm in bytes.
	ShmSize   int64
	Resources *pb.LinuxResources
	// Caps are the daemon's LLB capabilities: options that it does not know
	// are left out, as the Dockerfile frontend does. Nil means all.
	Caps *apicaps.CapSet
}

// Lower returns the state of the final image.
func Lower(p plan.Plan, in Inputs) (llb.State, error) {
	programs, err := Programs(p, in)
	if err != nil {
		return llb.State{}, err
	}
	return image(p, in, programs), nil
}

// Programs returns a state with the programs at its root, as compile leaves them.
func Programs(p plan.Plan, in Inputs) (llb.State, error) {
	mods, err := Modules(p, in)
	if err != nil {
		return llb.State{}, err
	}
	slim := toolchain(p, in)
	return compile(p, in, slim, mods, layers(p, in, slim, mods)), nil
}

// Modules returns the module cache; nil where there is nothing to download.
func Modules(p plan.Plan, in Inputs) (*llb.State, error) {
	if p.Modules == nil {
		return nil, nil
	}
	st, err := modules(*p.Modules, p, in)
	return &st, err
}

// supports reports whether the daemon knows a capability.
func (s Sandbox) supports(id apicaps.CapID) bool {
	return s.Caps == nil || s.Caps.Supports(id) == nil
}

// Merges reports whether the daemon has what layers are joined with.
func (s Sandbox) Merges() bool { return s.supports(pb.CapMergeOp) && s.supports(pb.CapDiffOp) }

// modesInWords reports whether the daemon takes a copy's mode in the words of chmod, as
// BuildKit does since 0.17; an older one would take it for 0. BuildKit registers no
// capability for it: this one came with the same release.
func (s Sandbox) modesInWords() bool { return s.supports(pb.CapExecValidExitCode) }

// options returns the run options that every exec step shares.
func (s Sandbox) options() []llb.RunOption {
	var opts []llb.RunOption
	for _, h := range s.ExtraHosts {
		opts = append(opts, llb.AddExtraHost(h.Host, h.IP))
	}
	if s.supports(pb.CapExecMetaUlimit) {
		for _, u := range s.Ulimits {
			opts = append(opts, llb.AddUlimit(llb.UlimitName(u.Name), u.Soft, u.Hard))
		}
	}
	if s.CgroupParent != "" && s.supports(pb.CapExecMetaCgroupParent) {
		opts = append(opts, llb.WithCgroupParent(s.CgroupParent))
	}
	if s.ShmSize > 0 && s.supports(pb.CapExecMountTmpfsSize) {
		opts = append(opts, llb.AddMount("/dev/shm", llb.Scratch(), llb.Tmpfs(llb.TmpfsSize(s.ShmSize))))
	}
	if r := s.Resources; r != nil && s.supports(pb.CapExecMetaLinuxResources) {
		opts = append(opts, llb.WithLinuxResources(llb.LinuxResources{
			Memory: r.Memory, MemorySwap: r.MemorySwap,
			CPUShares: r.CpuShares, CPUPeriod: r.CpuPeriod, CPUQuota: r.CpuQuota,
			CpusetCpus: r.CpusetCpus, CpusetMems: r.CpusetMems,
		}))
	}
	return opts
}

// step prepares a toolchain for one exec: working folder, environment, name and
// network.
func (in Inputs) step(toolchain llb.State, dir string, env []plan.EnvVar, network pb.NetMode) llb.State {
	st := toolchain.Dir(dir).Network(network)
	if in.Sandbox.Hostname != "" {
		st = st.Hostname(in.Sandbox.Hostname)
	}
	for _, e := range env {
		st = st.AddEnv(e.Name, e.Value)
	}
	return st
}

// about returns the constraints that describe a vertex to the user and place
// it: name, place in the spec, platform to run on, cache.
func (in Inputs) about(p plan.Plan, name string, at []diag.Range, noCache bool) constraints {
	opts := constraints{Name(name), llb.Platform(p.Build)}
	if in.Source != nil {
		if r := Ranges(at); len(r) > 0 {
			opts = append(opts, in.Source.Location(r))
		}
	}
	if noCache {
		opts = append(opts, llb.IgnoreCache)
	}
	return opts
}

// Name names a vertex for the user. Names of files and much else in it are the
// build context's.
func Name(name string) llb.ConstraintsOpt { return llb.WithCustomName(diag.Plain(name)) }

type constraints []llb.ConstraintsOpt

func (c constraints) run() []llb.RunOption {
	opts := make([]llb.RunOption, len(c))
	for i, o := range c {
		opts[i] = o
	}
	return opts
}

// Ranges translates places into BuildKit's form, leaving out unknown ones.
func Ranges(at []diag.Range) []*pb.Range {
	var out []*pb.Range
	for _, r := range at {
		if r.IsZero() {
			continue
		}
		out = append(out, &pb.Range{Start: position(r.Start), End: position(r.End)})
	}
	return out
}

func position(p diag.Position) *pb.Position {
	return &pb.Position{Line: int32(p.Line), Character: int32(max(p.Column-1, 0))}
}

// label returns the prefix of a step's name for one target platform.
func label(p plan.Plan) string { return "[" + platforms.Format(p.Target) + "] " }

// literal escapes a path for use as an include pattern. BuildKit makes a regular
// expression of a pattern with an escape or a class in it and escapes there only
// some of what is special; it takes "!" for an exclusion and trims spaces.
func literal(p string) string {
	escaped := strings.NewReplacer(
		`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `{`, `\{`, `}`, `\}`, `|`, `\|`,
	).Replace(p)
	name := strings.TrimLeft(escaped, " ")
	lead := len(escaped) - len(name)
	core := strings.TrimRight(name, " ")
	trail := len(name) - len(core)
	if strings.HasPrefix(escaped, "!") {
		core = `\` + core
	}
	return strings.Repeat("[ ]", lead) + core + strings.Repeat("[ ]", trail)
}
