package llbtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/moby/buildkit/solver/pb"
)

func (p printer) exec(v Vertex, e *pb.ExecOp) {
	for _, a := range e.Meta.Args {
		fmt.Fprintf(p, "  arg: %s\n", a)
	}
	fmt.Fprintf(p, "  cwd: %s\n", e.Meta.Cwd)
	for _, env := range e.Meta.Env {
		fmt.Fprintf(p, "  env: %s\n", env)
	}
	if e.Meta.ProxyEnv != nil {
		fmt.Fprintf(p, "  proxy: %v\n", e.Meta.ProxyEnv)
	}
	if e.Meta.Hostname != "" {
		fmt.Fprintf(p, "  hostname: %s\n", e.Meta.Hostname)
	}
	for _, h := range e.Meta.ExtraHosts {
		fmt.Fprintf(p, "  host: %s=%s\n", h.Host, h.IP)
	}
	for _, u := range e.Meta.Ulimit {
		fmt.Fprintf(p, "  ulimit: %s=%d:%d\n", u.Name, u.Soft, u.Hard)
	}
	fmt.Fprintf(p, "  network: %s\n", e.Network)
	for _, s := range e.Secretenv {
		fmt.Fprintf(p, "  secret env: %s=%s optional=%t\n", s.Name, s.ID, s.Optional)
	}
	for _, m := range e.Mounts {
		fmt.Fprintf(p, "  mount %s: %s\n", m.Dest, mount(v, m))
	}
}

func mount(v Vertex, m *pb.Mount) string {
	from := "scratch"
	if m.Input >= 0 {
		from = v.Inputs[m.Input].String()
	}
	switch m.MountType {
	case pb.MountType_SECRET:
		from = fmt.Sprintf("secret %s optional=%t", m.SecretOpt.ID, m.SecretOpt.Optional)
	case pb.MountType_SSH:
		from = fmt.Sprintf("ssh %s optional=%t", m.SSHOpt.ID, m.SSHOpt.Optional)
	case pb.MountType_CACHE:
		from = fmt.Sprintf("cache %s %s from %s", m.CacheOpt.ID, m.CacheOpt.Sharing, from)
	case pb.MountType_TMPFS:
		from = fmt.Sprintf("tmpfs %d", m.TmpfsOpt.GetSize())
	}
	if m.Selector != "" {
		from += " at " + m.Selector
	}
	if m.Readonly {
		from += " readonly"
	}
	if m.ContentCache != pb.MountContentCache_DEFAULT {
		from += " contentcache=" + m.ContentCache.String()
	}
	if m.Output >= 0 {
		from += fmt.Sprintf(" -> output %d", m.Output)
	}
	return from
}

func (p printer) file(v Vertex, f *pb.FileOp) {
	for i, a := range f.Actions {
		fmt.Fprintf(p, "  action %d on %s: ", i, place(v, a.Input))
		switch a := a.Action.(type) {
		case *pb.FileAction_Copy:
			p.copy(v, f, a.Copy, f.Actions[i].SecondaryInput)
		case *pb.FileAction_Mkfile:
			fmt.Fprintf(p, "mkfile %s mode=%o time=%s\n", a.Mkfile.Path, a.Mkfile.Mode, stamp(a.Mkfile.Timestamp))
			for line := range strings.Lines(string(a.Mkfile.Data)) {
				fmt.Fprintf(p, "    %s\n", strings.TrimRight(line, "\n"))
			}
		case *pb.FileAction_Mkdir:
			fmt.Fprintf(p, "mkdir %s mode=%o parents=%t time=%s\n", a.Mkdir.Path, a.Mkdir.Mode, a.Mkdir.MakeParents, stamp(a.Mkdir.Timestamp))
		default:
			fmt.Fprintf(p, "%T\n", a)
		}
	}
}

func (p printer) copy(v Vertex, _ *pb.FileOp, c *pb.FileActionCopy, from int64) {
	fmt.Fprintf(p, "copy %s %s -> %s", place(v, from), c.Src, c.Dest)
	if c.Mode >= 0 {
		fmt.Fprintf(p, " mode=%o", c.Mode)
	}
	if c.ModeStr != "" {
		fmt.Fprintf(p, " mode=%s", c.ModeStr)
	}
	if o := c.Owner; o != nil {
		fmt.Fprintf(p, " owner=%d:%d", o.User.GetByID(), o.Group.GetByID())
	}
	fmt.Fprintf(p, " time=%s", stamp(c.Timestamp))
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{c.DirCopyContents, "contents"}, {c.FollowSymlink, "follow"}, {c.CreateDestPath, "mkdirs"},
		{c.AllowWildcard, "wildcard"}, {c.AttemptUnpackDockerCompatibility, "unpack"},
	} {
		if flag.set {
			fmt.Fprintf(p, " %s", flag.name)
		}
	}
	for _, pattern := range c.ExcludePatterns {
		fmt.Fprintf(p, " exclude=%s", pattern)
	}
	for _, pattern := range c.IncludePatterns {
		fmt.Fprintf(p, " include=%s", pattern)
	}
	fmt.Fprintln(p)
}

// place renders an input of a file action: a vertex, an earlier action, or
// nothing.
func place(v Vertex, input int64) string {
	switch {
	case input < 0:
		return "scratch"
	case int(input) < len(v.Inputs):
		return v.Inputs[input].String()
	}
	return fmt.Sprintf("action %d", int(input)-len(v.Inputs))
}

func stamp(nanos int64) string {
	if nanos < 0 {
		return "source"
	}
	return time.Unix(0, nanos).UTC().Format(time.RFC3339)
}
