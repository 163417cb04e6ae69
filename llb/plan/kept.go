package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/containerd/platforms"

	"github.com/gokiln/gokiln/internal/recipe"
	"github.com/gokiln/gokiln/internal/workspace"
)

// Kinds of cache mounts, as their ids have them. What they are held to stands in
// internal/recipe.
const (
	keptCompile  = "gocache"
	keptLayers   = "layers"
	keptStandard = "std"
)

// checker knows the folders of a step that are not the toolchain image's.
func checker() recipe.Checker {
	return recipe.Checker{Mounted: []string{SourceDir, ModCacheDir, "/gokiln", "/run/gokiln"}}
}

// keep names a mount, or says why there is none.
func keep(in Input, kind string, args []string, environ []EnvVar, module, modules string) cacheMount {
	env := make([]recipe.Var, len(environ))
	for i, e := range environ {
		env[i] = recipe.Var(e)
	}
	c := checker()
	why := cmp.Or(c.Args(args), c.Env(env), c.Image(in.ToolchainEnv, env))
	if in.ToolchainDigest == "" {
		why = "the toolchain is no image with a digest"
	}
	if why != "" {
		return cacheMount{Why: why}
	}
	r := recipe.Recipe{
		Kind: kind, Module: module, Modules: modules, Forks: forks(in, kind),
		Toolchain: in.ToolchainDigest.String(), Build: platforms.Format(in.Build), Args: args, Env: env,
	}
	return cacheMount{ID: r.ID(in.Options.CacheNamespace)}
}

// forks are those of the modules that a mount has packages of.
func forks(in Input, kind string) []string {
	if kind == keptStandard {
		return nil
	}
	return in.Workspace.Forks
}

// compileCache is the GOCACHE of `go build`. One cache for all modules would grow
// without bound.
func compileCache(in Input, args []string, env []EnvVar) cacheMount {
	if in.Code.Unhashed != "" {
		return cacheMount{Why: in.Code.Unhashed}
	}
	modules := ""
	if KeysModules(in) {
		modules = in.ModulesHash
	}
	return keep(in, keptCompile, args, env, in.Workspace.Path, modules)
}

// KeysModules reports whether a mount has entries of downloaded packages in it that may
// depend on files which their action ids do not name: C and assembly may include files
// of other folders, and an action id has a module's version and not its content. Of
// one set of modules, proved against go.sum, they are the same. Where downloaded packages
// are in layers and cgo is off the module step looks for such assembly, and the store
// keeps what is compiled with it apart (modstep.UnhashedPath).
func KeysModules(in Input) bool {
	mains := slices.ContainsFunc(in.Code.Mains, func(m workspace.Package) bool { return m.External })
	return !Vendored(in.Spec, in.Workspace) && (in.Spec.Build.Cgo || !layered(in) || mains)
}

// store is the mount of a layer that compiles or sees some local packages, and vendored
// ones.
func (l *layering) store(local []string) cacheMount {
	for _, p := range local {
		if why := l.packages[p].Unhashed; why != "" {
			return cacheMount{Why: fmt.Sprintf("package %q %s", p, why)}
		}
	}
	for _, c := range l.fleet {
		if c.Unhashed != "" && Vendored(l.in.Spec, l.in.Workspace) {
			return cacheMount{Why: c.Unhashed}
		}
	}
	modules := ""
	if l.in.Spec.Build.Cgo && KeysModules(l.in) {
		modules = l.in.ModulesHash
	}
	return keep(l.in, keptLayers, l.flags, l.env, l.in.Workspace.Path, modules)
}

// standardStore is the mount of the standard library's entries. All modules that are
// built with one toolchain in one way share it: their lists of packages differ, and
// what one has compiled is not compiled again for the next. Where the lists agree the
// step is the same one anyway, for BuildKit keeps the names of cache mounts out of its
// cache keys.
func standardStore(in Input, args []string, env []EnvVar) cacheMount {
	return keep(in, keptStandard, args, env, "", "")
}
