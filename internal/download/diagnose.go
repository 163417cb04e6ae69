package download

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/symptom"
)

// rule tells a symptom by the words of the go command, git or ssh.
type rule struct {
	code symptom.Code
	// words are parts of the text, in lower case; one is enough.
	words []string
}

// wordRules are in the order of what says most: the text of a cause often stands
// within the text of an effect ("unrecognized import path: ... no such host").
func wordRules() []rule {
	return []rule{
		{symptom.Mismatch, []string{"checksum mismatch", "security error", " has been modified"}},
		{symptom.Answer, []string{noZip, badInfo, otherInfo, tooLarge}},
		{symptom.MissingSum, []string{"missing go.sum entry", "missing go.work.sum entry"}},
		{symptom.Offline, []string{"module lookup disabled by goproxy=off", "module lookup disabled by -mod"}},
		{symptom.NoModule, []string{
			"no required module provides package", "cannot find module providing package",
			"but does not contain package", "updates to go.mod needed", "is replaced but not required",
		}},
		{symptom.NoGit, []string{`exec: "git"`, `exec: "hg"`, `exec: "svn"`, `exec: "bzr"`, `exec: "fossil"`, `exec: "ssh"`, "cannot run ssh", "ssh: not found"}},
		{symptom.SSH, []string{"permission denied (", "host key verification failed", "no matching host key", "remote host identification", "too many authentication failures"}},
		{symptom.Certificate, []string{"x509:", "failed to verify certificate", "ssl certificate problem", "server certificate verification failed"}},
		{symptom.Denied, []string{"could not read username", "could not read password", "authentication failed", "terminal prompts disabled", "access denied"}},
		{symptom.Name, []string{"no such host", "could not resolve host", "could not resolve proxy"}},
		{symptom.Timeout, []string{
			"timeout", "timed out", "deadline exceeded", "connection refused", "connection reset", "broken pipe",
			"unexpected eof", "early eof", ": eof", "no route to host", "network is unreachable", "hung up unexpectedly",
			"bad record mac", "stream error", "goaway", "client connection lost", "transport connection broken", "idle connection",
			"use of closed network connection", "handshake() failed", "empty reply from server", "couldn't connect to server", "failed to connect",
			"ssl_error_syscall", "tls: unexpected message", "server misbehaving", "temporary failure in name resolution", "connection closed by", "rpc failed", errStalled.Error(),
		}},
		{symptom.NotFound, []string{"unknown revision", "invalid version", "not found", "does not exist", "unrecognized import path", "could not read from remote repository"}},
	}
}

var (
	statusRule  = regexp.MustCompile(`(?:reading https?://\S+: |returned error: |server response: |HTTP[ /][0-9.]* ?)([1-5][0-9][0-9])(?: ([A-Z][A-Za-z' -]*[a-z]))?`)
	urlRule     = regexp.MustCompile(`https?://[^\s"'<>]+`)
	versionRule = regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9._~!/-]*)@(v[0-9][A-Za-z0-9.+_!-]*)`)
)

// diagnose makes a Failure of what the go command said in one message.
func diagnose(text string) Failure {
	f := Failure{Code: symptom.Other, Text: strings.TrimSpace(strings.TrimPrefix(text, "go: "))}
	// What the go command would have the user run is right on his machine alone.
	f.Text, _, _ = strings.Cut(f.Text, "; to add")
	if m := versionRule.FindStringSubmatch(text); m != nil {
		f.Module = module.Version{Path: m[1], Version: strings.TrimRight(m[2], ".")}
	}
	f.URL = strings.TrimRight(urlRule.FindString(text), ":,.;")
	if m := statusRule.FindStringSubmatch(text); m != nil {
		f.Status = strings.TrimSpace(m[1] + " " + m[2])
	}
	if m := connectRule.FindStringSubmatch(text); f.Status == "" && m != nil {
		f.Status = connectStatus(m[1]) + " " + m[1]
	}
	f.Code = codeOf(wordsOf(text, f.Status), f.Status)
	if f.Module.Path == "" {
		f.Module = versionOfURL(f.URL)
	}
	f.Cure = f.Code.Cure()
	if isSumDB(f.URL) && (f.transient() || f.Code == symptom.Name || f.Code == symptom.Denied || f.Code == symptom.NotFound) {
		f.Cure = "this is the checksum database, asked because go.sum lacks the entry: run `go mod tidy` and commit go.sum; for a private module set modules.private, and where no database can be reached modules.sumdb"
	}
	return f
}

// connectRule is an HTTP proxy's answer to CONNECT, of which Go prints the words
// alone.
var connectRule = regexp.MustCompile(`": (Bad Gateway|Service Unavailable|Gateway Timeout|Too Many Requests|Proxy Authentication Required|Forbidden)\s*$`)

func connectStatus(words string) string {
	return map[string]string{
		"Bad Gateway": "502", "Service Unavailable": "503", "Gateway Timeout": "504", "Too Many Requests": "429",
		"Proxy Authentication Required": "407", "Forbidden": "403",
	}[words]
}

// wordsOf is a message in lower case without what others have named: modules,
// addresses, and the text of a server's answer.
func wordsOf(text, status string) string {
	if status != "" {
		text, _, _ = strings.Cut(text, "server response:")
	}
	text = urlRule.ReplaceAllString(versionRule.ReplaceAllString(text, ""), "")
	return strings.ToLower(text)
}

// codeOf looks at words that leave no doubt, then at the server's answer, then at
// the rest.
func codeOf(lower, status string) symptom.Code {
	for _, r := range wordRules() {
		if r.code == symptom.Denied {
			if code, ok := codeOfStatus(status); ok {
				return code
			}
		}
		for _, w := range r.words {
			if strings.Contains(lower, w) {
				return r.code
			}
		}
	}
	return symptom.Other
}

func codeOfStatus(status string) (symptom.Code, bool) {
	number, _, _ := strings.Cut(status, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return "", false
	}
	switch {
	case n == 401, n == 403, n == 407:
		return symptom.Denied, true
	case n == 404, n == 410:
		return symptom.NotFound, true
	case n == 408:
		return symptom.Timeout, true
	case n == 429, n >= 500:
		return symptom.ServerError, true
	}
	return "", false
}

// versionOfURL is the module version that a proxy's URL is about.
func versionOfURL(raw string) module.Version {
	u, err := url.Parse(raw)
	if err != nil {
		return module.Version{}
	}
	escaped, file, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/@v/")
	if !ok {
		return module.Version{}
	}
	version, err := module.UnescapeVersion(strings.TrimSuffix(file, path.Ext(file)))
	if err != nil {
		return module.Version{}
	}
	// The proxy's own folder may stand before the module's path.
	for {
		if p, err := module.UnescapePath(escaped); err == nil {
			return module.Version{Path: p, Version: version}
		}
		if _, escaped, ok = strings.Cut(escaped, "/"); !ok {
			return module.Version{}
		}
	}
}

func isSumDB(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	return strings.Contains(u.Path, "/lookup/") || strings.Contains(u.Path, "/tile/") || strings.HasSuffix(u.Path, "/supported")
}

// messages cuts an error stream into messages: each begins at a line that is not
// indented.
func messages(lines []string) []string {
	var out []string
	for _, text := range lines {
		indented := text != strings.TrimLeft(text, " \t")
		continued := len(out) > 0 && (indented || !strings.HasPrefix(text, "go: ") && !strings.HasPrefix(text, "verifying "))
		if continued {
			out[len(out)-1] += "\n" + text
			continue
		}
		if strings.TrimSpace(text) != "" {
			out = append(out, text)
		}
	}
	return out
}
