package spec

import (
	"slices"
)

// field is everything about one key.
type field struct {
	key string
	reader
	// def is the default as the reference prints it.
	def string
	// doc says what the key means, example is its YAML value.
	doc, example string
	// template marks values that may hold template actions.
	template bool
	// flag marks keys that are named as a flag of go build.
	flag bool
	// after checks a value against those of other keys, once all are read.
	after func(*decoder)
	// fields are a map's own keys; with named, those of each of its values, whose
	// keys are the user's.
	fields []field
	named  bool
}

// schema is the table of every key, bound to the Spec that it fills.
func schema(s *Spec) []field {
	modules, build, image := moduleFields(&s.Modules), buildFields(&s.Build), imageFields(&s.Image)
	cache := cacheFields(&s.Cache)
	return []field{
		{key: "name", reader: scalar(&s.Name, "a string", false, checkName),
			def: "the last element of the main package's import path", example: "api",
			doc: "The application's name and, where there is one main package, its program's file name: letters, digits, `.`, `_` and `-`."},
		{key: "go", reader: scalar(&s.Go, "a Go release such as 1.26 or 1.26.3", true, checkGo),
			def: "go.mod's `toolchain` line, else the newest patch of its `go` line's release", example: "1.26.3",
			doc: "The Go release to build with. `1.20` needs no quotes: the text is taken as it stands."},
		{key: "module", reader: scalar(&s.Module, "a string", false, checkModule),
			def: "`.`", example: "services/api",
			doc: "The folder of the main module in the build context: the one that holds go.mod."},
		{key: "main", after: checkMains, reader: list(&s.Main, "a string or a list of strings", listOptions{single: true, rule: one(checkMain)}),
			def: "the module's only main package", example: "./cmd/api",
			doc: "The main packages to build: folders relative to `module`, which begin with `./`, and import paths of packages of dependencies, such as `example.com/tool/cmd/tool`, whose version go.mod says. Several become several programs in one image."},
		{key: "modules", reader: group(modules), fields: modules,
			doc: "Where modules come from. The build arguments GOPROXY and GOSUMDB replace what stands here; GOPRIVATE, GONOPROXY and GONOSUMDB add to it, and `none` as GONOPROXY or GONOSUMDB replaces it."},
		{key: "build", reader: group(build), fields: build,
			doc: "What `go build` is told."},
		{key: "image", reader: group(image), fields: image,
			doc: "What the image's configuration and file system hold. What the base image sets and the spec does not, stays."},
		{key: "cache", reader: group(cache), fields: cache,
			doc: "What the build keeps for the next one."},
		{key: "apps", reader: appMap(), named: true, fields: []field{groupsField(&[]string{})},
			def: "none", example: "{api: {main: ./cmd/api}, worker: {main: ./cmd/worker}}",
			doc: "Several images of one spec, by name. An app takes every key of the top level but `modules`, `cache` and `apps`, and inherits what it does not set. Its name is a target of the build, and its `name` unless it has one of its own."},
	}
}

// group reads a map of known keys.
func group(fields []field) reader {
	return reader{"a map", func(d *decoder, path string, n *node) { d.fields(path, n, fields) }}
}

// one makes a list's rule from a rule for a single value.
func one(rule check) func(string) ([]string, error) {
	return func(s string) ([]string, error) {
		s, err := rule(s)
		return []string{s}, err
	}
}

const (
	stringOrList = "a string or a list of strings"
	notInherited = "; a spec takes nothing from the environment"
	stringMap    = "a map of strings or a list of KEY=VALUE strings"
)

func buildFields(b *Build) []field {
	flags := func(target *[]Template) reader { return templates(target, one(anyText), false) }
	fields := []field{
		{key: "image", reader: scalar(&b.Image, "a string", false, checkBuildImage),
			def: "`docker.io/library/golang` at the Go release, in the smallest variant that does", example: "golang:1.26-bookworm",
			doc: "The toolchain image, any with Go in it."},
		{key: "tags", flag: true, reader: templates(&b.Tags, checkTags, true), template: true,
			def: "none", example: "[netgo, osusergo]",
			doc: "Build tags, as in `-tags`; `a,b` is two."},
		{key: "ldflags", flag: true, reader: flags(&b.LDFlags), template: true,
			def: "`[-s, -w]`", example: `["-s", "-w", "-X main.version={{.Version}}"]`,
			doc: "Linker flags, as in `-ldflags`; the elements are joined by a space. They replace the default: write `-s -w` along with your own to keep the program small. With `-w` the compiler makes no debug information either (`-gcflags=all=-dwarf=false`): the same code in less time, and smaller caches."},
		{key: "gcflags", flag: true, reader: flags(&b.GCFlags), template: true,
			def: "none", example: `"all=-N -l"`, doc: "Compiler flags, as in `-gcflags`."},
		{key: "asmflags", flag: true, reader: flags(&b.ASMFlags), template: true,
			def: "none", example: `"-D=DEBUG"`, doc: "Assembler flags, as in `-asmflags`."},
		{key: "trimpath", flag: true, reader: boolean(&b.Trimpath), def: "`true`", example: "false",
			doc: "Leaves file system paths out of the program, as `-trimpath` does."},
		{key: "mod", flag: true, reader: scalar(&b.Mod, "readonly or vendor", false, checkMod),
			def: "`vendor` where a vendor folder stands beside go.mod, else `readonly`", example: "vendor",
			doc: "Where packages come from, as in `-mod`. `mod` is refused: a build never changes go.mod."},
		{key: "env", reader: templatePairs(&b.Env, pairsOptions{key: checkEnvName, value: checkBuildEnv, bare: notInherited}), template: true,
			def: "none", example: "{GOEXPERIMENT: jsonv2}",
			doc: "Environment of `go build`. What gokiln sets itself or has a key for is refused. Numbers and booleans are taken as they are written."},
		{key: "cgo", reader: boolean(&b.Cgo), def: "`false`", example: "true",
			doc: "Turns cgo on. The default toolchain image then has a C compiler and the default base image a C library."},
		{key: "race", flag: true, after: checkRace, reader: boolean(&b.Race), def: "`false`", example: "true",
			doc: "Builds with the race detector, as `-race` does; needs `cgo: true`."},
		{key: "cover", flag: true, reader: boolean(&b.Cover), def: "`false`", example: "true",
			doc: "Builds with coverage counters, as `-cover` does."},
		{key: "pgo", flag: true, after: checkProfilePlace, reader: scalar(&b.PGO, "auto, off or a profile's path", false, checkPGO),
			def: "`auto`", example: "./profiles/api.pprof",
			doc: "Profile-guided optimisation, as in `-pgo`: `auto` takes each main package's default.pgo, `off` none, a path relative to `module` that profile."},
	}
	for _, v := range variants() {
		fields = append(fields, field{key: v.key, reader: variant(&b.Variants, v),
			def: "from the platform", example: v.example, doc: v.doc})
	}
	return fields
}

// Field describes one key of the spec, for tools that list them.
type Field struct {
	// Path is the key's field path; the keys of a list's elements have paths such
	// as "image.files[].from", those of a map's values such as "apps.*.groups".
	Path string
	// Type says what may be written.
	Type string
	// Default says what holds without the key, in Markdown; empty for a group.
	Default string
	// Doc says what the key means, in Markdown. Example is a YAML value.
	Doc, Example string
	// Template marks values that may hold template actions.
	Template bool
}

// Fields returns every key in the order of the reference, groups before their
// keys.
func Fields() []Field {
	return flatten("", schema(&Spec{}))
}

func flatten(path string, fields []field) []Field {
	var all []Field
	for _, f := range fields {
		at := f.key
		if path != "" {
			at = path + "." + f.key
		}
		all = append(all, Field{at, f.want, f.def, f.doc, f.example, f.template})
		switch {
		case f.named:
			at += ".*"
		case f.def != "":
			at += "[]" // A group has no default, a list of maps has one.
		}
		all = slices.Concat(all, flatten(at, f.fields))
	}
	return all
}
