package goproxy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text string
		want List
	}{
		{"", nil},
		{"direct", List{{"direct", ""}}},
		{" https://a.example.com , b|off ", List{{"https://a.example.com", ","}, {"b", "|"}, {"off", ""}}},
		{",|", List{{"", ","}, {"", "|"}, {}}},
		{"a,", List{{"a", ","}, {}}},
		{" ", nil},
	} {
		if diff := cmp.Diff(tt.want, Parse(tt.text)); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestElement(t *testing.T) {
	type parts struct {
		Context, Login, Rest, Host string
		IsContext, HasLogin        bool
		Plain, IsServer            bool
	}
	for text, want := range map[string]parts{
		"":                              {},
		"direct":                        {},
		"context:mod/a":                 {Context: "mod/a", IsContext: true},
		"https://GoProxy.example.com":   {Host: "goproxy.example.com", IsServer: true},
		"https://p.example.com:443/a":   {Host: "p.example.com", IsServer: true},
		"http://p.example.com:443":      {Host: "p.example.com:443", Plain: true, IsServer: true},
		"file:///srv/modules":           {},
		"goproxy.example.com":           {},
		"u:p@p.example.com":             {Login: "u:p", Rest: "p.example.com", HasLogin: true},
		"https://u:p@x@p.example.com/a": {Login: "u:p@x", Rest: "p.example.com/a", HasLogin: true, Host: "p.example.com", IsServer: true},
		"u:p@x://y":                     {Login: "u:p", Rest: "x://y", HasLogin: true},
		"https://@p.example.com":        {Rest: "p.example.com", HasLogin: true, Host: "p.example.com", IsServer: true},
	} {
		e := Element{Text: text}
		var got parts
		if name, ok := e.Context(); ok {
			got.Context, got.IsContext = name, true
		}
		got.Login, got.Rest, got.HasLogin = e.Login()
		got.Host, got.Plain, got.IsServer = e.Server()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// FuzzParse: a list put together is the text without the white space around its
// elements, and is read as the same list.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "https://a.example.com,direct", " a |,off", "context:x|http://u:p@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list := Parse(s)
		if diff := cmp.Diff(list, Parse(list.String())); diff != "" {
			t.Errorf("%q is read again as another list:\n%s", s, diff)
		}
		if strings.Count(s, ",")+strings.Count(s, "|") != strings.Count(list.String(), ",")+strings.Count(list.String(), "|") {
			t.Errorf("%q is %q", s, list)
		}
		for _, e := range list {
			login, rest, ok := e.Login()
			if ok && !strings.HasSuffix(e.Text, login+"@"+rest) {
				t.Errorf("%q has the login %q before %q", e.Text, login, rest)
			}
			if host, _, ok := e.Server(); ok && host == "" {
				t.Errorf("%q has a server without a name", e.Text)
			}
		}
	})
}
