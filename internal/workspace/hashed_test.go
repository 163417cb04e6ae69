package workspace

import (
	"crypto/rand"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hashedCase is a program that prints a number which stands in one of its files.
type hashedCase struct {
	name  string
	files map[string]string
	// number is the file with the number.
	number string
	cgo    bool
	// stale tells that the go command does not see a change of it.
	stale bool
	want  string
}

// assembled is a program whose package asm returns a number that its assembly
// finds by some lines.
func assembled(lines string, more map[string]string) map[string]string {
	files := map[string]string{
		"main.go":        "package main{}{}import \"e.com/app/asm\"{}{}func main() { println(asm.N()) }",
		"asm/asm.go":     "package asm{}{}func N() int",
		"asm/n_amd64.s":  "#include \"textflag.h\"{}" + lines + "{}TEXT ·N(SB), NOSPLIT, $0-8{}\tMOVQ $NUMBER, ret+0(FP){}\tRET{}",
		"asm/unused.inc": "",
	}
	maps.Copy(files, more)
	return app(files)
}

func preamble(lines string, more map[string]string) map[string]string {
	files := map[string]string{"main.go": "package main{}{}" + lines + "{}import \"C\"{}{}func main() { println(C.NUMBER) }"}
	maps.Copy(files, more)
	return app(files)
}

var hashedCases = []hashedCase{
	{name: "a header of the package", files: assembled(`#include "n.h"`, nil), number: "asm/n.h"},
	{name: "a header that a header includes", files: assembled(`#include "m.h"`, map[string]string{"asm/m.h": `#include "n.h"{}`}), number: "asm/n.h"},
	{name: "another folder's header", files: assembled(`#include "../common/n.h"`, nil), number: "common/n.h", stale: true,
		want: `package "e.com/app/asm" includes ../common/n.h, which the go command does not hash`},
	{name: "a folder below", files: assembled(`#include "m.h"`, map[string]string{"asm/m.h": `#include "in/n.h"{}`}), number: "asm/in/n.h", stale: true,
		want: `package "e.com/app/asm" includes asm/in/n.h`},
	{name: "a file that is no source by its name", files: assembled(`#include "n.inc"`, nil), number: "asm/n.inc", stale: true,
		want: "includes asm/n.inc"},
	{name: "a C file", files: assembled(`#include "n.c"`, nil), number: "asm/n.c", stale: true, want: "includes asm/n.c"},
	{name: "a header of another target", files: assembled(`#include "n_windows.h"`, nil), number: "asm/n_windows.h", stale: true,
		want: "includes asm/n_windows.h"},
	{name: "a hidden header", files: assembled(`#include "_n.h"`, nil), number: "asm/_n.h", stale: true, want: "includes asm/_n.h"},
	{name: "a vendored package", files: map[string]string{
		"go.mod": "module e.com/app{}go 1.25{}require e.com/y v1.0.0", "main.go": "package main{}{}import y \"e.com/y/asm\"{}{}func main() { println(y.N()) }", "vendor/modules.txt": "# e.com/y v1.0.0{}## explicit{}e.com/y/asm{}",
		"vendor/e.com/y/asm/asm.go": "package asm{}{}func N() int", "vendor/e.com/y/asm/n_amd64.s": "#include \"textflag.h\"{}#include \"../n.h\"{}TEXT ·N(SB), NOSPLIT, $0-8{}\tMOVQ $NUMBER, ret+0(FP){}\tRET{}",
	}, number: "vendor/e.com/y/n.h", stale: true, want: `package "e.com/y/asm" of the vendor folder includes ../n.h`},
	{name: "a vendored package's own header", files: map[string]string{
		"go.mod": "module e.com/app{}go 1.25{}require e.com/y v1.0.0", "main.go": "package main{}{}import y \"e.com/y/asm\"{}{}func main() { println(y.N()) }", "vendor/modules.txt": "# e.com/y v1.0.0{}## explicit{}e.com/y/asm{}",
		"vendor/e.com/y/asm/asm.go": "package asm{}{}func N() int", "vendor/e.com/y/asm/n_amd64.s": "#include \"textflag.h\"{}#include \"n.h\"{}TEXT ·N(SB), NOSPLIT, $0-8{}\tMOVQ $NUMBER, ret+0(FP){}\tRET{}",
		"vendor/e.com/y/bad/x_amd64.s": "#include \"../n.h\"",
	}, number: "vendor/e.com/y/asm/n.h"},
	{name: "cgo", cgo: true, files: preamble(`// #include "n.h"`, nil), number: "n.h"},
	{name: "cgo with a header that its constraint leaves out", cgo: true, files: preamble(`// #include "n.h"`, nil), number: "n.h|//go:build ignore{}{}", stale: true, want: "includes n.h"},
	{name: "cgo with a file that is no source by its name", cgo: true, files: preamble(`// #include "n.inc"`, nil), number: "n.inc", stale: true, want: `package "e.com/app" includes n.inc`},
	{name: "cgo with another folder's header", cgo: true, files: preamble(`// #include "in/n.h"`, nil), number: "in/n.h", stale: true, want: "includes in/n.h from C"},
	{name: "cgo with a folder above", cgo: true, files: preamble(`// #include "../app/n.h"`, nil), number: "n.h", want: "which may be any file"},
	{name: "cgo with a folder among its flags", cgo: true, files: preamble("// #cgo CFLAGS: -I${SRCDIR}/in{}// #include \"n.h\"", nil), number: "in/n.h", stale: true, want: `has the #cgo flag "-Iin"`},
	{name: "cgo's own C files", cgo: true, files: preamble("// #include \"m.h\"", map[string]string{"m.h": "#include \"n.h\"{}"}), number: "n.h"},
	{name: "vendored cgo", cgo: true, files: map[string]string{
		"go.mod": "module e.com/app{}go 1.25{}require e.com/y v1.0.0", "main.go": "package main{}{}import \"e.com/y\"{}{}func main() { println(y.N()) }", "vendor/modules.txt": "# e.com/y v1.0.0{}## explicit{}e.com/y{}",
		"vendor/e.com/y/y.go": "package y{}{}// #include \"n.inc\"{}import \"C\"{}{}func N() int { return C.NUMBER }",
	}, number: "vendor/e.com/y/n.inc", stale: true, want: `package "e.com/y" of the vendor folder includes vendor/e.com/y/n.inc`},
}

// TestUnhashed: what the go command does not see a change of has a reason. Each
// program is built, a number in a file of it changed, and built again.
func TestUnhashed(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the programs are for linux/amd64")
	}
	for _, tc := range hashedCases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join(realDir(t), "app")
			files := expand(tc.files)
			number, head, _ := strings.Cut(tc.number, "|")
			head = strings.ReplaceAll(head, "{}", "\n")
			for name := range files {
				// No earlier run of the test has these in the cache.
				if filepath.Ext(name) == ".go" {
					files[name] += "\n// " + rand.Text() + "\n"
				}
			}
			files[number] = head + "#define NUMBER 1\n"
			writeTree(t, root, files)
			ct := closureCase{cgo: tc.cgo}
			_, c := closureOf(t, os.DirFS(root), ct)
			if (c.Unhashed == "") != (tc.want == "") || !strings.Contains(c.Unhashed, tc.want) {
				t.Errorf("Unhashed is %q, want %q", c.Unhashed, tc.want)
			}
			if c.Unhashed == "" && tc.stale {
				t.Error("the program goes stale, and there is no reason")
			}
			if testing.Short() {
				return
			}
			if got := printed(t, root, ct); got != "1" {
				t.Fatalf("at first the program prints %q", got)
			}
			writeTree(t, root, map[string]string{number: head + "#define NUMBER 2\n"})
			if got := printed(t, root, ct); (got == "1") != tc.stale || got > "2" {
				t.Errorf("after a change of %s the program prints %q; stale: %v", number, got, tc.stale)
			}
		})
	}
}

// TestForks: a module that another one replaces keeps its version in the go
// command's hash, so that a fork's change of a file that is not hashed is not seen.
func TestForks(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the programs are for linux/amd64")
	}
	modules := map[string]map[string]string{}
	word := rand.Text()
	for _, n := range []string{"1", "2"} {
		modules["e.com/fork@v1."+n+".0"] = map[string]string{
			"go.mod": "module e.com/y{}{}go 1.25", "asm/asm.go": "package asm{}{}// " + word + "{}func N() int{}", "n.h": "#define NUMBER " + n + "{}",
			"asm/n_amd64.s": "#include \"textflag.h\"{}#include \"../n.h\"{}TEXT ·N(SB), NOSPLIT, $0-8{}\tMOVQ $NUMBER, ret+0(FP){}\tRET{}",
		}
	}
	root, ct := realDir(t), closureCase{proxy: true, modules: modules}
	var all [][]string
	var prints []string
	for _, n := range []string{"1", "2"} {
		writeTree(t, root, expand(map[string]string{
			"go.mod":  "module e.com/app{}{}go 1.25{}{}require e.com/y v1.0.0{}{}replace e.com/y => e.com/fork v1." + n + ".0{}",
			"main.go": "package main{}{}import \"e.com/y/asm\"{}{}func main() { println(asm.N()) }{}",
		}))
		w, err := Load(t.Context(), os.DirFS(root), ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		all, prints = append(all, w.Forks), append(prints, printed(t, root, ct))
	}
	if want := [][]string{{"e.com/y => e.com/fork@v1.1.0"}, {"e.com/y => e.com/fork@v1.2.0"}}; !cmp.Equal(all, want) {
		t.Errorf("forks %q, want %q", all, want)
	}
	if prints[0] != "1" {
		t.Errorf("at first it prints %q", prints[0])
	}
	t.Logf("with the second fork it prints %q", prints[1])
}

// printed is what a program says.
func printed(t *testing.T, root string, tc closureCase) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	goCommand(t, root, tc.env(t), "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
	out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
