package spec

import (
	"cmp"
	"strings"
)

func moduleFields(m *Modules) []field {
	auth := authFields(&Auth{})
	return []field{
		{key: "proxy", reader: proxyList(&m.Proxy),
			def: "the toolchain image's, else Go's", example: `"https://goproxy.example.com,direct"`,
			doc: "Where modules come from, as in GOPROXY: URLs, `direct` (their repositories), `off`, and `context:NAME`, a named context that is laid out as a module proxy's files are. After `,` the next is asked when one says 404 or 410, after `|` on any error; the elements of a list are joined by `,`. A URL with a password is refused: it would be published."},
		{key: "sumdb", reader: scalar(&m.SumDB, "a string", false, checkSumDB),
			def: "Go's", example: `"off"`,
			doc: "The checksum database, as in GOSUMDB: `off`, a name that Go knows, `NAME+KEY`, or one of these with a space and a URL after it."},
		{key: "private", reader: patterns(&m.Private, false),
			def: "none", example: "[git.example.com, github.com/acme]",
			doc: "Modules that neither a proxy nor the checksum database may hear of, as in GOPRIVATE: globs for the beginnings of module paths. The hosts of `modules.auth` that are no proxies are added by themselves."},
		{key: "no_proxy", reader: patterns(&m.NoProxy, true),
			def: "as `modules.private`", example: "[git.example.com]",
			doc: "Modules that come from their repositories and from no proxy, as in GONOPROXY. `none` sends private modules through the proxy too."},
		{key: "no_sumdb", reader: patterns(&m.NoSumDB, true),
			def: "as `modules.private`", example: "[git.example.com]",
			doc: "Modules that the checksum database is not asked about, as in GONOSUMDB. go.sum is checked for them all the same."},
		{key: "retries", reader: count(&m.Retries, maxRetries), def: "`4`", example: "8",
			doc: "How often a request that failed for a passing reason (no answer, a broken connection, 5xx, 429) is tried again."},
		{key: "timeout", reader: durationWithin(&m.Timeout, leastTimeout, mostTimeout), def: "`1m`", example: "30s",
			doc: "How long an attempt may go on without receiving anything: 1s to 1h. One file may take 20 times as long in all."},
		{key: "image", reader: scalar(&m.Image, "a string", false, checkBuildImage),
			def: "`build.image`, else one with git where modules come from repositories, else the one that compiles", example: "golang:1.26-bookworm",
			doc: "The toolchain image of the download alone."},
		{key: "workspace", reader: scalar(&m.Workspace, "auto or off", false, checkWorkspace), def: "`auto`", example: `"off"`,
			doc: "`auto` takes the go.work file that Go finds above the module, `off` none, as GOWORK=off does."},
		{key: "auth", reader: authList(&m.Auth), fields: auth,
			def: "none", example: "[{host: git.example.com, token: git-token}]",
			doc: "Credentials for proxies and repositories, one entry a host, or a host and a path. Each has exactly one of `token`, `netrc` and `ssh`. They name secrets and never hold one."},
	}
}

func authFields(a *Auth) []field {
	return []field{
		{key: "host", reader: scalar(&a.Host, "a string", false, checkAuthHost), def: "required", example: "github.com/acme",
			doc: "The server, with a port where it is not the usual one, and after it a path that limits the entry to the repositories below. Of a forge that everybody shares, such as github.com, the owner has to be named."},
		{key: "token", reader: secretID(&a.Token, wantSecret, checkSecretID), def: "none", example: "github-token",
			doc: "The id of a build secret that holds a token or password: `--secret id=github-token,env=GITHUB_TOKEN`."},
		{key: "user", reader: scalar(&a.User, "a string", false, checkAuthUser), def: "`" + defaultUser + "`", example: "gitlab-ci-token",
			doc: "The user that goes with `token`."},
		{key: "header", reader: scalar(&a.Header, "a string", false, checkHeader), def: "none: basic authentication", example: `"Authorization: Bearer"`,
			doc: "Sends `token` in this HTTP header: `NAME`, or `NAME: PREFIX` for a word before the token."},
		{key: "netrc", reader: secretID(&a.Netrc, wantSecret, checkSecretID), def: "none", example: "netrc",
			doc: "The id of a build secret in netrc form, of which the entry for the host is used: `--secret id=netrc,src=$HOME/.netrc`."},
		{key: "ssh", reader: secretID(&a.SSH, "the id of a forwarded SSH agent", checkAgentID), def: "none", example: "default",
			doc: "The id of a forwarded SSH agent: `--ssh default`."},
		{key: "known_hosts", reader: scalar(&a.KnownHosts, "a string", false, checkKnownHosts), def: "required with `ssh`", example: "build/known_hosts",
			doc: "The file in the build context, relative to its root, that holds the server's host key. Any other key is refused."},
	}
}

const (
	maxRetries  = 20
	defaultUser = "x-access-token"
	wantSecret  = "the id of a build secret"
	givenToo    = "%s is given as well: keep one of token, netrc and ssh"
)

func authList(target *[]Auth) reader {
	const want = "a list of maps with host and one of token, netrc, ssh"
	return reader{want, func(d *decoder, path string, n *node) {
		if n.kind != kindList {
			d.hideUnlessHost(n) // A token, or the map that other tools take.
			d.wrongType(path, n, want)
			return
		}
		list := []Auth{}
		lines := map[string]int{}
		for i, item := range n.items {
			var a Auth
			at := Index(path, i)
			d.place(at, item.at)
			if item.kind != kindMap {
				d.hideUnlessHost(item)
				d.wrongType(at, item, "a map such as {host: git.example.com, token: git-token}")
				continue
			}
			before := len(d.list)
			d.fields(at, item, authFields(&a))
			if len(d.list) == before {
				d.checkAuth(at, item, a)
			}
			if len(d.list) > before {
				continue
			}
			if line, ok := lines[a.Host]; ok {
				d.fail(Key(at, "host"), "%q has an entry already, at line %d: keep one", show(a.Host), line)
				continue
			}
			lines[a.Host] = item.at.Start.Line
			list = append(list, split(a))
		}
		*target = list
	}}
}

// split takes apart what is written as one value, and fills in the user.
func split(a Auth) Auth {
	a.Host, a.Path, _ = strings.Cut(a.Host, "/")
	a.Header, a.Prefix, _ = strings.Cut(a.Header, ": ")
	if a.Token != "" && a.Header == "" {
		a.User = cmp.Or(a.User, defaultUser)
	}
	return a
}

// checkAuth checks what goes together in an entry.
func (d *decoder) checkAuth(at string, item *node, a Auth) {
	given := ways(a)
	switch {
	case a.Host == "":
		d.errorf(item.at, at, "host is missing: write {host: git.example.com, token: git-token}")
	case len(given) == 0:
		d.errorf(item.at, at, "no credential: write one of token, netrc and ssh, such as `token: git-token` with --secret id=git-token,env=GIT_TOKEN")
	case len(given) > 1 && given[1] == "netrc":
		d.fail(Key(at, "netrc"), givenToo, given[0])
	case len(given) > 1:
		d.fail(Key(at, "ssh"), givenToo, given[0])
	case a.User != "" && a.Token == "":
		d.fail(Key(at, "user"), "it goes with token, and %s is given: leave it out", given[0])
	case a.Header != "" && a.Token == "":
		d.fail(Key(at, "header"), "it goes with token, and %s is given: leave it out", given[0])
	case a.User != "" && a.Header != "":
		d.fail(Key(at, "user"), "a token in a header has no user: leave out user or header")
	case a.KnownHosts != "" && a.SSH == "":
		d.fail(Key(at, "known_hosts"), "it goes with ssh, and %s is given: leave it out", given[0])
	case a.SSH != "" && a.KnownHosts == "":
		d.fail(Key(at, "ssh"), "known_hosts is missing: write the server's key to a file in the build context and name it, such as `known_hosts: known_hosts`")
	}
}

func ways(a Auth) []string {
	var given []string
	for _, w := range []struct{ key, value string }{{"token", a.Token}, {"netrc", a.Netrc}, {"ssh", a.SSH}} {
		if w.value != "" {
			given = append(given, w.key)
		}
	}
	return given
}
