package workspace

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// includes follows the #include lines of assembly and C files. The assembler
// looks in the package's folder, among what the go command makes, and in GOROOT,
// so that what is not in the tree comes from one of those. With cgo only what stays in
// the package's folder is understood.
func (g *gathering) includes(ctx context.Context) error {
	cgo := len(g.pkg.cgoFiles) > 0
	var queue []string
	for _, name := range sortedKeys(g.files) {
		switch ext := path.Ext(name); {
		case ext == ".go" && slices.Contains(g.pkg.cgoFiles, path.Base(name)), ext == ".s":
			queue = append(queue, name)
		case g.target.Cgo && (ext == ".swig" || ext == ".swigcxx"):
			g.obscure("uses SWIG")
		case cgo && slices.Contains([]string{".f", ".F", ".for", ".f90"}, ext):
			g.obscure("has Fortran files")
		case cgo && ext != ".go" && ext != ".syso":
			queue = append(queue, name)
		}
	}
	if cgo {
		g.flags()
	}
	seen := make(map[string]bool)
	for _, name := range queue {
		seen[name] = true
	}
	for len(queue) > 0 && g.opaque == "" {
		text, err := g.text(ctx, queue[0])
		if err != nil {
			return err
		}
		found, why := includeLines(text, cgo)
		if why != "" {
			g.obscure("has %s, %s", queue[0], why)
		}
		queue = queue[1:]
		for _, written := range found {
			name, err := g.include(ctx, written, cgo)
			if err != nil {
				return err
			}
			if name != "" && !seen[name] {
				seen[name] = true
				queue = append(queue, name)
			}
		}
	}
	return nil
}

// include adds an included file and returns its path, "" when it is not in the tree.
func (g *gathering) include(ctx context.Context, written string, cgo bool) (string, error) {
	if path.IsAbs(written) || cgo && slices.Contains(strings.Split(written, "/"), "..") {
		g.obscure("includes %q, which may be any file", written)
		return "", nil
	}
	if up := slices.Contains(strings.Split(written, "/"), ".."); up {
		// Where a link leads to the package's folder the file is another one.
		g.unhash(written)
	}
	name := path.Join(g.pkg.dir, written)
	e, err := g.entryAt(ctx, name)
	if err == nil && e == nil {
		// Without it a header of the toolchain's may take its place.
		err = g.noteBroken(ctx, name)
	}
	if err != nil || e == nil || e.IsDir() {
		return "", err
	}
	if cgo && path.Dir(name) != g.pkg.dir {
		g.obscure("includes %s from C, which is outside of its folder", name)
	}
	g.take(e, name)
	if ok, err := g.hashes(ctx, name); err != nil {
		return "", err
	} else if !ok {
		g.unhash(name)
	}
	return name, nil
}

// flags finds fault with flags of #cgo lines that may name a file.
func (g *gathering) flags() {
	plain := regexp.MustCompile(`^-([DUOWgmlw].*|std=.*|f[a-z0-9-]+|pthread|static|shared|pipe|ansi|pedantic|framework)$`)
	linker := regexp.MustCompile(`^-Wl,(-z,[a-z]+|--(no-)?as-needed|-B(static|dynamic)|--gc-sections|--(start|end)-group)$`)
	library := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_+-]*$`)
	for _, flag := range g.pkg.flags {
		// Names without dots and slashes are pkg-config's packages and
		// frameworks.
		ok := plain.MatchString(flag) && !strings.HasPrefix(flag, "-Wl,") && !strings.HasPrefix(flag, "-Wa,") && !strings.HasPrefix(flag, "-Wp,")
		if !ok && !linker.MatchString(flag) && !library.MatchString(flag) {
			g.obscure("has the #cgo flag %q, which may name a file", flag)
			return
		}
	}
}

// includeLines are the names that a file's #include lines name; why says what
// can't be told. Comments count too, which takes more files and never less.
func includeLines(text string, cgo bool) (names []string, why string) {
	if cgo {
		for _, word := range []string{"incbin", ".include", "__has_include", "__has_embed", "%:", "GCC dependency"} {
			if strings.Contains(text, word) {
				return nil, "where " + word + " may name any file"
			}
		}
	}
	words := []string{"include"}
	if cgo {
		words = append(words, "import", "embed")
	}
	directive := regexp.MustCompile(`#[ \t]*(include|include_next|import|embed)\b[ \t]*(.*)$`)
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\\\n", ""), "\n") {
		_, after, _ := strings.Cut(line, "#")
		if !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(after, word) }) {
			continue
		}
		m := directive.FindStringSubmatch(line)
		if m == nil {
			return nil, "with a line that may include any file"
		}
		name, ok := quotedName(m[2], cgo)
		if !ok {
			return nil, "with an #" + m[1] + " line that may name any file"
		}
		names = append(names, name)
	}
	return names, ""
}

// quotedName reads the name of an include line. The assembler's is a Go string.
func quotedName(rest string, cgo bool) (string, bool) {
	if !cgo {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return "", false
		}
		name, err := strconv.Unquote(quoted)
		return name, err == nil && name != ""
	}
	end := map[byte]string{'"': `"`, '<': ">"}
	if rest == "" || end[rest[0]] == "" {
		return "", false
	}
	name, _, ok := strings.Cut(rest[1:], end[rest[0]])
	return name, ok && name != "" && !strings.Contains(name, `\`)
}
