package builder

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"

	"github.com/gokiln/gokiln/internal/workspace"
)

// outsideFolders are the folders beside the build context that named contexts
// stand for.
type outsideFolders struct {
	mu sync.Mutex
	// loaded and trees are by the context's name.
	loaded map[string]llb.State
	trees  map[string]fs.FS
}

func newOutsideFolders() *outsideFolders {
	return &outsideFolders{loaded: map[string]llb.State{}, trees: map[string]fs.FS{}}
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

// open is workspace.Options.Outside.
func (o *outsideFolders) open(ctx context.Context, s session, modulePath, written string) (fs.FS, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range contextNames(modulePath, written) {
		if tree, ok := o.trees[name]; ok {
			return tree, true, nil
		}
		st, err := s.namedFolder(ctx, name)
		if err != nil {
			return nil, false, err
		}
		if st == nil {
			continue
		}
		tree, err := s.show(ctx, *st)
		if err != nil {
			return nil, false, fmt.Errorf("load the named context %q: %w", name, err)
		}
		o.loaded[name], o.trees[name] = *st, tree
		return tree, true, nil
	}
	return nil, false, nil
}

// states gives each folder beside the context its state, by path.
func (o *outsideFolders) states(w *workspace.Workspace) map[string]llb.State {
	states := map[string]llb.State{}
	for _, folder := range w.Outside {
		for _, name := range contextNames(folder.Module, folder.Path) {
			if st, ok := o.loaded[name]; ok {
				states[folder.Path] = st
				break
			}
		}
	}
	return states
}
