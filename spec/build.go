package spec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/gokiln/gokiln/internal/template"
)

// checkTags cuts "a,b" into two, as go build does. A tag with a template in it is
// one: what it stands for may hold commas.
func checkTags(s string) ([]string, error) {
	if strings.Contains(s, "{{") {
		return []string{s}, nil
	}
	tags := strings.Split(s, ",")
	for i, tag := range tags {
		tags[i] = strings.TrimSpace(tag)
		if err := checkTag(tags[i]); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

func checkTag(tag string) error {
	switch {
	case tag == "":
		return errors.New("a build tag is empty: write a name")
	case strings.HasPrefix(tag, "!"):
		return fmt.Errorf("%q: a build sets tags, it cannot negate them: leave the tag out", show(tag))
	case strings.Contains(tag, " "):
		return fmt.Errorf("%q: write several tags as a list, or with commas between them", show(tag))
	case strings.ContainsFunc(tag, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' }):
		return fmt.Errorf("%q is not a build tag: letters, digits, \"_\" and \".\"", show(tag))
	}
	return nil
}

func checkEnvName(name string) error {
	switch {
	case name == "":
		return errors.New("a variable's name is empty")
	case strings.ContainsFunc(name, func(r rune) bool { return r == '=' || r <= ' ' || unicode.IsControl(r) }):
		return fmt.Errorf("%q is not the name of a variable: no \"=\", white space or control characters", show(name))
	}
	return nil
}

// checkBuildEnv refuses what gokiln sets itself: the last word on a build's
// network, caches and target is not the spec's.
func checkBuildEnv(name, _ string) error {
	if hint, ok := ownedEnv(name); ok {
		return fmt.Errorf("cannot be set here: %s", hint)
	}
	return nil
}

func ownedEnv(name string) (string, bool) {
	for _, v := range variants() {
		if v.env == name {
			return fmt.Sprintf("write build.%s", v.key), true
		}
	}
	switch name {
	case "GOOS", "GOARCH":
		return "pass --platform", true
	case "CGO_ENABLED":
		return "write build.cgo", true
	case "GOFLAGS":
		return "write the flags' own keys (build.tags, build.ldflags, ...), or pass --build-arg GOFLAGS=...", true
	case "GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOAUTH":
		key := map[string]string{"GOPROXY": "proxy", "GOPRIVATE": "private", "GONOPROXY": "no_proxy",
			"GOSUMDB": "sumdb", "GONOSUMDB": "no_sumdb", "GOAUTH": "auth"}[name]
		return "compiling has no network, and modules are fetched before it: write modules." + key + ", or pass --build-arg " + name + "=...", true
	case "GOINSECURE", "GOVCS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy":
		return "compiling has no network, and modules are fetched before it: pass --build-arg " + name + "=...", true
	case "GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT", "GOBIN", "GOTMPDIR", "GOENV", "GOCACHEPROG", "GOTOOLDIR":
		return "gokiln sets it, so that caches are found again", true
	case "GOTOOLCHAIN":
		return "the toolchain is the image's: write go, or build.image", true
	case "GOWORK":
		return "gokiln uses the go.work file above the module, as go build does: write `modules: {workspace: off}` for none", true
	case "GO111MODULE":
		return "gokiln builds modules", true
	}
	return "", false
}

// architecture is a variable that picks an architecture's variant.
type architecture struct {
	key, env string
	// allowed is how the values read, and rule matches them.
	allowed, example, doc string
	rule                  string
}

func variants() []architecture {
	list := []architecture{
		{key: "goamd64", allowed: "v1, v2, v3, v4", example: "v3", rule: `v[1-4]`},
		{key: "goarm", allowed: "5, 6, 7, each with ,softfloat or ,hardfloat after it", example: "7", rule: `[567](,(softfloat|hardfloat))?`},
		{key: "goarm64", allowed: "v8.0 to v8.9 and v9.0 to v9.5, with ,lse and ,crypto after them", example: "v8.2", rule: `v(8\.[0-9]|9\.[0-5])(,lse)?(,crypto)?`},
		{key: "go386", allowed: "sse2, softfloat", example: "softfloat", rule: `sse2|softfloat`},
		{key: "gomips", allowed: "hardfloat, softfloat", example: "softfloat", rule: `hardfloat|softfloat`},
		{key: "gomips64", allowed: "hardfloat, softfloat", example: "softfloat", rule: `hardfloat|softfloat`},
		{key: "goppc64", allowed: "power8, power9, power10", example: "power9", rule: `power(8|9|10)`},
		{key: "goriscv64", allowed: "rva20u64, rva22u64, rva23u64", example: "rva22u64", rule: `rva2[023]u64`},
	}
	for i := range list {
		list[i].env = strings.ToUpper(list[i].key)
		list[i].doc = "The architecture's variant, as in " + list[i].env + ": " + list[i].allowed + "."
	}
	return list
}

func variant(target *map[string]string, v architecture) reader {
	return reader{"a string", func(d *decoder, path string, n *node) {
		var value string
		check := func(s string) (string, error) {
			if ok, err := regexp.MatchString(`^(`+v.rule+`)$`, s); !ok || err != nil {
				return "", fmt.Errorf("%q is not one of %s", show(s), v.allowed)
			}
			return s, nil
		}
		scalar(&value, "a string", true, check).read(d, path, n)
		if value != "" {
			if *target == nil {
				*target = map[string]string{}
			}
			(*target)[v.env] = value
		}
	}}
}

// goFlags returns the flags of go build that have no place among those of the
// linker, compiler or assembler, and what to write in a spec instead.
func goFlags() map[string]string {
	flags := map[string]string{}
	for _, f := range buildFields(&Build{}) {
		if f.flag {
			flags["-"+f.key] = "write build." + f.key
		}
	}
	flags["-ldflags"] = "write the flags alone"
	flags["-o"] = "write name: gokiln places the program"
	flags["-buildvcs"] = "stamp the commit with a template"
	return flags
}

// flagList is a list of flags for one of go build's tools.
type flagList struct {
	path   string
	values []Template
	// own are the flags of goFlags that the tool has too.
	own []string
}

func (b Build) flagLists() []flagList {
	return []flagList{
		{"build.ldflags", b.LDFlags, nil},
		{"build.gcflags", b.GCFlags, []string{"-trimpath", "-race"}},
		{"build.asmflags", b.ASMFlags, []string{"-trimpath"}},
	}
}

// validateFlags checks the words that a list of flags makes: quotes that end
// where go build needs them to, and no flags of go build itself.
func (d *decoder) validateFlags(l flagList) {
	var joined strings.Builder
	var starts []int
	for i, value := range l.values {
		literal, ok := value.literal("x")
		if !ok {
			return // What if and with leave out is known when they are expanded.
		}
		if i > 0 {
			joined.WriteByte(' ')
		}
		starts = append(starts, joined.Len())
		joined.WriteString(literal)
	}
	element := func(offset int) int {
		i, found := slices.BinarySearch(starts, offset)
		if !found {
			i--
		}
		return i
	}
	words, err := template.Split(joined.String())
	if quote := (*template.QuoteError)(nil); errors.As(err, &quote) {
		d.fail(Index(l.path, element(quote.Offset)), "%w", err)
		return
	}
	known := goFlags()
	for _, word := range words {
		name, _, _ := strings.Cut(word.Text, "=")
		if strings.HasPrefix(name, "--") {
			name = name[1:]
		}
		if hint, ok := known[name]; ok && !slices.Contains(l.own, name) {
			d.fail(Index(l.path, element(word.Offset)), "%s is a flag of go build: %s", name, hint)
		}
	}
}

// JoinFlags makes the one argument that -ldflags, -gcflags or -asmflags takes of
// a list whose templates are expanded: the elements joined by spaces. The error
// is a quote without an end, which an expanded value can bring.
func JoinFlags(elements []string) (string, error) {
	joined := strings.Join(elements, " ")
	if _, err := template.Split(joined); err != nil {
		return "", err
	}
	return joined, nil
}
