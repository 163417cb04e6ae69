package gitserver

import (
	"encoding/base64"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

func library() Repo {
	files := map[string]string{"go.mod": "module git.example.com/acme/lib\n\ngo 1.24\n", "lib.go": "package lib\n", "old/old.go": "package old\n"}
	later := maps.Clone(files)
	delete(later, "old/old.go")
	later["lib.go"] = "package lib\n\nconst Name = \"lib\"\n"
	return Repo{Path: "acme/lib", Tags: []Tag{{"v1.0.0", files}, {"v1.1.0", later}}}
}

// run runs a program with little more than the given environment.
func run(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(append(gitEnv(), "GIT_TERMINAL_PROMPT=0"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// checkClone looks for the newest commit and the older tag.
func checkClone(t *testing.T, dir string) {
	t.Helper()
	want := map[string]string{"HEAD:lib.go": "package lib\n\nconst Name = \"lib\"\n", "v1.0.0:lib.go": "package lib\n"}
	got := map[string]string{}
	for at := range want {
		got[at], _ = run(t, dir, nil, "git", "show", at)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out, err := run(t, dir, nil, "git", "ls-tree", "-r", "--name-only", "HEAD"); err != nil || out != "go.mod\nlib.go\n" {
		t.Errorf("files of HEAD: %v: %s", err, out)
	}
}

func authority(t *testing.T, s *HTTP) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, s.CA(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCloneOverHTTPS(t *testing.T) {
	t.Parallel()
	s := StartHTTP(t, Options{Repos: []Repo{library()}, User: "x-access-token", Token: "s3cret", Header: "PRIVATE-TOKEN", Value: "glpat"})
	trusted := []string{"-c", "http.sslCAInfo=" + authority(t, s)}
	basic := func(token string) string {
		return "http.extraHeader=Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token))
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"not trusted":  {[]string{"-c", basic("s3cret")}, "certificate"},
		"no token":     {trusted, "could not read Username"},
		"wrong token":  {append(trusted[:2:2], "-c", basic("other")), "403"},
		"token":        {append(trusted[:2:2], "-c", basic("s3cret")), ""},
		"header":       {append(trusted[:2:2], "-c", "http.extraHeader=PRIVATE-TOKEN: glpat"), ""},
		"wrong header": {append(trusted[:2:2], "-c", "http.extraHeader=PRIVATE-TOKEN: other"), "403"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "clone")
			out, err := run(t, "", nil, "git", append(tc.args, "clone", s.URL()+"/acme/lib.git", dir)...)
			if tc.want == "" {
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				checkClone(t, dir)
				out, err := run(t, dir, nil, "git", append(tc.args, "push", "origin", "HEAD:other")...)
				if err == nil || !strings.Contains(out, "403") {
					t.Errorf("push: %v: %s", err, out)
				}
				return
			}
			if err == nil || !strings.Contains(out, tc.want) {
				t.Errorf("%v: %s, want %q", err, out, tc.want)
			}
		})
	}
}

// The go command asks where a package's repository is, has git clone it, and
// knows the host by a name that no resolver has.
func TestDirectDownload(t *testing.T) {
	t.Parallel()
	s := StartHTTP(t, Options{Host: "git.example.com", Addr: "127.77.0.9:0", Repos: []Repo{library()}, User: "gitlab", Token: "s3cret"})
	p := modserver.HTTPProxy(t)
	// The go command asks by the path of the module, which has no port, and git
	// goes where the answer says.
	p.Route("git.example.com:443", s.Addr())
	p.Route(strings.TrimPrefix(s.URL(), "https://"), s.Addr())
	scratch := t.TempDir()
	netrc := filepath.Join(scratch, "netrc")
	if err := os.WriteFile(netrc, []byte("machine git.example.com login gitlab password s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := authority(t, s)
	env := []string{
		"HTTPS_PROXY=" + p.URL(), "SSL_CERT_FILE=" + ca, "GIT_SSL_CAINFO=" + ca, "GOPROXY=direct", "GOSUMDB=off", "GOENV=off",
		"GOFLAGS=-modcacherw", "GOTOOLCHAIN=local", "GOWORK=off", "GOMODCACHE=" + t.TempDir(), "GOPATH=" + scratch, "GOCACHE=" + scratch,
	}
	list := []string{"list", "-m", "-versions", "git.example.com/acme/lib"}
	if out, err := run(t, scratch, env, "go", list...); err == nil || !strings.Contains(out, "401 Unauthorized") {
		t.Errorf("without credentials: %v: %s", err, out)
	}
	// What git asks for has the header, what the go command asks for netrc's.
	env = append(env, "NETRC="+netrc, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("gitlab:s3cret")))
	out, err := run(t, scratch, env, "go", list...)
	if err != nil || out != "git.example.com/acme/lib v1.0.0 v1.1.0\n" {
		t.Errorf("go list: %v: %s", err, out)
	}
	var statuses []int
	for _, r := range s.Requests() {
		if r.Path == "/acme/lib" && r.Query == "go-get=1" {
			statuses = append(statuses, r.Status)
		}
	}
	if n := len(statuses); n < 2 || statuses[0] != 401 || statuses[n-1] != 200 || s.Count("/acme/lib.git/info/refs") == 0 {
		t.Errorf("requests: %+v", s.Requests())
	}
	if out, err := run(t, scratch, env, "go", "list", "-m", "git.example.com/acme/none@latest"); err == nil || !strings.Contains(out, "404 Not Found") {
		t.Errorf("no such repository: %v: %s", err, out)
	}
}

func TestCloneOverSSH(t *testing.T) {
	t.Parallel()
	s := StartSSH(t, Options{Host: "git.example.com", Addr: "127.77.0.9:0", Repos: []Repo{library()}})
	ip, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(s.KnownHosts()), 0o644); err != nil {
		t.Fatal(err)
	}
	ssh := func(known string, more ...string) string {
		return "GIT_SSH_COMMAND=ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=" +
			known + " " + strings.Join(more, " ")
	}
	agent, address := "SSH_AUTH_SOCK="+s.AgentSocket(), "ssh://"+s.User()+"@"+net.JoinHostPort(ip, port)
	for name, tc := range map[string]struct {
		url  string
		env  []string
		want string
	}{
		"by address":   {address + "/acme/lib.git", []string{agent, ssh(known)}, ""},
		"by name":      {s.URL() + "/acme/lib.git", []string{agent, ssh(known, "-o", "HostName="+ip)}, ""},
		"without .git": {address + "/acme/lib", []string{agent, ssh(known)}, ""},
		"no agent":     {address + "/acme/lib.git", []string{ssh(known)}, "Permission denied (publickey)"},
		"unknown host": {address + "/acme/lib.git", []string{agent, ssh(os.DevNull)}, "Host key verification failed"},
		"no such one":  {address + "/acme/none.git", []string{agent, ssh(known)}, "does not appear to be a git repository"},
		"outside":      {address + "/../acme/lib.git", []string{agent, ssh(known)}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "clone")
			out, err := run(t, "", tc.env, "git", "clone", tc.url, dir)
			if tc.want != "" {
				if err == nil || !strings.Contains(out, tc.want) {
					t.Errorf("%v: %s, want %q", err, out, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			checkClone(t, dir)
			if out, err := run(t, dir, tc.env, "git", "push", "origin", "HEAD:other"); err == nil || !strings.Contains(out, "refused") {
				t.Errorf("push: %v: %s", err, out)
			}
		})
	}
	t.Cleanup(func() {
		if all := strings.Join(s.Commands(), "\n"); !strings.Contains(all, "git-upload-pack '/acme/lib.git'") {
			t.Errorf("commands: %s", all)
		}
	})
}

// Nothing of a server is left when it is closed: neither its address nor its
// agent nor its folder.
func TestCloseSSH(t *testing.T) {
	t.Parallel()
	s := StartSSH(t, Options{})
	if conn, err := net.Dial("unix", s.AgentSocket()); err != nil {
		t.Error(err)
	} else if err := conn.Close(); err != nil {
		t.Error(err)
	}
	ours := processesWith(t, s.dir)
	if len(ours) < 3 { // the shell, the server and the agent
		t.Errorf("processes before: %q", ours)
	}
	s.Close()
	s.Close()
	for range 50 { // the kernel takes a moment
		if ours = processesWith(t, s.dir); len(ours) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(ours) > 0 {
		t.Errorf("processes after: %q", ours)
	}
	if err := s.greets(); err == nil {
		t.Error("the server still answers")
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Errorf("%s is still there", s.dir)
	}
}

// processesWith are the command lines of the running processes that name dir.
func processesWith(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes: %v", err)
	}
	var lines []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), dir) {
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}

func TestSameCommits(t *testing.T) {
	t.Parallel()
	var heads []string
	for range 2 {
		out, err := run(t, filepath.Join(publish(t, []Repo{library()}), "acme/lib.git"), nil, "git", "show-ref", "--head")
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		heads = append(heads, out)
	}
	if heads[0] != heads[1] || strings.Count(heads[0], "refs/tags/") != 2 {
		t.Errorf("refs:\n%s\n%s", heads[0], heads[1])
	}
}
