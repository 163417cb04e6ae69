package plan

import (
	"path"
	"slices"
	"strconv"

	"github.com/gokiln/gokiln/internal/workspace"
)

// Code is what an app's programs are compiled from.
type Code struct {
	// Mains are the main packages, in the spec's order.
	Mains []workspace.Package
	workspace.Closure
}

// profile returns the default.pgo that Go takes for the main package. With several
// main packages each may have its own, and Go compiles every dependency once for
// each: known is false then.
func (c Code) profile(pgo string) (profile string, known bool) {
	if pgo != "" && pgo != "auto" {
		return "", true
	}
	for _, p := range c.Packages {
		if name := path.Join(p.Dir, "default.pgo"); p.Main && slices.Contains(p.Files, name) {
			profile = name
		}
	}
	return profile, profile == "" || len(c.Mains) == 1
}

// external lists what local packages import from outside and what of the standard
// library takes long: a light package more or less must not throw a layer away.
// Main packages of dependencies are left out; they are linked in the compile step.
// Every program has the package runtime, whether it is imported or not.
func (c Code) external() []string {
	out := []string{"runtime"}
	for _, p := range c.Imports.Packages {
		if !slices.ContainsFunc(c.Mains, func(m workspace.Package) bool { return m.ImportPath == p }) {
			out = append(out, p)
		}
	}
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

// CompiledAlike reports whether the packages of two apps are compiled with the same
// flags by the same toolchain, main packages aside.
func CompiledAlike(a, b Input) bool {
	x, y := a.packageFlags(), b.packageFlags()
	return x != nil && slices.Equal(x, y)
}

// packageFlags is all that a package's GOCACHE entry depends on besides its files
// and what it imports; nil where the spec's templates fail.
func (in Input) packageFlags() []string {
	x := &expander{spec: in.Spec, values: templateValues(in)}
	f := newFlags(in, x)
	env, err := compileEnv(in, x)
	if err != nil || x.errs.Err() != nil {
		return nil
	}
	b := in.Spec.Build
	all := append(f.layer(), b.Image, in.Spec.Go, in.Spec.Module, strconv.FormatBool(b.Cover), f.gcflags, f.asmflags)
	for _, e := range env {
		all = append(all, e.Name+"="+e.Value)
	}
	return all
}
