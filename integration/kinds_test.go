package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A neighbour's step leaves named pipes in the place of everything in the store of
// compiled packages, folders and lock included. Nothing there is waited for, and the
// next build makes the store good. Every build imports another part of the standard
// library, so that its layer is made anew; --no-cache would empty the store.
func TestPipesInTheStore(t *testing.T) {
	t.Parallel()
	s := setup(t).fresh(t) // others must not find the pipes
	dir := app(t, map[string]string{"gokiln.yaml": "main: ./cmd/api\n"})
	tag := s.tag(t)
	compile := func(packages ...string) string {
		t.Helper()
		text := "package main\n\nimport (\n"
		for _, p := range packages {
			text += fmt.Sprintf("\t_ %q\n", p)
		}
		write(t, filepath.Join(dir, "cmd/api/main.go"), text+")\n\nfunc main() { println(\"x\") }\n")
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute) // ends what waits for a pipe
		defer stop()
		args := append([]string{"build", "--builder", s.Builder, "--progress", "plain"}, s.SyntaxArgs()...)
		cmd := s.BuildxCommand(ctx, append(args, "-f", "gokiln.yaml", "--platform", "linux/amd64",
			"--attest", "type=provenance,mode=max", "-t", tag, "--push", ".")...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("the build ended with %v\n%s", err, out)
		}
		if got := s.run(t, fetch(t, tag)["linux/amd64"]); got != "x\n" {
			t.Errorf("the program printed %q", got)
		}
		return string(out)
	}
	compile("math/big")
	stores := cacheMounts(t, tag, "/gokiln/gocache-store")
	if len(stores) == 0 {
		t.Fatal("no step has a store of compiled packages")
	}
	spoil := func(how string) {
		t.Helper()
		for _, id := range stores {
			// A Dockerfile's mounts are called NAMESPACE/ID.
			namespace, id, _ := strings.Cut(id, "/")
			neighbour := app(t, map[string]string{"Dockerfile": fmt.Sprintf(
				"FROM docker.io/library/golang:1.26-alpine\nRUN --mount=type=cache,id=%s,target=/store %s\n", id, how)})
			command(t, s.BuildxCommand(t.Context(), "build", "--builder", s.Builder, "--build-arg", "BUILDKIT_CACHE_MOUNT_NS="+namespace, neighbour))
		}
	}
	spoil("find /store -type f | while read f; do rm $f && mkfifo $f; done; find /store -type p | grep -q -- -a$")
	compile("math/big", "regexp")
	spoil("for d in /store/v1/??; do rm -r $d && mkfifo $d; done; test -n \"$(find /store/v1 -maxdepth 1 -type p)\"")
	compile("math/big", "encoding/json")
	if out := compile("math/big", "encoding/json", "regexp"); !regexp.MustCompile(`build cache: [1-9][0-9]* entries of the store`).MatchString(out) {
		t.Errorf("the store is of no use afterwards:\n%s", out)
	}
}

// cacheMounts are the ids of the cache mounts that a build's steps had at a path.
func cacheMounts(t *testing.T, tag, dest string) []string {
	t.Helper()
	found := map[string]bool{}
	for _, text := range attestations(t, tag) {
		var all any
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		walkJSON(all, func(object map[string]any) {
			cache, ok := object["cacheOpt"].(map[string]any)
			if id, isText := cache["ID"].(string); ok && isText && object["dest"] == dest {
				found[id] = true
			}
		})
	}
	return slices.Sorted(maps.Keys(found))
}

func walkJSON(value any, visit func(map[string]any)) {
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			walkJSON(v, visit)
		}
	case map[string]any:
		visit(value)
		for _, v := range value {
			walkJSON(v, visit)
		}
	}
}

// The base image's users are asked for where the spec has a name. What stands in
// their place may be anything that a step can make.
func TestUsersOfOddBases(t *testing.T) {
	t.Parallel()
	s := setup(t)
	main := mainPrinting(t, "x")
	base := func(step string) string {
		tag := s.tag(t) + "/base-" + strings.Fields(step)[0]
		dir := app(t, map[string]string{"Dockerfile": "FROM docker.io/library/golang:1.26-alpine\nRUN rm -f /etc/passwd && " + step + "\n"})
		command(t, s.BuildxCommand(t.Context(), "build", "--builder", s.Builder, "-t", tag, "--push", dir))
		return tag
	}
	users := func(base string) map[string]string {
		return map[string]string{"gokiln.yaml": "main: ./cmd/api\nimage: {base: '" + base + "', user: nonroot}\n", "cmd/api/main.go": main}
	}
	const place = "gokiln.yaml:3"
	s.fails(t, []failure{
		{name: "scratch", files: users("scratch"), want: []string{place, `image.user: the base image has no user "nonroot"; give its number`}},
		{name: "owner on scratch", want: []string{place, `image.files[0].owner: the base image has no user "nonroot"; give its number`}, files: map[string]string{
			"gokiln.yaml":     "main: ./cmd/api\nimage: {base: scratch, files: [{from: go.mod, to: /go.mod, owner: nonroot}]}\n",
			"cmd/api/main.go": main,
		}},
		{name: "pipe", files: users(base("mkfifo /etc/passwd")), want: []string{place, "read /etc/passwd of the base image: it is a named pipe, not a regular file; give the number"}},
		{name: "large", files: users(base("truncate -s 1G /etc/passwd")), want: []string{place, "read /etc/passwd of the base image: it has 1073741824 bytes"}},
		{name: "link to a pipe", files: users(base("ln -s /etc/p /etc/passwd && mkfifo /etc/p")), want: []string{place, "read /etc/passwd of the base image: it is a named pipe"}},
	})
}
