package site

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// configMode is what gokiln.yaml gives the configuration file.
const configMode fs.FileMode = 0o440

// Check verifies that the files of an image are those that gokiln.yaml copies:
// the site loads, nothing that .dockerignore names is among them, and the
// configuration has its owner (uid:gid; empty for any) and mode. It writes a line
// for each file to out: mode, owner, size, the start of its SHA-256, and name.
// All problems are reported at once.
func Check(out io.Writer, configFile, dir, owner string) error {
	loaded, err := Load(configFile, dir)
	_, hidden := fs.Stat(embedded, "embedded/.well-known/security.txt")
	if err := errors.Join(err, hidden, checkConfig(out, configFile, owner), checkTree(out, dir)); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	_, err = fmt.Fprintf(out, "check: %d pages of %q rendered\ncheck: ok\n", len(loaded.rendered), loaded.config.Title)
	return err
}

func checkConfig(out io.Writer, file, owner string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := describe(out, info, raw, file); err != nil {
		return err
	}
	if info.Mode().Perm() != configMode {
		return fmt.Errorf("%s: mode is %#o, want %#o", file, info.Mode().Perm(), configMode)
	}
	if got := ownerOf(info); owner != "" && got != owner {
		return fmt.Errorf("%s: owner is %q, want %q", file, got, owner)
	}
	return nil
}

// checkTree describes the three folders' files, in the order of their names.
func checkTree(out io.Writer, dir string) error {
	var problems []error
	root := os.DirFS(dir)
	for _, folder := range []string{"content", "static", "templates"} {
		err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if isIgnored(name) {
				problems = append(problems, fmt.Errorf("%s: .dockerignore names it, and it is in the image", name))
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			raw, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			return describe(out, info, raw, filepath.Join(dir, name))
		})
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// isIgnored repeats .dockerignore, which no image holds.
func isIgnored(name string) bool {
	return slices.Contains(strings.Split(name, "/"), "drafts") || strings.HasSuffix(name, ".orig.svg")
}

func describe(out io.Writer, info fs.FileInfo, raw []byte, name string) error {
	_, err := fmt.Fprintf(out, "%#o %s %d %.6x %s\n", info.Mode().Perm(), ownerOf(info), len(raw), sha256.Sum256(raw), name)
	return err
}
