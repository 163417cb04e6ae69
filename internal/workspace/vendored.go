package workspace

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/workspace/tree"
)

// vendorFaults finds what the go command does not hash in the vendor folder, and the
// links there that can't be followed. A look at its assembly nearly always tells that
// there is nothing of either; only otherwise does it read the vendored packages that
// the mains need, which may be thousands.
func (b *closureBuilder) vendorFaults(ctx context.Context, dir string) error {
	plain, err := b.plain(ctx, dir)
	if err != nil || plain {
		return err
	}
	packages, err := b.vendoredPackages(ctx, dir)
	if err != nil {
		return err
	}
	paths := slices.Sorted(maps.Keys(packages))
	gathered := make([]*packageFiles, len(paths))
	err = tree.Each(ctx, len(paths), func(ctx context.Context, i int) error {
		var err error
		gathered[i], err = b.w.memo.files(ctx, b.walk.loader, packages[paths[i]])
		return err
	})
	if err != nil {
		return err
	}
	for i, importPath := range paths {
		b.links(gathered[i].broken)
		if why := gathered[i].unhashed; why != "" && b.vendorUnhashed == "" {
			b.vendorUnhashed = fmt.Sprintf("package %q of the vendor folder %s", importPath, why)
		}
	}
	return nil
}

// plain reports whether a vendor folder has neither a link nor assembly that
// includes other headers than Go's. With cgo that is not looked for.
func (b *closureBuilder) plain(ctx context.Context, dir string) (bool, error) {
	if b.walk.loader.target.Cgo {
		return false, nil
	}
	plain := true
	var assembly []string
	err := b.w.tree.Below(ctx, dir, func(name string, e fs.DirEntry) {
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			plain = false
		case slices.Contains(goHeaders(), path.Base(name)):
			plain = false
		case path.Ext(name) == ".s":
			assembly = append(assembly, name)
		}
	})
	if err != nil || !plain {
		return false, err
	}
	ok := make([]bool, len(assembly))
	err = tree.Each(ctx, len(assembly), func(ctx context.Context, i int) error {
		text, err := b.w.tree.Head(ctx, assembly[i], tree.MaxFile)
		ok[i] = err == nil && includesPlainly(string(text))
		return err
	})
	return err == nil && !slices.Contains(ok, false), err
}

// goHeaders are the headers for assembly that come with Go.
func goHeaders() []string {
	return []string{"textflag.h", "go_asm.h", "funcdata.h", "asm_amd64.h", "asm_ppc64x.h"}
}

// includesPlainly reports whether an assembly file includes Go's headers alone.
func includesPlainly(text string) bool {
	names, why := includeLines(text, false)
	return why == "" && !slices.ContainsFunc(names, func(name string) bool {
		return !slices.Contains(goHeaders(), name)
	})
}

// vendoredPackages returns the packages in the vendor folder that the mains need, by
// import path.
func (b *closureBuilder) vendoredPackages(ctx context.Context, dir string) (map[string]*localPackage, error) {
	packages := make(map[string]*localPackage)
	seen := maps.Clone(b.walk.outside)
	visit := func(ctx context.Context, importPath string) (*localPackage, error) {
		at := path.Join(dir, importPath)
		if !strings.HasPrefix(at, dir+"/") {
			return nil, nil
		}
		if k, err := b.w.tree.Kind(ctx, at); err != nil || k != tree.IsDir {
			return nil, cmp.Or(err, b.w.tree.CheckLinks(ctx, at))
		}
		return b.w.memo.load(ctx, b.walk.loader, at)
	}
	err := tree.Levels(ctx, slices.Sorted(maps.Keys(seen)), visit, func(level []string, found []*localPackage) (next []string) {
		for i, pkg := range found {
			if pkg == nil {
				continue
			}
			packages[level[i]] = pkg
			for _, imported := range pkg.imports {
				if !seen[imported] {
					seen[imported] = true
					next = append(next, imported)
				}
			}
		}
		slices.Sort(next)
		return next
	})
	return packages, err
}
