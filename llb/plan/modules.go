package plan

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/internal/workspace/gomod"
	"github.com/gokiln/gokiln/spec"
)

// moduleArgs are the build arguments that reach the module step as environment
// variables of the same name. GOPROXY is not among them: it is taken apart
// first.
func moduleArgs() []string {
	return append(privacyArgs(), "GOSUMDB", "GOFLAGS", "GOINSECURE", "GOVCS", "GOAUTH", "GODEBUG")
}

// privacyArgs are those of them that add to what the spec says.
func privacyArgs() []string { return []string{"GOPRIVATE", "GONOPROXY", "GONOSUMDB"} }

// proxyArgs are the build arguments that BuildKit treats as proxy settings.
func proxyArgs() []string {
	return []string{
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy",
		"NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
	}
}

// KnownBuildArgs lists the build arguments that gokiln or BuildKit consume by
// themselves, besides those that templates name.
func KnownBuildArgs() []string {
	return slices.Concat(moduleArgs(), proxyArgs(), []string{"GOPROXY", "VERSION", "REVISION", "SOURCE_DATE_EPOCH"})
}

// ModulesInput is what the module step is made from. It covers all target
// platforms of a build, so that they share one step and one layer.
type ModulesInput struct {
	Spec      *spec.Spec
	Workspace gomod.Facts
	Options   Options
	Builds    []ModuleBuild
	// ToolchainEnv is the environment of the image that compiles.
	ToolchainEnv []string
}

// ModuleBuild is what one target platform needs.
type ModuleBuild struct {
	Target  ocispecs.Platform
	Imports workspace.Imports
	// Spec is that of another app of the file, which shares the step; nil for the
	// one that is built.
	Spec *spec.Spec
}

// NewModules plans the module step. It returns nil where there is nothing to
// download. Its errors are *diag.Error where a place in the spec is to blame.
func NewModules(in ModulesInput) (*Modules, error) {
	s, w := in.Spec, in.Workspace
	if !NeedsModules(s, w) {
		return nil, nil
	}
	proxy, err := moduleProxy(s, in.Options)
	if err != nil {
		return nil, err
	}
	private := privacy(s, in.Options)
	if err := proxy.check(s, private); err != nil {
		return nil, err
	}
	config, err := moduleConfig(in, proxy)
	if err != nil {
		return nil, err
	}
	env, err := moduleEnv(in, proxy, private)
	if err != nil {
		return nil, err
	}
	recipe, outside := moduleRecipe(s, w)
	return &Modules{
		Dir:          w.Dir,
		Recipe:       recipe,
		Outside:      outside,
		Config:       config,
		Env:          env,
		Proxy:        newProxy(in.Options.BuildArgs),
		Secrets:      moduleSecrets(s.Modules.Auth),
		Agents:       moduleAgents(s.Modules.Auth),
		ProxyFolders: proxy.folders,
		Offline:      proxy.offline() && !private.direct(),
		StoreID:      path.Join(in.Options.CacheNamespace, "gokiln", "zips"),
		NoCache:      in.Options.NoCache[StageModules],
		At:           moduleRanges(s),
	}, nil
}

// moduleRanges blames modules where the spec says something of them, else the
// main packages.
func moduleRanges(s *spec.Spec) []diag.Range {
	if at := s.At("modules"); !at.IsZero() && at != s.At("main") {
		return []diag.Range{at}
	}
	return mainRanges(Input{Spec: s})
}

// SharedTargets returns the platforms whose needs a module step covers besides
// those of the targets: the other of linux/amd64 and linux/arm64 where all targets
// are among the two. Images are built for these; for others a layer of one's own
// is no loss.
func SharedTargets(targets []ocispecs.Platform) []ocispecs.Platform {
	usual := []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}
	same := func(a, b ocispecs.Platform) bool {
		return platforms.Format(a) == platforms.Format(platforms.Normalize(b))
	}
	var missing []ocispecs.Platform
	for _, u := range usual {
		if !slices.ContainsFunc(targets, func(t ocispecs.Platform) bool { return same(u, t) }) {
			missing = append(missing, u)
		}
	}
	for _, t := range targets {
		if !slices.ContainsFunc(usual, func(u ocispecs.Platform) bool { return same(u, t) }) {
			return nil
		}
	}
	return missing
}

func moduleConfig(in ModulesInput, proxy proxyList) (modstep.Config, error) {
	s, w := in.Spec, in.Workspace
	source := SourceOf(w)
	c := modstep.Config{
		Dir:     path.Join(source, w.Dir),
		GoWork:  goWork(w),
		Root:    source,
		Local:   w.Local,
		Proxy:   proxy.value,
		Retries: s.Modules.Retries,
		Stall:   s.Modules.Timeout,
		Auth:    moduleAuth(s.Modules.Auth, source),
	}
	for _, sum := range w.SumFiles {
		c.Sums = append(c.Sums, path.Join(source, sum))
	}
	packages := map[string]bool{}
	for _, b := range in.Builds {
		t, err := listTarget(cmp.Or(b.Spec, s), b.Target, in.Options)
		if err != nil {
			return c, err
		}
		if !slices.ContainsFunc(c.Targets, func(have modstep.Target) bool { return sameTarget(have, t) }) {
			c.Targets = append(c.Targets, t)
		}
		c.All = c.All || !b.Imports.Sure
		for _, p := range b.Imports.Packages {
			packages[p] = true
		}
	}
	hidden := func(s *spec.Spec) bool { return hiddenTags(s, in.ToolchainEnv) }
	if c.All = c.All || slices.ContainsFunc(in.specs(), hidden); c.All {
		c.Targets = nil
		return c, nil
	}
	c.Packages = slices.Sorted(maps.Keys(packages))
	slices.SortFunc(c.Targets, func(a, b modstep.Target) int {
		return cmp.Or(slices.Compare(a.Env, b.Env), cmp.Compare(a.Tags, b.Tags))
	})
	return c, nil
}

// specs lists the specs that share the step, that of the build first.
func (in ModulesInput) specs() []*spec.Spec {
	list := []*spec.Spec{in.Spec}
	for _, b := range in.Builds {
		if b.Spec != nil && !slices.Contains(list, b.Spec) {
			list = append(list, b.Spec)
		}
	}
	return list
}

// hiddenTags reports whether compile has build tags that reading the code by the
// spec's does not know: experiments, releases of the FIPS module, and flags in the
// toolchain image's environment.
func hiddenTags(s *spec.Spec, toolchainEnv []string) bool {
	hidden := func(name, value string) bool {
		switch name {
		case "GOEXPERIMENT":
			return value != ""
		case "GOFIPS140":
			return value != "" && value != "off" && value != "latest"
		}
		return name == "GOFLAGS" && strings.Contains(value, "tags")
	}
	for name, value := range s.Build.Env {
		if hidden(name, value.Text()) {
			return true
		}
	}
	return slices.ContainsFunc(toolchainEnv, func(e string) bool {
		name, value, _ := strings.Cut(e, "=")
		return hidden(name, value)
	})
}

func sameTarget(a, b modstep.Target) bool { return slices.Equal(a.Env, b.Env) && a.Tags == b.Tags }

// listTarget is a platform as `go list` is told.
func listTarget(s *spec.Spec, p ocispecs.Platform, o Options) (modstep.Target, error) {
	x := &expander{spec: s, values: templateValues(Input{Spec: s, Target: p, Options: o})}
	tags := expandTags(x, s.Build.Tags)
	if err := x.errs.Err(); err != nil {
		return modstep.Target{}, err
	}
	if s.Build.Race {
		tags = append(tags, "race")
	}
	cgo := "CGO_ENABLED=0"
	if s.Build.Cgo {
		cgo = "CGO_ENABLED=1"
	}
	env := []string{cgo, "GOARCH=" + p.Architecture, "GOOS=" + p.OS}
	name, value, err := variant(s, p)
	if err != nil {
		return modstep.Target{}, err
	}
	if value != "" {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return modstep.Target{Env: env, Tags: strings.Join(tags, ",")}, nil
}

// moduleRecipe sorts the files that decide what is downloaded by where they come
// from.
func moduleRecipe(s *spec.Spec, w gomod.Facts) ([]string, []Outside) {
	files := slices.Clone(w.RecipeFiles)
	for _, a := range s.Modules.Auth {
		if a.KnownHosts != "" && !slices.Contains(files, a.KnownHosts) {
			files = append(files, a.KnownHosts)
		}
	}
	slices.Sort(files)
	outside := outsides(w)
	var recipe []string
	for _, f := range files {
		i := slices.IndexFunc(outside, func(o Outside) bool { return strings.HasPrefix(f, o.Path+"/") })
		if i < 0 {
			recipe = append(recipe, f)
			continue
		}
		outside[i].Recipe = append(outside[i].Recipe, strings.TrimPrefix(f, outside[i].Path+"/"))
	}
	return recipe, outside
}

func moduleEnv(in ModulesInput, proxy proxyList, private privacyRules) ([]EnvVar, error) {
	args := in.Options.BuildArgs
	env := []EnvVar{
		{"GO111MODULE", "on"},
		{"GOMODCACHE", ModCacheDir},
		{"GOTOOLCHAIN", "local"},
		{"GOWORK", goWork(in.Workspace)},
		// Go reads these folders besides the system's bundle, so that the
		// secret adds authorities and replaces none.
		{"SSL_CERT_DIR", "/etc/ssl/certs:/etc/pki/tls/certs:" + CADir},
	}
	values := map[string]string{
		"GOPRIVATE": private.private, "GONOPROXY": private.noProxy, "GONOSUMDB": private.noSumDB,
		"GOSUMDB": in.Spec.Modules.SumDB,
	}
	if proxy.offline() && !private.direct() {
		// Every sum is in go.sum; nothing could answer.
		values["GOSUMDB"] = "off"
	}
	for _, name := range moduleArgs() {
		if !slices.Contains(privacyArgs(), name) { // the rules have these in them
			values[name] = cmp.Or(args[name], values[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != "" {
			env = append(env, EnvVar{name, values[name]})
		}
	}
	fips, err := fipsModule(in)
	if fips != "" {
		env = append(env, EnvVar{"GOFIPS140", fips})
	}
	return sortEnv(env), err
}

// fipsModule is the value of GOFIPS140. Go unpacks the module that it names from
// the toolchain into the module cache, which compile can't write to. What another
// app names is taken where the app itself names none, so that both have one step.
func fipsModule(in ModulesInput) (string, error) {
	specs := in.specs()
	i := slices.IndexFunc(specs, func(s *spec.Spec) bool { return s.Build.Env["GOFIPS140"].Text() != "" })
	if i < 0 || len(in.Builds) == 0 {
		return "", nil
	}
	x := &expander{spec: specs[i], values: templateValues(Input{Spec: specs[i], Target: in.Builds[0].Target, Options: in.Options})}
	value := x.expand(specs[i].Build.Env["GOFIPS140"])
	return value, x.errs.Err()
}

func newProxy(args map[string]string) Proxy {
	get := func(upper, lower string) string { return cmp.Or(args[upper], args[lower]) }
	return Proxy{
		HTTP:  get("HTTP_PROXY", "http_proxy"),
		HTTPS: get("HTTPS_PROXY", "https_proxy"),
		FTP:   get("FTP_PROXY", "ftp_proxy"),
		No:    get("NO_PROXY", "no_proxy"),
		All:   get("ALL_PROXY", "all_proxy"),
	}
}

// goWork says which workspace file Go is to use. It is always said, so that
// neither the toolchain image's environment nor a stray file decides.
func goWork(w gomod.Facts) string {
	if w.GoWork == "" {
		return "off"
	}
	return path.Join(SourceOf(w), w.GoWork)
}

func sortEnv(env []EnvVar) []EnvVar {
	slices.SortStableFunc(env, func(a, b EnvVar) int { return cmp.Compare(a.Name, b.Name) })
	return env
}
