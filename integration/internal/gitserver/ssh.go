package gitserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// SSH is a running SSH server with an agent that holds a key it knows.
type SSH struct {
	dir  string
	host string
	addr string
	user string
	key  string // the server's, as known_hosts has it

	server, agent *process
	once          sync.Once
	t             testing.TB
}

// StartSSH starts a server and an agent. They end with the test at the latest.
// Of the options the credentials and the authority mean nothing here: a client
// is let in with the agent's key alone. The server's user is git where the test
// runs as root on Linux, in a namespace of the server's own, and else the user
// that runs the test: see User.
func StartSSH(t testing.TB, o Options) *SSH {
	t.Helper()
	server, err := findSSHD(t)
	if err != nil {
		t.Fatal(err)
	}
	// A test's own temporary folder has a name too long for a socket.
	dir, err := os.MkdirTemp("", "gk-")
	if err != nil {
		t.Fatal(err)
	}
	s := &SSH{t: t, dir: dir, host: o.Host}
	t.Cleanup(s.Close)
	// The server wants the port as a number, and binds it itself.
	free := listen(t, o.Addr)
	s.addr = free.Addr().String()
	_ = free.Close()
	if s.host == "" {
		s.host, _, _ = net.SplitHostPort(s.addr)
	}
	if err := s.prepare(server, publish(t, o.Repos)); err != nil {
		t.Fatal(err)
	}
	if err := s.startAgent(); err != nil {
		t.Fatal(err)
	}
	if err := s.startServer(server); err != nil {
		t.Fatal(err)
	}
	return s
}

// User is the user to log in as.
func (s *SSH) User() string { return s.user }

// Addr is the server's IP address and port.
func (s *SSH) Addr() string { return s.addr }

// URL is ssh:// with user, host and port: the path of a repository with .git
// follows.
func (s *SSH) URL() string {
	_, port, _ := net.SplitHostPort(s.addr)
	return "ssh://" + s.user + "@" + strings.TrimSuffix(net.JoinHostPort(s.host, port), ":22")
}

// KnownHosts is a line for a known_hosts file. It vouches for the server by its
// name and by its IP address, with the port where that is not 22.
func (s *SSH) KnownHosts() string {
	ip, port, _ := net.SplitHostPort(s.addr)
	names := []string{s.host}
	if ip != s.host {
		names = append(names, ip)
	}
	for i, name := range names {
		if port != "22" {
			names[i] = "[" + name + "]:" + port
		}
	}
	return strings.Join(names, ",") + " " + s.key + "\n"
}

// AgentSocket is the socket of the agent that holds the one key that the server
// lets in.
func (s *SSH) AgentSocket() string { return filepath.Join(s.dir, "agent") }

// Commands are what clients asked the server to run so far, in their order.
func (s *SSH) Commands() []string {
	b, err := os.ReadFile(filepath.Join(s.dir, "commands"))
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
}

// Log is what the server said so far.
func (s *SSH) Log() string {
	b, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Close ends the server and the agent. It may be called again.
func (s *SSH) Close() {
	s.once.Do(func() {
		if s.t.Failed() {
			s.t.Logf("what the SSH server said:\n%s", s.Log())
		}
		s.server.end()
		s.agent.end()
		if err := os.RemoveAll(s.dir); err != nil {
			s.t.Error(err)
		}
	})
}

// prepare makes the keys and writes what the server reads.
func (s *SSH) prepare(server sshd, root string) error {
	for _, name := range []string{"host", "client"} {
		if err := s.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	pub, err := os.ReadFile(filepath.Join(s.dir, "host.pub"))
	if err != nil {
		return err
	}
	s.key = strings.TrimSuffix(strings.TrimSpace(string(pub)), " host")
	current, err := user.Current()
	if err != nil {
		return err
	}
	s.user = current.Username
	if canIsolate() {
		s.user = "git"
	}
	gitPath, err := exec.LookPath("git")
	if err != nil {
		return err
	}
	passwd, err := passwdFile(s.dir, current)
	if err != nil {
		return err
	}
	for name, data := range map[string]string{
		"passwd": passwd, "config": s.config(server), "serve": serveScript(s.dir, root, gitPath), "start": s.startScript(server),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(data), 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (s *SSH) startAgent() error {
	agent, err := exec.LookPath("ssh-agent")
	if err != nil {
		return err
	}
	// The command that the agent runs ends the agent when its own input ends:
	// also where the test dies before it can clean up.
	cmd := exec.Command(agent, "-a", s.AgentSocket(), "/bin/sh", "-c", `cat >/dev/null; kill "$SSH_AGENT_PID"`) //nolint:noctx // it lives until Close
	if s.agent, err = start(cmd); err != nil {
		return err
	}
	for range 100 {
		if _, err = os.Stat(s.AgentSocket()); err == nil {
			err = s.run("ssh-add", "-q", filepath.Join(s.dir, "client"))
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func (s *SSH) startServer(server sshd) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", filepath.Join(s.dir, "start")) //nolint:noctx // it lives until Close
	cmd.Stdout, cmd.Stderr = log, log
	isolate(cmd)
	if s.server, err = start(cmd); err != nil {
		return err
	}
	for range 100 {
		if err = s.greets(); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s does not serve: %w: %s", server.program, err, s.Log())
}

// greets asks whether an SSH server is at the address.
func (s *SSH) greets() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	const greeting = "SSH-2.0-"
	got := make([]byte, len(greeting))
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if string(got) != greeting {
		return fmt.Errorf("it greets with %q", got)
	}
	return nil
}

// run runs a program that makes a key or gives it to the agent.
func (s *SSH) run(name string, args ...string) error {
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SSH_AUTH_SOCK=" + s.AgentSocket()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
