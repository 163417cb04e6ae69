package spec

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/mod/sumdb/note"

	"github.com/gokiln/gokiln/internal/goproxy"
)

// proxyList reads GOPROXY's value. The place of each of its elements is kept.
func proxyList(target *goproxy.List) reader {
	return reader{stringOrList, func(d *decoder, at string, n *node) {
		var proxies goproxy.List
		rule := func(s string) ([]string, error) {
			made, texts, err := proxyElements(s)
			proxies = append(proxies, made...)
			return texts, err
		}
		before := len(d.list)
		var texts []string
		list(&texts, stringOrList, listOptions{single: true, rule: rule}).read(d, at, n)
		if len(d.list) > before {
			return
		}
		if len(proxies) == 0 {
			d.errorf(n.at, at, "the list is empty: write off for no proxy at all, or leave the key out")
			return
		}
		for i, e := range proxies[:len(proxies)-1] {
			if e.Text == goproxy.Direct || e.Text == goproxy.Off {
				d.fail(Index(at, i), "what stands after %q is never reached: put it last", e.Text)
				return
			}
			if e.Separator == "" {
				proxies[i].Separator = ","
			}
		}
		*target = proxies
	}}
}

// proxyElements reads one string of a list, which may hold several elements, and
// returns them and their texts.
func proxyElements(s string) (goproxy.List, []string, error) {
	list := goproxy.Parse(s)
	if list == nil {
		return nil, nil, errors.New("the value is empty: write off for no proxy at all, or leave the key out")
	}
	texts := make([]string, len(list))
	for i, e := range list {
		text, err := proxyElement(e)
		if err != nil {
			return nil, nil, err
		}
		list[i].Text, texts[i] = text, text
	}
	return list, texts, nil
}

// proxyElement returns an element as the go command takes it.
func proxyElement(e goproxy.Element) (string, error) {
	s := e.Text
	if name, ok := e.Context(); ok {
		return s, checkContext(name)
	}
	switch {
	case s == "":
		return "", errors.New("an element of the list is empty: write a URL, direct, off or context:NAME between the separators")
	case s == goproxy.Direct, s == goproxy.Off:
		return s, nil
	case strings.ContainsAny(s, "@?#"):
		return "", secretError{errors.New("the URL holds credentials or parameters, and they would be published: write it without, and give them with modules.auth, or give the whole list as the secret `goproxy` (--secret id=goproxy,env=GOPROXY)")}
	case strings.HasPrefix(s, "file:"), strings.HasPrefix(s, "/"), strings.HasPrefix(s, "."), isDrive(strings.ReplaceAll(s, `\`, "/")):
		return "", fmt.Errorf("%q is a folder, which the build can't see: write context:NAME, and pass --build-context NAME=DIR", show(s))
	case !strings.ContainsAny(s, ".:/"):
		return "", fmt.Errorf("%q is not a proxy: write a URL, direct, off or context:NAME", show(s))
	}
	if !strings.Contains(s, ":/") {
		s = "https://" + s
	}
	return checkProxyURL(s)
}

// checkProxyURL takes what the go command takes, and returns the server in lower
// case, as it is compared with the hosts of modules.auth.
func checkProxyURL(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", fmt.Errorf("%q holds white space: write several proxies as a list, or with commas between them", show(s))
	}
	u, err := url.Parse(s)
	if err != nil {
		wrong := err
		if e := (*url.Error)(nil); errors.As(err, &e) {
			wrong = e.Err
		}
		return "", fmt.Errorf("%q is not a URL: %w", show(s), wrong)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%q is not an http or https URL: begin it with https://", show(s))
	case u.Hostname() == "":
		return "", fmt.Errorf("%q names no server: write one such as https://goproxy.example.com", show(s))
	}
	u.Host = goproxy.Host(u)
	return u.String(), nil
}

var contextRule = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)

// checkContext takes what buildx takes as the name of a named context.
func checkContext(name string) error {
	switch {
	case name == "":
		return errors.New("\"context:\" names no context: write context:NAME, and pass --build-context NAME=DIR")
	case contextRule.MatchString(name):
		return nil
	case contextRule.MatchString(strings.ToLower(name)):
		return fmt.Errorf("%q: names of contexts are written in lower case: write %q", goproxy.ContextPrefix+show(name), goproxy.ContextPrefix+show(strings.ToLower(name)))
	}
	return fmt.Errorf("%q is not the name of a context: write context: and lower-case letters, digits, \".\", \"_\", \"-\" and \"/\", beginning and ending with a letter or digit", goproxy.ContextPrefix+show(name))
}

// patterns reads globs for the beginnings of module paths.
func patterns(target *[]string, none bool) reader {
	rule := func(s string) ([]string, error) {
		globs := strings.Split(s, ",")
		for i, glob := range globs {
			globs[i] = strings.TrimRight(strings.TrimSpace(glob), "/")
			if err := checkPattern(globs[i], none); err != nil {
				return nil, err
			}
		}
		return globs, nil
	}
	return reader{stringOrList, func(d *decoder, at string, n *node) {
		var globs []string
		list(&globs, stringOrList, listOptions{single: true, unique: true, rule: rule}).read(d, at, n)
		for i, glob := range globs {
			if glob == "none" && len(globs) > 1 {
				d.fail(Index(at, i), "%q stands alone: leave it out, or the others", "none")
				return
			}
		}
		*target = globs
	}}
}

// checkPattern refuses what module.MatchPrefixPatterns could never match.
func checkPattern(s string, none bool) error {
	if _, rest, ok := strings.Cut(s, "://"); ok && !strings.Contains(s, "@") {
		return fmt.Errorf("%q is a URL: write what module paths begin with, %q", show(s), show(bare(rest)))
	}
	if m := scpRule.FindStringSubmatch(s); m != nil {
		return fmt.Errorf("%q is a repository: write what module paths begin with, %q", show(s), show(m[1]+"/"+bare(m[2])))
	}
	host, _, _ := strings.Cut(s, ":")
	switch {
	case s == "":
		return errors.New("a pattern is empty: write what module paths begin with, such as git.example.com")
	case s == "none" && !none:
		return errors.New("\"none\" is for no_proxy and no_sumdb: leave private out")
	case strings.Contains(s, "@"):
		return secretError{errors.New("a module path holds no \"@\": write what module paths begin with, such as git.example.com")}
	case host != s:
		return fmt.Errorf("%q: module paths have no port: write %q", show(s), show(host))
	case strings.Contains(s, "..."):
		return fmt.Errorf("%q: a pattern stands for all that begins with it: write %q", show(s), show(strings.TrimRight(s, "./")))
	case strings.HasPrefix(s, "/"), strings.ContainsFunc(s, notInPattern):
		return fmt.Errorf("%q is not a pattern for module paths: write what they begin with, such as git.example.com or *.corp.example.com", show(s))
	}
	if _, err := path.Match(s, ""); err != nil {
		return fmt.Errorf("%q is not a glob: a %q has no end", show(s), "[")
	}
	return nil
}

func notInPattern(r rune) bool { return notInImportPath(r) && !strings.ContainsRune("*?[]^!", r) }

// checkSumDB takes the forms of GOSUMDB.
func checkSumDB(s string) (string, error) {
	words := strings.Fields(s)
	switch {
	case len(words) == 0:
		return "", errors.New("the value is empty: write off for no checksum database, or leave the key out for Go's")
	case len(words) > 2:
		return "", fmt.Errorf("%q has %d words: write NAME, NAME+KEY, or one of these and a URL", show(s), len(words))
	case words[0] == "off" && len(words) == 1:
		return "off", nil
	}
	if strings.Contains(words[0], "+") {
		if _, err := note.NewVerifier(words[0]); err != nil {
			return "", fmt.Errorf("%q is not a name with its key: copy NAME+HASH+KEY from the database's owner: %w", show(words[0]), err)
		}
	} else if words[0] != "sum.golang.org" && (words[0] != "sum.golang.google.cn" || len(words) > 1) {
		return "", fmt.Errorf("go knows no key of %q: write the key too, NAME+HASH+KEY, as the database's owner publishes it", show(words[0]))
	}
	if len(words) == 1 {
		return words[0], nil
	}
	if strings.ContainsAny(words[1], "@?#") {
		return "", secretError{errors.New("the URL holds credentials or parameters, and they would be published: write it without, and give them with modules.auth")}
	}
	u, err := checkProxyURL(words[1])
	return words[0] + " " + u, err
}

func checkWorkspace(s string) (string, error) {
	if s != "auto" && s != "off" {
		return "", fmt.Errorf("%q is not one of auto, off", show(s))
	}
	return s, nil
}

const (
	leastTimeout = time.Second
	mostTimeout  = time.Hour
)

// durationWithin reads a duration that has bounds.
func durationWithin(target *time.Duration, least, most time.Duration) reader {
	const want = "a duration such as 30s or 1m30s"
	return reader{want, func(d *decoder, path string, n *node) {
		var v time.Duration
		before := len(d.list)
		duration(&v).read(d, path, n)
		switch {
		case len(d.list) > before:
		case v < least || v > most:
			d.errorf(n.at, path, "%q is not between %s and %s", show(n.text), short(least), short(most))
		default:
			*target = v
		}
	}}
}

// short leaves the zeros out of "1h0m0s".
func short(v time.Duration) string {
	s := v.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
