package template

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Name is one value that templates can name.
type Name struct {
	// Name is the canonical name without its dot; "Args.NAME" stands for every
	// build argument.
	Name string
	// Aliases are the other spellings, as goreleaser and ko users write them.
	Aliases []string
	// Doc says what the value is, Example shows one.
	Doc, Example string

	get func(Values) value
}

// Names returns every value that templates can name, in the order to document
// them.
func Names() []Name {
	return []Name{
		{"Version", nil, "The release, from `--build-arg VERSION=...`.", "1.4.0", func(v Values) value {
			return known("Version", v.Version)
		}},
		{"Revision", []string{"Commit", "FullCommit", "Git.FullCommit", "Git.Commit"},
			"The full commit. buildx sends it when the context is a git checkout; `--build-arg REVISION=...` sets it. Ends in `-dirty` where the work tree had changes and `BUILDX_GIT_CHECK_DIRTY=1` is set for buildx.",
			"9fceb02d0ae598e95dc970b74767f19372d61af8", func(v Values) value { return known("Revision", v.Revision) }},
		{"ShortRevision", []string{"ShortCommit", "Git.ShortCommit"},
			"The first seven characters of the commit, with its `-dirty`.", "9fceb02", func(v Values) value {
				return known("ShortRevision", cmp.Or(v.ShortRevision, shorten(v.Revision)))
			}},
		{"Date", []string{"CommitDate", "Git.CommitDate"},
			"The build's date, from `--build-arg SOURCE_DATE_EPOCH=...`, in RFC 3339 and UTC.", "2026-03-01T12:00:00Z",
			func(v Values) value { return date(v.Date, v.Date.UTC().Format(time.RFC3339)) }},
		{"Timestamp", []string{"CommitTimestamp", "Git.CommitTimestamp"},
			"The same date as Unix seconds.", "1772366400", func(v Values) value {
				return date(v.Date, strconv.FormatInt(v.Date.Unix(), 10))
			}},
		{"Name", []string{"ProjectName", "Binary"}, "The spec's `name`, or the name of its program.", "api", func(v Values) value { return text(v.Name) }},
		{"Platform", nil, "The target platform.", "linux/arm/v7", func(v Values) value { return text(v.Platform) }},
		{"OS", []string{"Os"}, "The target's operating system, as in GOOS.", "linux", func(v Values) value { return text(v.OS) }},
		{"Arch", nil, "The target's architecture, as in GOARCH.", "arm", func(v Values) value { return text(v.Arch) }},
		{"Variant", nil, "The target's variant; empty for most platforms.", "v7", func(v Values) value { return text(v.Variant) }},
		{"Args.NAME", []string{"Env.NAME"}, "The build argument NAME, from `--build-arg NAME=...`.", "", nil},
	}
}

// foreign are names of goreleaser and ko that have no counterpart of the same
// meaning, and what to write instead.
func foreign() map[string]string {
	branch := `pass --build-arg BRANCH=$(git branch --show-current) and write .Args.BRANCH`
	tag := `.Version is what --build-arg VERSION=... says: pass the tag there`
	dirty := `.Revision ends in "-dirty" where the work tree had changes`
	return map[string]string{
		"Branch": branch, "Git.Branch": branch,
		"Tag": tag, "Git.Tag": tag, "RawVersion": tag, "Major": tag, "Minor": tag, "Patch": tag, "Summary": tag,
		"IsGitDirty": dirty, "GitTreeState": dirty, "Git.IsDirty": dirty, "Git.IsClean": dirty, "Git.TreeState": dirty,
		"Now":            "an image is stamped with no clock: write .Date",
		"Arm":            "write .Variant",
		"Amd64":          "write .Variant",
		"Target":         "write .Platform",
		"Runtime.Goos":   "write .OS",
		"Runtime.Goarch": "write .Arch",
		"Args":           "name one build argument, such as .Args.NAME",
		"Env":            "name one build argument, such as .Args.NAME",
	}
}

const cureDate = "no date: pass --build-arg SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)"

// cure says how a value that is missing is passed.
func cure(name string) string {
	switch name {
	case "Version":
		return "no version: pass --build-arg VERSION=..."
	case "Revision", "ShortRevision":
		return "no revision: buildx sends it when the context is a git checkout; else pass --build-arg REVISION=$(git rev-parse HEAD)"
	case "Date", "Timestamp":
		return cureDate
	}
	arg := strings.TrimPrefix(name, "Args.")
	return "no build argument " + arg + ": pass --build-arg " + arg + "=..."
}

func known(name, s string) value {
	if s == "" {
		return value{kind: kindMissing, text: name}
	}
	return text(s)
}

func date(t time.Time, s string) value {
	if t.IsZero() {
		return value{kind: kindMissing, text: "Date"}
	}
	return text(s)
}

func shorten(revision string) string {
	commit, dirty := strings.CutSuffix(revision, "-dirty")
	if len(commit) > 7 {
		commit = commit[:7]
	}
	if dirty {
		return commit + "-dirty"
	}
	return commit
}

// canonical returns a written name's canonical form, or false.
func canonical(written []string) (string, bool) {
	if len(written) == 2 && (written[0] == "Args" || written[0] == "Env") {
		return "Args." + written[1], true
	}
	joined := strings.Join(written, ".")
	for _, n := range Names() {
		if n.get != nil && (n.Name == joined || slices.Contains(n.Aliases, joined)) {
			return n.Name, true
		}
	}
	return "", false
}

// lookup returns the value of a canonical name.
func (v Values) lookup(name string) value {
	if arg, ok := strings.CutPrefix(name, "Args."); ok {
		s, ok := v.Args[arg]
		if !ok {
			return value{kind: kindMissing, text: name}
		}
		return text(s)
	}
	for _, n := range Names() {
		if n.Name == name {
			return n.get(v)
		}
	}
	return value{kind: kindMissing, text: name}
}
