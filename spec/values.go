package spec

import (
	"errors"
	"fmt"
	"go/version"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
)

func anyText(s string) (string, error) { return s, nil }

func anyValue(_, _ string) error { return nil }

var (
	nameRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	goRule   = regexp.MustCompile(`^[0-9]+\.[0-9]+(\.[0-9]+|(rc|beta)[0-9]+)?$`)
	userRule = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_.-]*\$?|[0-9]+)$`)
)

func checkName(s string) (string, error) {
	if !nameRule.MatchString(s) {
		return "", fmt.Errorf("%q is not a name: up to 128 letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit", show(s))
	}
	return s, nil
}

func checkGo(s string) (string, error) {
	bare := strings.TrimPrefix(strings.TrimPrefix(s, "go"), "v")
	valid := func(s string) bool { return goRule.MatchString(s) && version.IsValid("go"+s) }
	switch {
	case valid(s):
		return s, nil
	case valid(bare):
		return "", fmt.Errorf("%q is not a Go release: write %s", show(s), bare)
	}
	return "", fmt.Errorf("%q is not a Go release: write one such as 1.26, 1.26.3 or 1.27rc1", show(s))
}

func checkMod(s string) (string, error) {
	switch s {
	case "readonly", "vendor":
		return s, nil
	case "mod":
		return "", errors.New(`"mod" lets go build change go.mod, and gokiln builds from a read-only source: run go mod tidy and commit, or write readonly or vendor`)
	}
	return "", fmt.Errorf("%q is not one of readonly, vendor", show(s))
}

func checkDependencies(s string) (string, error) {
	switch s {
	case "auto", "layer", "mount":
		return s, nil
	}
	return "", fmt.Errorf("%q is not one of auto, layer, mount", show(s))
}

func checkBase(s string) (string, error) {
	if s == "scratch" {
		return s, nil
	}
	return checkReference(s)
}

func checkBuildImage(s string) (string, error) {
	if s == "scratch" {
		return "", errors.New(`"scratch" has no Go in it: write an image that has, such as golang:1.26`)
	}
	return checkReference(s)
}

func checkReference(s string) (string, error) {
	if strings.Contains(s, "://") {
		return "", fmt.Errorf("%q is a URL: write the image's name alone, such as %q", show(s), show(s[strings.Index(s, "://")+3:]))
	}
	if _, err := reference.ParseNormalizedNamed(s); err != nil {
		return "", fmt.Errorf("%q is not an image's name: %w", show(s), err)
	}
	return s, nil
}

// checkUser takes what image configurations and copies take: user[:group].
func checkUser(s string) (string, error) {
	user, group, both := strings.Cut(s, ":")
	for i, part := range []string{user, group} {
		if i == 1 && !both {
			break
		}
		if !userRule.MatchString(part) || part[0] >= '0' && part[0] <= '9' && !isID(part) {
			return "", fmt.Errorf("%q is not a user: write user or user:group, each a name or a number", show(s))
		}
	}
	return s, nil
}

// isID reports whether s is a number that can own a file; the last of the 32-bit
// numbers means "none" to the kernel.
func isID(s string) bool {
	id, err := strconv.ParseUint(s, 10, 32)
	return err == nil && id < 1<<32-1
}

// mode reads permission bits from a scalar's text: YAML 1.1 takes 0644 for
// octal, 1.2 for decimal, and 644 is decimal in both.
func mode(target **uint32) reader {
	const want = "an octal number such as 0644"
	return reader{want, func(d *decoder, path string, n *node) {
		s, ok := d.scalarOf(path, n, true, want)
		if !ok {
			return
		}
		digits := strings.TrimPrefix(strings.TrimPrefix(s, "0o"), "0")
		if digits == "" {
			digits = "0"
		}
		bits, err := strconv.ParseUint(digits, 8, 32)
		switch {
		case err != nil || s == "" || s == "0o":
			d.errorf(n.at, path, "%q is not an octal number: write one such as 0644 or 0755", show(s))
		case bits > 0o7777:
			d.errorf(n.at, path, "%q is more than 07777: write permission bits such as 0644 or 0755", show(s))
		default:
			bits32 := uint32(bits)
			*target = &bits32
		}
	}}
}

func parseDuration(s string) (time.Duration, error) {
	v, err := time.ParseDuration(s)
	switch {
	case err != nil && isDigits(s):
		return 0, fmt.Errorf("%q has no unit: write %ss for seconds", show(s), show(s))
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration: write one such as 30s or 1m30s", show(s))
	case v < 0:
		return 0, fmt.Errorf("%q is negative", show(s))
	case v > 0 && v < time.Millisecond:
		return 0, fmt.Errorf("%q is less than a millisecond, the least that container engines take", show(s))
	}
	return v, nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// maxPorts bounds what a range stands for.
const maxPorts = 1000

// checkPorts returns a port or a range of them in OCI form.
func checkPorts(s string) ([]string, error) {
	numbers, protocol, given := strings.Cut(s, "/")
	if !given {
		protocol = "tcp"
	}
	protocol = strings.ToLower(protocol)
	if protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
		return nil, fmt.Errorf("%q: the protocol is not one of tcp, udp, sctp", show(s))
	}
	if i := strings.LastIndex(numbers, ":"); i >= 0 {
		return nil, fmt.Errorf("%q publishes a port, which is `docker run -p`: write the container's port alone, %q", show(s), show(numbers[i+1:]))
	}
	first, second, isRange := strings.Cut(numbers, "-")
	if !isRange {
		second = first
	}
	low, err1 := parsePort(first)
	high, err2 := parsePort(second)
	if err := errors.Join(err1, err2); err != nil || low > high {
		return nil, fmt.Errorf("%q is not a port: write one from 1 to 65535, such as 8080, 53/udp or 9000-9010", show(s))
	}
	if high-low >= maxPorts {
		return nil, fmt.Errorf("%q stands for %d ports: at most %d in a range", show(s), high-low+1, maxPorts)
	}
	var ports []string
	for port := low; port <= high; port++ {
		ports = append(ports, strconv.Itoa(port)+"/"+protocol)
	}
	return ports, nil
}

func parsePort(s string) (int, error) {
	if !isDigits(s) {
		return 0, strconv.ErrSyntax
	}
	port, err := strconv.Atoi(s)
	if err == nil && (port < 1 || port > 65535) {
		err = strconv.ErrRange
	}
	return port, err
}

// signals are Linux's: images are for Linux, wherever gokiln runs.
const signals = " ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX "

var realtime = regexp.MustCompile(`^SIGRT(MIN\+|MAX-)([0-9]{1,2})$`)

// checkSignal returns the form that engines agree on: SIGTERM or a number.
func checkSignal(s string) (string, error) {
	if isDigits(s) {
		if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= 64 {
			return strconv.Itoa(n), nil
		}
		return "", fmt.Errorf("%q is not a signal: numbers go from 1 to 64", show(s))
	}
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if m := realtime.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi(m[2]); err == nil && n <= 30 {
			return name, nil
		}
	}
	if strings.ContainsAny(name, " ") || !strings.Contains(signals, " "+strings.TrimPrefix(name, "SIG")+" ") {
		return "", fmt.Errorf("%q is not a signal of Linux: write a name such as SIGINT or a number", show(s))
	}
	return name, nil
}

func checkLabel(key string) error {
	switch {
	case key == "":
		return errors.New("a label's key is empty")
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the key %q holds a control character: remove it", show(key))
	case strings.Contains(key, "{{"):
		return fmt.Errorf("the key %q is a template: only a label's value may be one", show(key))
	}
	return nil
}
