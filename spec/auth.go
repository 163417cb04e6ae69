package spec

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/gokiln/gokiln/internal/goproxy"
)

var (
	idRule     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	hostRule   = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	headerRule = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)
	// prefixRule takes "Bearer" and the like, and little that a token could be.
	prefixRule = regexp.MustCompile(`^[A-Za-z][A-Za-z-]{0,15}$`)
	// scpRule takes git's own user alone: another may be a token, which no error
	// may show.
	scpRule = regexp.MustCompile(`^git@([A-Za-z0-9.-]+):([A-Za-z0-9][^:@]*)$`)

	// tokenRule is how the tokens of the usual forges and registries look; a name
	// somebody would give to a secret has neither capitals nor digits in it.
	tokenRule = regexp.MustCompile(`\b((gh[a-z]_|github_pat_|gl(agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat|wt)-|ATATT|ATBB|ATCTT|AKCp|npm_|dckr_pat_|gto_|fjo_)[A-Za-z0-9_=-][A-Za-z0-9_.=-]{19,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,})`)
	// hexRule is the tokens that nothing but their place tells from a checksum.
	hexRule = regexp.MustCompile(`^[0-9a-f]{32,}$`)
)

const capitalsAndDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// isToken reports whether a value that should be the name of a token is one.
func isToken(s string) bool {
	return len(s) > 128 || hexRule.MatchString(s) || len(tokensIn([]byte(s))) > 0
}

// tokensIn returns where tokens stand in a text, as offsets.
func tokensIn(data []byte) [][]int {
	return slices.DeleteFunc(tokenRule.FindAllIndex(data, -1), func(at []int) bool {
		return !bytes.ContainsAny(data[at[0]:at[1]], capitalsAndDigits)
	})
}

// notAToken is the error of a token in a spec.
func notAToken() error {
	return secretError{errors.New("this looks like a token: write the id of a build secret, never the token, pass the token with --secret id=ID,env=VARIABLE, and revoke it if others can read this file")}
}

// checkSecretID refuses without showing what is refused: it may be the secret.
func checkSecretID(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("the id is empty: write the one that --secret id=... gets")
	case isToken(s):
		return "", notAToken()
	case !idRule.MatchString(s):
		return "", secretError{errors.New("this is not the id of a build secret (letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit): write the id that --secret id=... gets, never the secret")}
	}
	return s, nil
}

func checkAgentID(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("the id is empty: write default, and pass --ssh default")
	case isToken(s):
		return "", notAToken()
	case !idRule.MatchString(s):
		return "", secretError{errors.New("this is not the id of a forwarded SSH agent (letters, digits, \".\", \"_\" and \"-\"): write default and pass --ssh default, or ID and --ssh ID=/path/of/the/key; a key itself never stands here")}
	}
	return s, nil
}

func checkAuthUser(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("the user is empty: write one, or leave the key out")
	case isToken(s):
		return "", notAToken()
	case strings.Contains(s, ":"):
		return "", secretError{errors.New("a user holds no \":\": write the user alone; the password is the build secret that token names")}
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return "", fmt.Errorf("%q holds white space or a control character: remove it", show(s))
	}
	return s, nil
}

// checkHeader returns "NAME" or "NAME: PREFIX".
func checkHeader(s string) (string, error) {
	name, prefix, both := strings.Cut(s, ":")
	name, prefix = strings.TrimSpace(name), strings.TrimSpace(prefix)
	switch {
	case slices.ContainsFunc(strings.Fields(prefix+" "+name), isToken):
		return "", notAToken()
	case !headerRule.MatchString(name):
		return "", secretError{errors.New("this is not the name of an HTTP header: write one such as PRIVATE-TOKEN or \"Authorization: Bearer\"")}
	case !both || prefix == "":
		return name, nil
	case !prefixRule.MatchString(prefix):
		return "", secretError{errors.New("what stands before the token is one word: write one such as \"Authorization: Bearer\"; the token itself comes from the build secret")}
	}
	return name + ": " + prefix, nil
}

// checkAuthHost returns "host[:port][/path]", the host in lower case, without the
// port that https has anyway.
func checkAuthHost(s string) (string, error) {
	if isToken(s) {
		return "", secretError{errors.New("this looks like a token: write the server's name here, pass the token with --secret id=ID,env=VARIABLE, write ID in token, and revoke it if others can read this file")}
	}
	if m := scpRule.FindStringSubmatch(s); m != nil {
		return "", fmt.Errorf("%q is how git writes it: write %q", show(s), show(m[1]+"/"+bare(m[2])))
	}
	if strings.Contains(s, "@") {
		return "", secretError{errors.New("a host holds no \"@\": write the server's name alone; users go to user, and passwords to a build secret that token names")}
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		if strings.ContainsAny(rest, "?#") {
			return "", secretError{errors.New("a host holds no parameters: write the server's name alone, such as git.example.com")}
		}
		return "", fmt.Errorf("%q is a URL: write %q", show(s), show(bare(rest)))
	}
	if s != strings.TrimRight(s, "/") {
		return "", fmt.Errorf("%q ends with a slash: write %q", show(s), show(bare(s)))
	}
	server, below, deep := strings.Cut(s, "/")
	server = strings.ToLower(server)
	name, port, hasPort := strings.Cut(server, ":")
	if _, err := parsePort(port); hasPort && err != nil {
		return "", fmt.Errorf("%q: %q is not a port: write one from 1 to 65535, or none", show(s), show(port))
	}
	if !hostRule.MatchString(name) || strings.Contains(name, "..") {
		return "", fmt.Errorf("%q is not a host: write the server's name, such as git.example.com or git.example.com:8443", show(s))
	}
	server = strings.TrimSuffix(server, goproxy.UsualPort)
	if !deep {
		return server, checkShared(s, name)
	}
	if !strings.Contains(name, ".") && !hasPort {
		return "", fmt.Errorf("%q names no server: write it too, such as %q", show(s), "github.com/"+show(s))
	}
	if err := checkAuthPath(s, below); err != nil {
		return "", err
	}
	return server + "/" + below, nil
}

func checkAuthPath(s, below string) error {
	for _, element := range strings.Split(below, "/") {
		switch {
		case element == "":
			return fmt.Errorf("%q holds an empty path element: write one slash", show(s))
		case element == "." || element == "..":
			return fmt.Errorf("%q holds %q: write the path it leads to", show(s), element)
		case strings.ContainsAny(element, "*?[]{}"):
			return fmt.Errorf("%q is a pattern: write a beginning of the path; everything below it is meant", show(s))
		case strings.ContainsFunc(element, notInImportPath):
			return fmt.Errorf("%q holds a character that no module path has: letters, digits and \"-._~\"", show(s))
		}
	}
	if strings.HasSuffix(below, ".git") {
		return fmt.Errorf("%q: write it as module paths do, %q", show(s), show(bare(s)))
	}
	return nil
}

// checkShared refuses a forge that everybody shares. Its whole host would be
// sent the token and, as it counts as private, be asked past every proxy.
func checkShared(s, name string) error {
	switch name {
	case "github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com", "git.sr.ht", "sr.ht", "gitee.com",
		"dev.azure.com", "ssh.dev.azure.com", "gopkg.in":
	default:
		return nil
	}
	owner := "OWNER"
	if strings.HasSuffix(name, "sr.ht") {
		name, owner = "git.sr.ht", "~OWNER"
	}
	return fmt.Errorf("%q is shared by everybody: name the owner whose repositories the credential is for, such as %q", show(s), path.Join(name, owner))
}

// bare is a repository's address without what module paths leave out.
func bare(s string) string {
	return strings.TrimSuffix(strings.TrimRight(s, "/"), ".git")
}

func checkKnownHosts(s string) (string, error) {
	clean, err := within(s)
	if err == nil && clean == "." {
		return "", fmt.Errorf("%q is a folder: write the file's path in the build context, such as known_hosts", show(s))
	}
	return clean, err
}
