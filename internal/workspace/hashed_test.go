package workspace

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// hashedCase is a program that prints a number which stands in one of its files.
type hashedCase struct {
	name string
	// number is the file with the number.
	number string
	cgo    bool
	// stale tells that the go command does not see a change of it.
	stale bool
	want  string
}

var hashedCases = []hashedCase{
	{name: "a header of the package", number: "asm/n.h"},
	{name: "a header that a header includes", number: "asm/n.h"},
	{name: "another folder's header", number: "common/n.h", stale: true,
		want: `package "e.com/app/asm" includes ../common/n.h, which the go command does not hash`},
	{name: "a folder below", number: "asm/in/n.h", stale: true,
		want: `package "e.com/app/asm" includes asm/in/n.h`},
	{name: "a file that is no source by its name", number: "asm/n.inc", stale: true,
		want: "includes asm/n.inc"},
	{name: "a C file", number: "asm/n.c", stale: true, want: "includes asm/n.c"},
	{name: "a header of another target", number: "asm/n_windows.h", stale: true,
		want: "includes asm/n_windows.h"},
	{name: "a hidden header", number: "asm/_n.h", stale: true, want: "includes asm/_n.h"},
	{name: "a vendored package", number: "vendor/e.com/y/n.h", stale: true, want: `package "e.com/y/asm" of the vendor folder includes ../n.h`},
	{name: "a vendored package's own header", number: "vendor/e.com/y/asm/n.h"},
	{name: "cgo", cgo: true, number: "n.h"},
	{name: "cgo with a header that its constraint leaves out", cgo: true, number: "n.h|//go:build ignore\n\n", stale: true, want: "includes n.h"},
	{name: "cgo with a file that is no source by its name", cgo: true, number: "n.inc", stale: true, want: `package "e.com/app" includes n.inc`},
	{name: "cgo with another folder's header", cgo: true, number: "in/n.h", stale: true, want: "includes in/n.h from C"},
	{name: "cgo with a folder above", cgo: true, number: "n.h", want: "which may be any file"},
	{name: "cgo with a folder among its flags", cgo: true, number: "in/n.h", stale: true, want: `has the #cgo flag "-Iin"`},
	{name: "cgo's own C files", cgo: true, number: "n.h"},
	{name: "vendored cgo", cgo: true, number: "vendor/e.com/y/n.inc", stale: true, want: `package "e.com/y" of the vendor folder includes vendor/e.com/y/n.inc`},
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
			root := filepath.Join(worktest.RealDir(t), "app")
			files := worktest.Read(t, "hashed", tc.name).Files
			number, head, _ := strings.Cut(tc.number, "|")
			for name := range files {
				// No earlier run of the test has these in the cache.
				if filepath.Ext(name) == ".go" {
					files[name] += "\n// " + rand.Text() + "\n"
				}
			}
			files[number] = head + "#define NUMBER 1\n"
			worktest.WriteTree(t, root, files)
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
			worktest.WriteTree(t, root, map[string]string{number: head + "#define NUMBER 2\n"})
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
			"go.mod": "module e.com/y\n\ngo 1.25", "asm/asm.go": "package asm\n\n// " + word + "\nfunc N() int\n", "n.h": "#define NUMBER " + n + "\n",
			"asm/n_amd64.s": "#include \"textflag.h\"\n#include \"../n.h\"\nTEXT ·N(SB), NOSPLIT, $0-8\n\tMOVQ $NUMBER, ret+0(FP)\n\tRET\n",
		}
	}
	root, ct := worktest.RealDir(t), closureCase{proxy: true, modules: modules}
	var all [][]string
	var prints []string
	for _, n := range []string{"1", "2"} {
		worktest.WriteTree(t, root, (map[string]string{
			"go.mod":  "module e.com/app\n\ngo 1.25\n\nrequire e.com/y v1.0.0\n\nreplace e.com/y => e.com/fork v1." + n + ".0\n",
			"main.go": "package main\n\nimport \"e.com/y/asm\"\n\nfunc main() { println(asm.N()) }\n",
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
	worktest.Go(t, root, tc.env(t), "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
	out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
