package builder

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/subrequests/outline"

	"github.com/gokiln/gokiln/internal/bake"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// writeBakeFile answers --target bake: a bake file for all apps and nothing else.
func (s session) writeBakeFile(ctx context.Context, goal goal) (*client.Result, error) {
	_, files, err := s.openContext(ctx)
	if err != nil {
		return nil, err
	}
	file := bakeFile(goal.apps)
	file.Spec = findSpec(files, s.src.Filename, s.src.Data)
	data, err := bake.Marshal(file)
	if err != nil {
		return nil, err
	}
	st := llb.Scratch().File(llb.Mkfile("/"+bake.Filename, 0o644, data), lower.Name("write "+bake.Filename), llb.Platform(s.platform))
	ref, err := s.evaluate(ctx, st)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", bake.Filename, err)
	}
	res := client.NewResult()
	res.SetRef(ref)
	return res, nil
}

// bakeFile describes the apps of a spec, or the spec as an only one.
func bakeFile(apps []spec.App) bake.File {
	secrets, agents := credentials(apps[0].Spec)
	f := bake.File{CASecret: plan.CASecret}
	for _, s := range secrets {
		if s.Required {
			f.Secrets = append(f.Secrets, s.Name)
		}
	}
	for _, a := range agents {
		f.Agents = append(f.Agents, a.Name)
	}
	for _, app := range apps {
		out := bake.App{Name: app.Name, Target: app.Name, Groups: app.Groups, Description: describe(app.Spec)}
		if app.Name == "" {
			out.Name = bake.Name(app.Spec.Name, spec.IsAppName)
		}
		var args []outline.Arg
		for _, name := range usedArgs([]spec.App{app}) {
			args = append(args, outline.Arg{Name: name})
		}
		for _, arg := range append(args, implicitArgs(uses([]spec.App{app}))...) {
			out.Args = append(out.Args, bake.Arg{Name: arg.Name, Description: arg.Description})
		}
		f.Apps = append(f.Apps, out)
	}
	return f
}

// findSpec returns the spec's path in the build context. Clients tell its last
// element alone, so where that is not at the context's root the file is looked
// for; a spec that the context lacks is taken for one at the root.
func findSpec(context fs.FS, filename string, data []byte) string {
	found := filename
	same := func(name string) bool {
		have, err := fs.ReadFile(context, name)
		return err == nil && bytes.Equal(have, data)
	}
	name := path.Clean(filename)
	if !fs.ValidPath(name) || same(name) {
		return found
	}
	err := fs.WalkDir(context, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.IsDir() && entry.Name() == path.Base(name) && same(file):
			found = file
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return filename
	}
	return found
}
