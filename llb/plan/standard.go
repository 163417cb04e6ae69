package plan

import (
	"slices"
	"strings"
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
	if external && l.in.Workspace.Requirements >= manyModules {
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
	made.Toolchain, made.Env = true, withEnv(l.env, "GOWORK", "off")
	// Where other modules come from is no matter of this step.
	ofModules := func(a string) bool { return strings.HasPrefix(a, "-mod=") }
	made.Args = slices.DeleteFunc(made.Args, ofModules)
	made.Store = standardStore(l.in, slices.DeleteFunc(slices.Clone(l.flags), ofModules), made.Env)
	l.layers = append(l.layers, made)
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
