package download

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"go/version"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// login makes the go command, git and ssh use the configured credentials. They
// get them from this program when they ask, or from files in memory; nothing is
// on a command line or in the environment.
func (r *run) login(ctx context.Context, vars map[string]string, goVersion string) error {
	if err := r.certificates(vars); err != nil {
		return err
	}
	vars["GIT_TERMINAL_PROMPT"] = "0"
	if err := r.checkGit(ctx); err != nil {
		return err
	}
	var git, ssh strings.Builder
	for i, auth := range byPath(r.config.Auth) {
		a := credential{auth}
		switch {
		case a.SSH != "":
			a.overSSH(i, &git, &ssh)
		case a.Header != "":
			value, err := a.header()
			if err != nil {
				return err
			}
			// The empty one makes git forget the header of the whole host, and the
			// header must not follow a redirect to somebody else.
			fmt.Fprintf(&git, "[http %s]\n\textraHeader =\n\textraHeader = %s\n\tfollowRedirects = false\n",
				quoteGit(a.url()), quoteGit(a.Header+": "+value))
		default:
			// The empty one makes git forget helpers of the image's own.
			fmt.Fprintf(&git, "[credential %s]\n\thelper =\n\thelper = %s\n\tuseHttpPath = true\n",
				quoteGit("https://"+a.Host), quoteGit("!"+r.self("credential")))
		}
	}
	ssh.WriteString("Host *\n\tBatchMode yes\n\tStrictHostKeyChecking yes\n\tControlMaster no\n")
	gitFile, sshFile := filepath.Join(r.paths.Scratch, "gitconfig"), filepath.Join(r.paths.Scratch, "sshconfig")
	err := errors.Join(
		os.WriteFile(gitFile, []byte(git.String()), 0o600),
		os.WriteFile(sshFile, []byte(ssh.String()), 0o600),
	)
	if err != nil {
		return err
	}
	vars["GIT_CONFIG_COUNT"], vars["GIT_CONFIG_KEY_0"], vars["GIT_CONFIG_VALUE_0"] = "1", "include.path", gitFile
	vars["GIT_SSH_COMMAND"] = "ssh -F " + sshFile
	if len(r.config.Auth) == 0 {
		return nil
	}
	return r.goLogin(vars, goVersion)
}

// goLogin is for the go command's own requests: to proxies, and for the meta tags
// that lead to repositories. GOAUTH is of Go 1.24; before it there is netrc, which
// knows hosts but no headers or paths.
func (r *run) goLogin(vars map[string]string, goVersion string) error {
	// Distributions add words of their own; what is no release is a newer one.
	goVersion, _, _ = strings.Cut(goVersion, " ")
	if version.Compare(goVersion, "go1.24") >= 0 || !version.IsValid(goVersion) {
		return r.goAuth(vars)
	}
	var b strings.Builder
	for _, auth := range r.config.Auth {
		a := credential{auth}
		if a.Header != "" {
			r.say("modules.auth for %s: %s sends the header %s to git repositories alone; for a proxy take Go 1.24 or newer", a.Host, goVersion, a.Header)
			continue
		}
		logins, err := a.logins()
		if err != nil {
			return err
		}
		for _, l := range logins {
			fmt.Fprintf(&b, "machine %s\nlogin %s\npassword %s\n", a.Host, l.user, l.password)
		}
	}
	vars["NETRC"] = filepath.Join(r.paths.Scratch, "netrc")
	return os.WriteFile(vars["NETRC"], []byte(b.String()), 0o600)
}

// goAuth puts this program before what the image or a build argument says of
// GOAUTH: of several credentials for a URL Go takes the first.
func (r *run) goAuth(vars map[string]string) error {
	given := strings.TrimSpace(vars["GOAUTH"])
	if given == "off" {
		return Failure{Code: symptom.Secret, Text: "GOAUTH=off leaves modules.auth without effect", Cure: "leave out one of them"}
	}
	vars["GOAUTH"] = r.self("goauth")
	if given != "" {
		vars["GOAUTH"] += "; " + given
	}
	return nil
}

// checkGit finds a git that would ignore the configuration it is given in its
// environment. Without one there may be no need for it.
func (r *run) checkGit(ctx context.Context) error {
	if len(r.config.Auth) == 0 {
		return nil
	}
	out := r.command(ctx, r.env, "git", "version")
	if out.err != nil {
		return ctx.Err()
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out.stdout), "git version %d.%d", &major, &minor); err != nil || major > 2 || minor >= 31 {
		return nil //nolint:nilerr // a git that calls itself otherwise is taken for a new one
	}
	return Failure{
		Code: symptom.NoGit, Text: fmt.Sprintf("git %d.%d of the toolchain image is older than 2.31 and knows no credentials from its environment", major, minor),
		Cure: "set modules.image to a newer image, such as golang:1.26-bookworm",
	}
}

// byPath puts what is for a whole host before what is for a part of it.
func byPath(auth []modstep.Auth) []modstep.Auth {
	sorted := slices.Clone(auth)
	slices.SortStableFunc(sorted, func(a, b modstep.Auth) int { return len(a.Path) - len(b.Path) })
	return sorted
}

func (r *run) self(command string) string {
	return r.paths.Program + " " + command + " " + r.paths.Config
}

// certificates gives git the system's authorities and those of the secret in one
// file: unlike Go it reads no second folder.
func (r *run) certificates(vars map[string]string) error {
	extra, err := os.ReadFile(filepath.Join(r.paths.CADir, "ca.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var bundle []byte
	for _, name := range []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
	} {
		if bundle, err = os.ReadFile(name); err == nil {
			break
		}
	}
	bundle = append(append(bundle, '\n'), extra...)
	vars["GIT_SSL_CAINFO"] = filepath.Join(r.paths.Scratch, "ca.pem")
	return os.WriteFile(vars["GIT_SSL_CAINFO"], bundle, 0o644)
}

// overSSH makes git take an address over SSH that the go command has over HTTPS.
// Each entry is a host of its own to ssh, so that two owners on one server may
// have two agents.
func (a credential) overSSH(i int, git, ssh io.Writer) {
	alias := fmt.Sprintf("gokiln-auth-%d", i)
	host, port, _ := strings.Cut(a.Host, ":")
	fmt.Fprintf(git, "[url %s]\n", quoteGit("ssh://"+firstOf(a.User, "git")+"@"+path.Join(alias, a.Path)+"/"))
	for _, from := range []string{"https://" + path.Join(host, a.Path), "ssh://git@" + path.Join(a.Host, a.Path), "ssh://" + path.Join(a.Host, a.Path)} {
		fmt.Fprintf(git, "\tinsteadOf = %s\n", quoteGit(from+"/"))
	}
	fmt.Fprintf(ssh, "Host %s\n\tHostName %s\n", alias, host)
	if port != "" {
		fmt.Fprintf(ssh, "\tPort %s\n", port)
	}
	fmt.Fprintf(ssh, "\tIdentityAgent %s\n\tUserKnownHostsFile %s\n\tGlobalKnownHostsFile /dev/null\n\tCheckHostIP no\n", quoteSSH(a.SSH), quoteSSH(a.KnownHosts))
}

func (a credential) url() string { return "https://" + path.Join(a.Host, a.Path) + "/" }

// header is the value of the entry's HTTP header.
func (a credential) header() (string, error) {
	logins, err := a.logins()
	if err != nil || len(logins) == 0 {
		return "", err
	}
	switch {
	case a.Header == "":
		basic := base64.StdEncoding.EncodeToString([]byte(logins[0].user + ":" + logins[0].password))
		return "Basic " + basic, nil
	case a.Prefix != "":
		return a.Prefix + " " + logins[0].password, nil
	}
	return logins[0].password, nil
}

// GoAuth answers the go command's GOAUTH protocol: all credentials at once, each
// for the URLs that begin so. `go help goauth` describes it.
func GoAuth(c modstep.Config, out io.Writer) error {
	for _, auth := range c.Auth {
		a := credential{auth}
		value, err := a.header()
		if err != nil {
			return err
		}
		if value == "" {
			continue
		}
		// The go command looks a URL up with its query, which the question for
		// a repository has.
		at := strings.TrimSuffix(a.url(), "/")
		fmt.Fprintf(out, "%s\n%s?go-get=1\n\n%s: %s\n\n", at, at, firstOf(a.Header, "Authorization"), value)
	}
	return nil
}

// Credential answers git's credential helper protocol for the operation "get":
// the entry with the longest path that the repository is below. It says nothing
// where there is none, and nothing to an unencrypted server.
func Credential(c modstep.Config, operation string, in io.Reader, out io.Writer) error {
	if operation != "get" {
		return nil
	}
	asked := map[string]string{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			asked[name] = value
		}
	}
	if err := lines.Err(); err != nil || asked["protocol"] != "https" {
		return err
	}
	var best *credential
	for i := range c.Auth {
		a := &credential{c.Auth[i]}
		usable := a.SSH == "" && a.Header == "" && a.Host == asked["host"] && below(asked["path"], a.Path)
		if usable && (best == nil || len(a.Path) > len(best.Path)) {
			best = a
		}
	}
	if best == nil {
		return nil
	}
	logins, err := best.logins()
	if err != nil {
		return err
	}
	for _, l := range logins {
		fmt.Fprintf(out, "username=%s\npassword=%s\n", l.user, l.password)
	}
	return nil
}

func below(name, dir string) bool {
	name = strings.TrimSuffix(strings.Trim(name, "/"), ".git")
	return dir == "" || name == dir || strings.HasPrefix(name, dir+"/")
}

// quoteSSH writes a path for an ssh configuration file.
func quoteSSH(s string) string { return `"` + strings.ReplaceAll(s, "%", "%%") + `"` }

// quoteGit writes a value for a git configuration file.
func quoteGit(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
