package plan

import (
	"cmp"
	"slices"
)

// moduleArgs are the build arguments that reach the module step as environment
// variables of the same name.
func moduleArgs() []string {
	return []string{
		"GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB",
		"GOFLAGS", "GOINSECURE", "GOVCS", "GOAUTH", "GODEBUG",
	}
}

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
	return slices.Concat(moduleArgs(), proxyArgs(), []string{"VERSION", "REVISION", "SOURCE_DATE_EPOCH"})
}

// newModules returns nil where there is nothing to download.
func newModules(in Input) *Modules {
	if !NeedsModules(in.Spec, in.Workspace) {
		return nil
	}
	args := in.Options.BuildArgs
	env := []EnvVar{
		{"GOMODCACHE", ModCacheDir},
		{"GOTOOLCHAIN", "local"},
		{"GOWORK", goWork(in)},
		// Go reads these folders besides the system's bundle, so that the
		// secret adds authorities and replaces none.
		{"SSL_CERT_DIR", "/etc/ssl/certs:/etc/pki/tls/certs:" + CADir},
	}
	for _, name := range moduleArgs() {
		if v, ok := args[name]; ok {
			env = append(env, EnvVar{name, v})
		}
	}
	return &Modules{
		Dir:     in.Workspace.Dir,
		Recipe:  in.Workspace.RecipeFiles,
		Env:     sortEnv(env),
		Proxy:   newProxy(args),
		NoCache: in.Options.NoCache[StageModules],
		At:      mainRanges(in),
	}
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
func goWork(in Input) string {
	if in.Workspace.GoWork == "" {
		return "off"
	}
	return SourceDir + "/" + in.Workspace.GoWork
}

func sortEnv(env []EnvVar) []EnvVar {
	slices.SortStableFunc(env, func(a, b EnvVar) int { return cmp.Compare(a.Name, b.Name) })
	return env
}
