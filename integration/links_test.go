package integration

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// linked is an app in the folder app, whose links may lead out of it. What it
// prints on the host is what its image prints, or its build fails at the place.
type linked struct {
	name  string
	files map[string]string
	// links are by their name below the app's folder.
	links map[string]string
	// fails are words of the error; none where the image prints what the host does.
	fails []string
}

// printingWord is a program that prints a word which other files may set.
func printingWord() string {
	return "// " + rand.Text() + "\npackage main\n\nvar word = \"plain\"\n\nfunc main() { println(word) }\n"
}

func settingWord(word string) string {
	return "package main\n\nfunc init() { word = \"" + word + "\" }\n"
}

func linkedApps() []linked {
	asm := "#include \"textflag.h\"\n\nDATA ·number(SB)/8, $7\nGLOBL ·number(SB), RODATA, $8\n"
	viaPackage := "// " + rand.Text() + "\npackage main\n\nimport \"example.com/app/p\"\n\nfunc main() { println(p.Word) }\n"
	return []linked{
		{name: "a file out of the context", files: map[string]string{"outer/v.go": settingWord("outer")}, links: map[string]string{"v.go": "../outer/v.go"},
			fails: []string{"v.go", "../outer/v.go", "out of the build context", "module"}},
		{name: "a file of the context by the same path", files: map[string]string{"outer/v.go": settingWord("outer"), "app/outer/v.go": "package outer\n"}, links: map[string]string{"v.go": "../outer/v.go"},
			fails: []string{"v.go", "out of the build context"}},
		{name: "a file in the context", files: map[string]string{"app/parts/v.txt": settingWord("inner")}, links: map[string]string{"v.go": "parts/v.txt"}},
		{name: "a chain in the context", files: map[string]string{"app/parts/v.txt": settingWord("inner")}, links: map[string]string{"v.go": "x/u.txt", "x": "y", "y/u.txt": "../parts/v.txt"}},
		{name: "a chain out of the context", files: map[string]string{"outer/v.go": settingWord("outer")}, links: map[string]string{"v.go": "y/u.txt", "y/u.txt": "../../outer/v.go"},
			fails: []string{"v.go", "out of the build context"}},
		{name: "a file that .dockerignore leaves out", files: map[string]string{"app/.dockerignore": "parts\n", "app/parts/v.txt": settingWord("inner")}, links: map[string]string{"v.go": "parts/v.txt"},
			fails: []string{"v.go", "parts/v.txt", ".dockerignore"}},
		{name: "a test and a file for others", files: map[string]string{"outer/v.go": settingWord("outer")}, links: map[string]string{"v_test.go": "../outer/v.go", "v_windows.go": "../outer/v.go", "_v.go": "../outer/v.go", "README": "../outer/v.go", "docs": "../outer"}},
		{name: "a package's folder", files: map[string]string{"app/main.go": viaPackage, "outer/p/p.go": "package p\n\nconst Word = \"outer\"\n"}, links: map[string]string{"p": "../outer/p"},
			fails: []string{"p", "../outer/p", "out of the build context"}},
		{name: "a package's folder in the context", files: map[string]string{"app/main.go": viaPackage, "app/real/p.go": "package p\n\nconst Word = \"inner\"\n"}, links: map[string]string{"p": "real"}},
		{name: "assembly", files: map[string]string{
			"app/main.go": "// " + rand.Text() + "\npackage main\n\nvar number int\n\nfunc main() { println(number) }\n", "app/empty.s": "", "outer/n.s": asm,
		}, links: map[string]string{"n.s": "../outer/n.s"}, fails: []string{"n.s", "../outer/n.s"}},
		{name: "go.work", files: map[string]string{
			"outer/go.work": "go 1.26\n\nuse /APP\n\nreplace example.com/p => /OUTER/p\n", "outer/p/go.mod": "module example.com/p\n", "outer/p/p.go": "package p\n\nconst Word = \"outer\"\n",
			"app/go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/p v0.0.0\n\nreplace example.com/p => ./own\n", "app/own/go.mod": "module example.com/p\n", "app/own/p.go": "package p\n\nconst Word = \"own\"\n",
			"app/main.go": strings.Replace(viaPackage, "example.com/app/p", "example.com/p", 1),
		}, links: map[string]string{"go.work": "../outer/go.work"}, fails: []string{"go.work", "../outer/go.work"}},
		{name: "a vendor folder's manifest", files: map[string]string{
			"app/go.mod": "module example.com/app\n\ngo 1.26\n\nrequire example.com/p v0.0.0\n\nreplace example.com/p => ./own\n", "app/own/go.mod": "module example.com/p\n", "app/own/p.go": "package p\n\nconst Word = \"own\"\n",
			"app/main.go": strings.Replace(viaPackage, "example.com/app/p", "example.com/p", 1), "app/vendor/example.com/p/p.go": "package p\n\nconst Word = \"vendored\"\n",
			"outer/modules.txt": "# example.com/p v0.0.0 => ./own\n## explicit\nexample.com/p\n# example.com/p => ./own\n",
		}, links: map[string]string{"vendor/modules.txt": "../../outer/modules.txt"}, fails: []string{"vendor/modules.txt", "../../outer/modules.txt"}},
		{name: "a module's boundary in an embedded folder", files: map[string]string{
			"app/main.go": "// " + rand.Text() + "\npackage main\n\nimport \"embed\"\n\n//go:embed d\nvar d embed.FS\n\nfunc main() {\n\t_, err := d.ReadFile(\"d/m/x\")\n\tprintln(err == nil)\n}\n",
			"app/d/y":     "y", "app/d/m/x": "x", "outer/go.mod": "module m\n",
		}, links: map[string]string{"d/m/go.mod": "../../../outer/go.mod"}, fails: []string{"d/m/go.mod", "../../../outer/go.mod"}},
		{name: "such a boundary in the context", files: map[string]string{
			"app/main.go": "// " + rand.Text() + "\npackage main\n\nimport \"embed\"\n\n//go:embed d\nvar d embed.FS\n\nfunc main() {\n\t_, err := d.ReadFile(\"d/m/x\")\n\tprintln(err == nil)\n}\n",
			"app/d/y":     "y", "app/d/m/x": "x", "app/other/go.mod": "module m\n",
		}, links: map[string]string{"d/m/go.mod": "../../other/go.mod"}},
	}
}

// lay writes an app and returns its folder, and what it prints on the host.
func (l linked) lay(t *testing.T) (dir, prints string) {
	t.Helper()
	root := t.TempDir()
	dir = filepath.Join(root, "app")
	all := map[string]string{
		"app/go.mod": "module example.com/app\n\ngo 1.26\n", "app/main.go": printingWord(), "app/gokiln.yaml": "# syntax=gokiln/gokiln:1\n",
	}
	for name, data := range l.files {
		all[name] = strings.NewReplacer("/APP", dir, "/OUTER", filepath.Join(root, "outer")).Replace(data)
	}
	for name, data := range all {
		write(t, filepath.Join(root, name), data)
	}
	for name, target := range l.links {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(root, "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=", "GOPROXY=off", "PWD="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build on the host: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(out)
}

// A context may lack what a link of it leads to. No image holds another program
// than the host's go build makes: the build fails, and says which link.
func TestLinksOutOfTheContext(t *testing.T) {
	s := setup(t)
	for _, l := range linkedApps() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			dir, prints := l.lay(t)
			tag := s.tag(t)
			r := s.try(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
			if r.Err == nil {
				if out := s.run(t, fetch(t, tag)["linux/amd64"]); out != prints || l.fails != nil {
					t.Errorf("the image prints %q, on the host it is %q; the build has to fail: %v", out, prints, l.fails != nil)
				}
				return
			}
			if l.fails == nil {
				t.Fatalf("on the host it prints %q, and the build fails: %s", prints, r.Output)
			}
			for _, word := range l.fails {
				if !strings.Contains(r.Output, word) {
					t.Errorf("no %q in the error: %s", word, r.Output)
				}
			}
		})
	}
}
