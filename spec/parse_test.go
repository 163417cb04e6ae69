package spec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gokiln/gokiln/internal/diag"
)

// plain compares Specs by what they say, not by where it stands.
var plain = cmp.Options{
	cmpopts.IgnoreUnexported(Spec{}), cmpopts.IgnoreFields(Spec{}, "Source"),
	cmp.Transformer("text", Template.Text),
}

func texts(values ...string) []Template {
	list := make([]Template, len(values))
	for i, v := range values {
		list[i] = Template{text: v}
	}
	return list
}

func mustParse(t *testing.T, data string) *Spec {
	t.Helper()
	s, err := Parse("gokiln.yaml", []byte(data))
	if err != nil {
		t.Fatalf("Parse(%q):\n%v", data, err)
	}
	return s
}

func TestDefaults(t *testing.T) {
	want := &Spec{Module: ".", Modules: Modules{Retries: 4, Timeout: time.Minute, Workspace: "auto"}, Build: Build{LDFlags: texts("-s", "-w"), Trimpath: true, PGO: "auto"}, Cache: Cache{Dependencies: "auto"}}
	for _, data := range []string{
		"", "\n", "# syntax=gokiln/gokiln:1", "# syntax=gokiln/gokiln:1\n\n# nothing\n", "\xef\xbb\xbf", "\xef\xbb\xbf# syntax=x\r\n",
		"---\n", "~\n", "{}", "null", "x-own: {a: [b]}\n", "build: {}\nimage: {}\n", " ", "\r\n\r\n",
	} {
		s := mustParse(t, data)
		if diff := cmp.Diff(want, s, plain); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", data, diff)
		}
	}
}

func TestParse(t *testing.T) {
	mode := func(m uint32) *uint32 { return &m }
	for _, tt := range []struct {
		name, data string
		want       func(*Spec)
	}{
		{"top", "name: api\ngo: 1.20\nmodule: ./a/../services/api/\nmain: ./cmd/api/", func(s *Spec) {
			s.Name, s.Go, s.Module, s.Main = "api", "1.20", "services/api", []string{"./cmd/api"}
		}},
		{"mains", "main: [., ./cmd/b/../c]", func(s *Spec) { s.Main = []string{".", "./cmd/c"} }},
		{"main dot slash", "main: ./", func(s *Spec) { s.Main = []string{"."} }},
		{"json", `{"main": ["./cmd/api"], "image": {"ports": [8080]}}`, func(s *Spec) {
			s.Main, s.Image.Ports = []string{"./cmd/api"}, []string{"8080/tcp"}
		}},
		{"release candidate", "go: 1.27rc1", func(s *Spec) { s.Go = "1.27rc1" }},
		{"flags", "build:\n  tags: [a, 'b,c', '{{.Args.TAGS}}', a]\n  ldflags: -X 'main.a=b c'\n  gcflags: all=-N -l\n  asmflags: []\n  trimpath: false\n", func(s *Spec) {
			s.Build.Tags = texts("a", "b", "c", "{{.Args.TAGS}}")
			s.Build.LDFlags = texts("-X 'main.a=b c'")
			s.Build.GCFlags, s.Build.ASMFlags, s.Build.Trimpath = texts("all=-N -l"), texts(), false
		}},
		{"quotes over elements", "build: {ldflags: [\"-X 'main.a={{.Version}}\", \"b'\"]}", func(s *Spec) {
			s.Build.LDFlags = texts("-X 'main.a={{.Version}}", "b'")
		}},
		{"literal text", "build:\n  env: {A: 1.20, B: 0x10, C: on, D: true, E: 2001-01-01, F: '', G: 1_000, H: .inf}", func(s *Spec) {
			s.Build.Env = map[string]Template{"A": {text: "1.20"}, "B": {text: "0x10"}, "C": {text: "on"}, "D": {text: "true"}, "E": {text: "2001-01-01"}, "F": {text: ""}, "G": {text: "1_000"}, "H": {text: ".inf"}}
		}},
		{"env list", "image: {env: [A=b, PORT=80, 'C=d=e', D=]}", func(s *Spec) {
			s.Image.Env = map[string]string{"A": "b", "PORT": "80", "C": "d=e", "D": ""}
		}},
		{"pgo", "module: a\nbuild: {pgo: ../x.pgo}", func(s *Spec) { s.Module, s.Build.PGO = "a", "../x.pgo" }},
		{"variants", "build: {goamd64: v3, goarm: 7, goarm64: 'v9.0,lse,crypto', go386: softfloat, gomips: softfloat, gomips64: hardfloat, goppc64: power10, goriscv64: rva23u64}", func(s *Spec) {
			s.Build.Variants = map[string]string{"GOAMD64": "v3", "GOARM": "7", "GOARM64": "v9.0,lse,crypto", "GO386": "softfloat",
				"GOMIPS": "softfloat", "GOMIPS64": "hardfloat", "GOPPC64": "power10", "GORISCV64": "rva23u64"}
		}},
		{"goarm float", "build: {goarm: '6,softfloat'}", func(s *Spec) { s.Build.Variants = map[string]string{"GOARM": "6,softfloat"} }},
		{"ports", "image: {ports: [8080, 8080/TCP, 53/udp, 8000-8002, 8001]}", func(s *Spec) {
			s.Image.Ports = []string{"8080/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"}
		}},
		{"words", "image: {entrypoint: [/a, 1, yes, true], cmd: []}", func(s *Spec) {
			s.Image.Entrypoint, s.Image.Cmd = []string{"/a", "1", "yes", "true"}, []string{}
		}},
		{"config", "image: {base: scratch, user: 65532, workdir: /a//b/, volumes: /data, stop_signal: int}", func(s *Spec) {
			s.Image.Base, s.Image.User, s.Image.Workdir, s.Image.Volumes, s.Image.StopSignal = "scratch", "65532", "/a/b", []string{"/data"}, "SIGINT"
		}},
		{"user with group", "image: {user: 1000:1000, stop_signal: SIGRTMIN+3}", func(s *Spec) { s.Image.User, s.Image.StopSignal = "1000:1000", "SIGRTMIN+3" }},
		{"health", "image: {healthcheck: {test: [CMD, /a, 1], interval: 10s, timeout: 1m30s, start_period: 0, start_interval: 1ms, retries: 3}}", func(s *Spec) {
			s.Image.Healthcheck = &Healthcheck{Test: []string{"CMD", "/a", "1"}, Interval: 10 * time.Second, Timeout: 90 * time.Second, StartInterval: time.Millisecond, Retries: 3}
		}},
		{"health line", "image: {healthcheck: {test: curl -f x}}", func(s *Spec) {
			s.Image.Healthcheck = &Healthcheck{Test: []string{"CMD-SHELL", "curl -f x"}}
		}},
		{"files", "image:\n  files:\n  - {from: ./web/**/*.js, to: /srv/, owner: 0, mode: 0644}\n  - {from: a, to: /}\n  - {from: a, to: /b/./c, mode: 755}\n  - {from: a, to: /b, mode: '0o4755', owner: app:www}\n  - {from: a, to: /b, mode: 0}\n", func(s *Spec) {
			s.Image.Files = []File{
				{From: "web/**/*.js", To: "/srv/", Owner: "0", Mode: mode(0o644)}, {From: "a", To: "/"},
				{From: "a", To: "/b/c", Mode: mode(0o755)}, {From: "a", To: "/b", Mode: mode(0o4755), Owner: "app:www"}, {From: "a", To: "/b", Mode: mode(0)},
			}
		}},
		{"merge", "x-a: &a {cgo: true, tags: a}\nx-b: &b {tags: b, race: true}\nbuild:\n  <<: [*a, *b]\n  cover: true\n", func(s *Spec) {
			s.Build.Cgo, s.Build.Race, s.Build.Cover, s.Build.Tags = true, true, true, texts("a")
		}},
		{"merge below a key", "x-a: &a {cgo: true, cover: true}\nbuild: {cover: false, <<: *a}\n", func(s *Spec) { s.Build.Cgo = true }},
		{"anchors", "name: &n api\nimage: {labels: {a: *n, b: &x !!str 1.0, c: *x}}\n", func(s *Spec) {
			s.Name, s.Image.Labels = "api", map[string]Template{"a": {text: "api"}, "b": {text: "1.0"}, "c": {text: "1.0"}}
		}},
		{"cache", "cache: {dependencies: layer}", func(s *Spec) { s.Cache.Dependencies = "layer" }},
		{"carriage returns", "name: api\r\nmain:\r\n- ./a\r\n- ./b\r\n", func(s *Spec) { s.Name, s.Main = "api", []string{"./a", "./b"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults(diag.Source{})
			tt.want(want)
			if diff := cmp.Diff(want, mustParse(t, tt.data), plain); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAt(t *testing.T) {
	data := `# café
name: &n "api"
main: [./a, ./b]
build:
  tags:
    - a,b
    - c
  ldflags: |
    -s
    -w

  env: [A=b]
image: # {
  labels: {team: *n, "org.opencontainers.image.title": 'it''s é', x y: two
      words}
  files:
  - &f {from: a, to: /b }
  - *f
`
	s := mustParse(t, data)
	for _, tt := range []struct{ path, want string }{
		{"name", `"api"`}, {"main", "[./a, ./b]"}, {"main[1]", "./b"}, {"main[7]", "[./a, ./b]"},
		{"build.tags[0]", "a,b"}, {"build.tags[1]", "a,b"}, {"build.tags[2]", "c"},
		{"build.ldflags", "|\n    -s\n    -w"}, {"build.ldflags[0]", "|\n    -s\n    -w"}, {"build.gcflags[0]", "tags:\n    - a,b\n    - c\n  ldflags: |\n    -s\n    -w\n\n  env: [A=b]"},
		{"build.env.A", "A=b"}, {"image.labels.team", `"api"`}, {`image.labels["org.opencontainers.image.title"]`, "'it''s é'"},
		{Key("image.labels", "x y"), "two\n      words"}, {`image.labels["a.b"]`, data[strings.Index(data, "{team"):strings.Index(data, "\n  files")]},
		{"image.files[0].from", "a"}, {"image.files[1]", "{from: a, to: /b }"}, {"image.files[1].mode", "{from: a, to: /b }"},
		{"image.healthcheck.test", data[strings.Index(data, "labels"):strings.Index(data, "*f\n")] + "*f"},
	} {
		got, ok := sliceOf(s.Source.Data, s.At(tt.path))
		if !ok || got != tt.want {
			t.Errorf("At(%q) holds %q, want %q", tt.path, got, tt.want)
		}
	}
	for _, path := range []string{"", "go", "module", "nothing.at[0].all", "[", `["`, ".", "]", `a["b`} {
		if at := s.At(path); !at.IsZero() {
			t.Errorf("At(%q) = %v, want nothing", path, at)
		}
	}
}

// TestLarge gives files that no one writes: each is refused in one reading.
func TestLarge(t *testing.T) {
	keys := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, "k%d: 1\n", i)
		}
		return b.Bytes()
	}
	repeat := func(s string, n int) []byte { return bytes.Repeat([]byte(s), n) }
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"size", repeat("#", maxSize+1), "gokiln.yaml: a spec of 1048577 bytes is too large: at most 1048576 (1 MiB)"},
		{"open lists", repeat("[", maxSize), "values are nested too deeply"},
		{"nested lists", append(append([]byte("main: "), repeat("[", 5000)...), repeat("]", 5000)...), "values are nested more than 32 deep"},
		{"dashes", repeat("- ", maxSize/2), "values are nested too deeply"},
		{"many lists", append(append([]byte("main: ["), repeat("[],", 340_000)...), ']'), "more than 100000 values"},
		{"many keys", keys(2000), "more than 100 errors: the rest is not shown"},
		{"many lines", append(repeat("a: b\n", 200_000), '}'), "not valid YAML"},
		{"a long key", append(repeat("k", 1000), ": 1"...), "unknown key; the keys at the top level are"},
		{"wide", append(append([]byte("main: ["), repeat("é,", 40_000)...), ']'), "more than 100 errors"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("gokiln.yaml", tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%.300v; want %q", err, tt.want)
			}
			if n := len(err.Error()); n > 50_000 {
				t.Errorf("the message has %d bytes", n)
			}
		})
	}
}

func TestJoinFlags(t *testing.T) {
	if got, err := JoinFlags([]string{"-s", "-X 'a=b c'"}); got != "-s -X 'a=b c'" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := JoinFlags([]string{"-X 'a=b"}); err == nil {
		t.Errorf("%q without an error", got)
	}
}
