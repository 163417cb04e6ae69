package download

import (
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

func testRun(t *testing.T, auth ...modstep.Auth) (*run, string) {
	t.Helper()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("t0ken"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range auth {
		if auth[i].SSH == "" {
			auth[i].Token = token
		}
	}
	return &run{
		config: modstep.Config{Auth: auth, Dir: dir}, out: io.Discard,
		paths: Paths{Program: "/p", Config: "/c", Scratch: dir, CADir: filepath.Join(dir, "ca")},
	}, dir
}

// A toolchain before Go 1.24 knows no GOAUTH.
func TestLoginOfAnOlderToolchain(t *testing.T) {
	r, dir := testRun(t, modstep.Auth{Host: "git.example.com:8443", User: "me"}, modstep.Auth{Host: "h.example.com", Header: "X"})
	vars := map[string]string{}
	if err := r.login(t.Context(), vars, "go1.23.4 (Distribution 1.23.4-1)"); err != nil {
		t.Fatal(err)
	}
	if vars["GOAUTH"] != "" {
		t.Errorf("GOAUTH=%s", vars["GOAUTH"])
	}
	data, err := os.ReadFile(filepath.Join(dir, "netrc"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("machine git.example.com:8443\nlogin me\npassword t0ken\n", string(data)); diff != "" {
		t.Error(diff)
	}
	if vars["NETRC"] != filepath.Join(dir, "netrc") {
		t.Errorf("NETRC=%s", vars["NETRC"])
	}
}

func TestGitAndSSHFiles(t *testing.T) {
	r, dir := testRun(t,
		modstep.Auth{Host: "git.example.com:2222", Path: "acme", SSH: "/run/agent0", KnownHosts: "/src/kh"},
		modstep.Auth{Host: "gitlab.example.com", Header: "PRIVATE-TOKEN"},
		modstep.Auth{Host: "github.com", Path: "acme", User: "x"},
	)
	vars := map[string]string{}
	if err := r.login(t.Context(), vars, "go1.26.1"); err != nil {
		t.Fatal(err)
	}
	git, err := os.ReadFile(filepath.Join(dir, "gitconfig"))
	if err != nil {
		t.Fatal(err)
	}
	want := `[http "https://gitlab.example.com/"]
	extraHeader =
	extraHeader = "PRIVATE-TOKEN: t0ken"
	followRedirects = false
[url "ssh://git@gokiln-auth-1/acme/"]
	insteadOf = "https://git.example.com/acme/"
	insteadOf = "ssh://git@git.example.com:2222/acme/"
	insteadOf = "ssh://git.example.com:2222/acme/"
[credential "https://github.com"]
	helper =
	helper = "!/p credential /c"
	useHttpPath = true
`
	if diff := cmp.Diff(want, string(git)); diff != "" {
		t.Errorf("git configuration (-want +got):\n%s", diff)
	}
	ssh, err := os.ReadFile(filepath.Join(dir, "sshconfig"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"HostName git.example.com", "Port 2222", `IdentityAgent "/run/agent0"`, `UserKnownHostsFile "/src/kh"`, "StrictHostKeyChecking yes"} {
		if !strings.Contains(string(ssh), "\t"+line+"\n") {
			t.Errorf("ssh configuration lacks %q:\n%s", line, ssh)
		}
	}
	for name, value := range vars {
		if strings.Contains(value, "t0ken") {
			t.Errorf("the token is in the environment, in %s", name)
		}
	}
}

func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		text, code, module, url, status string
	}{
		{"go: example.com/a@v1.0.0: reading https://p.example.com/example.com/a/@v/v1.0.0.mod: 503 Service Unavailable", "M8", "example.com/a@v1.0.0", "https://p.example.com/example.com/a/@v/v1.0.0.mod", "503 Service Unavailable"},
		{"go: example.com/a@v1.0.0: reading https://p.example.com/example.com/a/@v/v1.0.0.zip: 404 Not Found\n\tserver response: not found: unknown revision", "M3", "example.com/a@v1.0.0", "https://p.example.com/example.com/a/@v/v1.0.0.zip", "404 Not Found"},
		{`example.com/a@v1.0.0: unrecognized import path "example.com/a": https fetch: Get "https://example.com/a?go-get=1": dial tcp: lookup example.com: no such host`, "M11", "example.com/a@v1.0.0", "https://example.com/a?go-get=1", ""},
		{`example.com/a@v1.0.0: Get "https://p.example.com/x": dial tcp 10.0.0.1:443: i/o timeout`, "M1", "example.com/a@v1.0.0", "https://p.example.com/x", ""},
		{`example.com/a@v1.0.0: Get "https://p.example.com/x": tls: failed to verify certificate: x509: certificate signed by unknown authority`, "M9", "example.com/a@v1.0.0", "https://p.example.com/x", ""},
		{"example.com/a@v1.0.0: invalid version: git ls-remote -q origin in /x: exit status 128:\n\tfatal: could not read Username for 'https://example.com': terminal prompts disabled", "M2", "example.com/a@v1.0.0", "https://example.com", ""},
		{"example.com/a@v1.0.0: invalid version: git ls-remote -q origin in /x: exit status 128:\n\tgit@example.com: Permission denied (publickey).\n\tfatal: Could not read from remote repository.", "M7", "example.com/a@v1.0.0", "", ""},
		{"example.com/a@v1.0.0: invalid version: git ls-remote: exit status 128:\n\tNo ED25519 host key is known\n\tHost key verification failed.", "M7", "example.com/a@v1.0.0", "", ""},
		{`example.com/a@v1.0.0: git init --bare in /x: exec: "git": executable file not found in $PATH`, "M10", "example.com/a@v1.0.0", "", ""},
		{"example.com/a@v1.0.0: module lookup disabled by GOPROXY=off", "M12", "example.com/a@v1.0.0", "", ""},
		{"verifying example.com/a@v1.0.0/go.mod: checksum mismatch\n\tdownloaded: h1:a\n\tgo.sum:     h1:b", "M4", "example.com/a@v1.0.0", "", ""},
		{"missing go.sum entry for module providing package example.com/a/b; to add:\n\tgo mod download example.com/a", "M5", "", "", ""},
		{"no required module provides package example.com/a; to add it:\n\tgo get example.com/a", "M6", "", "", ""},
		{"example.com/a@v1.0.0: invalid version: unknown revision v1.0.0", "M3", "example.com/a@v1.0.0", "", ""},
		{"fatal: unable to access 'https://git.example.com/a/': The requested URL returned error: 403", "M2", "", "https://git.example.com/a/", "403"},
		{`example.com/a@v1.0.0: Get "https://p.example.com/x": Bad Gateway`, "M8", "example.com/a@v1.0.0", "https://p.example.com/x", "502 Bad Gateway"},
		{`example.com/a@v1.0.0: Get "https://p.example.com/x": Proxy Authentication Required`, "M2", "example.com/a@v1.0.0", "https://p.example.com/x", "407 Proxy Authentication Required"},
		{`example.com/a@v1.0.0: Get "https://p.example.com/x": remote error: tls: unexpected message`, "M1", "example.com/a@v1.0.0", "https://p.example.com/x", ""},
		{`example.com/a@v1.0.0: reading https://p.example.com/x: stream error: stream ID 3; INTERNAL_ERROR; received from peer`, "M1", "example.com/a@v1.0.0", "https://p.example.com/x", ""},
		{"example.com/timeout@v1.0.0: open /x: permission denied", "M16", "example.com/timeout@v1.0.0", "", ""},
		{"go: example.com/a@v1.0.0: reading https://p.example.com/x: 404 Not Found\n\tserver response: checksum mismatch", "M3", "example.com/a@v1.0.0", "https://p.example.com/x", "404 Not Found"},
		{"go.mod requires go >= 1.99 (running go 1.26; GOTOOLCHAIN=local)", "M16", "", "", ""},
	} {
		f := diagnose(c.text)
		module := f.Module.Path
		if f.Module.Version != "" {
			module = f.Module.String()
		}
		got := []string{string(f.Code), module, f.URL, f.Status}
		if diff := cmp.Diff([]string{c.code, c.module, c.url, c.status}, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", c.text, diff)
		}
	}
}

// Of an answer that it can't read the go command says neither the URL nor, in a list
// of packages, the module.
func TestBlame(t *testing.T) {
	r, _ := testRun(t)
	r.paths.ModCache = t.TempDir()
	out := output{trace: &trace{answers: map[string]string{}}}
	for _, file := range []string{"example.com/a/@v/v1.0.0.zip", "example.com/a/b/@v/v1.1.0.zip", "example.com/a/b/@v/v1.1.0.info"} {
		out.trace.add("# get https://p.example.com/" + file)
		out.trace.add("# get https://p.example.com/" + file + ": 200 OK (0.010s)")
	}
	for text, want := range map[string]string{
		"package example.com/a/b/c: zip: not a valid zip file":                        "example.com/a/b/@v/v1.1.0.zip",
		"package example.com/a/bc: zip: not a valid zip file":                         "example.com/a/@v/v1.0.0.zip",
		"example.com/a@v1.0.0: downloaded zip file too large":                         "example.com/a/@v/v1.0.0.zip",
		`example.com/a/b@v1.1.0: invalid response from proxy "https://p.example.com"`: "example.com/a/b/@v/v1.1.0.info",
		"package example.org/a: zip: not a valid zip file":                            "",
	} {
		failures := []Failure{diagnose(text)}
		r.blame(failures, out)
		if want != "" {
			want = "https://p.example.com/" + want
		}
		if failures[0].Code != symptom.Answer || failures[0].URL != want {
			t.Errorf("%s is about %q, want %q: %v", text, failures[0].URL, want, failures[0])
		}
	}
}

func TestHide(t *testing.T) {
	var s secrets
	s.add("me", "a b+c")
	s.addURL("https://u:p4ssword@p.example.com,direct|https://justtoken@x.example.com")
	s.addURL("https://me:pa%ssw0rd99@p.example.com,https://t+oken%40b123@q.example.com")
	s.addURL("https://emptypassword:@p.example.com|https://gho_aTokenThatIsLong0:x-oauth-basic@p.example.com|https://m%40e:p4ssw%26rd@p.example.com")
	s.add("x-access-token", `to"ken&<\é`)
	base := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, text := range []string{
		"pa%ssw0rd99", "t+oken%40b123", "t+oken@b123", "a b+c", "a+b%2Bc", "a+b%2bc", "bWU6YSBiK2M=", "p4ssword", "justtoken",
		// A token in the user's place is sent with an empty password.
		"emptypassword", base("emptypassword:"), "gho_aTokenThatIsLong0", base("gho_aTokenThatIsLong0:x-oauth-basic"), base("m@e:p4ssw&rd"),
		base("justtoken:"), strings.TrimRight(base("justtoken:"), "="), base("t+oken@b123:"), base("u:p4ssword"), base("justtoken"),
		// In quotes of JSON and of Go, and in a page.
		`to\"ken\u0026\u003c\\é`, `to\"ken&<\\é`, `to\"ken&<\\\u00e9`, `to&#34;ken&amp;&lt;\é`,
		base64.URLEncoding.EncodeToString([]byte(`x-access-token:to"ken&<\é`)),
	} {
		if got := s.hide("x " + text + " y"); got != "x *** y" {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int]float64{1: 1, 2: 2, 3: 4, 4: 8, 10: 30, 1000: 30} {
		for range 50 {
			if got := backoff(tries).Seconds(); got < want*0.87 || got > want*1.13 {
				t.Fatalf("after %d tries %v s, want about %v s", tries, got, want)
			}
		}
	}
}
