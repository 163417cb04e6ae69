package lower

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/llb/plan"
)

// files lowers a file operation.
func (l lowering) files(s plan.Step) (llb.State, error) {
	on, err := l.from(s.Files.On)
	if err != nil {
		return on, err
	}
	var action *llb.FileAction
	for _, a := range s.Files.Actions {
		if action, err = l.action(action, a); err != nil {
			return on, err
		}
	}
	if action == nil {
		return on, nil
	}
	st := on.File(action, l.about(s)...)
	if s.Files.ConfigOf == plan.Nothing {
		return st, nil
	}
	image, err := l.from(s.Files.ConfigOf)
	return image.WithOutput(st.Output()), err
}

// action adds an action to those before it; nil for none.
func (l lowering) action(before *llb.FileAction, a plan.Action) (*llb.FileAction, error) {
	switch {
	case a.Mkdir != nil:
		return before.Mkdir(a.Mkdir.Path, 0o755, mkdirOptions(*a.Mkdir)...), nil
	case a.Mkfile != nil:
		return before.Mkfile(a.Mkfile.Path, 0o444, a.Mkfile.Data), nil
	}
	from, err := l.from(a.Copy.From)
	if err != nil {
		return nil, err
	}
	info, err := l.copyInfo(*a.Copy)
	if err != nil {
		return nil, err
	}
	return before.Copy(from, a.Copy.Src, a.Copy.Dest, info), nil
}

func mkdirOptions(m plan.Mkdir) []llb.MkdirOption {
	var opts []llb.MkdirOption
	if m.Parents {
		opts = append(opts, llb.WithParents(true))
	}
	if m.Time != nil {
		opts = append(opts, llb.WithCreatedTime(*stamp(m.Time)))
	}
	if m.Owner != nil {
		opts = append(opts, llb.WithUIDGID(m.Owner.UID, m.Owner.GID))
	}
	return opts
}

func (l lowering) copyInfo(c plan.CopyFiles) (*llb.CopyInfo, error) {
	info := &llb.CopyInfo{
		CopyDirContentsOnly: c.Contents, CreateDestPath: c.MakeParents, FollowSymlinks: c.Follow,
		IncludePatterns: literals(c.Names), ExcludePatterns: c.Exclude, CreatedTime: stamp(c.Time),
	}
	if c.Owner != nil {
		info.ChownOpt = &llb.ChownOpt{User: &llb.UserOpt{UID: c.Owner.UID}, Group: &llb.UserOpt{UID: c.Owner.GID}}
	}
	switch c.Mode {
	case "":
	case plan.GitModes:
		if l.in.Sandbox.modesInWords() {
			info.Mode = &llb.ChmodOpt{ModeStr: c.Mode}
		}
	default:
		mode, err := strconv.ParseUint(c.Mode, 8, 32)
		if err != nil {
			return nil, err
		}
		info.Mode = &llb.ChmodOpt{Mode: os.FileMode(mode)}
	}
	return info, nil
}

// stamp is a time in seconds since 1970.
func stamp(seconds *int64) *time.Time {
	if seconds == nil {
		return nil
	}
	t := time.Unix(*seconds, 0).UTC()
	return &t
}

// merge joins results.
func (l lowering) merge(s plan.Step) (llb.State, error) {
	var parts []llb.State
	for _, o := range s.Merge {
		of, err := l.from(o.Of)
		if err != nil {
			return of, err
		}
		if o.Since == plan.Nothing && o.Name == "" {
			parts = append(parts, of)
			continue
		}
		since, err := l.from(o.Since)
		if err != nil {
			return of, err
		}
		parts = append(parts, llb.Diff(since, of, Name(o.Name)))
	}
	return llb.Merge(parts, Name(s.Name)), nil
}

func literals(names []string) []string {
	var patterns []string
	for _, name := range names {
		patterns = append(patterns, literal(name))
	}
	return patterns
}

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
