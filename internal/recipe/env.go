package recipe

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Checker tells what a recipe may say.
type Checker struct {
	// Mounted are the folders of a step that do not come from the toolchain image:
	// the source, the modules, the caches.
	Mounted []string
}

// elsewhere reports whether a path is in the toolchain image alone, whatever folder a
// program looks from.
func (c Checker) elsewhere(p string) bool {
	if !path.IsAbs(p) {
		return false
	}
	p = path.Clean(p)
	// /proc/self/cwd is the source's folder, and /dev/fd what a program has open.
	for _, dir := range slices.Concat(c.Mounted, []string{"/dev", "/proc", "/sys"}) {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			return false
		}
	}
	return true
}

// listed reports whether all elements of a list like PATH are elsewhere. An empty one
// stands for the present folder.
func (c Checker) listed(value string) bool {
	for p := range strings.SplitSeq(value, ":") {
		if !c.elsewhere(p) {
			return false
		}
	}
	return true
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*$`)

// program reports whether a command is one of the toolchain image: a name that is
// found on the PATH, or a path, with flags that are on the list.
func (c Checker) program(value string) bool {
	words, err := Words(value)
	if err != nil || len(words) == 0 {
		return false
	}
	if !plainName.MatchString(words[0]) && !c.elsewhere(words[0]) {
		return false
	}
	rest := words[1:]
	if path.Base(words[0]) == "zig" && len(rest) > 0 && slices.Contains([]string{"cc", "c++", "ar"}, rest[0]) {
		rest = rest[1:] // these are zig's commands, and no files
	}
	return c.wordsOfC(rest)
}

func (c Checker) flagsOfC(value string) bool {
	words, err := Words(value)
	return err == nil && c.wordsOfC(words)
}

// plainC are flags of C compilers and linkers that name no file, no plugin and no other
// program. They are fewer than those that the go command takes in #cgo lines: there
// -I and -L may name folders of the source.
var plainC = regexp.MustCompile(`^(` + strings.Join([]string{
	`-[DU][A-Za-z_][A-Za-z0-9_]*(=[^@]*)?`,
	`-O[0-3sgz]?|-Ofast`,
	`-g[0-3]?|-gdwarf-[2-5]|-ggdb[0-3]?`,
	`-w|-ansi|-pedantic(-errors)?|-pipe|-pthread|-rdynamic|-v|-s`,
	`-W(no-)?[a-z][a-z0-9+-]*(=[0-9]+)?`,
	`--?std=[a-z0-9+:]+|-stdlib=[a-z0-9+]+`,
	`-f(no-)?(pic|PIC|pie|PIE|plt|common|exceptions|rtti|fast-math|strict-aliasing|wrapv|omit-frame-pointer|asynchronous-unwind-tables|unwind-tables)`,
	`-f(no-)?(function-sections|data-sections|stack-protector|stack-protector-strong|stack-protector-all|stack-clash-protection|semantic-interposition)`,
	`-fcf-protection(=[a-z]+)?|-fvisibility=[a-z]+|-fuse-ld=(bfd|gold|lld|mold)`,
	`-f(debug|file|macro)-prefix-map=[^@]*`,
	`-m(32|64|arm|thumb|tune=[a-z0-9+._-]+|arch=[a-z0-9+._-]+|cpu=[a-z0-9+._-]+|abi=[a-z0-9]+|fpu=[a-z0-9-]+|float-abi=[a-z]+|cmodel=[a-z]+)`,
	`-m(no-)?(sse[0-9.]*|ssse3|avx[0-9a-z]*|aes|outline-atomics|red-zone)`,
	`--?static|-static-pie|-static-libgcc|-static-libstdc\+\+|-shared|-pie|-no-pie|-nopie`,
	`-l[A-Za-z0-9_][A-Za-z0-9_.+-]*`,
	`--target=[a-z0-9_.-]+`,
	`-Wl(,-z,[a-z-]+(=[0-9a-fx]+)?)+`,
	`-Wl,-O[0-3]|-Wl,-s|-Wl,-E|-Wl,-B(static|dynamic|symbolic|symbolic-functions)`,
	`-Wl,--(no-)?(as-needed|gc-sections|export-dynamic|allow-multiple-definition|undefined|eh-frame-hdr|copy-dt-needed-entries|relax)`,
	`-Wl,--(start|end)-group|-Wl,--(push|pop)-state|-Wl,--strip-(all|debug)|-Wl,--(en|dis)able-new-dtags`,
	`-Wl,--hash-style=[a-z]+|-Wl,--build-id(=[a-z0-9]+)?|-Wl,--compress-debug-sections=[a-z-]+|-Wl,--no-dynamic-linker`,
}, "|") + `)$`)

// wordsOfC reports whether all flags of a C compiler or linker are on the list.
func (c Checker) wordsOfC(words []string) bool {
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case plainC.MatchString(w) && !strings.Contains(w, "plugin"):
			continue
		case w == "-target" && i+1 < len(words) && plainName.MatchString(words[i+1]):
			i++
		case slices.Contains([]string{"-I", "-L", "-isystem", "-isysroot", "--sysroot"}, w) && i+1 < len(words) && c.elsewhere(words[i+1]):
			i++
		case c.folder(w):
		default:
			return false
		}
	}
	return true
}

// folder reports whether a flag names a folder that is elsewhere.
func (c Checker) folder(w string) bool {
	for _, flag := range []string{"-I", "-L", "-isystem", "--sysroot=", "-Wl,-rpath,", "-Wl,-rpath=", "-Wl,-rpath-link,"} {
		if dir, ok := strings.CutPrefix(w, flag); ok && !strings.Contains(dir, ",") && c.elsewhere(dir) {
			return true
		}
	}
	return false
}

// The variables that are known, by what is looked at in their values.
const (
	freeNames = "CGO_ENABLED GO111MODULE GO386 GOAMD64 GOARCH GOARM GOARM64 GODEBUG GOEXPERIMENT GOFIPS140 GOGC GOMAXPROCS GOMEMLIMIT " +
		"GOMIPS GOMIPS64 GOOS GOPPC64 GOPROXY GORISCV64 GOSUMDB GOTELEMETRY GOTOOLCHAIN GOTRACEBACK GOWASM GO_EXTLINK_ENABLED " +
		"LANG LANGUAGE NO_COLOR SOURCE_DATE_EPOCH TERM TZ ZERO_AR_DATE"
	folderNames = "CPATH CPLUS_INCLUDE_PATH C_INCLUDE_PATH GOPATH GOROOT HOME LD_LIBRARY_PATH LIBRARY_PATH PATH PKG_CONFIG_LIBDIR " +
		"PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR TMPDIR XDG_CACHE_HOME"
	programNames = "AR CC CXX FC PKG_CONFIG"
	flagNames    = "CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_FFLAGS CGO_LDFLAGS"
)

func among(name, names string) bool { return slices.Contains(strings.Fields(names), name) }

// free are variables whose value names no file and no program.
func free(name string) bool { return strings.HasPrefix(name, "LC_") || among(name, freeNames) }

// ours are variables that gokiln sets itself in each step that compiles.
func ours(name string) bool {
	return slices.Contains([]string{"GOCACHE", "GOENV", "GOMODCACHE", "GOWORK", GenerationEnv}, name)
}

// check is how a variable's value is looked at; nil for one that is not known.
func (c Checker) check(name string) func(string) bool {
	switch {
	case among(name, folderNames):
		return c.listed
	case among(name, programNames):
		return c.program
	case among(name, flagNames):
		return c.flagsOfC
	case name == "GOFLAGS":
		return func(value string) bool { return c.goFlags().foreign(strings.Fields(value)) == "" }
	}
	return nil
}

// Env says why an environment that the spec gives may have a step run, read or write
// what the recipe does not name; empty where it does not.
func (c Checker) Env(env []Var) string {
	for _, v := range env {
		if free(v.Name) || ours(v.Name) {
			continue
		}
		if check := c.check(v.Name); check == nil || !check(v.Value) {
			return "build.env has " + v.Name
		}
	}
	return ""
}

// Image does the same for a toolchain image's own environment, as far as the spec's
// does not replace it. What it names in the image is the image's, whatever the
// variable is called: only what leads out of it counts.
func (c Checker) Image(image []string, env []Var) string {
	for _, kv := range image {
		name, value, _ := strings.Cut(kv, "=")
		replaced := slices.ContainsFunc(env, func(v Var) bool { return v.Name == name })
		if replaced || free(name) || ours(name) {
			continue
		}
		ok := !c.leadsOut(value)
		if check := c.check(name); check != nil {
			ok = check(value)
		}
		if !ok {
			return "the toolchain image has " + name
		}
	}
	return ""
}

// leadsOut reports whether a value may name a file outside of the toolchain image: a
// relative path, or one in a mounted folder.
func (c Checker) leadsOut(value string) bool {
	words := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\n:;,=\"'", r) })
	return slices.ContainsFunc(words, func(w string) bool {
		return strings.Contains(w, "/") && !c.elsewhere(w) || w == "." || w == ".."
	})
}
