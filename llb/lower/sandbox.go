package lower

import (
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
)

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
