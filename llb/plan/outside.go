package plan

import (
	"path"
	"strings"

	"github.com/gokiln/gokiln/internal/workspace/gomod"
)

// Outside is a folder that stands beside the build context and comes from a
// named context.
type Outside struct {
	// Path is relative to the context's root and begins with "../".
	Path string
	// Dest is where a step sees it.
	Dest string
	// Recipe lists its files that decide which modules are downloaded, relative
	// to it.
	Recipe []string
}

// SourceOf returns where the steps see the build context: SourceDir, or as many
// folders below it as "../" leads out of the context, so that what stands beside
// the context has a place that is nobody else's. ../usr would else be the
// toolchain image's own /usr.
func SourceOf(w gomod.Facts) string {
	levels, name := 0, "context"
	for _, o := range w.Outside {
		n, rest := 0, o.Path
		for ; strings.HasPrefix(rest, "../"); rest = rest[len("../"):] {
			n++
		}
		levels = max(levels, n)
		for strings.HasPrefix(rest+"/", name+"/") {
			name += "_" // a folder beside the context may be called so
		}
	}
	return SourceDir + strings.Repeat("/"+name, levels)
}

func outsides(w gomod.Facts) []Outside {
	var out []Outside
	for _, o := range w.Outside {
		out = append(out, Outside{Path: o.Path, Dest: path.Join(SourceOf(w), o.Path)})
	}
	return out
}
