// Package symptom names what goes wrong with modules by short codes, so that an
// error, wherever it arises, leads to the one row of the README that explains it.
//
// The codes are for life: people search for them. A code that is no longer in
// use is not given to something else. The module step, which can hand nothing
// but an exit status to the frontend, exits with Exit.
package symptom

import "fmt"

// Code is a symptom's short code, such as "M4".
type Code string

// The symptoms. README's table has a row for each, with an anchor of that name
// in lower case.
const (
	Timeout     Code = "M1"  // no answer in time, a broken connection
	Denied      Code = "M2"  // 401, 403, a login that was refused
	NotFound    Code = "M3"  // 404, 410, unknown revision
	Mismatch    Code = "M4"  // content does not match go.sum
	MissingSum  Code = "M5"  // missing go.sum entry
	NoModule    Code = "M6"  // no module provides the package
	SSH         Code = "M7"  // permission denied by an SSH server, an unknown host key
	ServerError Code = "M8"  // 5xx, 429
	Certificate Code = "M9"  // a certificate of an unknown authority
	NoGit       Code = "M10" // direct download without git in the image
	Name        Code = "M11" // a host name that does not resolve
	Offline     Code = "M12" // the proxy list is off and something is missing
	Replace     Code = "M13" // a replacement folder that the build does not have
	Vendor      Code = "M14" // a vendor folder that disagrees with go.mod
	Secret      Code = "M15" // a secret or agent that the build did not get
	Other       Code = "M16" // what the go command said that none of the others is
	Answer      Code = "M17" // status 200 with a web page, or with no end, in place of a module's file
)

// Codes lists all symptoms in order.
func Codes() []Code {
	return []Code{
		Timeout, Denied, NotFound, Mismatch, MissingSum, NoModule, SSH, ServerError,
		Certificate, NoGit, Name, Offline, Replace, Vendor, Secret, Other, Answer,
	}
}

// exitBase lies above the statuses that shells, Go and runc give a meaning.
const exitBase = 70

// Exit is the module step's exit status for the symptom: 71 for M1 and so on.
func (c Code) Exit() int {
	for i, known := range Codes() {
		if c == known {
			return exitBase + 1 + i
		}
	}
	return 1
}

// FromExit is the reverse of Exit.
func FromExit(status int) (Code, bool) {
	i := status - exitBase - 1
	if all := Codes(); i >= 0 && i < len(all) {
		return all[i], true
	}
	return "", false
}

// site is where the README can be read.
const site = "https://github.com/gokiln/gokiln"

// URL is the symptom's row in the README.
func (c Code) URL() string {
	b := []byte(c)
	b[0] += 'a' - 'A'
	return site + "#" + string(b)
}

// Tag is what an error ends with: "(M4, https://…#m4)".
func (c Code) Tag() string { return fmt.Sprintf("(%s, %s)", string(c), c.URL()) }
