package plan

import (
	"fmt"
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

// external lists the packages that local ones import from outside and that compile
// into a layer. Main packages of dependencies are left out; they are linked in the
// compile step.
func (c Code) external() []string {
	return slices.DeleteFunc(slices.Clone(c.Imports.Packages), func(p string) bool {
		return slices.ContainsFunc(c.Mains, func(m workspace.Package) bool { return m.ImportPath == p })
	})
}

// CompiledAlike reports whether the packages of two apps are compiled with the same
// flags by the same toolchain, main packages aside.
func CompiledAlike(a, b Input) bool {
	x := CompileKey(a)
	return x != "" && x == CompileKey(b)
}

// CompileKey is the same for apps that are CompiledAlike, and empty where the
// spec's templates fail. Code and Fleet are not in it.
func CompileKey(in Input) string {
	flags := in.packageFlags()
	if flags == nil {
		return ""
	}
	return fmt.Sprintf("%q", flags)
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
