package plan

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/spec"
)

// Source is what a step sees of the build context and of the folders beside it.
// What a step does not see can't make it run again.
type Source struct {
	// Whole tells why the step sees all of it: a sentence without its full stop.
	// It is empty where Parts say what the step sees.
	Whole string
	// Parts are sorted by Dir.
	Parts []Part
}

// Part is what a step sees of one folder.
type Part struct {
	// Dir is relative to the context's root, "." for the root itself; "../x" is a
	// folder of Plan.Outside or below one.
	Dir string
	// Names are the files directly in Dir, sorted. None stands for the folder with
	// all that is below it.
	Names []string
}

// newSource sorts files and whole folders, given by their paths from the
// context's root, into parts. What is in a whole folder is not listed again.
func newSource(files, dirs []string) Source {
	var whole []string
	for _, d := range slices.Compact(slices.Sorted(slices.Values(dirs))) {
		if !slices.ContainsFunc(whole, func(w string) bool { return within(d, w) }) {
			whole = append(whole, d)
		}
	}
	byDir := map[string][]string{}
	for _, d := range whole {
		byDir[d] = nil
	}
	for _, f := range slices.Compact(slices.Sorted(slices.Values(files))) {
		if !slices.ContainsFunc(whole, func(w string) bool { return within(f, w) }) {
			byDir[path.Dir(f)] = append(byDir[path.Dir(f)], path.Base(f))
		}
	}
	var s Source
	for dir, names := range byDir {
		s.Parts = append(s.Parts, Part{dir, names})
	}
	slices.SortFunc(s.Parts, func(a, b Part) int { return strings.Compare(a.Dir, b.Dir) })
	return s
}

// within reports whether a path is a folder or below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

// compileSource is what the main packages are made from.
func compileSource(in Input) Source {
	if why := cmp.Or(in.Code.Whole, hiddenSources(in), hiddenObjects(in)); why != "" {
		return Source{Whole: why}
	}
	files := slices.Clone(in.Code.Files)
	for _, p := range in.Code.Packages {
		files = append(files, p.Files...)
	}
	return newSource(files, in.Code.Dirs)
}

// hiddenObjects says why linking may read files that no Go file names.
func hiddenObjects(in Input) string {
	b := in.Spec.Build
	if b.Cgo && slices.ContainsFunc(b.LDFlags, func(v spec.Template) bool { return strings.Contains(v.Text(), "extld") }) {
		return "build.ldflags tells another linker where to look"
	}
	return ""
}

// hiddenSources says why compiling may read files that no Go file names: compilers
// are told where to look for more, or the go command is.
func hiddenSources(in Input) string {
	b := in.Spec.Build
	paths := func(v spec.Template) bool {
		return strings.ContainsAny(v.Text(), "/\\") || strings.Contains(v.Text(), "-I")
	}
	switch {
	case slices.ContainsFunc(b.GCFlags, paths):
		return "build.gcflags may name files"
	case slices.ContainsFunc(b.ASMFlags, paths):
		return "build.asmflags may name files"
	}
	env := slices.Clone(in.ToolchainEnv)
	for name, value := range b.Env {
		env = append(env, name+"="+value.Text())
	}
	slices.Sort(env)
	for _, e := range env {
		if name, value, _ := strings.Cut(e, "="); readsFiles(name, value, b.Cgo) {
			return name + " may name files"
		}
	}
	return ""
}

// readsFiles reports whether an environment variable may have the go command or a
// C compiler read more files.
func readsFiles(name, value string, cgo bool) bool {
	if name == "GOFLAGS" {
		return slices.ContainsFunc(strings.Fields(value), func(f string) bool {
			f, _, _ = strings.Cut(strings.TrimLeft(f, "-"), "=")
			return !slices.Contains([]string{"v", "x", "p", "trimpath", "buildvcs", "modcacherw"}, f)
		})
	}
	c := name == "CC" || name == "CXX" || name == "FC" || name == "AR" ||
		strings.HasPrefix(name, "CGO_") && name != "CGO_ENABLED" || strings.HasPrefix(name, "PKG_CONFIG")
	return cgo && c && strings.ContainsAny(value, "/$")
}
