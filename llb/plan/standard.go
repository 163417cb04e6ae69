package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/containerd/platforms"
)

// manyModules is the number of required modules from which on a program is taken to
// have what likely lists. A wrong guess compiles for nothing once, while modules
// are downloaded; a right one is not compiled again with the next go.mod.
const manyModules = 20

// likely are packages of the standard library that programs of many modules have,
// whatever the modules: what the app's own code does not import is not known before
// they are downloaded. With what they import they are most of what takes long. All
// Go releases have them: a package that one lacks would fail the step.
func likely() []string { return []string{"encoding/json", "net/http", "regexp", "text/template"} }

// standard lists what the layer of the standard library compiles; nil where there
// is none, because a profile is a file of the context.
func (l *layering) standard(profile string) []string {
	if profile != "" || !slices.Contains([]string{"", "auto", "off"}, l.in.Spec.Build.PGO) {
		return nil
	}
	list, _ := split(l.fleet, l.in.Code, Code.standard)
	external := slices.ContainsFunc(l.fleet, func(c Code) bool { return len(c.external()) > 0 })
	if external && l.in.Workspace.Requirements() >= manyModules {
		list = append(list, likely()...)
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// withEnv is an environment with another value for a name that it has.
func withEnv(env []EnvVar, name, value string) []EnvVar {
	env = slices.Clone(env)
	for i := range env {
		if env[i].Name == name {
			env[i].Value = value
		}
	}
	return env
}

// addStandard adds the layer of the standard library. It sees the toolchain alone, so
// it compiles while the modules are downloaded, and is there already when one of
// them is another. What it lacks is compiled by the layers on top.
func (l *layering) addStandard(packages []string) {
	if len(packages) == 0 {
		return
	}
	made := l.layer("standard library", packages)
	made.Toolchain, made.Env, made.StoreID = true, withEnv(l.env, "GOWORK", "off"), standardStoreID(l.in)
	// Where other modules come from is no matter of this step.
	made.Args = slices.DeleteFunc(made.Args, func(a string) bool { return strings.HasPrefix(a, "-mod=") })
	l.layers = append(l.layers, made)
}

// standardStoreID names the cache mount of the standard library's entries. All
// modules that are built with one toolchain share it: their lists of packages differ,
// and what one has compiled is not compiled again for the next. Where the lists agree
// the step is the same one anyway, for BuildKit keeps the names of cache mounts out
// of its cache keys. A toolchain that nothing identifies is kept to its module, as
// is cgo, whose steps run whatever CC names.
func standardStoreID(in Input) string {
	if in.Spec.Build.Cgo || in.ToolchainDigest == "" {
		return storeID(in)
	}
	return path.Join(in.Options.CacheNamespace, "gokiln", "gocache-std", platforms.Format(in.Target), toolchainID(in))
}

// standard lists what local packages import of the standard library and takes long:
// a light package more or less must not throw a layer away. Every program has the
// package runtime, whether it is imported or not.
func (c Code) standard() []string {
	out := []string{"runtime"}
	for _, p := range c.Imports.Std {
		if takesLong(p) {
			out = append(out, p)
		}
	}
	return slices.Sorted(slices.Values(out))
}

// takesLong reports whether a package of the standard library, with what it
// imports, compiles for longer than a step takes to start.
func takesLong(p string) bool {
	return slices.Contains([]string{
		"archive/tar", "archive/zip", "compress/gzip", "crypto/ecdsa", "crypto/rsa", "crypto/tls", "crypto/x509",
		"database/sql", "encoding/gob", "encoding/json", "encoding/json/v2", "encoding/xml", "expvar", "go/ast",
		"go/parser", "go/printer", "go/types", "html/template", "image/jpeg", "image/png", "log/slog", "math/big",
		"mime/multipart", "net", "net/http", "net/http/cgi", "net/http/fcgi", "net/http/httptest", "net/http/httputil",
		"net/http/pprof", "net/mail", "net/rpc", "net/rpc/jsonrpc", "net/smtp", "os/exec", "os/user", "regexp",
		"runtime/pprof", "testing", "text/template", "text/template/parse",
	}, p)
}
