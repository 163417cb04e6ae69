package download

import (
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/symptom"
)

// Failure is why modules could not be downloaded.
type Failure struct {
	Code symptom.Code
	// Module is the version it is about, where known.
	Module module.Version
	// URL and Status are the request that failed and its answer ("503 Service
	// Unavailable"), where there was one.
	URL, Status string
	// Tries is how often it was tried; 0 where trying again would not help.
	Tries int
	// Text is what the go command said, Cure what the user can do.
	Text, Cure string
}

// Error says what happened, to which module, at which server, how often it was
// tried, and what to do.
func (f Failure) Error() string {
	var b strings.Builder
	if f.Module.Path != "" {
		fmt.Fprintf(&b, "module %s: ", strings.TrimSpace(f.Module.Path+" "+f.Module.Version))
	}
	switch {
	case f.URL != "" && f.Status != "":
		fmt.Fprintf(&b, "%s answered %s", f.URL, f.Status)
	case f.URL != "":
		fmt.Fprintf(&b, "%s: %s", f.URL, f.cause())
	default:
		b.WriteString(strings.TrimPrefix(f.Text, f.Module.String()+": "))
	}
	if f.Tries > 0 {
		fmt.Fprintf(&b, " (tried %s)", times(f.Tries))
	}
	if f.Cure != "" {
		separator := "; "
		if strings.Contains(b.String(), "\n") {
			separator = "\n"
		}
		b.WriteString(separator + f.Cure)
	}
	b.WriteString(" " + f.Code.Tag())
	return b.String()
}

// cause is the text without the module and the URL, which stand before it.
func (f Failure) cause() string {
	text := strings.TrimPrefix(f.Text, f.Module.String()+": ")
	return strings.TrimPrefix(text, fmt.Sprintf("Get %q: ", f.URL))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// transient reports whether trying again may help.
func (f Failure) transient() bool {
	return f.Code == symptom.Timeout || f.Code == symptom.ServerError
}

// key is what tries are counted by.
func (f Failure) key() string {
	if f.URL != "" {
		return f.URL
	}
	return f.Module.String() + f.Text
}

const cureMismatch = "nothing of it was kept; if the module's author has moved the tag, take another version, and if nobody has, somebody between you and the server changed the content: compare with `go clean -modcache && go mod download` on another network"

// cure says what to do about a symptom.
func cure(c symptom.Code) string {
	switch c {
	case symptom.Timeout:
		return "is the server reachable from the builder? behind a company proxy pass --build-arg HTTPS_PROXY=..., or set modules.proxy to a module proxy that is; modules.timeout and modules.retries set the patience"
	case symptom.Denied:
		return "give a login with modules.auth, or take the server out of modules.proxy"
	case symptom.NotFound:
		return "check the version in go.mod; a private module needs modules.private (or an entry in modules.auth) so that no public proxy is asked, and a login, because servers hide what a login may not see"
	case symptom.Mismatch:
		return cureMismatch
	case symptom.MissingSum:
		return "run `go mod tidy` and commit go.sum"
	case symptom.NoModule:
		return "run `go mod tidy` and commit go.mod and go.sum"
	case symptom.SSH:
		return "pass an agent that holds a key the server knows (--ssh default), and check the server's line in known_hosts"
	case symptom.ServerError:
		return "the server is at fault; with modules.proxy: [A | B] Go asks B where A fails in any way"
	case symptom.Certificate:
		return "pass your company's authority with --secret id=ca-certificates,src=FILE.pem"
	case symptom.NoGit:
		return "set modules.image to an image with Go and git, such as golang:1.26-bookworm, or modules.proxy to a proxy that has the module"
	case symptom.Name:
		return "check the name in modules.proxy, GOPROXY or go.mod, and that the builder can resolve it; a company's name server may need --add-host or the builder's DNS settings"
	case symptom.Answer:
		return "open the URL from the builder's network: a login page wants modules.auth, or a login at the company's gateway, and the address in modules.proxy may be another server's or lack a part of its path"
	case symptom.Offline:
		return "the proxy list (of modules.proxy, a build argument, or the toolchain image's GOPROXY) allows no server; add the module to a folder in the list, run `go mod vendor`, or allow a proxy"
	}
	return ""
}
