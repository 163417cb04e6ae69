package llbtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/llb/plan"
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
//   - a cache mount of a step that compiles has an id with a hash at its end, and the
//     step runs a go command, by itself or by gokiln's program, in an environment and
//     with flags that name no program and no file of the source;
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
		for _, why := range keeps(e) {
			add(v, "%s", why)
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

var (
	hashed = regexp.MustCompile(`/[0-9a-f]{64}$`)
	// leadsOut is what names something that the toolchain image does not have: a path
	// below a mount, or a relative one.
	leadsOut = regexp.MustCompile(`(^|[\s:=,'"])(\.{0,2}/(src|gokiln|run/gokiln|go/pkg/mod|proc)(/|$)|\.{1,2}(/|$|:))`)
	// runsMore are flags that name a program, or a file to write.
	runsMore = regexp.MustCompile(`-(extld|extar|toolexec|overlay|modfile|exec|cpuprofile|memprofile|asmhdr|linkobj|tmpdir)\b`)
)

// keeps tells how a step breaks the law of what outlives it. It reads the step alone,
// and by other rules than those that decide (internal/recipe).
func keeps(e *pb.ExecOp) []string {
	kept := slices.ContainsFunc(e.Mounts, func(m *pb.Mount) bool { return m.MountType == pb.MountType_CACHE })
	if !kept || isModuleStep(e) {
		return nil
	}
	var broken []string
	for _, m := range e.Mounts {
		if m.MountType == pb.MountType_CACHE && !hashed.MatchString(m.CacheOpt.GetID()) {
			broken = append(broken, fmt.Sprintf("keeps %s as %q, which names no recipe", m.Dest, m.CacheOpt.GetID()))
		}
	}
	args := e.Meta.Args
	if args[0] == plan.CompileProgram {
		args = args[slices.Index(args, "--")+1:]
	}
	if args[0] != "go" {
		broken = append(broken, fmt.Sprintf("keeps what %q writes", args[0]))
	}
	for _, a := range args {
		if runsMore.MatchString(a) {
			broken = append(broken, fmt.Sprintf("keeps what is written with %q", a))
		}
	}
	for _, kv := range e.Meta.Env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GO") && leadsOut.MatchString(value) {
			broken = append(broken, fmt.Sprintf("keeps what is written with %s", kv))
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
