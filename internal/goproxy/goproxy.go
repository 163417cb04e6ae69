// Package goproxy reads GOPROXY: a list of places that modules come from, with
// what to do when one of them fails between them.
//
// It reads whatever is written and judges nothing: the spec refuses what it has a
// better word for, and the rest is the go command's to refuse. The bytes of
// cmd/gokiln-modules hold this package and are in cache keys, so it imports the
// standard library alone.
package goproxy

import (
	"net/url"
	"strings"
)

// The elements that are words.
const (
	Direct = "direct"
	Off    = "off"
)

// ContextPrefix begins an element that is a named context of the build, which only
// gokiln knows.
const ContextPrefix = "context:"

// List is GOPROXY taken apart. String puts it together again.
type List []Element

// Element is one place in a list.
type Element struct {
	// Text is the element without white space around it; it may be empty.
	Text string
	// Separator stands after it: "," has the next element asked when this one says
	// 404 or 410, "|" on any error. The last element has none.
	Separator string
}

// Parse takes a list apart where the go command does. White space alone is no list.
func Parse(s string) List {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	var list List
	for {
		i := strings.IndexAny(s, ",|")
		if i < 0 {
			return append(list, Element{Text: strings.TrimSpace(s)})
		}
		list = append(list, Element{strings.TrimSpace(s[:i]), s[i : i+1]})
		s = s[i+1:]
	}
}

// String returns the list as the go command takes it.
func (l List) String() string {
	var b strings.Builder
	for _, e := range l {
		b.WriteString(e.Text + e.Separator)
	}
	return b.String()
}

// File returns the element for a folder that is laid out as a module proxy.
func File(dir string) string { return "file://" + dir }

// Context returns the name of the context that an element is.
func (e Element) Context() (name string, ok bool) { return strings.CutPrefix(e.Text, ContextPrefix) }

// Login returns what stands before and after the last "@", which ends a user and
// password. It goes by the text: Go adds the scheme where there is none, so what
// parses as no URL may hold a password all the same.
func (e Element) Login() (login, rest string, ok bool) {
	i := strings.LastIndex(e.Text, "@")
	if i < 0 {
		return "", "", false
	}
	login, rest = e.Text[:i], e.Text[i+1:]
	if _, after, found := strings.Cut(login, "://"); found {
		login = after
	}
	return login, rest, true
}

// Server returns the server that an element with a scheme names, as Host does, and
// whether it is reached without encryption.
func (e Element) Server() (host string, plain, ok bool) {
	u, err := url.Parse(e.Text)
	if err != nil || u.Host == "" {
		return "", false, false
	}
	return Host(u), u.Scheme != "https", true
}

// Host returns a URL's server in the one form that it is compared in: lower case,
// with a port only where it is not the usual one.
func Host(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, UsualPort)
	}
	return host
}

// UsualPort is the port of https.
const UsualPort = ":443"
