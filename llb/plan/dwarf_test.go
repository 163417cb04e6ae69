package plan

import (
	"slices"
	"strings"
	"testing"
)

func TestDropsDWARF(t *testing.T) {
	for text, want := range map[string]bool{
		"":                         false,
		"-s -w":                    true,
		"-w":                       true,
		"--w":                      true,
		"-w=true":                  true,
		"-w=1":                     true,
		"-w=0":                     false,
		"-s -w -w=false":           false,
		"-w=false -w":              true,
		"-s":                       false,
		"-X main.v=-w":             false,
		"-X -w":                    false,
		"-X 'main.v=a -w'":         false,
		"-extldflags -w":           false,
		"-extldflags=-w":           false,
		"-extldflags '-static' -w": true,
		"-extldflags=-static -w":   true,
		"-linkmode external -s -w": true,
		"-unheard -w":              false,
		"-X main.v=1\n-s\n\t-w\n":  true,
		"'-w'":                     true,
		"-checklinkname=0 -w":      true,
		"file.a -w":                false,
		"-w 'file":                 false,
		"-wide":                    false,
	} {
		if got := dropsDWARF(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Layers and compile have to agree, or nothing of a layer is of use; and what the user
// wants of the compiler comes last, which is what counts.
func TestDebugInformation(t *testing.T) {
	for yaml, want := range map[string]bool{
		"":                            true,
		"build: {ldflags: []}":        false,
		"build: {ldflags: -s}":        false,
		"build: {gcflags: all=-N -l}": true,
		"build: {gcflags: -N}":        true,
		"build: {ldflags: ['{{ if .Args.DEBUG }}-X main.debug=1{{ else }}-s -w{{ end }}']}": false,
	} {
		in, _ := given{yaml: yaml, options: Options{BuildArgs: map[string]string{"DEBUG": "1"}}}.inputs(t)
		in.Code, in.Layers, in.Merge = graph{apps: [][]string{{"b.example/x"}}}.code(0), true, true
		p, err := newDraft(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Layers) == 0 {
			t.Fatalf("%s: no layers", yaml)
		}
		commands := [][]string{p.Compile.Args}
		for _, l := range p.Layers {
			commands = append(commands, l.Args)
		}
		for _, args := range commands {
			first := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-gcflags=") })
			if got := first >= 0 && args[first] == omitDWARF; got != want {
				t.Errorf("%s: %q", yaml, args)
			}
		}
	}
}
