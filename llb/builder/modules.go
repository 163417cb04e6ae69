package builder

import (
	"context"
	"io/fs"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// modulesInputs are the module step and the states that it starts from.
type modulesInputs struct {
	// step is nil where there is nothing to download.
	step      *plan.Modules
	toolchain llb.State
	folders   map[string]llb.State
}

// planModules plans the module step and opens what it needs besides the context.
func (r *request) planModules(ctx context.Context, a analysis) (modulesInputs, error) {
	var m modulesInputs
	if !plan.NeedsModules(a.spec, a.workspace.Facts) {
		return m, nil
	}
	var err error
	m.step, err = plan.NewModules(plan.ModulesInput{
		Spec: a.spec, Workspace: a.workspace.Facts, Options: r.options, ToolchainEnv: a.toolchain.env(), Builds: moduleBuilds(a),
	})
	if err != nil || m.step == nil {
		return m, err
	}
	if r.program == nil {
		return m, errNoImage
	}
	if err := checkKnownHosts(r.files, a.spec); err != nil {
		return m, err
	}
	if m.toolchain, err = r.openModulesToolchain(ctx, a); err != nil {
		return m, err
	}
	m.folders, err = r.openProxyFolders(ctx, a.spec, m.step.ProxyFolders)
	return m, err
}

// moduleBuilds tells what every target of every app of the module imports, of the app
// itself first. A build for one of the usual platforms asks for what both need: so that
// a build on somebody's machine and one for all platforms share the layer.
//
// Code of others, or for other platforms, that is not sure would have everything
// downloaded for all: it is left out, as is code that is not for the platform at all.
func moduleBuilds(a analysis) []plan.ModuleBuild {
	var own, others []plan.ModuleBuild
	for _, s := range a.siblings {
		for _, c := range s.code {
			_, wanted := codeOf(a.code, c.target)
			switch {
			case s.spec == a.spec && (wanted || c.Imports.Sure):
				own = append(own, plan.ModuleBuild{Target: c.target, Imports: c.Imports})
			case s.spec != a.spec && c.Imports.Sure && plan.NeedsModules(s.spec, a.workspace.Facts):
				others = append(others, plan.ModuleBuild{Target: c.target, Imports: c.Imports, Spec: s.spec})
			}
		}
	}
	return append(own, others...)
}

// checkKnownHosts finds a missing file before any step runs.
func checkKnownHosts(files fs.FS, s *spec.Spec) error {
	var errs diag.List
	for i, a := range s.Modules.Auth {
		if a.KnownHosts == "" {
			continue
		}
		if info, err := fs.Stat(files, a.KnownHosts); err != nil || info.IsDir() {
			errs = append(errs, s.Errorf(spec.Key(spec.Index("modules.auth", i), "known_hosts"),
				"there is no file %q in the build context; write the server's key there with `ssh-keyscan %s`, compare it with what the server's owner publishes, and check .dockerignore %s",
				a.KnownHosts, a.Host, symptom.SSH.Tag()))
		}
	}
	return errs.Err()
}

func (r *request) openModulesToolchain(ctx context.Context, a analysis) (llb.State, error) {
	ref, err := plan.ModulesToolchain(a.spec, a.workspace.Facts, r.options)
	if err != nil {
		return llb.State{}, err
	}
	if ref == a.toolchain.ref {
		return a.toolchain.state, nil
	}
	img, err := r.loadImage(ctx, ref, "module toolchain", r.platform)
	if err != nil {
		return llb.State{}, a.spec.Errorf("modules",
			"toolchain image %q: %w; name one that holds Go and, for private modules, git and ssh with `modules.image` %s", ref, err, symptom.NoGit.Tag())
	}
	return img.state, plan.CheckToolchain(a.spec, a.workspace.Facts, ref, img.env())
}

// openProxyFolders loads the named contexts that are laid out as module proxies.
func (r *request) openProxyFolders(ctx context.Context, s *spec.Spec, names []string) (map[string]llb.State, error) {
	folders := map[string]llb.State{}
	for _, name := range names {
		st, err := r.namedFolder(ctx, name)
		if err != nil {
			return nil, err
		}
		if st == nil {
			return nil, s.Errorf("modules.proxy",
				"the build got no context %q; pass the folder with --build-context %s=DIR (it is laid out as a module proxy, such as $(go env GOMODCACHE)/cache/download) %s", name, name, symptom.Offline.Tag())
		}
		folders[name] = *st
	}
	return folders, nil
}
