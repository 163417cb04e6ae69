package integration

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/gokiln/gokiln/integration/internal/gitserver"
	"github.com/gokiln/gokiln/integration/internal/modserver"
	"github.com/gokiln/gokiln/integration/internal/testca"
)

// privateCase is one way to log in to a server of the test's own.
type privateCase struct {
	name string
	// host is the module's, at address, which is on loopback.
	host, address string
	spec          string
	files         map[string]string
	args          []string
	module        modserver.Module
	// secrets are what must not be found afterwards.
	secrets []string
}

// newToken is a secret that is found wherever it stands.
func newToken() string { return "sekret-" + rand.Text() }

// passSecret are the arguments that pass a build secret.
func passSecret(t *testing.T, id, text string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), id)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--secret", "id=" + id + ",src=" + file}
}

// gitHost makes a private repository at host/acme/lib.
func gitHost(t *testing.T, name, suffix string) (privateCase, []gitserver.Repo) {
	t.Helper()
	c := privateCase{name: name, host: fmt.Sprintf("git-%s.example.com", strings.ToLower(rand.Text()[:8]))}
	c.module = library(c.host+"/acme/lib"+suffix, "v1.0.0")
	c.module.Files["go.mod"] = "module " + c.module.Path + "\n\ngo 1.24\n"
	return c, []gitserver.Repo{{Path: "acme/lib", Tags: []gitserver.Tag{{Name: "v1.0.0", Files: c.module.Files}}}}
}

// overHTTPS serves the repository to whom the options let in.
func (c *privateCase) overHTTPS(t *testing.T, ca *testca.CA, repos []gitserver.Repo, o gitserver.Options) {
	t.Helper()
	o.Addr, o.Host, o.Repos, o.Authority = loopback(t), c.host, repos, ca
	g := gitserver.StartHTTP(t, o)
	c.address, _, _ = strings.Cut(g.Addr(), ":")
}

// loopback is an address whose port 443 is free: module paths have no port.
func loopback(t *testing.T) string {
	t.Helper()
	var b [2]byte
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.77.%d.%d:443", b[0], 1+b[1]%254)
}

func privateCases(t *testing.T, ca *testca.CA) []privateCase {
	t.Helper()
	basic, repos := gitHost(t, "token", "")
	token := newToken()
	basic.overHTTPS(t, ca, repos, gitserver.Options{User: "x-access-token", Token: token})
	basic.spec = fmt.Sprintf("modules: {auth: [{host: %s/acme, token: git-token}]}\n", basic.host)
	basic.args, basic.secrets = passSecret(t, "git-token", token+"\n"), []string{token, base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))}

	header, repos := gitHost(t, "header", "")
	token = newToken()
	header.overHTTPS(t, ca, repos, gitserver.Options{Header: "PRIVATE-TOKEN", Value: token})
	header.spec = fmt.Sprintf("modules: {auth: [{host: %s, token: git-token, header: PRIVATE-TOKEN}]}\n", header.host)
	header.args, header.secrets = passSecret(t, "git-token", token), []string{token}

	netrc, repos := gitHost(t, "netrc", "")
	token = newToken()
	netrc.overHTTPS(t, ca, repos, gitserver.Options{User: "me", Token: token})
	netrc.spec = fmt.Sprintf("modules: {auth: [{host: %s, netrc: netrc}]}\n", netrc.host)
	netrc.args = passSecret(t, "netrc", "machine other.example.com login a password b\nmachine "+netrc.host+" login me password "+token+"\n")
	netrc.secrets = []string{token, base64.StdEncoding.EncodeToString([]byte("me:" + token))}

	ssh, repos := gitHost(t, "ssh", ".git")
	s := gitserver.StartSSH(t, gitserver.Options{Host: ssh.host, Repos: repos})
	address, port, _ := strings.Cut(s.Addr(), ":")
	ssh.address = address
	ssh.spec = fmt.Sprintf("modules: {auth: [{host: '%s:%s', ssh: default, known_hosts: deploy/known_hosts}]}\n", ssh.host, port)
	ssh.files = map[string]string{"deploy/known_hosts": s.KnownHosts()}
	ssh.args = []string{"--ssh", "default=" + s.AgentSocket()}

	proxy := privateCase{name: "proxy with a header", host: "unused.example.com", address: "127.0.0.1", module: library(modulePath(t, "lib"), "v1.0.0")}
	token = newToken()
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{proxy.module}, TLS: true, Authority: ca, Header: "Authorization", Value: "Bearer " + token})
	proxy.spec = fmt.Sprintf("modules: {proxy: '%s', auth: [{host: '%s', token: proxy-token, header: 'Authorization: Bearer'}]}\n", p.URL(), p.Addr())
	proxy.args, proxy.secrets = passSecret(t, "proxy-token", token), []string{token}

	password := privateCase{name: "proxy with a password in a secret", host: "unused.example.com", address: "127.0.0.1", module: library(modulePath(t, "lib"), "v1.0.0")}
	token = newToken()
	p = modserver.Start(t, modserver.Options{Modules: []modserver.Module{password.module}, TLS: true, Authority: ca, User: "me", Password: token})
	password.args = passSecret(t, "goproxy", strings.Replace(p.URL(), "https://", "https://me:"+token+"@", 1))
	password.secrets = []string{token, base64.StdEncoding.EncodeToString([]byte("me:" + token))}
	return []privateCase{basic, header, netrc, ssh, proxy, password}
}

// Private modules come with each kind of credential, and the credential is left
// nowhere: not in what was pushed, not in what the daemon keeps, not in the log.
func TestPrivateModules(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t) // its steps reach the servers on loopback, and the test reads its files
	ca := testca.New(t)
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	write(t, caFile, string(ca.PEM()))
	start := time.Now()
	var secrets []string
	for _, c := range privateCases(t, ca) {
		secrets = append(secrets, c.secrets...)
		t.Run(c.name, func(t *testing.T) {
			files := with(importing([]modserver.Module{c.module}, c.module.Path), c.files, map[string]string{"gokiln.yaml": c.spec})
			tag := s.tag(t)
			args := slices.Concat([]string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "--provenance=mode=max",
				"--cache-to", "type=registry,mode=max,ref=" + tag + ":cache", "--add-host", c.host + ":" + c.address,
				"--secret", "id=ca-certificates,src=" + caFile}, c.args)
			dir := app(t, files)
			r := s.ok(t, build{Dir: dir, Args: append(args, ".")})
			s.prints(t, fetch(t, tag)["linux/amd64"], "lib v1.0.0")
			for _, secret := range c.secrets {
				if strings.Contains(r.Output, secret) {
					t.Errorf("the log shows %q", secret)
				}
			}
			if found := s.inStore(t, c.module); len(found) == 0 {
				t.Error("the module is not in the store")
			}
		})
	}
	if t.Failed() {
		return
	}
	looked := 0
	for _, dir := range []string{s.State.Path("registry"), s.State.Path("buildkit")} {
		looked += grepSince(t, dir, start, secrets)
	}
	if looked < 50 {
		t.Errorf("only %d files were looked at", looked)
	}
}

// grepSince looks for texts in the files below a folder that changed since a
// time, compressed or not, and returns how many it has read.
func grepSince(t *testing.T, dir string, since time.Time, texts []string) int {
	t.Helper()
	looked := 0
	for _, file := range changedSince(t, dir, since) {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // the daemon removes what it no longer needs
		}
		looked++
		for _, content := range [][]byte{data, unpacked(data)} {
			for _, text := range texts {
				if bytes.Contains(content, []byte(text)) {
					t.Errorf("%s holds the secret %q", file, text)
				}
			}
		}
	}
	return looked
}

// changedSince lists the files below a folder of which content, owner or mode
// changed since a time. The daemon removes files meanwhile, and whole folders, which
// find takes for a failure.
func changedSince(t *testing.T, dir string, since time.Time) []string {
	t.Helper()
	find := exec.CommandContext(t.Context(), "find", dir, "-type", "f", "-newerct", since.Add(-time.Second).Format(time.RFC3339), "-size", "-200M", "-print0")
	find.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	find.Stderr = &stderr
	out, err := find.Output()
	if err != nil && stderr.Len() == 0 {
		t.Fatal(err)
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.HasSuffix(strings.TrimSpace(line), "No such file or directory") {
			t.Fatalf("find: %v: %s", err, line)
		}
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
}

// unpacked is what a compressed blob holds, as far as it can be read.
func unpacked(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		if r, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			data, _ = io.ReadAll(r)
			return data
		}
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		if r, err := zstd.NewReader(bytes.NewReader(data)); err == nil {
			defer r.Close()
			data, _ = io.ReadAll(r)
			return data
		}
	}
	return nil
}

// What is wrong with a login is told, and the secret is not.
func TestLoginsThatFail(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	ca := testca.New(t)
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	write(t, caFile, string(ca.PEM()))
	git, repos := gitHost(t, "git", "")
	git.overHTTPS(t, ca, repos, gitserver.Options{User: "x-access-token", Token: "right"})
	wrong := newToken()
	ssh, repos := gitHost(t, "ssh", ".git")
	server := gitserver.StartSSH(t, gitserver.Options{Host: ssh.host, Repos: repos})
	sshAddress, port, _ := strings.Cut(server.Addr(), ":")
	stranger := gitserver.StartSSH(t, gitserver.Options{Host: ssh.host, Repos: repos})
	sshSpec := fmt.Sprintf("modules: {auth: [{host: '%s:%s', ssh: default, known_hosts: known_hosts}]}\n", ssh.host, port)
	_, strangersPort, _ := strings.Cut(stranger.Addr(), ":")
	othersKey := strings.ReplaceAll(stranger.KnownHosts(), ":"+strangersPort, ":"+port)
	tokenSpec := fmt.Sprintf("modules:\n  auth:\n    - host: %s/acme\n      token: git-token\n", git.host)
	for _, c := range []struct {
		name  string
		c     privateCase
		spec  string
		files map[string]string
		args  []string
		want  []string
	}{
		{"wrong token", git, tokenSpec, nil, passSecret(t, "git-token", wrong), []string{git.module.Path, "403", "modules.auth", "(M2, "}},
		{"no login at all", git, fmt.Sprintf("modules: {private: %s}\n", git.host), nil, nil, []string{git.module.Path, "modules.auth", "(M2, "}},
		{"secret not passed", git, tokenSpec, nil, nil, []string{"gokiln.yaml:5", "modules.auth[0].token", "--secret id=git-token", "(M15, "}},
		{"agent not passed", ssh, sshSpec, map[string]string{"known_hosts": server.KnownHosts()}, nil, []string{"gokiln.yaml:2", "modules.auth[0].ssh", "--ssh default", "(M15, "}},
		{"key that the server does not know", ssh, sshSpec, map[string]string{"known_hosts": server.KnownHosts()}, []string{"--ssh", "default=" + stranger.AgentSocket()}, []string{ssh.module.Path, "ermission denied", "(M7, "}},
		{"server that is not in known_hosts", ssh, sshSpec, map[string]string{"known_hosts": othersKey}, []string{"--ssh", "default=" + server.AgentSocket()}, []string{ssh.module.Path, "(M7, "}},
		{"no known_hosts", ssh, sshSpec, nil, []string{"--ssh", "default=" + server.AgentSocket()}, []string{"gokiln.yaml:2", "known_hosts", "ssh-keyscan"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// One after the other: BuildKit runs equal steps of two builds once.
			address := c.c.address
			if address == "" {
				address = sshAddress
			}
			files := with(importing([]modserver.Module{c.c.module}, c.c.module.Path), c.files, map[string]string{"gokiln.yaml": c.spec})
			r := s.try(t, build{Dir: app(t, files), Args: slices.Concat([]string{"-f", "gokiln.yaml", "--add-host", c.c.host + ":" + address,
				"--secret", "id=ca-certificates,src=" + caFile}, c.args, []string{"."})})
			checkFailure(t, failure{want: c.want, compiles: true}, r)
			if strings.Contains(r.Output, wrong) {
				t.Errorf("the log shows the token:\n%s", r.Output)
			}
		})
	}
}
