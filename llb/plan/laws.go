package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Laws returns how a plan breaks the laws of gokiln's graph, nothing if it keeps them:
//
//   - only the module step has a network, a secret or an agent;
//   - a command can't write to the source or to the modules, but for the module step,
//     whose copy of the files that it works on is thrown away;
//   - a command sees a copy of the files that matter, or its name says that it sees the
//     whole build context, and why;
//   - the id of a cache mount ends with a hash of everything that decides what is written
//     there, and the step runs a go command, by itself or by gokiln's program, in an
//     environment and with flags that name no program and no file of the source. The
//     module step's cache mount holds what is proved before use;
//   - a command has one output, a step has a name and an ID of its own, and refers to
//     inputs and earlier steps.
//
// It goes by other rules than those that make a plan, and is for tests.
func Laws(p Plan) []string {
	l := law{plan: p, steps: map[Origin]Step{}}
	for _, s := range p.Steps {
		l.step(s)
		l.steps[FromStep(s.ID)] = s
	}
	return l.broken
}

type law struct {
	plan   Plan
	steps  map[Origin]Step
	broken []string
}

func (l *law) add(s Step, format string, args ...any) {
	l.broken = append(l.broken, fmt.Sprintf("%s (%s): ", s.ID, s.Name)+fmt.Sprintf(format, args...))
}

func (l *law) step(s Step) {
	if s.ID == "" || s.Name == "" {
		l.add(s, "has no ID or no name")
	}
	if _, ok := l.steps[FromStep(s.ID)]; ok {
		l.add(s, "has the ID of another step")
	}
	kinds := 0
	for _, is := range []bool{s.Exec != nil, s.Files != nil, s.Merge != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		l.add(s, "is of %d kinds", kinds)
	}
	for _, o := range origins(s) {
		if _, ok := l.steps[o]; !ok && strings.HasPrefix(string(o), "step ") {
			l.add(s, "refers to %q, which is no earlier step", o)
		}
	}
	if s.Exec != nil {
		l.exec(s, *s.Exec)
	}
}

// origins lists what a step refers to.
func origins(s Step) []Origin {
	var out []Origin
	if s.Exec != nil {
		out = append(out, s.Exec.Root)
		for _, m := range s.Exec.Mounts {
			out = append(out, m.From)
		}
	}
	if s.Files != nil {
		out = append(out, s.Files.On, s.Files.ConfigOf)
		for _, a := range s.Files.Actions {
			if a.Copy != nil {
				out = append(out, a.Copy.From)
			}
		}
	}
	for _, o := range s.Merge {
		out = append(out, o.Of, o.Since)
	}
	return out
}

func (l *law) exec(s Step, e Exec) {
	modules := s.ID == StepModules
	if !modules && (e.Network || len(e.Secrets)+len(e.Agents) > 0 || e.Proxy != Proxy{}) {
		l.add(s, "has a network or a secret")
	}
	outputs := 0
	for _, m := range e.Mounts {
		source := m.Dest == SourceDir || strings.HasPrefix(m.Dest, SourceDir+"/")
		switch {
		case m.Access == Output:
			outputs++
		case m.Cache != "" && m.Access != Discard:
			l.add(s, "takes a cache mount for a result")
		case source && modules && m.Access == Discard:
		case (source || m.Dest == ModCacheDir) && m.Access != Readonly:
			l.add(s, "can write to %s", m.Dest)
		}
		if source && !strings.Contains(s.Name, "whole build context") && l.whole(m.From) {
			l.add(s, "sees the whole build context and does not say so")
		}
	}
	if outputs != 1 {
		l.add(s, "has %d outputs", outputs)
	}
	if !modules {
		l.kept(s, e)
	}
}

// whole reports whether files are the whole build context, or a folder beside it.
func (l *law) whole(o Origin) bool {
	if o == FromContext || strings.HasPrefix(string(o), "folder ") {
		return true
	}
	s := l.steps[o]
	return s.Files != nil && (l.whole(s.Files.On) || slices.ContainsFunc(s.Files.Actions, func(a Action) bool {
		return a.Copy != nil && a.Copy.Src == "/" && len(a.Copy.Names) == 0 && l.whole(a.Copy.From)
	}))
}

// kept checks what outlives a step.
func (l *law) kept(s Step, e Exec) {
	var ids []string
	for _, m := range e.Mounts {
		if m.Cache != "" {
			ids = append(ids, m.Cache)
		}
	}
	for _, why := range BreaksCacheLaw(ids, e.Args, e.Env) {
		l.add(s, "%s", why)
	}
}

// BreaksCacheLaw tells how a command with cache mounts breaks the law of what outlives a
// build; without mounts there is nothing to break.
func BreaksCacheLaw(ids, args []string, env []EnvVar) []string {
	if len(ids) == 0 {
		return nil
	}
	var broken []string
	add := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	hashed := regexp.MustCompile(`/[0-9a-f]{64}$`)
	// What names something that the toolchain image does not have: a path below a mount,
	// or a relative one.
	leadsOut := regexp.MustCompile(`(^|[\s:=,'"])(\.{0,2}/(src|gokiln|run/gokiln|go/pkg/mod|proc)(/|$)|\.{1,2}(/|$|:))`)
	// Flags that name a program, or a file to write.
	runsMore := regexp.MustCompile(`-(extld|extar|toolexec|overlay|modfile|exec|cpuprofile|memprofile|asmhdr|linkobj|tmpdir)\b`)
	for _, id := range ids {
		if !hashed.MatchString(id) {
			add("keeps %q, which names no recipe", id)
		}
	}
	if end := slices.Index(args, "--"); args[0] == CompileProgram && end >= 0 {
		args = args[end+1:]
	}
	if args[0] != "go" {
		add("keeps what %q writes", args[0])
	}
	for _, a := range args {
		if runsMore.MatchString(a) {
			add("keeps what is written with %q", a)
		}
	}
	for _, e := range env {
		if !strings.HasPrefix(e.Name, "GO") && leadsOut.MatchString(e.Value) {
			add("keeps what is written with %s=%s", e.Name, e.Value)
		}
	}
	return broken
}
