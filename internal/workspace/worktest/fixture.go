// Package worktest has what the tests of the workspace's rooms share: fixtures, the go
// command and a module proxy to compare with, and file systems that count or fail.
//
// A fixture is a txtar archive in the package's testdata, named by what it shows. An
// entry "-- name -> target --" is a symbolic link, which plain txtar does not have.
package worktest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// Fixture is a folder with files and symbolic links.
type Fixture struct {
	Files map[string]string
	// Links has what each link leads to.
	Links map[string]string
}

// Read reads a case's archive, testdata/table/NAME.txtar. The archive's comment is the
// case's name.
func Read(t testing.TB, table, name string) Fixture {
	t.Helper()
	f, comment := Parse(Archive(t, table, name))
	if comment != name {
		t.Errorf("the comment of %s is %q, want the case's name, %q", file(table, name), comment, name)
	}
	return f
}

// Archive is the text of a case's archive.
func Archive(t testing.TB, table, name string) string {
	t.Helper()
	data, err := os.ReadFile(file(table, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// CheckUsed holds that each archive of a table is a case's.
func CheckUsed(t *testing.T, table string, names []string) {
	t.Helper()
	used := make(map[string]bool)
	for _, name := range names {
		used[file(table, name)] = true
	}
	if len(used) != len(names) {
		t.Errorf("%d cases of %s have %d archives", len(names), table, len(used))
	}
	all, err := filepath.Glob(filepath.Join("testdata", table, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if !used[name] {
			t.Errorf("%s is no case's", name)
		}
	}
}

var notPlain = regexp.MustCompile(`[^a-z0-9.]+`)

func file(table, name string) string {
	plain := notPlain.ReplaceAllString(strings.ReplaceAll(strings.ToLower(name), "'", ""), "-")
	return filepath.Join("testdata", table, strings.Trim(plain, "-.")+".txtar")
}

// Parse takes an archive apart. What it does not understand belongs to the comment or
// to a file.
func Parse(archive string) (f Fixture, comment string) {
	f = Fixture{Files: make(map[string]string), Links: make(map[string]string)}
	comment, rest, ok := strings.Cut("\n"+archive, "\n-- ")
	for ok {
		var part string
		part, rest, ok = strings.Cut(rest, "\n-- ")
		name, data, _ := strings.Cut(part, " --\n")
		name = strings.TrimSuffix(name, " --")
		if ok && data != "" {
			data += "\n"
		}
		if link, target, ok := strings.Cut(name, " -> "); ok {
			f.Links[link] = target
		} else {
			f.Files[name] = data
		}
	}
	return f, strings.TrimSpace(comment)
}

// MapFS is the fixture as a build context; links are in it as such.
func (f Fixture) MapFS() fstest.MapFS {
	fsys := MapFS(f.Files)
	for name, target := range f.Links {
		fsys[name] = &fstest.MapFile{Data: []byte(target), Mode: os.ModeSymlink | 0o777}
	}
	return fsys
}

// Write writes the fixture below a folder.
func (f Fixture) Write(t *testing.T, root string) {
	t.Helper()
	WriteTree(t, root, f.Files)
	Link(t, root, f.Links)
}

// MapFS makes a build context of file names and contents.
func MapFS(files map[string]string) fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	return fsys
}

// MainFile is a main package's file.
const MainFile = "package main\n\nfunc main() {}\n"

// Importing is a Go file of a package that imports others.
func Importing(name string, paths ...string) string {
	text := "package " + name + "\nimport (_ \"" + strings.Join(paths, "\"; _ \"") + "\")\n"
	if name == "main" {
		text += "func main() { }\n"
	}
	return text
}

// WriteTree writes files below a folder.
func WriteTree(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Link makes symbolic links, by what each leads to.
func Link(t *testing.T, root string, links map[string]string) {
	t.Helper()
	for name, target := range links {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(path.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
}

// ReadTree reads all files below a folder.
func ReadTree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		files[filepath.ToSlash(name[len(root)+1:])] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// RealDir is a temporary folder by the name the go command will print.
func RealDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
