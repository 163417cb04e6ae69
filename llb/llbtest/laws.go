package llbtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/llb/plan"
)

// Laws returns how a definition breaks the laws of plan.Laws, nothing if it keeps them.
// It reads the LLB alone, and looks besides that
//
//   - every step runs on the build platform;
//   - the module step reads the build context only through a copy of named files;
//   - every vertex has a name.
func Laws(vs []Vertex, buildPlatform string) []string {
	var broken []string
	for _, v := range vs {
		add := func(format string, args ...any) {
			broken = append(broken, fmt.Sprintf("#%d %s: ", v.Index, v.Name)+fmt.Sprintf(format, args...))
		}
		if v.Op.Op != nil && v.Name == "" {
			add("has no name")
		}
		e := v.Op.GetExec()
		if e == nil {
			continue
		}
		modules := isModuleStep(e)
		if len(e.Secretenv) > 0 && !modules {
			add("sees a secret in its environment")
		}
		if !modules && e.Network != pb.NetMode_NONE {
			add("has network %s", e.Network)
		}
		if p := v.Op.Platform; p == nil || p.OS+"/"+p.Architecture != buildPlatform {
			add("runs on %v, not on %s", p, buildPlatform)
		}
		if !modules {
			for _, why := range plan.BreaksCacheLaw(cacheMounts(e), e.Meta.Args, environ(e)) {
				add("%s", why)
			}
		}
		for _, m := range e.Mounts {
			if why := mountLaw(vs, v, m, modules); why != "" {
				add("%s", why)
			}
		}
	}
	return broken
}

// mountLaw tells how a mount breaks a law.
func mountLaw(vs []Vertex, v Vertex, m *pb.Mount, modules bool) string {
	source := m.Dest == plan.SourceDir || strings.HasPrefix(m.Dest, plan.SourceDir+"/")
	secret := m.MountType == pb.MountType_SECRET || m.MountType == pb.MountType_SSH
	switch {
	case secret && !modules:
		return "sees the secret at " + m.Dest
	case source && !m.Readonly && (!modules || m.Output >= 0):
		return "can write to the source"
	case m.Dest == plan.ModCacheDir && !modules && !m.Readonly:
		return "can write to the modules"
	case !source || m.Input < 0:
		return ""
	case modules && !namedFiles(vs, v.Inputs[m.Input].Vertex):
		return "sees more of the context than named files"
	case !modules && whole(vs, v.Inputs[m.Input].Vertex) && !strings.Contains(v.Name, "whole build context"):
		return "sees the whole context and does not say so"
	}
	return ""
}

// whole reports whether a vertex is a context, or has all that is in one.
func whole(vs []Vertex, i int) bool {
	if vs[i].Op.GetSource() != nil {
		return true
	}
	return slices.ContainsFunc(vs[i].Op.GetFile().GetActions(), func(a *pb.FileAction) bool {
		c := a.GetCopy()
		if in := int(a.Input); in >= 0 && in < len(vs[i].Inputs) && whole(vs, vs[i].Inputs[in].Vertex) {
			return true
		}
		in := int(a.SecondaryInput)
		return c != nil && c.Src == "/" && len(c.IncludePatterns) == 0 && in >= 0 && in < len(vs[i].Inputs) && whole(vs, vs[i].Inputs[in].Vertex)
	})
}

// namedFiles reports whether a vertex is a copy of named files and nothing else.
func namedFiles(vs []Vertex, i int) bool {
	f := vs[i].Op.GetFile()
	return f != nil && !slices.ContainsFunc(f.Actions, func(a *pb.FileAction) bool {
		c := a.GetCopy()
		return c == nil || len(c.IncludePatterns) == 0 || slices.ContainsFunc(c.IncludePatterns, func(p string) bool {
			return strings.ContainsAny(strings.ReplaceAll(p, `\*`, ""), "*?")
		})
	})
}

func cacheMounts(e *pb.ExecOp) []string {
	var ids []string
	for _, m := range e.Mounts {
		if m.MountType == pb.MountType_CACHE {
			ids = append(ids, m.CacheOpt.GetID())
		}
	}
	return ids
}

func environ(e *pb.ExecOp) []plan.EnvVar {
	var env []plan.EnvVar
	for _, kv := range e.Meta.Env {
		name, value, _ := strings.Cut(kv, "=")
		env = append(env, plan.EnvVar{Name: name, Value: value})
	}
	return env
}

// isModuleStep tells the step that downloads modules by its command.
func isModuleStep(e *pb.ExecOp) bool {
	return len(e.Meta.Args) > 0 && e.Meta.Args[0] == modstep.Program
}
