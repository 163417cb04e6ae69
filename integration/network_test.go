package integration

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// caSecret are the arguments that let the module step trust what this machine
// trusts: behind a proxy that signs anew, as many companies have, the toolchain
// image's authorities are not enough.
func caSecret() []string {
	for _, file := range []string{os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return []string{"--secret", "id=ca-certificates,src=" + file}
		}
	}
	return nil
}

// goProbe stands in for the go command. Before it lets go run it looks for the
// registry's listening socket among those of the step's network, and fails where
// the step has a network that it should not have, or lacks the one it needs.
const goProbe = `#!/bin/sh
network=no
grep -q ":$PORT 00000000:0000 0A" /proc/net/tcp && network=yes
echo "network=$network: go $1" >&2
case "$network: go $1" in
"no: go build") ;;
"yes: go build") exit 92 ;;
"no: "*) exit 91 ;;
esac
exec go.real "$@"
`

// A toolchain that looks for a network sees one in the module step and none in
// compile, even where the user gives all steps the host's.
func TestToolchainThatLooksForANetwork(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t) // its steps share the network that the registry listens in
	toolchain := s.tag(t) + "-toolchain"
	dir := t.TempDir()
	write(t, dir+"/go", goProbe)
	_, port, _ := strings.Cut(s.Registry, ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/Dockerfile", fmt.Sprintf("FROM golang:1.26-alpine\nENV PORT=%04X\n", number)+
		"RUN mv /usr/local/go/bin/go /usr/local/go/bin/go.real\nCOPY --chmod=755 go /usr/local/go/bin/go\n")
	s.ok(t, build{Dir: dir, Args: []string{"-t", toolchain, "--push", "."}})

	src := app(t, withDependency(t, "network"))
	for _, network := range []string{"default", "host"} {
		t.Run(network, func(t *testing.T) {
			args := append(caSecret(), "-f", "gokiln.yaml", "--platform", "linux/amd64", "--no-cache", "--network", network,
				"--build-context", "golang=docker-image://"+toolchain, "-o", "type=cacheonly")
			if network == "host" {
				args = append(args, "--allow", "network.host")
			}
			r := s.ok(t, build{Dir: src, Args: append(args, ".")})
			// Of a module step without a network the probe has made a failure.
			if !strings.Contains(r.Output, "network=no: go build") || len(r.ran("download modules")) != 1 {
				t.Errorf("what steps saw is not known:\n%s", short(r.Output))
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		r := s.try(t, build{Dir: src, Args: append(caSecret(), "-f", "gokiln.yaml", "--no-cache", "--network", "none",
			"--build-context", "golang=docker-image://"+toolchain, "-o", "type=cacheonly", ".")})
		if r.Err == nil || !strings.Contains(r.Output, "network=no: go ") {
			t.Errorf("the module step has a network against --network=none: %v\n%s", r.Err, r.Output)
		}
	})
}
