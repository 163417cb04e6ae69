package gitserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a repository.
type Repo struct {
	// Path is where it is on the host, without .git: acme/lib.
	Path string
	// Tags are its commits, oldest first, each with a tag. The branch main ends
	// with the last.
	Tags []Tag
}

// Tag is a commit with a tag.
type Tag struct {
	Name string
	// Files are all files of the commit by slash-separated name.
	Files map[string]string
}

// commitDate is when every commit was made, so that the same files give the
// same commits.
const commitDate = "2024-02-03T04:05:06Z"

// publish makes the repositories, bare, and gives the folder that they are in.
func publish(t testing.TB, repos []Repo) string {
	t.Helper()
	root := t.TempDir()
	for _, repo := range repos {
		if err := repo.publish(t, root); err != nil {
			t.Fatalf("repository %q: %v", repo.Path, err)
		}
	}
	return root
}

func (r Repo) publish(t testing.TB, root string) error {
	t.Helper()
	work := t.TempDir()
	if err := git(t, work, "init", "--quiet", "--initial-branch=main"); err != nil {
		return err
	}
	for _, tag := range r.Tags {
		if err := tag.commit(t, work); err != nil {
			return fmt.Errorf("tag %q: %w", tag.Name, err)
		}
	}
	return git(t, work, "clone", "--quiet", "--bare", work, filepath.Join(root, filepath.FromSlash(r.Path)+".git"))
}

func (tag Tag) commit(t testing.TB, work string) error {
	t.Helper()
	if err := git(t, work, "rm", "-r", "--quiet", "--force", "--ignore-unmatch", "."); err != nil {
		return err
	}
	for name, data := range tag.Files {
		file := filepath.Join(work, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"add", "--all", "--force"},
		{"commit", "--quiet", "--allow-empty", "--message", tag.Name},
		{"tag", tag.Name},
	} {
		if err := git(t, work, args...); err != nil {
			return err
		}
	}
	return nil
}

func git(t testing.TB, dir string, args ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Env = dir, gitEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// gitEnv keeps the configuration of the machine and its user out.
func gitEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com", "GIT_AUTHOR_DATE=" + commitDate,
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com", "GIT_COMMITTER_DATE=" + commitDate,
	}
}

// program is where the program is, on the machine's search path or in one of
// the folders.
func program(name string, folders ...string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, folder := range folders {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, nil
		}
	}
	return "", err
}

// backend is git's own HTTP server.
func backend(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "git", "--exec-path").Output()
	if err != nil {
		return "", fmt.Errorf("git --exec-path: %w", err)
	}
	return program("git-http-backend", strings.TrimSpace(string(out)))
}
