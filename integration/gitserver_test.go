package integration

import (
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// commitTime is when the commits of test repositories were made.
var commitTime = time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)

// gitRepo is a repository that a daemon on this machine can fetch from.
type gitRepo struct {
	// URL is the address without a fragment; it ends with .git.
	URL string
	// Dir is the work tree.
	Dir string
}

// serveGit makes a repository and serves it by git's own HTTP server, on
// loopback, until the test ends. Nothing is committed yet.
func serveGit(t *testing.T) gitRepo {
	t.Helper()
	root := t.TempDir()
	repo := gitRepo{Dir: filepath.Join(root, "repo.git")}
	if err := os.Mkdir(repo.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	repo.git(t, "init", "--quiet", "--initial-branch=main")
	backend := filepath.Join(strings.TrimSpace(repo.git(t, "--exec-path")), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Fatalf("git has no HTTP server: %v", err)
	}
	server := httptest.NewServer(&cgi.Handler{
		Path: backend,
		Env:  append(gitEnv(), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1"),
	})
	t.Cleanup(server.Close)
	repo.URL = server.URL + "/repo.git"
	return repo
}

// git runs git in the work tree and returns what it printed.
func (r gitRepo) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = r.Dir
	cmd.Env = append(os.Environ(), gitEnv()...)
	return command(t, cmd)
}

// commit writes the files, commits them to a branch made for them, and returns
// the commit.
func (r gitRepo) commit(t *testing.T, branch string, files map[string]string) string {
	t.Helper()
	r.git(t, "checkout", "--quiet", "-B", branch)
	for name, data := range files {
		write(t, filepath.Join(r.Dir, name), data)
	}
	r.git(t, "add", "--all")
	r.git(t, "commit", "--quiet", "--message", "files of "+branch)
	return strings.TrimSpace(r.git(t, "rev-parse", "HEAD"))
}

// gitEnv keeps the user's configuration out and the commits the same.
func gitEnv() []string {
	date := commitTime.Format(time.RFC3339)
	return []string{
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com", "GIT_COMMITTER_DATE=" + date,
	}
}

func TestGitContext(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	repo := serveGit(t)
	spec := func(main string) string {
		return syntaxLine + "main: " + main + "\nimage:\n  labels:\n    revision: '{{ .Revision }}'\n" +
			"    short: '{{ .ShortRevision }}'\n    date: '{{ .Date }}'\n"
	}
	onMain := repo.commit(t, "main", map[string]string{
		"gokiln.yaml": spec("./cmd/api"), "go.mod": "module example.com/app\n\ngo 1.26\n", "cmd/api/main.go": mainPrinting(t, "on main"),
	})
	onRelease := repo.commit(t, "release", map[string]string{
		"gokiln.yaml": "the spec above must not be read", "services/api/gokiln.yaml": spec("."),
		"services/api/go.mod": "module example.com/app\n\ngo 1.26\n", "services/api/main.go": mainPrinting(t, "on release"),
	})
	repo.git(t, "checkout", "--quiet", "main")
	epoch := []string{"--build-arg", "SOURCE_DATE_EPOCH=context"}
	for _, tc := range []struct {
		name, fragment string
		args           []string
		line, revision string
		created        time.Time
	}{
		{"default branch", "", nil, "on main", onMain, time.Unix(0, 0)},
		{"branch and folder", "#release:services/api", nil, "on release", onRelease, time.Unix(0, 0)},
		{"commit", "#" + onMain, nil, "on main", onMain, time.Unix(0, 0)},
		{"time of the commit", "#main", epoch, "on main", onMain, commitTime},
		// Of a folder BuildKit can't set its files to the commit's time:
		// https://github.com/moby/buildkit/issues/7151. The image does not
		// depend on them.
		{"time of the commit and folder", "?ref=release&subdir=services/api&mtime=checkout", epoch, "on release", onRelease, commitTime},
		{"with .git", "", []string{"--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"}, "on main", onMain, time.Unix(0, 0)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			img, _ := s.pushOne(t, build{Dir: t.TempDir(), Args: slices.Concat([]string{"-f", "gokiln.yaml"}, tc.args, []string{repo.URL + tc.fragment})})
			s.prints(t, img, tc.line)
			config := configOf(t, img)
			want := map[string]string{"revision": tc.revision, "short": tc.revision[:7], "date": commitTime.Format(time.RFC3339)}
			got := map[string]string{}
			for key := range want {
				got[key] = config.Config.Labels[key]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if !config.Created.Equal(tc.created) {
				t.Errorf("created %v, want %v", config.Created, tc.created)
			}
		})
	}
}

// A local context in a work tree has a commit too: the command line sends it,
// and where it is told to look, whether there are changes.
func TestRevisionOfALocalContext(t *testing.T) {
	s := setup(t)
	t.Parallel()
	repo := serveGit(t)
	commit := repo.commit(t, "main", map[string]string{
		"gokiln.yaml": syntaxLine + "image: {labels: {revision: '{{ .Revision }}'}}\n",
		"go.mod":      "module example.com/app\n\ngo 1.26\n", "main.go": mainPrinting(t, "local"),
	})
	b := build{Dir: repo.Dir, Args: []string{"-f", "gokiln.yaml", "."}}
	img, _ := s.pushOne(t, b)
	if got := configOf(t, img).Config.Labels["revision"]; got != commit {
		t.Errorf("revision is %q, want %q", got, commit)
	}
	write(t, filepath.Join(repo.Dir, "main.go"), mainPrinting(t, "changed"))
	b.Env = []string{"BUILDX_GIT_CHECK_DIRTY=1"}
	img, _ = s.pushOne(t, b)
	if got := configOf(t, img).Config.Labels["revision"]; got != commit+"-dirty" {
		t.Errorf("revision of a changed work tree is %q, want %q", got, commit+"-dirty")
	}
}
