package plan

import (
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/modstep"
)

// compileStep leaves the programs at the root of its result. It runs without a network.
//
// Its GOCACHE starts as a view of the layers. As a cache mount it is kept for as long as
// these stay the same.
func (l *stepList) compileStep(toolchain, modules, layers Origin) {
	c := l.Compile
	packages := strings.Join(c.Packages, " ")
	mounts := []Mount{
		{Dest: GoCacheDir, From: layers, Cache: c.Cache.ID, Access: Discard, ByStep: true},
		l.sourceMount("", packages, c.Source, c.At, modules, false),
	}
	mounts = append(mounts, moduleMounts(modules)...)
	mounts = append(mounts, Mount{Dest: OutDir, Access: Output})
	l.add(Step{
		ID: StepCompile, Stage: StageCompile, Name: l.label() + "go build " + packages + c.Source.why() + c.Cache.why(),
		At: c.At, NoCache: c.NoCache,
		Exec: &Exec{Root: toolchain, Dir: l.compileDir(), Args: c.Args, Env: c.Env, Mounts: mounts},
	})
}

// compileDir is the module's folder as the steps see it.
func (l *stepList) compileDir() string { return path.Join(l.Source, l.Compile.Dir) }

// why is added to the name of a step that has no cache mount.
func (k cacheMount) why() string {
	if k.ID != "" {
		return ""
	}
	return " (without a cache mount: " + k.Why + ")"
}

// why is added to the name of a step that sees the whole context.
func (s Source) why() string {
	if s.Whole == "" {
		return ""
	}
	return " (with the whole build context: " + s.Whole + ")"
}

// sourceMount shows a step its part of the build context: one copy of the named files,
// or where these can't be told of the context and of the folders beside it. anew copies
// whether or not the cache has the copy.
func (l *stepList) sourceMount(id, name string, s Source, at []diag.Range, modules Origin, anew bool) Mount {
	if s.Whole != "" {
		s.Parts = []Part{{Dir: "."}}
		for _, o := range l.Outside {
			s.Parts = append(s.Parts, Part{Dir: o.Path})
		}
	}
	id = strings.TrimSpace(id + " source")
	from := l.add(Step{
		ID: id, Name: "[internal] collect the source of " + name, At: at, NoCache: anew,
		Files: &FileOp{Actions: l.narrowed(s)},
	})
	return Mount{Dest: SourceDir, From: l.withWorkSum(id, from, modules), Access: Readonly}
}

// neverIndexed, 2100-01-01 in seconds since 1970, is the time of the files that a
// step sees. The go command caches what a folder says of its imports, constraints
// and embeds under the names, sizes and times of its files, not their content, but
// does not where a file is younger than two seconds (dirHash in
// cmd/go/internal/modindex): else two sources of equal times are one to it.
const neverIndexed int64 = 4102444800

// narrowed copies a source's parts to where they stand below SourceDir. The narrowing is
// a step, not an option of the local source, because remote contexts ignore the latter.
// An action for each folder, and not one with all names, because every name of an action
// is compared with every file that it walks over: with 10,000 of 20,000 files in 1,000
// folders 1.2 s against 3 s.
func (l *stepList) narrowed(s Source) []Action {
	var actions []Action
	for _, part := range s.Parts {
		from, src, dest := l.locate(part.Dir)
		actions = append(actions, asGit(CopyFiles{
			From: from, Src: src, Dest: belowSource(dest), Contents: true, MakeParents: true, Names: part.Names, Time: ptr(neverIndexed),
		}))
	}
	if len(actions) == 0 {
		return []Action{{Mkdir: &Mkdir{Path: SourceDir}}}
	}
	return actions
}

// belowSource is where a path of the steps is in a copy that is mounted at SourceDir.
func belowSource(dest string) string {
	return "/" + strings.Trim(strings.TrimPrefix(dest, SourceDir), "/")
}

// asGit gives what is copied one owner and one mode, for the cache keys of the steps
// that see it. git knows two modes, and what a checkout has hangs on the umask of whoever
// made it. No compiler looks at modes, and a program of the source has to run: so it is
// the mode of programs and folders for all.
func asGit(c CopyFiles) Action {
	c.Mode, c.Owner = "0755", &Owner{}
	return Action{Copy: &c}
}

// locate finds a folder of the tree: what holds it, its path there, and where a step
// sees it.
func (l *stepList) locate(dir string) (from Origin, src, dest string) {
	holder := Outside{}
	for _, o := range l.Outside {
		if (dir == o.Path || strings.HasPrefix(dir, o.Path+"/")) && len(o.Path) > len(holder.Path) {
			holder = o
		}
	}
	if holder.Path == "" {
		return FromContext, path.Join("/", dir), path.Join(l.Source, dir)
	}
	below := strings.TrimPrefix(dir, holder.Path)
	return FromFolder(holder.Path), path.Join("/", below), path.Join(holder.Dest, below)
}

// withWorkSum copies a source, and over the go.work.sum of the context the one that the
// module step has completed. A copy is found by the content of what it copies, and would
// not be by that of what it is put onto: to make it wants the modules layer, which a
// build that finds all else need not have.
func (l *stepList) withWorkSum(id string, source, modules Origin) Origin {
	if l.Compile.WorkSum == "" || modules == Nothing {
		return source
	}
	return l.add(Step{
		ID: id + " with go.work.sum", Name: "[modules] complete go.work.sum", At: l.Compile.At,
		Files: &FileOp{Actions: []Action{
			{Copy: &CopyFiles{From: source, Src: "/", Dest: "/", Contents: true, Time: ptr(neverIndexed)}},
			asGit(CopyFiles{
				From: modules, Src: strings.TrimPrefix(modstep.WorkSumPath, ModCacheDir),
				Dest: path.Join("/", strings.TrimPrefix(l.Source, SourceDir), l.Compile.WorkSum), Time: ptr(neverIndexed),
			}),
		}},
	})
}

func ptr[T any](v T) *T { return &v }
