package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/nearest"
)

// unknownKey says what a key that the table does not have was meant to be.
func (d *decoder) unknownKey(path string, e entry, fields []field) {
	at := show(e.key)
	if path != "" {
		at = Key(path, at)
	}
	if hint := suggest(path, e.key, fields); hint != "" {
		d.errorf(e.keyAt, at, "unknown key; %s", hint)
		return
	}
	where := "at the top level"
	switch {
	case path != "":
		where = "of " + path
	case d.app != "":
		where = "of " + d.app
	}
	d.errorf(e.keyAt, at, "unknown key; the keys %s are %s", where, keyList(fields))
}

// suggest says what an unknown key was meant to be, or "". In order: a key of
// this level spelt another way, a path written as one key, another tool's word, a
// near key of this level, the same or a near key of another.
func suggest(path, key string, fields []field) string {
	word := nearest.Fold(key)
	var here []string
	for _, f := range fields {
		here = append(here, f.key)
		if nearest.Fold(f.key) == word {
			return didYouMean(under(path, f.key))
		}
	}
	if group, rest, dotted := strings.Cut(key, "."); dotted && slices.ContainsFunc(Fields(), func(f Field) bool { return f.Path == under(path, key) }) {
		return fmt.Sprintf("write %s below %s, indented", rest, group)
	}
	if hint, ok := foreignIn(path, word); ok {
		return hint
	}
	if near := nearest.Of(key, here); near != "" {
		return didYouMean(under(path, near))
	}
	var all []string
	for _, f := range Fields() {
		all = append(all, last(f.Path))
	}
	if near := nearest.Of(key, all); near != "" {
		return didYouMean(pathsOf(nearest.Fold(near))...)
	}
	return ""
}

// pathsOf returns the paths of every key that is spelt like word.
func pathsOf(word string) []string {
	var paths []string
	for _, f := range Fields() {
		if nearest.Fold(last(f.Path)) == word {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func under(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func didYouMean(paths ...string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = fmt.Sprintf("%q", p)
	}
	if n := len(quoted); n > 2 {
		quoted = []string{strings.Join(quoted[:n-1], ", "), quoted[n-1]}
	}
	return "did you mean " + strings.Join(quoted, " or ") + "?"
}

// synonym is what other tools (Dockerfile, compose, goreleaser, ko) call
// something, and the key or the sentence that stands for it here.
type synonym struct {
	words []string
	// in is the level that it holds for; empty is any.
	in         string
	path, hint string
}

func synonyms() []synonym {
	return []synonym{
		{in: "image.files[]", words: []string{"src", "source"}, path: "from"},
		{in: "image.files[]", words: []string{"dst", "dest", "destination", "target", "path"}, path: "to"},
		{in: "image.files[]", words: []string{"chown", "user", "uid", "ownership"}, path: "owner"},
		{in: "image.files[]", words: []string{"chmod", "permissions", "perm", "perms", "fileinfo"}, path: "mode"},
		{in: "image.healthcheck", words: []string{"cmd", "command", "exec"}, path: "test"},
		{in: "image.healthcheck", words: []string{"disable", "disabled"}, hint: "write `test: [NONE]`"},
		{in: "modules.auth[]", words: []string{"secret", "id", "password", "pass", "accesstoken", "secretid"}, path: "token"},
		{in: "modules.auth[]", words: []string{"login", "username", "machine"}, path: "user"},
		{in: "modules.auth[]", words: []string{"server", "domain", "url", "path", "prefix", "hostname"}, path: "host"},
		{in: "modules.auth[]", words: []string{"agent", "sshagent", "sshkey", "key"}, path: "ssh"},

		{words: []string{"goproxy", "proxies"}, path: "modules.proxy"},
		{words: []string{"goprivate"}, path: "modules.private"},
		{words: []string{"gonoproxy"}, path: "modules.no_proxy"},
		{words: []string{"gosumdb"}, path: "modules.sumdb"},
		{words: []string{"gonosumdb", "gonosumcheck"}, path: "modules.no_sumdb"},
		{words: []string{"gowork"}, path: "modules.workspace"},
		{words: []string{"goauth", "credentials", "login"}, path: "modules.auth"},
		{words: []string{"from", "baseimage", "defaultbaseimage", "basetag", "baseimages"}, path: "image.base"},
		{words: []string{"expose", "exposes", "exposedports", "port"}, path: "image.ports"},
		{words: []string{"command", "args", "arguments"}, path: "image.cmd"},
		{words: []string{"workingdir", "workingdirectory"}, path: "image.workdir"},
		{words: []string{"copy", "add", "copyfiles", "extrafiles", "assets", "file", "data"}, path: "image.files"},
		{words: []string{"annotations", "maintainer"}, path: "image.labels"},
		{words: []string{"environment"}, path: "env"},
		{words: []string{"health"}, path: "image.healthcheck"},
		{words: []string{"volume", "mounts"}, path: "image.volumes"},
		{words: []string{"runas", "uid"}, path: "image.user"},
		{words: []string{"binary", "id", "projectname", "app", "program"}, path: "name"},
		{words: []string{"dir", "directory", "context", "gomod"}, path: "module"},
		{words: []string{"builds", "mains", "package", "packages", "cmds"}, path: "main"},
		{words: []string{"services", "service", "images", "target", "targets", "dockers", "kos"}, path: "apps"},
		{words: []string{"extends", "inherits"}, hint: "an app inherits the top level by itself; share more with an anchor and `<<`"},
		{words: []string{"goversion", "golang", "gotoolchain", "toolchain"}, path: "go"},
		{words: []string{"cgoenabled"}, path: "build.cgo"},
		{words: []string{"buildtags", "gotags"}, path: "build.tags"},
		{words: []string{"builder", "builderimage", "goimage"}, path: "build.image"},
		{words: []string{"coverage"}, path: "build.cover"},
		{words: []string{"profile"}, path: "build.pgo"},
		{words: []string{"flags", "goflags", "buildflags"},
			hint: "each flag of go build has its own key: build.tags, build.ldflags, build.gcflags, build.trimpath, build.mod, build.race, ..."},
		{words: []string{"dockerfile", "dockerfiles", "run", "shell", "onbuild"},
			hint: "gokiln builds the image without a Dockerfile and runs no commands: image holds its configuration"},
		{words: []string{"before", "hooks", "pre", "post", "generate", "scripts"},
			hint: "gokiln runs no commands: commit what they generate"},
		{words: []string{"platforms", "platform", "goos", "goarch", "os", "arch"},
			hint: "pass --platform, such as --platform linux/amd64,linux/arm64"},
		{words: []string{"version"}, hint: "pass --build-arg VERSION=... and write {{.Version}} in build.ldflags or image.labels"},
		{words: []string{"buildargs", "arg"}, hint: "pass --build-arg NAME=... and write {{.Args.NAME}} where a template may stand"},
		{words: []string{"tag", "repository", "repo", "push", "registry"}, hint: "the image's name is docker buildx build's: pass -t NAME:TAG and --push"},
		{words: []string{"secrets", "secret", "ssh"}, hint: "write modules.auth where modules need it, and pass --secret or --ssh"},
		{words: []string{"sbom", "provenance", "attest"}, hint: "pass --sbom=true or --provenance=mode=max"},
		{words: []string{"cache", "cachefrom", "cacheto"}, hint: "pass --cache-from and --cache-to"},
	}
}

// foreignIn returns what to say about another tool's word at a level.
func foreignIn(path, word string) (string, bool) {
	level := path
	if i := strings.LastIndexByte(path, '['); i >= 0 {
		level = path[:i] + "[]"
	}
	for _, s := range synonyms() {
		if s.in != "" && s.in != level || !slices.Contains(s.words, word) {
			continue
		}
		switch {
		case s.hint != "":
			return s.hint, true
		case s.in != "":
			return didYouMean(under(path, s.path)), true
		case !strings.Contains(s.path, ".") && len(pathsOf(s.path)) > 0:
			return didYouMean(pathsOf(s.path)...), true
		}
		return didYouMean(s.path), true
	}
	return "", false
}
