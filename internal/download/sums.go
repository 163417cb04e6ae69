package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/module"
)

// sumKey is the first two fields of a line of go.sum: a module's path, and its
// version, with "/go.mod" after it where the hash is of the go.mod file alone.
type sumKey struct{ path, version string }

func zipKey(m module.Version) sumKey { return sumKey{m.Path, m.Version} }
func modKey(m module.Version) sumKey { return sumKey{m.Path, m.Version + "/go.mod"} }

// keyOf is the key of a version's zip or go.mod file, file the reverse of it.
func keyOf(m module.Version, ext string) sumKey {
	if ext == extMod {
		return modKey(m)
	}
	return zipKey(m)
}

func (k sumKey) file() (m module.Version, ext string) {
	version, mod := strings.CutSuffix(k.version, "/go.mod")
	if ext = extZip; mod {
		ext = extMod
	}
	return module.Version{Path: k.path, Version: version}, ext
}

// sumLine is one line's hash and place.
type sumLine struct {
	hash, file string
	line       int
}

// at names the line as the user knows the file.
func (l sumLine) at(root string) string {
	return fmt.Sprintf("%s:%d", strings.TrimPrefix(strings.TrimPrefix(l.file, root), "/"), l.line)
}

// sumLines are the lines of all go.sum files in force. A version may have several
// hashes, as in Go.
type sumLines map[sumKey][]sumLine

// readSums reads files that may be missing. Lines that are not of the three
// fields are the go command's to complain about.
func readSums(names []string) (sumLines, error) {
	sums := sumLines{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		n := 0
		for text := range strings.Lines(string(data)) {
			n++
			if f := strings.Fields(text); len(f) == 3 {
				key := sumKey{f[0], f[1]}
				sums[key] = append(sums[key], sumLine{f[2], name, n})
			}
		}
	}
	return sums, nil
}

// has reports whether a hash is among the lines for a key; known whether there
// are any.
func (s sumLines) has(key sumKey, hash string) (ok, known bool) {
	for _, l := range s[key] {
		if l.hash == hash {
			return true, true
		}
	}
	return false, len(s[key]) > 0
}
