package builder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/llb/reffs"
)

// planModules plans the module step and opens what it needs besides the context.
func (b *build) planModules(ctx context.Context) error {
	if !plan.NeedsModules(b.spec, b.workspace) {
		return nil
	}
	in := plan.ModulesInput{Spec: b.spec, Workspace: b.workspace, Options: b.options, ToolchainEnv: b.toolchain.env()}
	var err error
	if in.Builds, err = b.moduleBuilds(ctx); err != nil {
		return err
	}
	if b.modules.step, err = plan.NewModules(in); err != nil || b.modules.step == nil {
		return err
	}
	if err := b.checkKnownHosts(); err != nil {
		return err
	}
	for _, open := range []func(context.Context) error{b.openModulesToolchain, b.openProxyFolders} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	return nil
}

// moduleBuilds tells what every target imports. A build for one of the usual
// platforms asks for what both need: so that a build on somebody's machine and
// one for all platforms share the layer.
func (b *build) moduleBuilds(ctx context.Context) ([]plan.ModuleBuild, error) {
	var builds []plan.ModuleBuild
	for _, c := range b.code {
		builds = append(builds, plan.ModuleBuild{Target: c.target, Imports: c.Imports})
	}
	for _, p := range plan.SharedTargets(b.ui.TargetPlatforms) {
		imports, err := b.imports(ctx, b.code[0].Mains, p)
		if err != nil {
			return nil, err
		}
		// Code that is not for the platform needs nothing there.
		if imports.Sure {
			builds = append(builds, plan.ModuleBuild{Target: p, Imports: imports})
		}
	}
	return append(builds, b.siblingBuilds()...), nil
}

func (b *build) imports(ctx context.Context, mains []workspace.Package, target ocispecs.Platform) (workspace.Imports, error) {
	goTarget, err := plan.Target(b.spec, target, b.options, b.toolchain.env())
	if err != nil {
		return workspace.Imports{}, err
	}
	return b.workspace.Imports(ctx, mains, goTarget)
}

// moduleParts are the module step and the states that it starts from.
type moduleParts struct {
	step      *plan.Modules
	toolchain llb.State
	folders   map[string]llb.State
}

// checkKnownHosts finds a missing file before any step runs.
func (b *build) checkKnownHosts() error {
	var errs diag.List
	for i, a := range b.spec.Modules.Auth {
		if a.KnownHosts == "" {
			continue
		}
		if info, err := fs.Stat(b.files, a.KnownHosts); err != nil || info.IsDir() {
			at := fmt.Sprintf("modules.auth[%d].known_hosts", i)
			errs = append(errs, diag.Errorf(b.spec.Source, b.spec.At(at),
				"%s: there is no file %q in the build context; write the server's key there with `ssh-keyscan %s`, compare it with what the server's owner publishes, and check .dockerignore %s",
				at, a.KnownHosts, a.Host, symptom.SSH.Tag()))
		}
	}
	return errs.Err()
}

func (b *build) openModulesToolchain(ctx context.Context) error {
	ref, err := plan.ModulesToolchain(b.spec, b.workspace, b.options)
	if err != nil {
		return err
	}
	if ref == b.toolchainRef {
		b.modules.toolchain = b.toolchain.state
		return nil
	}
	img, err := b.loadImage(ctx, ref, "module toolchain", b.platform)
	if err != nil {
		return diag.Errorf(b.spec.Source, b.spec.At("modules"),
			"modules: toolchain image %q: %w; name one that holds Go and, for private modules, git and ssh with `modules.image` %s", ref, err, symptom.NoGit.Tag())
	}
	b.modules.toolchain = img.state
	return plan.CheckToolchain(b.spec, b.workspace, ref, img.env())
}

func (b *build) openProxyFolders(ctx context.Context) error {
	b.modules.folders = map[string]llb.State{}
	for _, name := range b.modules.step.ProxyFolders {
		st, err := b.namedFolder(ctx, name)
		if err != nil {
			return err
		}
		if st == nil {
			return diag.Errorf(b.spec.Source, b.spec.At("modules.proxy"),
				"modules.proxy: the build got no context %q; pass the folder with --build-context %s=DIR (it is laid out as a module proxy, such as $(go env GOMODCACHE)/cache/download) %s", name, name, symptom.Offline.Tag())
		}
		b.modules.folders[name] = *st
	}
	return nil
}

// namedFolder loads a named context; nil where the user gave none.
func (b *build) namedFolder(ctx context.Context, name string) (*llb.State, error) {
	nc, err := b.ui.NamedContext(name, dockerui.ContextOpt{Platform: &b.platform})
	if err != nil || nc == nil {
		return nil, err
	}
	st, _, err := nc.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("named context %q: %w", name, err)
	}
	return st, nil
}

var errNoImage = errors.New("this BuildKit does not say which image the frontend runs from; run gokiln as an image, with a `# syntax=` line")

// openProgram finds the programs that the module step and the layers' steps run:
// they come in the frontend's own image. Only their own bytes decide the steps'
// keys, not the image.
//
// Without modules a build needs none of them: it makes no layers then.
func (b *build) openProgram(context.Context) error {
	var st *llb.State
	if holder, ok := b.client.(imageHolder); ok {
		var err error
		if st, err = holder.CurrentFrontend(); err != nil {
			return fmt.Errorf("find the frontend's own image: %w", err)
		}
	}
	if st == nil && b.modules.step != nil {
		return errNoImage
	}
	b.program = st
	return nil
}

// outsideFolders are the folders beside the build context that named contexts
// stand for.
type outsideFolders struct {
	mu     sync.Mutex
	states map[string]llb.State
	trees  map[string]fs.FS
}

func newOutsideFolders() *outsideFolders {
	return &outsideFolders{states: map[string]llb.State{}, trees: map[string]fs.FS{}}
}

// contextNames are what a folder beside the context may be called: the module's
// path in lower case, since contexts are named as images are, or the folder's own
// name.
func contextNames(modulePath, folder string) []string {
	var names []string
	if modulePath != "" {
		names = append(names, strings.ToLower(modulePath))
	}
	return append(names, strings.ToLower(path.Base(folder)))
}

// openOutside is workspace.Options.Outside.
func (b *build) openOutside(ctx context.Context, modulePath, written string) (fs.FS, bool, error) {
	o := b.outside
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range contextNames(modulePath, written) {
		if tree, ok := o.trees[name]; ok {
			return tree, true, nil
		}
		st, err := b.namedFolder(ctx, name)
		if err != nil {
			return nil, false, err
		}
		if st == nil {
			continue
		}
		ref, err := b.solve(ctx, *st)
		if err != nil {
			return nil, false, fmt.Errorf("load the named context %q: %w", name, err)
		}
		o.states[name], o.trees[name] = *st, reffs.Open(ctx, *st, ref, b.solve)
		return o.trees[name], true, nil
	}
	return nil, false, nil
}

// outsideStates gives each folder beside the context its state, by path.
func (b *build) outsideStates() map[string]llb.State {
	states := map[string]llb.State{}
	for _, folder := range b.workspace.Outside {
		for _, name := range contextNames(folder.Module, folder.Path) {
			if st, ok := b.outside.states[name]; ok {
				states[folder.Path] = st
				break
			}
		}
	}
	return states
}
