package spec

import (
	"time"

	"github.com/gokiln/gokiln/internal/goproxy"
)

// Modules says where modules come from and how.
type Modules struct {
	// Proxy is GOPROXY: elements with the separators the user wrote, "," between the
	// elements of a list. An element is a URL (Go adds
	// https:// where there is no scheme, and so it stands here), "direct", "off",
	// or "context:NAME", a named context laid out as a module proxy's files are;
	// that one is gokiln's own word. Empty means: the build argument's, else what
	// the toolchain image or Go has as its default.
	Proxy goproxy.List
	// SumDB is GOSUMDB: "off", a name that Go knows, NAME+KEY, or either with a
	// space and a URL after it. Empty means Go's default.
	SumDB string
	// Private, NoProxy and NoSumDB are GOPRIVATE, GONOPROXY and GONOSUMDB:
	// patterns as in path.Match that match a module path's first elements. "none"
	// stands alone, in the last two, and matches nothing.
	Private, NoProxy, NoSumDB []string
	// Retries is how often a request that failed for a passing reason is tried
	// again; 4 unless the spec says otherwise.
	Retries int
	// Timeout is how long an attempt may go on without receiving anything; a
	// minute unless the spec says otherwise.
	Timeout time.Duration
	// Image is the toolchain image of the module download alone; empty means:
	// Build.Image, else one with git in it where that is needed.
	Image string
	// Workspace is "auto", the go.work file that Go finds above the module, or
	// "off", which is GOWORK=off.
	Workspace string
	// Auth are credentials, at most one for a host and path.
	Auth []Auth
}

// Auth is how to log in to one server. Token, Netrc and SSH name what the build
// is given on its command line and are never a secret themselves; exactly one
// of them is set.
type Auth struct {
	// Host is the server in lower case, with a port where it is not 443.
	Host string
	// Path limits the entry to what is below it: "acme" for github.com/acme. No
	// slashes at its ends; empty means the whole host.
	Path string
	// Token is the id of a build secret that holds a token or password, Netrc of
	// one in netrc form.
	Token, Netrc string
	// User goes with Token in basic authentication; "x-access-token" unless the
	// spec says otherwise. Empty where Header is set.
	User string
	// SSH is the id of a forwarded agent. KnownHosts goes with it: the file, in
	// the build context, that the server's key must be in.
	SSH, KnownHosts string
	// Header is an HTTP header that carries Token in place of basic
	// authentication; Prefix and a space stand before the token ("Bearer").
	Header, Prefix string
}
