package modserver

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// Module is one version of a module.
type Module struct {
	// Path and Version are as they stand in go.mod. The version is canonical:
	// v1.2.3, a pseudo-version, or one that ends with +incompatible.
	Path, Version string
	// Files are the module's files by slash-separated name. Where they have no
	// go.mod, one that requires nothing is made; a version that ends with
	// +incompatible has it beside its zip alone, as real ones do.
	Files map[string]string
}

// versionTime is the time that every version claims.
func versionTime() time.Time { return time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC) }

// Zip is the module as proxies serve it. The same module gives the same bytes.
// It panics where the go command would accept no such module, because a test
// that made it can't go on.
func (m Module) Zip() []byte { return must(m.zip()) }

// Sums are the lines of a go.sum that vouch for the modules: two for each, and
// sorted. Like Zip it panics where there can be no such module.
func Sums(ms ...Module) string {
	var lines []string
	for _, m := range ms {
		lines = append(lines, must(m.sums())...)
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// goMod is the module's go.mod file.
func (m Module) goMod() string {
	if mod, ok := m.Files["go.mod"]; ok {
		return mod
	}
	return "module " + m.Path + "\n\ngo 1.24\n"
}

// files are the module's files with its go.mod, sorted by name.
func (m Module) files() []modzip.File {
	var files []modzip.File
	if _, ok := m.Files["go.mod"]; !ok && !strings.HasSuffix(m.Version, "+incompatible") {
		files = append(files, file{"go.mod", m.goMod()})
	}
	for name, data := range m.Files {
		files = append(files, file{name, data})
	}
	slices.SortFunc(files, func(a, b modzip.File) int { return strings.Compare(a.Path(), b.Path()) })
	return files
}

func (m Module) zip() ([]byte, error) {
	var buf bytes.Buffer
	if err := modzip.Create(&buf, module.Version{Path: m.Path, Version: m.Version}, m.files()); err != nil {
		return nil, fmt.Errorf("module %s@%s: %w", m.Path, m.Version, err)
	}
	return buf.Bytes(), nil
}

// tampered is a zip that the go command accepts as this version, with other
// content.
func (m Module) tampered() ([]byte, error) {
	other := Module{Path: m.Path, Version: m.Version, Files: map[string]string{"tampered.txt": "not what was published\n"}}
	for name, data := range m.Files {
		other.Files[name] = data
	}
	return other.zip()
}

func (m Module) sums() ([]string, error) {
	if err := module.Check(m.Path, m.Version); err != nil {
		return nil, err
	}
	data := map[string]string{}
	var names []string
	prefix := m.Path + "@" + m.Version + "/"
	for _, f := range m.files() {
		data[prefix+f.Path()] = f.(file).data
		names = append(names, prefix+f.Path())
	}
	open := func(name string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data[name])), nil }
	all, err := dirhash.Hash1(names, open)
	if err != nil {
		return nil, err
	}
	mod, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(m.goMod())), nil
	})
	if err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("%s %s %s\n", m.Path, m.Version, all),
		fmt.Sprintf("%s %s/go.mod %s\n", m.Path, m.Version, mod),
	}, nil
}

// answers are what a proxy with the modules says, by the path of the request
// below its own: also the layout of a proxy in a folder.
func answers(ms []Module) (map[string][]byte, error) {
	all, versions := map[string][]byte{}, map[string][]string{}
	for _, m := range ms {
		base, version, err := m.at()
		if err != nil {
			return nil, err
		}
		zip, err := m.zip()
		if err != nil {
			return nil, err
		}
		all[base+version+".info"] = info(m.Version)
		all[base+version+".mod"] = []byte(m.goMod())
		all[base+version+".zip"] = zip
		versions[base] = append(versions[base], m.Version)
	}
	for base, have := range versions {
		semver.Sort(have)
		all[base+"/@latest"] = info(latest(have))
		all[base+"/@v/list"] = list(have)
	}
	return all, nil
}

// at is where a proxy has the module, and the version below it.
func (m Module) at() (base, version string, err error) {
	if err := module.Check(m.Path, m.Version); err != nil {
		return "", "", err
	}
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return "", "", err
	}
	version, err = module.EscapeVersion(m.Version)
	return "/" + path, "/@v/" + version, err
}

func info(version string) []byte {
	return fmt.Appendf(nil, `{"Version":%q,"Time":%q}`, version, versionTime().Format(time.RFC3339))
}

// latest is the highest release, else the highest version of the sorted ones.
func latest(sorted []string) string {
	for _, v := range slices.Backward(sorted) {
		if semver.Prerelease(v) == "" {
			return v
		}
	}
	return sorted[len(sorted)-1]
}

// list holds the tagged versions: the protocol keeps pseudo-versions out.
func list(sorted []string) []byte {
	var b bytes.Buffer
	for _, v := range slices.Compact(sorted) {
		if !module.IsPseudoVersion(v) {
			b.WriteString(v + "\n")
		}
	}
	return b.Bytes()
}
