package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/template"
)

// Flag is a word of a command line that is a flag in the manner of Go's package flag.
type Flag struct {
	// Name stands without its dashes.
	Name, Value string
}

// Flags reads words as Go's package flag does. alone tells flags that take no value
// from the next word. rest is what follows the first word that is no flag.
func Flags(words []string, alone func(name string) bool) (flags []Flag, rest []string) {
	for i := 0; i < len(words); i++ {
		name, ok := strings.CutPrefix(words[i], "-")
		name = strings.TrimPrefix(name, "-")
		if !ok || name == "" {
			return flags, words[i:]
		}
		name, value, given := strings.Cut(name, "=")
		if !given && !alone(name) && i+1 < len(words) {
			i++
			value = words[i]
		}
		flags = append(flags, Flag{name, value})
	}
	return flags, nil
}

// Words splits a value of -ldflags and its like as the go command does.
func Words(value string) ([]string, error) {
	split, err := template.Split(value)
	if err != nil {
		return nil, err
	}
	words := make([]string, len(split))
	for i, w := range split {
		words[i] = w.Text
	}
	return words, nil
}

// tool is what may be said to one of the programs that the go command runs.
type tool struct {
	// alone are flags without a value, any those whose value is free: none of them
	// names a file that is read, written or run, but in the toolchain image.
	alone, any []string
	// checked are flags with a value that is looked at.
	checked map[string]func(value string) bool
}

// isAlone reports whether a flag takes no value from the next word. Of one that is
// not known the next word is taken for its value.
func (t tool) isAlone(name string) bool { return slices.Contains(t.alone, name) }

// foreign is the first flag that is not on the list.
func (t tool) foreign(words []string) string {
	flags, rest := Flags(words, t.isAlone)
	for _, f := range flags {
		check := t.checked[f.Name]
		if !t.isAlone(f.Name) && !slices.Contains(t.any, f.Name) && (check == nil || !check(f.Value)) {
			return "-" + f.Name
		}
	}
	if len(rest) > 0 {
		return rest[0]
	}
	return ""
}

// LinkerSwitch reports whether a flag of the linker's stands alone.
func LinkerSwitch(name string) bool { return slices.Contains(linkerSwitches(), name) }

func linkerSwitches() []string {
	return strings.Fields("a asan aslr bindnow c checklinkname compressdwarf d debugnosplit dumpdep e f g h linkshared msan n pruneweakmap race s v w")
}

// linker leaves out what names programs (-extld, -extar), folders and files that are
// read (-L, -importcfg) and files that are written (-o, -cpuprofile, -memprofile,
// -benchmarkprofile, -capturehostobjs, -fipso, -outimplib, -tmpdir).
func (c Checker) linker() tool {
	return tool{
		alone:   linkerSwitches(),
		any:     strings.Fields("B D E H I R T X buildid buildmode debugtextsize debugtramp funcalign installsuffix k linkmode r randlayout strictdups"),
		checked: map[string]func(string) bool{"extldflags": c.flagsOfC},
	}
}

// compiler leaves out files that are written (-asmhdr, -linkobj, -json, profiles,
// -bench, -o) and read (-embedcfg, -importcfg, -pgoprofile, -symabis).
func compiler() tool {
	return tool{
		alone: strings.Fields("+ % B C E K L N S W asan complete dwarf dwarfbasentries dwarflocationlists dynlink e errorurl h j l linkshared " +
			"live m msan nolocalimports pack r race shared smallframes std t v w wb"),
		any:     strings.Fields("c gendwarfinl goversion installsuffix lang spectre trimpath"),
		checked: map[string]func(string) bool{"d": plainDebug},
	}
}

// plainDebug reports whether the compiler's -d has nothing written to files.
func plainDebug(value string) bool {
	for key := range strings.SplitSeq(value, ",") {
		name, number, _ := strings.Cut(key, "=")
		if strings.HasPrefix(name, "ssa/") {
			name = name[strings.LastIndex(name, "/")+1:]
		}
		known := strings.Fields("checkptr nil panic closure defer disablenil libfuzzer append slice wb inlfuncswithclosures maymorestack unifiedquirks check_bce off on debug stats time")
		if !slices.Contains(known, name) || strings.Trim(number, "0123456789") != "" {
			return false
		}
	}
	return true
}

func (c Checker) assembler() tool {
	return tool{
		alone:   strings.Fields("S debug dynlink e shared v"),
		any:     strings.Fields("D spectre trimpath"),
		checked: map[string]func(string) bool{"I": c.elsewhere},
	}
}

// goFlags are flags of `go build` itself. What GOFLAGS may say is the same.
func (c Checker) goFlags() tool {
	ofTool := func(t tool) func(string) bool { return func(v string) bool { return foreignIn(t, v) == "" } }
	return tool{
		alone: strings.Fields("a asan buildvcs cover linkshared modcacherw msan n race trimpath v work x"),
		any:   strings.Fields("buildmode compiler covermode coverpkg installsuffix mod p pgo tags"),
		checked: map[string]func(string) bool{
			"ldflags": ofTool(c.linker()), "gcflags": ofTool(compiler()), "asmflags": ofTool(c.assembler()),
			"toolexec": c.program,
		},
	}
}

// foreignIn is the first flag in a value of -ldflags and its like that is not on the
// list. A pattern of packages may stand before the flags.
func foreignIn(t tool, value string) string {
	value = strings.TrimSpace(value)
	if value != "" && !strings.HasPrefix(value, "-") {
		_, flags, ok := strings.Cut(value, "=")
		if !ok {
			return value
		}
		value = flags
	}
	words, err := Words(value)
	if err != nil {
		return value
	}
	return t.foreign(words)
}

// Args says why a `go build` command line may run, read or write what the recipe does
// not name: a sentence without its full stop, and empty where it does not.
func (c Checker) Args(args []string) string {
	flags, _ := Flags(args[min(2, len(args)):], c.goFlags().isAlone)
	for _, f := range flags {
		switch f.Name {
		case "o": // gokiln says where programs go
		case "ldflags":
			if bad := foreignIn(c.linker(), f.Value); bad != "" {
				return fmt.Sprintf("build.ldflags has %s", bad)
			}
		case "gcflags":
			if bad := foreignIn(compiler(), f.Value); bad != "" {
				return fmt.Sprintf("build.gcflags has %s", bad)
			}
		case "asmflags":
			if bad := foreignIn(c.assembler(), f.Value); bad != "" {
				return fmt.Sprintf("build.asmflags has %s", bad)
			}
		default:
			if bad := c.goFlags().foreign([]string{"-" + f.Name + "=" + f.Value}); bad != "" {
				return "go build has " + bad
			}
		}
	}
	return ""
}

// withoutStamps are arguments without the -X flags of -ldflags.
func withoutStamps(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		value, ok := strings.CutPrefix(a, "-ldflags=")
		if !ok {
			continue
		}
		words, err := Words(value)
		if err != nil {
			continue
		}
		flags, rest := Flags(words, LinkerSwitch)
		var kept []string
		for _, f := range flags {
			if f.Name != "X" {
				kept = append(kept, "-"+f.Name+"="+f.Value)
			}
		}
		out[i] = "-ldflags=" + strings.Join(append(kept, rest...), "\x00")
	}
	return out
}
