package spec

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/diag"
)

func TestProxy(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{"off", "off"},
		{"direct", "direct"},
		{"https://goproxy.example.com", "https://goproxy.example.com"},
		{"https://a.example.com,https://b.example.com|direct", "https://a.example.com,https://b.example.com|direct"},
		{"https://a.example.com , direct", "https://a.example.com,direct"},
		{"[https://a.example.com, direct]", "https://a.example.com,direct"},
		{"['https://a.example.com|https://b.example.com', 'c.example.com,direct']", "https://a.example.com|https://b.example.com,https://c.example.com,direct"},
		{"[off]", "off"},
		{"goproxy.example.com", "https://goproxy.example.com"},
		{"goproxy.example.com/go/,off", "https://goproxy.example.com/go/,off"},
		{"localhost:8081", "https://localhost:8081"},
		{"http://10.0.0.1:3000", "http://10.0.0.1:3000"},
		{"'http://[::1]:3000/a'", "http://[::1]:3000/a"},
		{"HTTPS://S.Example.COM:443/Go", "https://s.example.com/Go"},
		{"http://a.example.com:443", "http://a.example.com:443"},
		{"https://a.example.com/%7Eme", "https://a.example.com/%7Eme"},
		{"context:modules", "context:modules"},
		{"context:team/modules_2,https://a.example.com", "context:team/modules_2,https://a.example.com"},
		{"['context:a', off]", "context:a,off"},
	} {
		s := mustParse(t, "modules: {proxy: "+quoteFlow(tt.yaml)+"}")
		if s.Modules.Proxy.String() != tt.want {
			t.Errorf("proxy: %s gives %q, want %q", tt.yaml, s.Modules.Proxy, tt.want)
		}
	}
}

// quoteFlow quotes what could not stand in a flow map.
func quoteFlow(s string) string {
	if strings.ContainsAny(s[:1], "['") {
		return s
	}
	return "'" + s + "'"
}

func TestModules(t *testing.T) {
	for _, tt := range []struct {
		yaml string
		want Modules
	}{
		{"{}", Modules{}},
		{"{sumdb: off}", Modules{SumDB: "off"}},
		{"{sumdb: sum.golang.google.cn}", Modules{SumDB: "sum.golang.google.cn"}},
		{"{sumdb: ' sum.golang.org   https://goproxy.example.com/sumdb '}", Modules{SumDB: "sum.golang.org https://goproxy.example.com/sumdb"}},
		{"{private: 'git.example.com/, *.corp.example.com,git.example.com'}", Modules{Private: []string{"git.example.com", "*.corp.example.com"}}},
		{"{private: [github.com/acme, 'a.example.com,b.example.com/[a-z]?']}", Modules{Private: []string{"github.com/acme", "a.example.com", "b.example.com/[a-z]?"}}},
		{"{private: '*', no_proxy: none, no_sumdb: [none]}", Modules{Private: []string{"*"}, NoProxy: []string{"none"}, NoSumDB: []string{"none"}}},
		{"{private: []}", Modules{Private: []string{}}},
		{"{retries: 20, timeout: 1h}", Modules{Retries: 20, Timeout: time.Hour}},
		{"{timeout: 1s, image: golang:1.26-bookworm}", Modules{Timeout: time.Second, Image: "golang:1.26-bookworm"}},
		{"{workspace: off}", Modules{Workspace: "off"}},
		{"{workspace: 'auto'}", Modules{}},
		{"{auth: []}", Modules{Auth: []Auth{}}},
	} {
		want := tt.want
		if want.Retries == 0 {
			want.Retries = 4
		}
		if want.Timeout == 0 {
			want.Timeout = time.Minute
		}
		if want.Workspace == "" {
			want.Workspace = "auto"
		}
		if diff := cmp.Diff(want, mustParse(t, "modules: "+tt.yaml).Modules); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.yaml, diff)
		}
	}
	if got := mustParse(t, "modules: {retries: 0}").Modules.Retries; got != 0 {
		t.Errorf("retries: 0 gives %d", got)
	}
}

func TestAuth(t *testing.T) {
	for _, tt := range []struct {
		yaml string
		want Auth
	}{
		{"{host: github.com/acme, token: github-token}", Auth{Host: "github.com", Path: "acme", Token: "github-token", User: "x-access-token"}},
		{"{host: gitlab.com/acme/team, token: t, user: oauth2}", Auth{Host: "gitlab.com", Path: "acme/team", Token: "t", User: "oauth2"}},
		{"{host: gitlab.example.com, token: t, header: PRIVATE-TOKEN}", Auth{Host: "gitlab.example.com", Token: "t", Header: "PRIVATE-TOKEN"}},
		{"{host: gitea.example.com, token: t, header: 'Authorization: token'}", Auth{Host: "gitea.example.com", Token: "t", Header: "Authorization", Prefix: "token"}},
		{"{host: a.example.com, token: t, header: 'Authorization:Bearer'}", Auth{Host: "a.example.com", Token: "t", Header: "Authorization", Prefix: "Bearer"}},
		{"{host: a.example.com, token: t, header: 'X-Key:'}", Auth{Host: "a.example.com", Token: "t", Header: "X-Key"}},
		{"{host: Goproxy.Example.com:8443, netrc: net_rc.1}", Auth{Host: "goproxy.example.com:8443", Netrc: "net_rc.1"}},
		{"{host: 'git.example.com:443/Acme', token: t, user: me@example.com}", Auth{Host: "git.example.com", Path: "Acme", Token: "t", User: "me@example.com"}},
		{"{host: git.example.com, ssh: default, known_hosts: ./build//known_hosts}", Auth{Host: "git.example.com", SSH: "default", KnownHosts: "build/known_hosts"}},
		{"{host: localhost, token: t}", Auth{Host: "localhost", Token: "t", User: "x-access-token"}},
		{"{host: 'localhost:3000/acme', token: t}", Auth{Host: "localhost:3000", Path: "acme", Token: "t", User: "x-access-token"}},
		{"{host: git.sr.ht/~acme, token: global-company-goproxy-token1}", Auth{Host: "git.sr.ht", Path: "~acme", Token: "global-company-goproxy-token1", User: "x-access-token"}},
		{"{host: 10.0.0.1:3000, token: GITHUB_TOKEN}", Auth{Host: "10.0.0.1:3000", Token: "GITHUB_TOKEN", User: "x-access-token"}},
	} {
		s := mustParse(t, "modules: {auth: ["+tt.yaml+"]}")
		if diff := cmp.Diff([]Auth{tt.want}, s.Modules.Auth); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.yaml, diff)
		}
	}
	s := mustParse(t, "modules: {auth: [{host: github.com/a, token: t}, {host: github.com/b, token: t}, {host: a.example.com, netrc: n}]}")
	if len(s.Modules.Auth) != 3 {
		t.Errorf("several entries: %+v", s.Modules.Auth)
	}
}

func TestMainOfDependency(t *testing.T) {
	s := mustParse(t, "main: [example.com/tool/cmd/tool/, ./cmd/api, golang.org/x/tools/gopls, example.com/other/v2]")
	want := []string{"example.com/tool/cmd/tool", "./cmd/api", "golang.org/x/tools/gopls", "example.com/other/v2"}
	if diff := cmp.Diff(want, s.Main); diff != "" {
		t.Error(diff)
	}
}

func TestIsToken(t *testing.T) {
	for _, token := range []string{
		"ghp_0123456789abcdefghijABCDEFGHIJ012345", "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz",
		"glpat-aBcDeFgHiJkLmNoPqRsT", "glpat-aBcDeFgHiJkLmNoPqRsT.01.0123abcde", "0123456789abcdef0123456789abcdef01234567",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", strings.Repeat("a", 129),
	} {
		if !isToken(token) {
			t.Errorf("%q passes for the name of a secret", token)
		}
	}
	for _, id := range []string{"github-token", "GITHUB_TOKEN", "npm_token", "gl-token", "ghp_token_of_the_platform_team", "deadbeef", "glpat-of-the-whole-platform-team", "t"} {
		if isToken(id) {
			t.Errorf("%q passes for a token", id)
		}
	}
}

// TestSecretsAreHidden: no error, and no file shown with one, holds a value that
// may be a secret, wherever else it stands; lines and places stay.
func TestSecretsAreHidden(t *testing.T) {
	const token, password = "ghp_0123456789abcdefghijABCDEFGHIJ012345", "hunter2-hunter2"
	for _, tt := range []struct{ name, data string }{
		{"a token as id", "modules: {auth: [{host: github.com/a, token: " + token + "}]}"},
		{"in a comment", "# " + password + "\nmodules: {auth: [{host: github.com/a, token: '" + password + "!'}]}\n# " + password + "!"},
		{"after a byte order mark", "\xef\xbb\xbfmodules: {auth: [{host: github.com/a, ssh: '" + password + "!'}]}"},
		{"in lines that end with CR LF", "modules:\r\n  auth:\r\n  - host: github.com/a\r\n    token: |\r\n      " + token + "\r\n    header: a b\r\n"},
		{"with escapes", `modules: {auth: [{host: github.com/a, token: "hunter2\x2dhunter2!"}]}`},
		{"by an anchor", "x-a: &a " + token + "\nmodules: {auth: [{host: github.com/a, token: *a}]}"},
		{"by a merge", "x-a: &a {token: '" + password + "!'}\nmodules: {auth: [{host: github.com/a, <<: *a}]}"},
		{"in a proxy", "modules: {proxy: 'https://me:" + password + "@goproxy.example.com'}"},
		{"in a list of proxies", "modules: {proxy: [direct, 'https://me:" + password + "@goproxy.example.com']}"},
		{"in a host", "modules: {auth: [{host: 'https://me:" + password + "@git.example.com', token: t}]}"},
		{"below a key that is not known", "modules: {auth: [{host: github.com/a, password: " + password + "}]}"},
		{"in a list", "modules: {auth: [{host: github.com/a, token: [" + password + "]}]}"},
		{"as a map of hosts", "modules: {auth: {github.com/a: " + password + "}}"},
		{"elsewhere", "nam: " + token},
		{"as a key", token + ": 1"},
		{"in no YAML", "token: " + token + "\n  - ["},
		{"in a pattern", "modules: {private: 'me:" + password + "@git.example.com'}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(tt.data, password) && !strings.Contains(tt.data, token) && !strings.Contains(tt.data, `hunter2\x2d`) {
				t.Fatal("the file holds no secret")
			}
			_, err := Parse("gokiln.yaml", []byte(tt.data))
			if err == nil {
				t.Fatal("no error")
			}
			for _, e := range diag.All(err) {
				shown := e.Error() + string(e.Source.Data)
				for _, secret := range []string{token, "hunter2-hunter2!", `hunter2\x2d`, "me:" + password, password + "]", ": " + password} {
					if strings.Contains(shown, secret) {
						t.Errorf("%q is shown:\n%s\n%s", secret, e.Error(), e.Source.Data)
					}
				}
				if len(e.Source.Data) != len(tt.data) || strings.Count(string(e.Source.Data), "\n") != strings.Count(tt.data, "\n") {
					t.Errorf("the file has other places:\n%s", e.Source.Data)
				}
			}
		})
	}
}

// TestNothingIsHidden where no value may be a secret: the file is what helps.
func TestNothingIsHidden(t *testing.T) {
	for _, data := range []string{
		"nam: api", "modules: {proxy: ftp://a.example.com}", "modules: {auth: [git.example.com]}",
		"modules: {auth: [{hots: git.example.com, token: git-token}]}", "modules: {auth: [{host: github.com, token: git-token}]}",
		"build: {goamd64: 0123456789abcdef0123456789abcdef01234567}",
	} {
		_, err := Parse("gokiln.yaml", []byte(data))
		if err == nil {
			t.Errorf("%s: no error", data)
		}
		for _, e := range diag.All(err) {
			if string(e.Source.Data) != data {
				t.Errorf("%s is shown as\n%s", data, e.Source.Data)
			}
		}
	}
}

// TestManySecrets: a file of them is hidden as a whole, in one pass.
func TestManySecrets(t *testing.T) {
	data := "modules: {auth: [{host: github.com/a, token: [" + strings.Repeat("hunter2hunter2,", 20_000) + "]}]}"
	_, err := Parse("gokiln.yaml", []byte(data))
	errs := diag.All(err)
	if len(errs) != 1 || strings.Trim(string(errs[0].Source.Data), "*") != "" {
		t.Errorf("%d errors: %.200v", len(errs), err)
	}
}

// checkModulePromises holds what the comments of Modules say.
func checkModulePromises(t *testing.T, m Modules) {
	t.Helper()
	for _, e := range m.Proxy {
		element := e.Text
		known := element == "direct" || element == "off" || strings.HasPrefix(element, "context:") ||
			strings.HasPrefix(element, "https://") || strings.HasPrefix(element, "http://")
		if !known || strings.ContainsAny(element, "@?# ") {
			t.Errorf("proxy %q", m.Proxy)
		}
	}
	if strings.ContainsAny(m.SumDB, "@?#\n") {
		t.Errorf("sumdb %q", m.SumDB)
	}
	for _, glob := range slices.Concat(m.Private, m.NoProxy, m.NoSumDB) {
		if glob == "" || strings.ContainsAny(glob, ", @:") || strings.HasPrefix(glob, "/") || strings.HasSuffix(glob, "/") {
			t.Errorf("pattern %q", glob)
		}
	}
	if m.Retries < 0 || m.Retries > 20 || m.Timeout < time.Second || m.Timeout > time.Hour || m.Workspace != "auto" && m.Workspace != "off" {
		t.Errorf("%+v", m)
	}
	seen := map[[2]string]bool{}
	for _, a := range m.Auth {
		ok := len(ways(a)) == 1 && (a.SSH == "") == (a.KnownHosts == "") && (a.Prefix == "" || a.Header != "") &&
			(a.Token != "") == (a.User != "" || a.Header != "") && (a.User == "" || a.Header == "") &&
			a.Host != "" && a.Host == strings.ToLower(a.Host) && !strings.ContainsAny(a.Host+a.Path, "@*? ") &&
			strings.Trim(a.Path, "/") == a.Path && !seen[[2]string{a.Host, a.Path}]
		if !ok || slices.ContainsFunc([]string{a.Token, a.Netrc, a.SSH}, isToken) {
			t.Errorf("auth %+v", a)
		}
		seen[[2]string{a.Host, a.Path}] = true
	}
}
