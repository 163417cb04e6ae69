package integration

import (
	"bytes"
	"debug/elf"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// both is the pair of platforms that most tests build for.
const both = "linux/amd64,linux/arm64"

func TestTwoPlatformsFromTwoLines(t *testing.T) {
	s := setup(t)
	dir := app(t, map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": mainPrinting(t, "hello")})
	tag := s.tag(t)
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", both, "-t", tag, "--push", "."}})

	images := fetch(t, tag)
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms(images)); diff != "" {
		t.Fatal(diff)
	}
	machines := map[string]elf.Machine{"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64}
	for platform, img := range images {
		t.Run(platform, func(t *testing.T) {
			config, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if got := config.OS + "/" + config.Architecture; got != platform {
				t.Errorf("the config says %s", got)
			}
			if config.Config.User != "65532" && config.Config.User != "nonroot" {
				t.Errorf("user %q is not the base's nonroot", config.Config.User)
			}
			if diff := cmp.Diff([]string{"/usr/local/bin/api"}, config.Config.Entrypoint); diff != "" {
				t.Error(diff)
			}
			if !slices.ContainsFunc(config.Config.Env, func(e string) bool { return strings.HasPrefix(e, "SSL_CERT_FILE=") }) {
				t.Errorf("the base's environment is lost: %q", config.Config.Env)
			}
			if n := len(config.RootFS.DiffIDs); n != len(nonEmpty(config.History)) {
				t.Errorf("%d layers and %d entries of history", n, len(nonEmpty(config.History)))
			}
			f := files(t, img)["usr/local/bin/api"]
			if f.Mode != 0o755 || f.UID != 0 || f.GID != 0 {
				t.Errorf("program: mode %o owner %d:%d", f.Mode, f.UID, f.GID)
			}
			program, err := img.ReadFile("usr/local/bin/api")
			if err != nil {
				t.Fatal(err)
			}
			checkProgram(t, program, machines[platform], dir)
			if out := s.run(t, img); out != "hello\n" {
				t.Errorf("it printed %q", out)
			}
		})
	}
}

func nonEmpty(h []v1.History) []v1.History {
	return slices.DeleteFunc(slices.Clone(h), func(e v1.History) bool { return e.EmptyLayer })
}

// checkProgram looks for what a static, stripped program for a machine has not.
func checkProgram(t *testing.T, program []byte, machine elf.Machine, dir string) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if f.Machine != machine {
		t.Errorf("the program is for %v", f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program is not static")
		}
	}
	if f.Section(".symtab") != nil {
		t.Error("the program is not stripped")
	}
	for _, path := range []string{dir, "/src/cmd", "/go/pkg/mod"} {
		if bytes.Contains(program, []byte(path)) {
			t.Errorf("the program holds the path %s", path)
		}
	}
}

func TestSyntaxLineAlone(t *testing.T) {
	s := setup(t)
	dir := app(t, map[string]string{"internal/tool/main.go": mainPrinting(t, "only")})
	tag := s.tag(t)
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "-t", tag, "--push", "."}})
	for _, img := range fetch(t, tag) {
		if out := s.run(t, img); out != "only\n" {
			t.Errorf("it printed %q", out)
		}
	}
}

// Each example is built, one of them for two platforms, and its programs are run.
func TestExamples(t *testing.T) {
	s := setup(t)
	t.Parallel()
	for _, tc := range []struct {
		name string
		// What is built for one platform shows nothing new on a second one.
		platforms string
		runs      [][]string // arguments of each run; the last line printed has to contain want
		want      []string
	}{
		{"hello", both, [][]string{nil}, []string{"hello, world"}},
		{"service", "linux/amd64", [][]string{{"-version"}, {"-check"}}, []string{"1.2.3", "check: ok"}},
		{"binaries", "linux/amd64", [][]string{{"-version"}}, []string{"1.2.3"}},
		{"private", "linux/amd64", [][]string{nil}, []string{"0 dependencies"}},
		{"workspace", "linux/amd64", [][]string{nil}, []string{"hello, workspace"}},
		{"assets", "linux/amd64", [][]string{{"-version"}, {"-check"}}, []string{"1.2.3", "check: ok"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tag := s.tag(t)
			s.ok(t, build{Dir: filepath.Join(s.Repo, "examples", tc.name), Args: append(caSecret(),
				"-f", "gokiln.yaml", "--platform", tc.platforms, "--build-arg", "VERSION=1.2.3", "-t", tag, "--push", ".")})
			images := fetch(t, tag)
			if diff := cmp.Diff(strings.Split(tc.platforms, ","), platforms(images)); diff != "" {
				t.Fatal(diff)
			}
			for i, args := range tc.runs {
				for platform, img := range images {
					if out := s.run(t, img, args...); !strings.Contains(out, tc.want[i]) {
						t.Errorf("%s %q printed\n%s\nwithout %q", platform, args, out, tc.want[i])
					}
				}
			}
		})
	}
}

func TestSeveralProgramsInOneImage(t *testing.T) {
	s := setup(t)
	tag := s.tag(t)
	s.ok(t, build{Dir: filepath.Join(s.Repo, "examples", "binaries"), Args: append(caSecret(),
		"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", ".")})
	img := fetch(t, tag)["linux/amd64"]
	var programs []string
	layers := map[int]bool{}
	for path, f := range files(t, img) {
		if filepath.Dir(path) == "usr/local/bin" {
			programs = append(programs, filepath.Base(path))
			layers[f.Layer] = true
		}
	}
	slices.Sort(programs)
	if diff := cmp.Diff([]string{"migrate", "server", "worker"}, programs); diff != "" {
		t.Error(diff)
	}
	if len(layers) != 1 {
		t.Errorf("the programs are in %d layers, want one", len(layers))
	}
}
