// Package symptom gives what goes wrong with modules a short code, so that every
// error leads to the one row of the README that explains it, and holds the texts
// that explain the codes.
//
// Codes are permanent, because people search for them: a retired code is never
// reused. The module step can hand the frontend nothing but an exit status, and
// exits with the code's (Exit).
package symptom

import "fmt"

// Code is the short code of a symptom, such as "M4".
type Code string

// The symptoms. A new one goes last, here and in Codes, and gets its texts in
// table.go.
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
	Other       Code = "M16" // any other message of the go command
	Answer      Code = "M17" // status 200 with a web page, or with no end, in place of a module's file
)

// Codes lists all symptoms in order.
func Codes() []Code {
	return []Code{
		Timeout, Denied, NotFound, Mismatch, MissingSum, NoModule, SSH, ServerError,
		Certificate, NoGit, Name, Offline, Replace, Vendor, Secret, Other, Answer,
	}
}

// exitBase is above the exit statuses that shells, Go and runc use.
const exitBase = 70

// Exit returns the module step's exit status for the symptom: 71 for M1, and so on.
func (c Code) Exit() int {
	for i, known := range Codes() {
		if c == known {
			return exitBase + 1 + i
		}
	}
	return 1
}

// FromExit returns the symptom that a module step exited with.
func FromExit(status int) (Code, bool) {
	i := status - exitBase - 1
	if all := Codes(); i >= 0 && i < len(all) {
		return all[i], true
	}
	return "", false
}

// site is the address of the README.
const site = "https://github.com/gokiln/gokiln"

// URL returns the address of the symptom's row in the README.
func (c Code) URL() string {
	b := []byte(c)
	b[0] += 'a' - 'A'
	return site + "#" + string(b)
}

// Tag returns what an error ends with: "(M4, https://…#m4)".
func (c Code) Tag() string { return fmt.Sprintf("(%s, %s)", string(c), c.URL()) }
