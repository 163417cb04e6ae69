package symptom

// Each text below has a function of its own, and not a place in one table of
// structs: the linker then leaves out of a program what the program does not say.
// The bytes of cmd/gokiln-modules are in everybody's cache keys, so a word that is
// mended in the README must not change them.

// Cure says what to do about a symptom that the module step has met; empty where
// whoever reports it has better words.
func (c Code) Cure() string {
	switch c {
	case Timeout:
		return "is the server reachable from the builder? behind a company proxy pass --build-arg HTTPS_PROXY=..., or set modules.proxy to a module proxy that is; modules.timeout and modules.retries set the patience"
	case Denied:
		return "give a login with modules.auth, or take the server out of modules.proxy"
	case NotFound:
		return "check the version in go.mod; a private module needs modules.private (or an entry in modules.auth) so that no public proxy is asked, and a login, because servers hide what a login may not see"
	case Mismatch:
		return "nothing of it was kept; if the module's author has moved the tag, take another version, and if nobody has, somebody between you and the server changed the content: compare with `go clean -modcache && go mod download` on another network"
	case MissingSum:
		return "run `go mod tidy` and commit go.sum"
	case NoModule:
		return "run `go mod tidy` and commit go.mod and go.sum"
	case SSH:
		return "pass an agent that holds a key the server knows (--ssh default), and check the server's line in known_hosts"
	case ServerError:
		return "the server is at fault; with modules.proxy: [A | B] Go asks B where A fails in any way"
	case Certificate:
		return "pass your company's authority with --secret id=ca-certificates,src=FILE.pem"
	case NoGit:
		return "set modules.image to an image with Go and git, such as golang:1.26-bookworm, or modules.proxy to a proxy that has the module"
	case Name:
		return "check the name in modules.proxy, GOPROXY or go.mod, and that the builder can resolve it; a company's name server may need --add-host or the builder's DNS settings"
	case Offline:
		return "the proxy list (of modules.proxy, a build argument, or the toolchain image's GOPROXY) allows no server; add the module to a folder in the list, run `go mod vendor`, or allow a proxy"
	case Answer:
		return "open the URL from the builder's network: a login page wants modules.auth, or a login at the company's gateway, and the address in modules.proxy may be another server's or lack a part of its path"
	}
	return ""
}

// Summary says what a symptom means for the build. The module step's output,
// which clients show above it, names the module, the server and the cure.
func (c Code) Summary() string {
	switch c {
	case Timeout:
		return "modules could not be downloaded: a server gave no answer in time or cut the connection"
	case Denied:
		return "modules could not be downloaded: a server refused the credentials, or wants some; see modules.auth"
	case NotFound:
		return "modules could not be downloaded: no server has a version that go.mod asks for; for a private module see modules.private and modules.auth"
	case Mismatch:
		return "a module's content is not what go.sum says; nothing of it was kept"
	case MissingSum:
		return "go.sum lacks an entry; run `go mod tidy` and commit go.sum"
	case NoModule:
		return "no required module provides a package; run `go mod tidy` and commit go.mod and go.sum"
	case SSH:
		return "modules could not be downloaded: an SSH server refused the key, or its own key is not in known_hosts"
	case ServerError:
		return "modules could not be downloaded: a server answered with an error of its own"
	case Certificate:
		return "modules could not be downloaded: a server's certificate is of an authority that the step does not trust; pass your company's with --secret id=ca-certificates,src=FILE"
	case NoGit:
		return "modules could not be downloaded: one comes from its repository and the toolchain image has no git; set modules.image to one that has, or modules.proxy to a proxy"
	case Name:
		return "modules could not be downloaded: a server's name does not resolve"
	case Offline:
		return "modules are missing, and modules.proxy allows no download"
	case Secret:
		return "modules could not be downloaded: a secret is empty or holds no login for its host"
	case Answer:
		return "modules could not be downloaded: a server sent something else than a module's file, such as a login page"
	}
	return "modules could not be downloaded"
}

// Row is a symptom as the README explains it, in Markdown.
type Row struct {
	Code Code
	// Seen is what the user sees, Done what gokiln did about it, and Set what the
	// user can set.
	Seen, Done, Set string
}

// Rows returns the README's table in its order.
func Rows() []Row {
	return []Row{
		{Timeout,
			"time-out, `connection refused`, `connection reset`, `unexpected EOF`, `nothing was received`",
			"Tried again, `modules.retries` times with growing waits, and ended attempts that received nothing for `modules.timeout`.",
			"Can the builder reach the server? Behind a company proxy `--build-arg HTTPS_PROXY=…`; where the default servers are blocked `modules.proxy`, such as `https://goproxy.cn,direct`; `|` in place of `,` to ask the next proxy after a time-out too."},
		{Denied,
			"`401 Unauthorized`, `403 Forbidden`, `could not read Username`, `Authentication failed`",
			"Asked once: a login does not get better by repeating it.",
			"`modules.auth` for the host, and the secret that it names. The token needs to read the repository; a proxy answers 403 for what its owner has blocked."},
		{NotFound,
			"`404 Not Found`, `410 Gone`, `unknown revision`",
			"Went on to the next proxy where a comma stands, as Go does. Not repeated.",
			"The version in go.mod; for a private module `modules.auth` or `modules.private`, so that no public proxy is asked. Forges answer 404 for what a token may not see."},
		{Mismatch,
			"`checksum mismatch`, `SECURITY ERROR`",
			"Stopped, and kept nothing: the layer does not exist. What the store has is never the reason.",
			"Compare with another network. If the tag was moved on purpose, remove the module's lines from go.sum, run `go mod tidy`, and read what has changed."},
		{MissingSum,
			"`missing go.sum entry`, `go.sum is missing`",
			"Looked before any step ran for what go.mod requires directly; the go command finds the rest.",
			"`go mod tidy`, and commit go.sum; see that .dockerignore does not leave it out."},
		{NoModule,
			"`no required module provides package`, `cannot find module`",
			"Asked the go command with go.mod as it is: gokiln never edits it.",
			"`go mod tidy` or `go get PACKAGE`, and commit go.mod and go.sum."},
		{SSH,
			"`Permission denied (publickey)`, `Host key verification failed`",
			"Asked the agent of `modules.auth[].ssh`, with the keys in `known_hosts` and no others.",
			"`--ssh default`, an agent that holds the key (`ssh-add -l`), and the server's line in the file that `known_hosts` names."},
		{ServerError,
			"`500` to `504`, `429 Too Many Requests`",
			"Tried again, `modules.retries` times with growing waits.",
			"A second proxy behind `|`; more `modules.retries`."},
		{Certificate,
			"`x509: certificate signed by unknown authority`, `SSL certificate problem`",
			"Trusted the toolchain image's authorities and those of the secret `ca-certificates`.",
			"`--secret id=ca-certificates,src=company-ca.pem`"},
		{NoGit,
			"`exec: \"git\": executable file not found`",
			"Used a toolchain image with git only where the spec says that modules come from repositories.",
			"`modules.image: golang:1.26-bookworm`, or a proxy that has the module."},
		{Name,
			"`no such host`",
			"Not repeated; a name server that is out of order is, as M1.",
			"The name, `--add-host`, or the builder's own name server."},
		{Offline,
			"`module lookup disabled by GOPROXY=off`",
			"Looked in the store and in the folders of the list.",
			"Add the module to the folder, commit a vendor folder, or allow a proxy."},
		{Replace,
			"`replace`: folder outside of the build context, or without go.mod",
			"Looked for a named context of the module's path or the folder's name.",
			"`--build-context example.com/lib=../lib`, or build with a context that holds both."},
		{Vendor,
			"`inconsistent vendoring`: vendor/modules.txt disagrees with go.mod",
			"Compared them before any step ran.",
			"`go mod vendor` (`go work vendor`), and commit the result; or remove the vendor folder."},
		{Secret,
			"a secret or agent is missing, empty, or has no login for the host",
			"Told which entry of `modules.auth` wants it.",
			"`--secret id=…,env=VARIABLE` with the variable set, `--ssh default` with an agent running."},
		{Other,
			"anything else the go command says",
			"Shows its words.",
			"What they say: `go.mod requires go >= …` wants a newer `go` in the spec or a newer image."},
		{Answer,
			"`something that is not a zip file`, `a web page`, `no end`",
			"Ended the `go` command where it took more than 1 GiB of memory for an answer, or more than 20 times `modules.timeout`. Not repeated.",
			"Open the URL with the builder's network: a login page wants `modules.auth`, or a login at the company's gateway; the address in `modules.proxy` may lack a part of its path."},
	}
}
