package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/containerd/platforms"
)

// String renders a plan for people: a block for each step, in order.
func (p Plan) String() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "target %s, built on %s\n", platforms.Format(p.Target), platforms.Format(p.Build))
	for _, s := range p.Steps {
		fmt.Fprintf(b, "\n%s", s)
	}
	return b.String()
}

// String renders a step with all that it has.
func (s Step) String() string {
	b := &printer{}
	b.line("%s: %s", s.ID, s.Name)
	if s.Stage != "" {
		b.line("  stage %s", s.Stage)
	}
	for _, r := range s.At {
		if !r.IsZero() {
			b.line("  line %d", r.Start.Line)
		}
	}
	if s.NoCache {
		b.line("  not from the cache")
	}
	switch {
	case s.Exec != nil:
		b.exec(*s.Exec)
	case s.Files != nil:
		b.files(*s.Files)
	}
	for _, o := range s.Merge {
		if o.Name == "" {
			b.line("  %s", o.Of)
			continue
		}
		b.line("  %s since %s (%s)", o.Of, o.Since, o.Name)
	}
	return b.String()
}

type printer struct{ strings.Builder }

func (b *printer) line(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

func (b *printer) exec(e Exec) {
	b.line("  run in %s at %s", e.Root, e.Dir)
	for _, a := range e.Args {
		b.line("    %q", a)
	}
	for _, v := range e.Env {
		b.line("  env %s=%q", v.Name, v.Value)
	}
	if e.Network {
		b.line("  network")
	}
	if e.Proxy != (Proxy{}) {
		b.line("  proxy %+v", e.Proxy)
	}
	for _, m := range e.Mounts {
		b.line("  %s", m)
	}
	for _, s := range e.Secrets {
		b.line("  secret %s at %s%s%s", s.ID, s.Dest, s.Env, words(map[string]bool{"optional": s.Optional}))
	}
	for _, a := range e.Agents {
		b.line("  agent %s at %s", a.ID, a.Dest)
	}
}

// String renders a mount.
func (m Mount) String() string {
	from := string(m.From)
	if m.From == Nothing {
		from = "nothing"
	}
	if m.Path != "" {
		from += " " + m.Path
	}
	text := fmt.Sprintf("mount %s: %s, %s", m.Dest, from, m.Access)
	if m.Cache != "" {
		text += ", cache " + m.Cache
	}
	if m.ByStep {
		text += ", keyed by step"
	}
	return text
}

func (b *printer) files(f FileOp) {
	if f.On != Nothing {
		b.line("  on %s", f.On)
	}
	if f.ConfigOf != Nothing {
		b.line("  config of %s", f.ConfigOf)
	}
	for _, a := range f.Actions {
		switch {
		case a.Copy != nil:
			b.copy(*a.Copy)
		case a.Mkdir != nil:
			b.line("  mkdir %s%s%s%s", a.Mkdir.Path, words(map[string]bool{"parents": a.Mkdir.Parents}), ownedBy(a.Mkdir.Owner), atTime(a.Mkdir.Time))
		case a.Mkfile != nil:
			b.line("  mkfile %s", a.Mkfile.Path)
			for line := range strings.Lines(string(a.Mkfile.Data)) {
				b.line("    %s", strings.TrimRight(line, "\n"))
			}
		}
	}
}

func (b *printer) copy(c CopyFiles) {
	mode := ""
	if c.Mode != "" {
		mode = " mode " + c.Mode
	}
	b.line("  copy %s %s -> %s%s%s%s%s", c.From, c.Src, c.Dest, mode, ownedBy(c.Owner), atTime(c.Time),
		words(map[string]bool{"contents": c.Contents, "follow": c.Follow, "parents": c.MakeParents}))
	for _, name := range c.Names {
		b.line("    %q", name)
	}
	for _, pattern := range c.Exclude {
		b.line("    not %q", pattern)
	}
}

func ownedBy(o *Owner) string {
	if o == nil {
		return ""
	}
	return fmt.Sprintf(" owner %d:%d", o.UID, o.GID)
}

func atTime(seconds *int64) string {
	if seconds == nil {
		return ""
	}
	return " time " + time.Unix(*seconds, 0).UTC().Format(time.RFC3339)
}

func words(set map[string]bool) string {
	var out string
	for _, name := range []string{"contents", "follow", "optional", "parents"} {
		if set[name] {
			out += " " + name
		}
	}
	return out
}
