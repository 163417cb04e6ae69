package download

import (
	"net/url"
	"strings"
	"testing"
)

// A login is never made of anything but words of the secret.
func FuzzNetrc(f *testing.F) {
	f.Add("machine git.example.com login me password s3cret", "git.example.com")
	f.Add("default login a password b\nmacdef m\nmachine x\n\nmachine x password", "x")
	f.Add("machine machine login login password password", "machine")
	f.Fuzz(func(t *testing.T, text, machine string) {
		l, ok := netrcLogin(text, machine)
		if !ok {
			return
		}
		words := strings.Fields(text)
		for _, w := range []string{l.user, l.password} {
			if w != "" && !contains(words, w) {
				t.Errorf("%q is no word of %q", w, text)
			}
		}
		if l.password == "" {
			t.Error("a login without a password")
		}
	})
}

func contains(words []string, w string) bool {
	for _, have := range words {
		if have == w {
			return true
		}
	}
	return false
}

// Whatever Go takes for a password in a list of proxies is hidden.
func FuzzHide(f *testing.F) {
	f.Add("https://me:s3cret@goproxy.example.com,direct")
	f.Add("https://t0ken@a.example.com|https://x:y%40z:w@b.example.com/p@q")
	f.Add("//a:long@host@b")
	f.Fuzz(func(t *testing.T, list string) {
		var s secrets
		s.addURL(list)
		shown := s.hide(list)
		for _, raw := range strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == '|' }) {
			u, err := url.Parse(strings.TrimSpace(raw))
			if err != nil || u.User == nil || u.Scheme == "" {
				continue
			}
			password, ok := u.User.Password()
			if ok && len(password) >= leastSecret && strings.Contains(raw, password) && strings.Contains(shown, password) && strings.Trim(password, "*") != "" {
				t.Errorf("%q shows %q", shown, password)
			}
		}
	})
}

// Any text is diagnosed, and what is said of it fits its code.
func FuzzDiagnose(f *testing.F) {
	f.Add("go: example.com/a@v1.0.0: reading https://p.example.com/a/@v/v1.0.0.mod: 503 Service Unavailable")
	f.Add("verifying example.com/a@v1.0.0: checksum mismatch\n\tdownloaded: h1:a\n\tgo.sum: h1:b")
	f.Add(`x: Get "https://p.example.com/x": Bad Gateway`)
	f.Fuzz(func(t *testing.T, text string) {
		d := diagnose(text)
		if d.Code.Exit() < 71 {
			t.Errorf("%q has the code %q", text, d.Code)
		}
		if !strings.HasSuffix(d.Error(), d.Code.Tag()) {
			t.Errorf("%q does not end with its code", d.Error())
		}
	})
}
