package download_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/download"
	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// TestMain lets the test binary stand for the program that the go command calls
// back.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "goauth" {
		config, err := modstep.ReadConfig(os.Args[2])
		if err == nil {
			err = download.GoAuth(config, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func secretFile(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestGoAuth(t *testing.T) {
	netrc := secretFile(t, "# mine\nmachine other.example.com login a password b\nmacdef init\nmachine proxy.example.com login x password y\n\nmachine proxy.example.com\n  login me\n  password s3cret\ndefault login d password e\n")
	config := modstep.Config{Auth: []modstep.Auth{
		{Host: "github.com", Path: "acme", Token: secretFile(t, "tok\n"), User: "x-access-token"},
		{Host: "gitlab.example.com", Token: secretFile(t, "tok"), Header: "PRIVATE-TOKEN"},
		{Host: "api.example.com:8443", Token: secretFile(t, "tok"), Header: "Authorization", Prefix: "Bearer"},
		{Host: "proxy.example.com", Netrc: netrc},
		{Host: "unnamed.example.com", Netrc: netrc},
		{Host: "git.example.com", SSH: "/run/agent", KnownHosts: "/src/known_hosts"},
	}}
	var out bytes.Buffer
	if err := download.GoAuth(config, &out); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, c := range [][2]string{
		{"github.com/acme", "Authorization: Basic eC1hY2Nlc3MtdG9rZW46dG9r"},
		{"gitlab.example.com", "PRIVATE-TOKEN: tok"},
		{"api.example.com:8443", "Authorization: Bearer tok"},
		{"proxy.example.com", "Authorization: Basic bWU6czNjcmV0"},
		{"unnamed.example.com", "Authorization: Basic ZDpl"},
	} {
		fmt.Fprintf(&want, "https://%[1]s\nhttps://%[1]s?go-get=1\n\n%[2]s\n\n", c[0], c[1])
	}
	if diff := cmp.Diff(want.String(), out.String()); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestCredential(t *testing.T) {
	config := modstep.Config{Auth: []modstep.Auth{
		{Host: "git.example.com", Token: secretFile(t, "host"), User: "h"},
		{Host: "git.example.com", Path: "acme", Token: secretFile(t, "acme"), User: "a"},
		{Host: "git.example.com", Path: "acme/deep", Token: secretFile(t, "deep"), User: "d"},
		{Host: "port.example.com:8443", Token: secretFile(t, "port"), User: "p"},
		{Host: "header.example.com", Token: secretFile(t, "x"), Header: "PRIVATE-TOKEN"},
	}}
	for _, c := range []struct{ operation, ask, want string }{
		{"get", "protocol=https\nhost=git.example.com\npath=other/lib.git\n\n", "username=h\npassword=host\n"},
		{"get", "protocol=https\nhost=git.example.com\npath=acme/lib.git\n", "username=a\npassword=acme\n"},
		{"get", "protocol=https\nhost=git.example.com\npath=acme.git\n", "username=a\npassword=acme\n"},
		{"get", "protocol=https\nhost=git.example.com\npath=acmes/lib\n", "username=h\npassword=host\n"},
		{"get", "protocol=https\nhost=git.example.com\npath=acme/deep/lib.git\n", "username=d\npassword=deep\n"},
		{"get", "protocol=https\nhost=port.example.com:8443\npath=x\n", "username=p\npassword=port\n"},
		{"get", "protocol=https\nhost=port.example.com\npath=x\n", ""},
		{"get", "protocol=http\nhost=git.example.com\npath=x\n", ""},
		{"get", "protocol=https\nhost=header.example.com\npath=x\n", ""},
		{"store", "protocol=https\nhost=git.example.com\npath=x\n", ""},
	} {
		var out bytes.Buffer
		if err := download.Credential(config, c.operation, strings.NewReader(c.ask), &out); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("%s %q: %q, want %q", c.operation, c.ask, out.String(), c.want)
		}
	}
}

// TestProxyLogin runs the real go command against a proxy over TLS that wants a
// login, and looks for the secret in all that is left.
func TestProxyLogin(t *testing.T) {
	for _, c := range []struct {
		name string
		auth modstep.Auth
		ok   func(*http.Request) bool
	}{
		{"basic", modstep.Auth{User: "me"}, func(r *http.Request) bool {
			user, password, _ := r.BasicAuth()
			return user == "me" && password == "sekret-token"
		}},
		{"header", modstep.Auth{Header: "PRIVATE-TOKEN"}, func(r *http.Request) bool {
			return r.Header.Get("PRIVATE-TOKEN") == "sekret-token"
		}},
		{"wrong", modstep.Auth{Header: "PRIVATE-TOKEN"}, func(*http.Request) bool { return false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := startProxy(t, lib(), other())
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !c.ok(r) {
					http.Error(w, "no: "+r.Header.Get("PRIVATE-TOKEN"), http.StatusUnauthorized)
					return
				}
				files.Config.Handler.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			f := newFixture(t, app(t))
			c.auth.Host, c.auth.Token = strings.TrimPrefix(server.URL, "https://"), secretFile(t, "sekret-token\n")
			f.config.Proxy, f.config.Auth = server.URL, []modstep.Auth{c.auth}
			data, err := json.Marshal(f.config)
			if err != nil {
				t.Fatal(err)
			}
			f.configFile = secretFile(t, string(data))
			ca := secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
			f.env = append(f.env, "SSL_CERT_FILE="+ca)
			err = f.run()
			if c.name == "wrong" {
				f.wantFailure(err, symptom.Denied, "401 Unauthorized", "modules.auth")
			} else if err != nil {
				t.Fatal(err)
			}
			if all := f.out + fmt.Sprint(err); strings.Contains(all, "sekret") {
				t.Errorf("the secret is shown:\n%s", all)
			}
			noSecret(t, "sekret", f.modCache, f.store)
		})
	}
}

// noSecret looks for a text in all files below some folders.
func noSecret(t testing.TB, secret string, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(name)
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("the secret is in %s", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestBadSecrets(t *testing.T) {
	for _, a := range []modstep.Auth{
		{Host: "git.example.com", Token: secretFile(t, " \n")},
		{Host: "git.example.com", Token: secretFile(t, "a\nb")},
		{Host: "git.example.com", Netrc: secretFile(t, "machine other.example.com login a password b")},
		{Host: "git.example.com", Netrc: secretFile(t, "machine git.example.com login a")},
	} {
		f := newFixture(t, app(t))
		f.config.Auth = []modstep.Auth{a}
		f.wantFailure(f.run(), symptom.Secret, "git.example.com", "--secret")
	}
}

func TestProxyOfTheSecret(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy = "off"
	f.env = append(f.env, modstep.ProxyEnv+"="+p.URL)
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	f = newFixture(t, app(t))
	f.config.Retries = 0
	f.env = append(f.env, modstep.ProxyEnv+"=https://me:sekret@127.0.0.1:1")
	err := f.run()
	f.wantFailure(err, symptom.Timeout)
	if strings.Contains(err.Error()+f.out, "sekret") {
		t.Errorf("the password is shown: %v\n%s", err, f.out)
	}
}

func TestProxySecretThatIsNoURL(t *testing.T) {
	for _, list := range []string{"https://me:pa%ssword99@p.example.com", "me:password99@p.example.com", "https://me:pass/word99@p.example.com"} {
		f := newFixture(t, app(t))
		f.env = append(f.env, modstep.ProxyEnv+"="+list)
		err := f.run()
		f.wantFailure(err, symptom.Secret, "element 1")
		if strings.Contains(err.Error()+f.out, "word99") {
			t.Errorf("the password is shown: %v\n%s", err, f.out)
		}
	}
}

func TestGOAUTHOfTheImage(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.Auth = p.URL, []modstep.Auth{{Host: "git.example.com", Token: secretFile(t, "token")}}
	f.env = append(f.env, "GOAUTH=off")
	f.wantFailure(f.run(), symptom.Secret, "GOAUTH=off")
}
