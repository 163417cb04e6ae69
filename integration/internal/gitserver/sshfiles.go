package gitserver

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// config is the server's configuration: one key opens it, for one command.
func (s *SSH) config(server sshd) string {
	host, port, _ := net.SplitHostPort(s.addr)
	in := func(name string) string { return filepath.Join(s.dir, name) }
	lines := []string{
		"ListenAddress " + host, "Port " + port, "HostKey " + in("host"), "PidFile none", "LogLevel VERBOSE",
		"AuthorizedKeysFile " + in("client.pub"), "AuthenticationMethods publickey", "StrictModes no",
		"PermitRootLogin prohibit-password", "UsePAM no", "UseDNS no", "MaxStartups 100",
		"ForceCommand " + in("serve"), "AcceptEnv GIT_PROTOCOL", "PermitTTY no", "DisableForwarding yes", "PermitUserRC no",
	}
	if server.session != "" {
		lines = append(lines, "SshdSessionPath "+server.session)
	}
	if server.auth != "" {
		lines = append(lines, "SshdAuthPath "+server.auth)
	}
	return strings.Join(lines, "\n") + "\n"
}

// startScript runs the server until its own input ends. As root it first lays
// the test's users over the machine's: the server needs one to give its
// privileges away to, and clients want to log in as git. The server's libraries
// are no matter of the programs that it starts, whose environment is new.
func (s *SSH) startScript(server sshd) string {
	var b strings.Builder
	b.WriteString("set -e\n")
	if canIsolate() {
		b.WriteString("mount -t tmpfs tmpfs /run\nmkdir -m 755 /run/sshd\n")
		fmt.Fprintf(&b, "mount --bind %s /etc/passwd\n", quote(filepath.Join(s.dir, "passwd")))
	}
	if server.libraries != "" {
		fmt.Fprintf(&b, "export LD_LIBRARY_PATH=%s\n", quote(server.libraries))
	}
	fmt.Fprintf(&b, "%s -D -e -f %s &\n", quote(server.program), quote(filepath.Join(s.dir, "config")))
	b.WriteString("server=$!\nunset LD_LIBRARY_PATH\ncat >/dev/null\nkill $server\n")
	return b.String()
}

// serveScript is the one command that clients run: git's server for reading,
// whatever they ask for. What they ask for is written down.
func serveScript(dir, root, git string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\nprintf '%%s\\n' \"$SSH_ORIGINAL_COMMAND\" >>%s\n", quote(filepath.Join(dir, "commands")))
	b.WriteString(`refuse() { echo "refused: $SSH_ORIGINAL_COMMAND" >&2; exit 128; }
case $SSH_ORIGINAL_COMMAND in
"git-upload-pack '"*"'" | "git upload-pack '"*"'") ;;
*) refuse ;;
esac
path=${SSH_ORIGINAL_COMMAND#*\'}
path=${path%\'}
path=${path#/}
case $path in
*\'* | *..*) refuse ;;
esac
`)
	for _, variable := range gitEnv() {
		if name, value, ok := strings.Cut(variable, "="); ok && strings.HasPrefix(name, "GIT_CONFIG") {
			fmt.Fprintf(&b, "export %s=%s\n", name, quote(value))
		}
	}
	fmt.Fprintf(&b, "exec %s upload-pack %s/\"$path\"\n", quote(git), quote(root))
	return b.String()
}

// passwdFile is the machine's with the two users that the server needs: git, who
// is the current user by another name, and the one without privileges.
func passwdFile(dir string, current *user.User) (string, error) {
	have, err := os.ReadFile("/etc/passwd")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(string(have)) {
		if !strings.HasPrefix(line, "git:") && !strings.HasPrefix(line, "sshd:") {
			b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	fmt.Fprintf(&b, "git:x:%s:%s::%s:/bin/sh\n", current.Uid, current.Gid, dir)
	b.WriteString("sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin\n")
	return b.String(), nil
}

// quote makes one word of s for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
