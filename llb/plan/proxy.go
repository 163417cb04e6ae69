package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/goproxy"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/spec"
)

// proxyList is GOPROXY, taken apart.
type proxyList struct {
	// value is for the go command: folders are file URLs.
	value string
	// folders are the named contexts in it, hosts the servers.
	folders, hosts []string
	// plain are those of the hosts that are reached without encryption.
	plain []string
	// direct tells that modules may come from their repositories.
	direct bool
	// ofArg tells that a build argument gave the list.
	ofArg bool
}

// moduleProxy reads the build argument GOPROXY, else modules.proxy. Nothing
// given means what the toolchain image or Go has as its default.
func moduleProxy(s *spec.Spec, o Options) (proxyList, error) {
	list, elements := proxyList{}, s.Modules.Proxy
	// As in Go empty is as good as not set: a variable of a pipeline that is not
	// set must not send private names to public servers.
	if v := strings.TrimSpace(o.BuildArgs["GOPROXY"]); v != "" {
		list.ofArg, elements = true, goproxy.Parse(v)
	}
	out := make(goproxy.List, len(elements))
	for i, e := range elements {
		text, err := list.element(e)
		if err != nil {
			return list, list.errorf(s, "%w", err)
		}
		out[i] = goproxy.Element{Text: text, Separator: e.Separator}
	}
	list.value = out.String()
	return list, nil
}

// element notes what an element is and returns it in Go's words.
func (l *proxyList) element(e goproxy.Element) (string, error) {
	if name, ok := e.Context(); ok {
		if !slices.Contains(l.folders, name) {
			l.folders = append(l.folders, name)
		}
		return goproxy.File(path.Join(ProxyDir, name)), nil
	}
	if e.Text == goproxy.Direct {
		l.direct = true
	}
	if _, host, ok := e.Login(); ok {
		return "", credentialsInProxy{host}
	}
	if host, plain, ok := e.Server(); ok {
		l.hosts = append(l.hosts, host)
		if plain {
			l.plain = append(l.plain, host)
		}
	}
	return e.Text, nil
}

// credentialsInProxy is the error of a URL with a password, which the value's
// way through the cache key and the provenance would publish.
type credentialsInProxy struct{ host string }

func (e credentialsInProxy) Error() string {
	return "the URL of " + e.host + " holds credentials, which would be published with the image's provenance; " +
		"give them with modules.auth, or the whole list as the secret `goproxy` (--secret id=goproxy,env=GOPROXY) " + symptom.Secret.Tag()
}

// offline reports whether nothing in the list needs a network.
func (l proxyList) offline() bool { return l.value != "" && len(l.hosts) == 0 && !l.direct }

// check finds a list that can't give anything, and a login that would not be sent.
func (l proxyList) check(s *spec.Spec, p privacyRules) error {
	for i, a := range s.Modules.Auth {
		if slices.Contains(l.plain, a.Host) {
			return s.Errorf(spec.Index("modules.auth", i), "Go sends no credentials to http://%s; give the proxy an https URL %s", a.Host, symptom.Secret.Tag())
		}
	}
	if !l.offline() || len(l.folders) > 0 || p.direct() {
		return nil
	}
	return l.errorf(s, "%q leaves no place to get modules from, and there is no vendor folder in use; run `go mod vendor` and commit the result, or give a folder laid out as a module proxy: proxy: \"context:modules\" with --build-context modules=DIR %s",
		l.value, symptom.Offline.Tag())
}

func (l proxyList) errorf(s *spec.Spec, format string, args ...any) error {
	if l.ofArg {
		return diag.Errorf(s.Source, diag.Range{}, "build argument GOPROXY: "+format, args...)
	}
	return s.Errorf("modules.proxy", format, args...)
}

// privacyRules are the patterns of modules that are not for the public servers.
type privacyRules struct{ private, noProxy, noSumDB string }

// privacy gathers modules.private and the hosts that modules.auth has
// credentials for, unless they are proxies. Build arguments add to them: a variable
// that a pipeline has for all its builds must not send the names that a spec calls
// private to public servers. What replaces is the word none, which can mean nothing
// else.
func privacy(s *spec.Spec, o Options) privacyRules {
	proxies, _ := moduleProxy(s, o)
	private := slices.Clone(s.Modules.Private)
	for _, a := range s.Modules.Auth {
		if slices.Contains(proxies.hosts, a.Host) {
			continue
		}
		// A module path has no port.
		host, _, _ := strings.Cut(a.Host, ":")
		private = append(private, path.Join(host, a.Path))
	}
	private = patterns(private, o.BuildArgs["GOPRIVATE"])
	return privacyRules{
		private: strings.Join(private, ","),
		noProxy: exceptions(s.Modules.NoProxy, o.BuildArgs["GONOPROXY"], private),
		noSumDB: exceptions(s.Modules.NoSumDB, o.BuildArgs["GONOSUMDB"], private),
	}
}

// exceptions are the patterns of GONOPROXY or GONOSUMDB. Where nothing is given Go
// takes those of GOPRIVATE, so these are what an argument adds to.
func exceptions(own []string, arg string, private []string) string {
	arg = strings.TrimSpace(arg)
	switch {
	case arg == "none":
		return arg
	case arg == "":
		return strings.Join(own, ",")
	case len(own) == 0:
		own = private
	case slices.Equal(own, []string{"none"}):
		own = nil
	}
	return strings.Join(patterns(own, arg), ",")
}

// patterns is a sorted list with those of an argument in it.
func patterns(list []string, arg string) []string {
	all := slices.Clone(list)
	for p := range strings.SplitSeq(arg, ",") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// direct reports whether the rules send some modules to their repositories.
// Go takes GONOPROXY from GOPRIVATE where it is not set.
func (r privacyRules) direct() bool {
	if r.noProxy != "" {
		return r.noProxy != "none"
	}
	return r.private != ""
}

// needsGit reports whether the module step is likely to fetch from
// repositories. That a list ends with direct does not make it so: it is what
// Go's own default ends with.
func needsGit(s *spec.Spec, o Options) bool {
	list, err := moduleProxy(s, o)
	if err != nil {
		return false
	}
	return list.direct && len(list.hosts)+len(list.folders) == 0 || privacy(s, o).direct()
}
