package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/recipe"
	"github.com/gokiln/gokiln/internal/template"
	"github.com/gokiln/gokiln/spec"
)

// newCompile decides the command line and environment of `go build`, and those of
// the layers that it starts from.
func newCompile(in Input, values template.Values) (compileDraft, []layerDraft, error) {
	programs, err := programNames(in)
	if err != nil {
		return compileDraft{}, nil, err
	}
	for _, check := range []func(Input) error{checkCgo, checkVendor} {
		if err := check(in); err != nil {
			return compileDraft{}, nil, err
		}
	}
	x := &expander{spec: in.Spec, values: values}
	f := newFlags(in, x)
	env, err := compileEnv(in, x)
	if err != nil {
		return compileDraft{}, nil, err
	}
	if err := x.errs.Err(); err != nil {
		return compileDraft{}, nil, err
	}
	layers := newLayers(in, f.layer(), env)
	return compileDraft{
		Dir:      in.Workspace.Dir,
		Args:     slices.Concat(f.compile(), outFlag(programs), packageArgs(in)),
		Env:      env,
		Source:   compileSource(in),
		Modules:  in.Modules != nil,
		WorkSum:  workSum(in),
		Cache:    compileCache(in, f.compile(), env),
		Programs: programs,
		Packages: packageArgs(in),
		NoCache:  in.Options.NoCache[StageCompile],
		At:       mainRanges(in),
	}, layers, nil
}

// flags are those of `go build`, templates expanded.
type flags struct {
	build                      spec.Build
	mod                        string
	tags                       []string
	ldflags, gcflags, asmflags string
}

func newFlags(in Input, x *expander) flags {
	b := in.Spec.Build
	join := func(field string, list []spec.Template) string {
		v, err := spec.JoinFlags(expandList(x, list))
		if err != nil {
			x.fail(field, err)
		}
		return v
	}
	return flags{
		build: b, mod: modFlag(in), tags: expandTags(x, b.Tags),
		ldflags: join("build.ldflags", b.LDFlags), gcflags: join("build.gcflags", b.GCFlags), asmflags: join("build.asmflags", b.ASMFlags),
	}
}

// compile is `go build` with all flags for the main packages. Every flag is one
// argument of its own: nothing of the spec passes through a shell.
func (f flags) compile() []string {
	args := f.common()
	for _, flag := range []struct{ name, value string }{
		{"ldflags", f.ldflags}, {"gcflags", f.gcflags}, {"asmflags", f.asmflags},
	} {
		if flag.value != "" {
			args = append(args, "-"+flag.name+"="+flag.value)
		}
	}
	if f.build.Cover {
		args = append(args, "-cover")
	}
	return args
}

// outFlag says where the programs go: with several, a folder.
func outFlag(programs []string) []string {
	out := OutDir + "/"
	if len(programs) == 1 {
		out += programs[0]
	}
	return []string{"-o", out}
}

// layer is `go build` with the flags that decide how a package that is no main
// package is compiled: nothing of linking, and of gcflags and asmflags what begins
// with a pattern, since without one they are for the packages on the command line.
func (f flags) layer() []string {
	args := f.common()
	for _, flag := range []struct{ name, value string }{{"gcflags", f.gcflags}, {"asmflags", f.asmflags}} {
		if flag.value != "" && !strings.HasPrefix(flag.value, "-") {
			args = append(args, "-"+flag.name+"="+flag.value)
		}
	}
	return args
}

func (f flags) common() []string {
	// Stamping from .git would need git in the step and make its key depend on
	// the whole history; templates stamp instead.
	args := []string{"go", "build", "-buildvcs=false"}
	if f.build.Trimpath {
		args = append(args, "-trimpath")
	}
	args = append(args, "-mod="+f.mod)
	if len(f.tags) > 0 {
		args = append(args, "-tags="+strings.Join(f.tags, ","))
	}
	if f.build.Race {
		args = append(args, "-race")
	}
	if pgo := f.build.PGO; pgo != "" && pgo != "auto" {
		args = append(args, "-pgo="+pgo)
	}
	// Of several -gcflags the last one that fits a package counts: the user's.
	if dropsDWARF(f.ldflags) {
		args = append(args, omitDWARF)
	}
	return args
}

func modFlag(in Input) string {
	if Vendored(in.Spec, in.Workspace) {
		return "vendor"
	}
	return "readonly"
}

func expandList(x *expander, list []spec.Template) []string {
	var out []string
	for _, t := range list {
		if v := x.expand(t); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// expandTags splits at commas after expansion, so that one template can yield
// several tags or none.
func expandTags(x *expander, tags []spec.Template) []string {
	var out []string
	for _, v := range expandList(x, tags) {
		for tag := range strings.SplitSeq(v, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				out = append(out, tag)
			}
		}
	}
	return out
}

// compileEnv is the environment on top of the toolchain image's. What decides
// where code may come from is always said, whatever the image says.
func compileEnv(in Input, x *expander) ([]EnvVar, error) {
	b := in.Spec.Build
	cgo := "0"
	if b.Cgo {
		cgo = "1"
	}
	env := []EnvVar{
		{"CGO_ENABLED", cgo},
		{"GO111MODULE", "on"},
		{"GOARCH", in.Target.Architecture},
		{"GOCACHE", GoCacheDir},
		{recipe.GenerationEnv, recipe.Generation},
		{"GOENV", "off"},
		{"GOMODCACHE", ModCacheDir},
		{"GOOS", in.Target.OS},
		{"GOPROXY", "off"},
		{"GOSUMDB", "off"},
		{"GOTOOLCHAIN", "local"},
		{"GOWORK", goWork(in.Workspace)},
	}
	name, value, err := variant(in.Spec, in.Target)
	if err != nil {
		return nil, err
	}
	if value != "" {
		env = append(env, EnvVar{Name: name, Value: value})
	}
	for _, k := range slices.Sorted(maps.Keys(b.Env)) {
		env = append(env, EnvVar{Name: k, Value: x.expand(b.Env[k])})
	}
	return sortEnv(env), nil
}

func workSum(in Input) string {
	if in.Modules == nil || in.Workspace.GoWork == "" {
		return ""
	}
	return in.Workspace.GoWork + ".sum"
}

// packageArgs returns the packages as `go build` takes them.
func packageArgs(in Input) []string {
	args := make([]string, len(in.Code.Mains))
	for i, p := range in.Code.Mains {
		switch {
		case p.External:
			args[i] = p.ImportPath
		case p.Dir == ".":
			args[i] = "."
		default:
			args[i] = "./" + p.Dir
		}
	}
	return args
}

// programNames returns the file names that `go build` will write.
func programNames(in Input) ([]string, error) {
	ext := ""
	if in.Target.OS == "windows" {
		ext = ".exe"
	}
	if in.Spec.Name != "" && len(in.Code.Mains) == 1 {
		return []string{in.Spec.Name + ext}, nil
	}
	names := make([]string, len(in.Code.Mains))
	seen := map[string]string{}
	for i, p := range in.Code.Mains {
		names[i] = p.Program + ext
		if other, ok := seen[p.Program]; ok {
			return nil, in.Spec.Errorf(spec.Index("main", i),
				"%q and %q would both be named %q in the image; rename one of the folders or build two images",
				other, p.ImportPath, p.Program)
		}
		seen[p.Program] = p.ImportPath
	}
	return names, nil
}

// checkCgo refuses to cross-compile with the C compiler of the build platform:
// it would fail late, in the assembler or the linker.
func checkCgo(in Input) error {
	b := in.Spec.Build
	same := in.Target.OS == in.Build.OS && in.Target.Architecture == in.Build.Architecture
	if !b.Cgo || same || b.Env["CC"].Text() != "" {
		return nil
	}
	return in.Spec.Errorf("build.cgo",
		"building for %s on %s needs a C cross compiler; set build.image to a toolchain image that has one and name it in build.env.CC, or build on a native builder for each platform",
		platforms.Format(in.Target), platforms.Format(in.Build))
}

func mainRanges(in Input) []diag.Range {
	if len(in.Spec.Main) == 0 {
		return []diag.Range{in.Spec.At("main")}
	}
	var at []diag.Range
	for i := range in.Spec.Main {
		at = append(at, in.Spec.At(spec.Index("main", i)))
	}
	return at
}

func checkVendor(in Input) error {
	if in.Spec.Build.Mod != "vendor" || in.Workspace.Vendor {
		return nil
	}
	return in.Spec.Errorf("build.mod",
		"\"vendor\" needs a vendor folder with modules.txt beside %s; run `go mod vendor` (or `go work vendor`) and check .dockerignore",
		in.Workspace.GoLine.Source.Filename)
}
