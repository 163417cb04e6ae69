package download

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gokiln/gokiln/internal/goproxy"
	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// secrets are the values that nothing may show.
type secrets struct{ values []string }

var escapeRule = regexp.MustCompile(`%[0-9A-F]{2}`)

// leastSecret is the length from which a value is hidden; a shorter one would
// tear holes into every line.
const leastSecret = 4

// tokenLength is the length from which a user is taken for a token.
const tokenLength = 20

// add hides a value in all the forms that it is sent or told in.
func (s *secrets) add(user, value string) {
	plain := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	if value != "" {
		plain = append(plain, url.User(value).String(), html.EscapeString(value))
	}
	for _, f := range plain {
		s.hideForm(f)
		s.hideForm(lowerEscapes(f))
	}
	for _, f := range quotedForms(value) {
		s.hideForm(f)
	}
	// As it is sent where it is all that is sent: with the user before it, and where
	// it is the user, as a token may be, with no password after it.
	for _, pair := range []string{value, user + ":" + value, value + ":", url.User(value).String() + ":"} {
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if value != "" {
				s.hideForm(e.EncodeToString([]byte(pair)))
			}
		}
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(s.values, func(a, b string) int { return len(b) - len(a) })
}

func (s *secrets) hideForm(f string) {
	if len(f) >= leastSecret && !slices.Contains(s.values, f) {
		s.values = append(s.values, f)
	}
}

// quotedForms are a value within quotes of Go and of JSON, with and without the
// characters of HTML escaped.
func quotedForms(value string) []string {
	var forms []string
	for _, escapeHTML := range []bool{true, false} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if e.Encode(value) == nil {
			forms = append(forms, strings.TrimSuffix(b.String(), "\n"))
		}
	}
	forms = append(forms, strconv.Quote(value), strconv.QuoteToASCII(value))
	for i, f := range forms {
		forms[i] = f[1 : len(f)-1]
	}
	return forms
}

// lowerEscapes writes percent-encoding as some others do.
func lowerEscapes(s string) string {
	return escapeRule.ReplaceAllStringFunc(s, strings.ToLower)
}

// addURL hides the passwords in a list of URLs, and users without a password, as
// tokens are sent. It goes by the text: text that is not a URL may hold one all the same.
func (s *secrets) addURL(list string) {
	for _, e := range goproxy.Parse(list) {
		info, _, _ := e.Login()
		if info == "" {
			continue
		}
		info = strings.TrimSpace(info)
		s.add("", info)
		user, password, _ := strings.Cut(info, ":")
		if password == "" {
			password = user
		}
		s.add(user, password)
		if plain, err := url.PathUnescape(user); err == nil {
			user = plain
		}
		if plain, err := url.PathUnescape(password); err == nil {
			s.add(user, plain)
		}
		// A token may stand for the user, with a word for the password.
		if len(user) >= tokenLength {
			s.add("", user)
		}
	}
}

func (s secrets) hide(text string) string {
	for _, v := range s.values {
		text = strings.ReplaceAll(text, v, "***")
	}
	return text
}

// readSecrets reads every credential once, so that nothing shows it later.
func (r *run) readSecrets() error {
	for i := range r.config.Auth {
		logins, err := credential{r.config.Auth[i]}.logins()
		if err != nil {
			return err
		}
		for _, l := range logins {
			r.secrets.add(l.user, l.password)
			// A token may stand for the user, with a word for the password.
			if len(l.user) >= tokenLength {
				r.secrets.add("", l.user)
			}
		}
	}
	return nil
}

// credential is an entry of Config.Auth.
type credential struct{ modstep.Auth }

// login is a user and password for a host.
type login struct{ user, password string }

// secretFile reads a mounted secret, white space around it stripped.
func secretFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := readAll(f)
	return strings.TrimSpace(string(data)), err
}

// logins reads an entry's credential; none for SSH.
func (a credential) logins() ([]login, error) {
	switch {
	case a.Token != "":
		token, err := secretFile(a.Token)
		if err != nil {
			return nil, err
		}
		if token == "" || strings.ContainsAny(token, "\r\n\x00") {
			return nil, a.badSecret("the secret is empty or has several lines; it has to be the token alone")
		}
		return []login{{a.User, token}}, nil
	case a.Netrc != "":
		text, err := secretFile(a.Netrc)
		if err != nil {
			return nil, err
		}
		l, ok := netrcLogin(text, a.hostname())
		if !ok {
			return nil, a.badSecret(fmt.Sprintf("the netrc secret has no entry `machine %s login ... password ...`", a.hostname()))
		}
		return []login{l}, nil
	}
	return nil, nil
}

func (a credential) badSecret(text string) error {
	return Failure{Code: symptom.Secret, Text: fmt.Sprintf("modules.auth for %s: %s", a.Host, text), Cure: "see what --secret passes; a variable that is not set passes nothing"}
}

// hostname is Host without its port, which netrc has no word for.
func (a credential) hostname() string {
	name, _, _ := strings.Cut(a.Host, ":")
	return name
}

// netrcLogin finds a machine's entry, or the default's.
func netrcLogin(text, machine string) (login, bool) {
	var found, fallback login
	var current *login
	ok, hasFallback := false, false
	var scratch login
	fields := strings.Fields(withoutMacros(text))
	for i := 0; i < len(fields); i++ {
		value := ""
		if i+1 < len(fields) {
			value = fields[i+1]
		}
		switch fields[i] {
		case "machine":
			current = &scratch
			if value == machine && !ok {
				current, ok = &found, true
			}
			i++
		case "default":
			current, hasFallback = &fallback, true
		case "login":
			if current != nil {
				current.user = value
			}
			i++
		case "password":
			if current != nil {
				current.password = value
			}
			i++
		case "account":
			i++
		}
	}
	if !ok && hasFallback {
		found, ok = fallback, true
	}
	return found, ok && found.password != ""
}

// withoutMacros leaves out macro definitions, which end at an empty line.
func withoutMacros(text string) string {
	var b strings.Builder
	macro := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "macdef"):
			macro = true
		case trimmed == "":
			macro = false
		case !macro && !strings.HasPrefix(trimmed, "#"):
			b.WriteString(line)
		}
	}
	return b.String()
}

// readAll reads a small file, up to a bound that no secret reaches.
func readAll(from io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(from, 1<<20)) }
