package llbtest

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/download"
)

// Laws returns how a definition breaks the laws of gokiln's graph, nothing when
// it keeps them:
//
//   - only the module step has a network or a secret;
//   - every step runs on the build platform;
//   - the module step reads the build context only through a copy of named
//     files;
//   - the source and the modules are read-only in every step, but for the module
//     step's own copy of named files, which is thrown away;
//   - a step that compiles sees a copy of the files that matter, or its name says
//     that and why it sees the whole context;
//   - every vertex has a name.
func Laws(vs []Vertex, buildPlatform string) []string {
	var broken []string
	add := func(v Vertex, format string, args ...any) {
		broken = append(broken, fmt.Sprintf("#%d %s: ", v.Index, v.Name)+fmt.Sprintf(format, args...))
	}
	for _, v := range vs {
		if v.Op.Op != nil && v.Name == "" {
			add(v, "has no name")
		}
		e := v.Op.GetExec()
		if e == nil {
			continue
		}
		modules := isModuleStep(e)
		if len(e.Secretenv) > 0 && !modules {
			add(v, "sees a secret in its environment")
		}
		if !modules && e.Network != pb.NetMode_NONE {
			add(v, "has network %s", e.Network)
		}
		if p := v.Op.Platform; p == nil || p.OS+"/"+p.Architecture != buildPlatform {
			add(v, "runs on %v, not on %s", p, buildPlatform)
		}
		for _, m := range e.Mounts {
			switch {
			case m.MountType == pb.MountType_SECRET && !modules, m.MountType == pb.MountType_SSH && !modules:
				add(v, "sees the secret at %s", m.Dest)
			case m.Dest == "/src" && !m.Readonly && (!modules || m.Output >= 0):
				add(v, "can write to the source")
			case m.Dest == "/go/pkg/mod" && !modules && !m.Readonly:
				add(v, "can write to the modules")
			case m.Dest == "/src" && !modules && vs[v.Inputs[m.Input].Vertex].Op.GetSource() != nil && !strings.Contains(v.Name, "whole build context"):
				add(v, "sees the whole context and does not say so")
			case m.Dest == "/src" && modules && readsContext(vs, v.Inputs[m.Input].Vertex):
				add(v, "sees more of the context than named files")
			}
		}
	}
	return broken
}

// isModuleStep tells the step that downloads modules by its command.
func isModuleStep(e *pb.ExecOp) bool {
	return len(e.Meta.Args) > 0 && e.Meta.Args[0] == download.Program
}

// readsContext tells whether a vertex is the context itself or a copy of it
// that is not narrowed to named files.
func readsContext(vs []Vertex, i int) bool {
	f := vs[i].Op.GetFile()
	if f == nil {
		return true
	}
	for _, a := range f.Actions {
		c := a.GetCopy()
		if c == nil || len(c.IncludePatterns) == 0 {
			return true
		}
		for _, p := range c.IncludePatterns {
			if strings.ContainsAny(strings.ReplaceAll(p, `\*`, ""), "*?") {
				return true
			}
		}
	}
	return false
}
