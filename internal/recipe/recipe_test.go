package recipe

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var checker = Checker{Mounted: []string{"/src", "/go/pkg/mod", "/gokiln", "/run/gokiln"}}

// What may run, read or write a file that does not come from the toolchain image, by
// the flag that does it.
func TestArgs(t *testing.T) {
	for text, want := range map[string]string{
		"":               "",
		"-ldflags=-s -w": "",
		"-ldflags=-s -w -X main.v=../../evil -X 'main.w=-extld=x'":       "",
		"-ldflags=-linkmode=external -extldflags=-static":                "",
		"-ldflags=-linkmode external -extldflags '-static -Wl,-z,now'":   "",
		"-ldflags=-extldflags '-L/usr/lib/musl -lfoo -fuse-ld=lld'":      "",
		"-ldflags=-buildid= -B gobuildid -linkmode=internal":             "",
		"-ldflags=--linkmode=external -extld=./evil.sh":                  "build.ldflags has -extld",
		"-ldflags=-s --extld /src/evil.sh":                               "build.ldflags has -extld",
		"-ldflags=-extar=ar":                                             "build.ldflags has -extar",
		"-ldflags=-o /gokiln/gocache/00/x":                               "build.ldflags has -o",
		"-ldflags=-cpuprofile=/gokiln/gocache/x":                         "build.ldflags has -cpuprofile",
		"-ldflags=-memprofile x":                                         "build.ldflags has -memprofile",
		"-ldflags=-benchmark=cpu -benchmarkprofile=x":                    "build.ldflags has -benchmark",
		"-ldflags=-capturehostobjs=x":                                    "build.ldflags has -capturehostobjs",
		"-ldflags=-tmpdir=/gokiln/gocache":                               "build.ldflags has -tmpdir",
		"-ldflags=-importcfg=x":                                          "build.ldflags has -importcfg",
		"-ldflags=-L lib":                                                "build.ldflags has -L",
		"-ldflags=-libgcc=./x":                                           "build.ldflags has -libgcc",
		"-ldflags=-w file.a":                                             "build.ldflags has file.a",
		"-ldflags=-w -- -extld=x":                                        "build.ldflags has --",
		"-ldflags=---extld=x":                                            "build.ldflags has --extld",
		"-ldflags=-extldflags '-fplugin=./evil.so'":                      "build.ldflags has -extldflags",
		"-ldflags=-extldflags=-B./evil":                                  "build.ldflags has -extldflags",
		"-ldflags=-extldflags=-specs=x":                                  "build.ldflags has -extldflags",
		"-ldflags=-extldflags=@x":                                        "build.ldflags has -extldflags",
		"-ldflags=-extldflags=-Wl,-T,x":                                  "build.ldflags has -extldflags",
		"-ldflags=-extldflags=-Wl,-Map=/gokiln/gocache/x":                "build.ldflags has -extldflags",
		"-ldflags=-extldflags=-L/src/lib":                                "build.ldflags has -extldflags",
		"-ldflags=-extldflags=-L/usr/../src/lib":                         "build.ldflags has -extldflags",
		"-ldflags=-extldflags=x.o":                                       "build.ldflags has -extldflags",
		"-ldflags='-s":                                                   "build.ldflags has '-s",
		"-gcflags=all=-N -l -m=2 -dwarf=false -c=4":                      "",
		"-gcflags=./cmd/...=-d=checkptr,ssa/check_bce/debug=1":           "",
		"-gcflags=-d=dumpinlfuncprops=/gokiln/gocache/x":                 "build.gcflags has -d",
		"-gcflags=-d=ssa/all/dump=main":                                  "build.gcflags has -d",
		"-gcflags=all=-cpuprofile=x":                                     "build.gcflags has -cpuprofile",
		"-gcflags=all=-asmhdr=x -N":                                      "build.gcflags has -asmhdr",
		"-gcflags=all=-linkobj x":                                        "build.gcflags has -linkobj",
		"-gcflags=-json=0,/gokiln/gocache":                               "build.gcflags has -json",
		"-gcflags=-o=x":                                                  "build.gcflags has -o",
		"-gcflags=-pgoprofile=x":                                         "build.gcflags has -pgoprofile",
		"-gcflags=-traceprofile=x":                                       "build.gcflags has -traceprofile",
		"-asmflags=-D X=1 -trimpath=/src":                                "",
		"-asmflags=all=-I /usr/include":                                  "",
		"-asmflags=-I include":                                           "build.asmflags has -I",
		"-asmflags=-o x":                                                 "build.asmflags has -o",
		"-race\x00-trimpath\x00-mod=vendor\x00-tags=a,b\x00-pgo=./x.pgo": "",
		"-toolexec=./evil":                                               "go build has -toolexec",
		"-overlay=x.json":                                                "go build has -overlay",
		"-modfile=x.mod":                                                 "go build has -modfile",
		"-exec=x":                                                        "go build has -exec",
		"-pkgdir=/gokiln/gocache":                                        "go build has -pkgdir",
		"-C=/gokiln":                                                     "go build has -C",
		"-gccgoflags=-B.":                                                "go build has -gccgoflags",
	} {
		args := []string{"go", "build", "-buildvcs=false"}
		if text != "" {
			args = append(args, strings.Split(text, "\x00")...)
		}
		args = append(args, "-o", "/gokiln/out/x", "./cmd/x")
		if got := checker.Args(args); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestEnv(t *testing.T) {
	for kv, ok := range map[string]bool{
		"GOEXPERIMENT=jsonv2": true, "GODEBUG=x=1": true, "LC_ALL=C": true, "TZ=Europe/Berlin": true,
		"PATH=/usr/local/go/bin:/usr/bin": true, "PATH=/src/bin:/usr/bin": false, "PATH=bin:/usr/bin": false,
		"PATH=/usr/bin:": false, "PATH=/usr/bin::/bin": false, "PATH=.": false, "PATH=": false,
		"PATH=/usr/bin:/go/pkg/mod/evil@v1.0.0/bin": false, "PATH=/gokiln/gocache/00": false, "PATH=/proc/self/cwd": false,
		"PATH=/usr/../src/bin": false, "PATH=/srcery/bin": true,
		"CC=gcc": true, "CC=aarch64-linux-gnu-gcc -O2 -g": true, "CC=/usr/bin/clang --target=aarch64-linux-gnu": true,
		"CC=zig cc -target x86_64-linux-musl": true, "CC=./evil": false, "CC=/src/evil": false, "CC=tools/cc": false,
		"CC=gcc -B.": false, "CC=gcc evil.c": false, "CC=": false, "CC='gcc": false, "CC=-x": false, "CXX=../x": false, "AR=/src/ar": false,
		"FC=gfortran": true, "PKG_CONFIG=pkgconf": true, "PKG_CONFIG=./evil": false, "PKG_CONFIG_PATH=/usr/lib/pkgconfig": true,
		"PKG_CONFIG_PATH=/src/pc": false, "CGO_CFLAGS=-O2 -g -I/usr/include/x -DX=1 -Wno-error": true, "CGO_CFLAGS=-I/src/include": false,
		"CGO_CFLAGS=-Iinclude": false, "CGO_CFLAGS=-I include": false, "CGO_CFLAGS=-include x.h": false, "CGO_CFLAGS=-fplugin=x": false,
		"CGO_CFLAGS=-wrapper x": false, "CGO_CFLAGS=-save-temps": false, "CGO_CFLAGS=-MF x": false, "CGO_CFLAGS=-o x": false,
		"CGO_CFLAGS=-Wa,-x": false, "CGO_CFLAGS=-Wp,-MD,x": false, "CGO_LDFLAGS=-L/usr/lib -lssl -Wl,-rpath,/usr/lib": true,
		"CGO_LDFLAGS=-Wl,-rpath,/usr/lib,-plugin,x": false, "CGO_LDFLAGS=-lx -L.": false, "CGO_LDFLAGS=-l:../x": false,
		"CGO_CFLAGS_ALLOW=.*": false, "CGO_LDFLAGS_ALLOW=.*": false, "LD_PRELOAD=/src/x.so": false, "LD_PRELOAD=x": false,
		"LD_LIBRARY_PATH=/usr/lib": true, "LD_LIBRARY_PATH=lib": false, "GOFLAGS=-toolexec=./x": false, "GOCACHEPROG=./x": false,
		"GOSSAFUNC=main": false, "GCC_EXEC_PREFIX=x": false, "COMPILER_PATH=bin": false, "BASH_ENV=x": false, "HOME=/root": true, "HOME=/src": false,
		"TMPDIR=/tmp": true, "TMPDIR=/gokiln/gocache": false, "ANYTHING=1": false, "GOTOOLDIR=/src": false, "GOGCCFLAGS=x": false,
	} {
		name, value, _ := strings.Cut(kv, "=")
		if got := checker.Env([]Var{{name, value}}); (got == "") != ok || got != "" && got != "build.env has "+name {
			t.Errorf("%s: %q", kv, got)
		}
	}
}

func TestImage(t *testing.T) {
	official := []string{"PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "GOLANG_VERSION=1.26.8", "GOTOOLCHAIN=local", "GOPATH=/go"}
	for kv, ok := range map[string]bool{
		"": true, "TEAM=shop": true, "GOFLAGS=-trimpath -tags=x": true, "GOFLAGS=-toolexec=/usr/bin/wrap": true, "GOFLAGS=-toolexec=wrap": true,
		"GOFLAGS=-toolexec=./wrap": false, "GOFLAGS=-overlay=x": false, "GOFLAGS=-ldflags=-extld=/src/x": false, "GOFLAGS=-o=/gokiln/x": false,
		"LD_PRELOAD=/usr/lib/x.so": true, "LD_PRELOAD=/src/x.so": false, "HOOK=./x": false, "HOOK=bin/x": false, "BASH_ENV=/src/x": false,
		"URL=https://goproxy.example.com/a/b": true, "GOROOT=/usr/local/go": true, "CC=./x": false, "TZ=Europe/Berlin": true, "X=.": false,
	} {
		if got := checker.Image(append(slices.Clone(official), kv), nil); (got == "") != ok {
			t.Errorf("%s: %q", kv, got)
		}
	}
	if got := checker.Image([]string{"CC=./x"}, []Var{{"CC", "gcc"}}); got != "" {
		t.Errorf("what the spec replaces counts: %q", got)
	}
}

// The lists are Go's flags with Go's arity: of a flag that takes a value and is taken
// for one that does not, the value would pass as the next flag.
func TestFlagsAreGos(t *testing.T) {
	for name, list := range map[string]tool{"link": checker.linker(), "compile": compiler(), "asm": checker.assembler()} {
		out, _ := exec.Command("go", "tool", name, "-h").CombinedOutput() // ends with 2
		valued := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^  -(\S+)( \S+)?(?:\t|$)`).FindAllStringSubmatch(string(out), -1) {
			valued[m[1]] = m[2] != ""
		}
		if len(valued) < 5 {
			t.Fatalf("go tool %s -h says %s", name, out)
		}
		for _, f := range list.alone {
			if takes, known := valued[f]; known && takes {
				t.Errorf("%s -%s takes a value", name, f)
			}
		}
		for f := range list.checked {
			list.any = append(list.any, f)
		}
		for _, f := range list.any {
			if takes, known := valued[f]; known && !takes {
				t.Errorf("%s -%s takes no value", name, f)
			}
		}
	}
}

func TestID(t *testing.T) {
	base := Recipe{Kind: "gocache", Module: "example.com/m", Toolchain: "sha256:1", Build: "linux/amd64", Args: []string{"go", "build"}, Env: []Var{{"GOOS", "linux"}}}
	seen := map[string]string{base.ID(""): "base"}
	for name, change := range map[string]func(*Recipe){
		"kind":        func(r *Recipe) { r.Kind = "layers" },
		"module":      func(r *Recipe) { r.Module = "example.com/m/layers" },
		"modules":     func(r *Recipe) { r.Modules = "x" },
		"forks":       func(r *Recipe) { r.Forks = []string{"a => b@v1.0.0"} },
		"toolchain":   func(r *Recipe) { r.Toolchain = "sha256:2" },
		"build":       func(r *Recipe) { r.Build = "linux/arm64" },
		"args":        func(r *Recipe) { r.Args = []string{"go", "build", "-race"} },
		"joined args": func(r *Recipe) { r.Args = []string{"go build"} },
		"ldflags":     func(r *Recipe) { r.Args = []string{"go", "build", "-ldflags=-s"} },
		"quoted":      func(r *Recipe) { r.Args = []string{"go", "build", "-ldflags='-s -w'"} },
		"two":         func(r *Recipe) { r.Args = []string{"go", "build", "-ldflags=-s -w"} },
		"env":         func(r *Recipe) { r.Env = []Var{{"GOOS", "linux"}, {"CC", "gcc"}} },
		"value":       func(r *Recipe) { r.Env = []Var{{"GOOS", "darwin"}} },
	} {
		r := base
		change(&r)
		id := r.ID("")
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s share %s", name, other, id)
		}
		seen[id] = name
	}
	if got := base.ID("team-a"); !strings.HasPrefix(got, "team-a/gokiln/gocache/example.com/m/") {
		t.Error(got)
	}
	stamped := func(v string) string {
		r := base
		r.Args = []string{"go", "build", "-ldflags=-s -X main.v=" + v + " -X 'main.w=" + v + " x' -w"}
		return r.ID("")
	}
	if stamped("1") != stamped("2") {
		t.Error("a stamp changes the id")
	}
}

// No words, however odd, are taken for flags that the go command would not see.
func FuzzArgs(f *testing.F) {
	f.Add("-s -w -X a=b", "CC", "gcc -O2")
	f.Add("'-extld' x", "PATH", "/usr/bin:")
	f.Fuzz(func(t *testing.T, flags, name, value string) {
		why := checker.Args([]string{"go", "build", "-ldflags=" + flags, "-o", "/gokiln/out/x", "."})
		words, err := Words(flags)
		if err == nil && why == "" {
			for _, w := range words {
				if strings.HasPrefix(strings.TrimLeft(w, "-"), "extld=") && strings.HasPrefix(w, "-") && !slices.Contains(words, "-X") {
					t.Errorf("%q passes", flags)
				}
			}
		}
		checker.Env([]Var{{name, value}})
		checker.Image([]string{name + "=" + value}, nil)
		Recipe{Args: []string{"-ldflags=" + flags}}.ID(name)
	})
}
