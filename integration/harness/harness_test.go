package harness

import (
	"archive/tar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// The Dockerfile of these tests is built by the daemon's own Dockerfile
// frontend: they are about the parts around gokiln.
const dockerfile = `FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS probe
RUN --network=none go version
FROM probe AS build
COPY main.go /src/
RUN --network=none CGO_ENABLED=0 GOARCH=amd64 go build -o /out/amd64 /src/main.go && \
    CGO_ENABLED=0 GOARCH=arm64 go build -o /out/arm64 /src/main.go
FROM build AS offline
# Without network a step has a loopback interface of its own, where nobody listens.
ENV GOPROXY=http://REGISTRY GONOSUMDB=*
RUN --network=none go mod download example.com/x@v1.0.0 2>&1 | grep 'connection refused'
RUN go mod download example.com/x@v1.0.0 2>&1 | grep '404 Not Found' >/online
FROM gcr.io/distroless/static:nonroot
ARG TARGETARCH
COPY --from=offline /online /online
COPY --from=build --chown=65532 --chmod=0500 /out/$TARGETARCH /app
ENTRYPOINT ["/app"]
CMD ["by default"]
`

const program = `package main

import ("fmt"; "os"; "runtime")

func main() { fmt.Println(runtime.GOARCH, os.Getuid(), os.Args[1:], os.Getenv("SSL_CERT_FILE")) }
`

func write(t *testing.T, e *Env) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"main.go": program, "Dockerfile": strings.ReplaceAll(dockerfile, "REGISTRY", e.Registry),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBuildPushPullRun(t *testing.T) {
	e := Start(t)
	tag := e.Tag(t)
	e.Build(t, Build{Dir: write(t, e), Args: []string{"--platform", "linux/amd64,linux/arm64", "-t", tag, "--push", "."}})
	images, err := image.Fetch(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	for platform, want := range map[string]string{
		"linux/amd64": "amd64 65532 [by default] /etc/ssl/certs/ca-certificates.crt\n",
		"linux/arm64": "arm64 65532 [by default] /etc/ssl/certs/ca-certificates.crt\n",
	} {
		img, ok := images[platform]
		if !ok {
			t.Fatalf("pushed %v, want %s among them", images, platform)
		}
		if err := validate.Image(img.Image); err != nil {
			t.Error(err)
		}
		if got := e.Run(t, img); got != want {
			t.Errorf("%s printed %q, want %q", platform, got, want)
		}
		if got := e.Run(t, img, "an", "argument"); !strings.Contains(got, "[an argument]") {
			t.Errorf("%s with arguments printed %q", platform, got)
		}
		checkFiles(t, img)
	}
}

func checkFiles(t *testing.T, img image.Image) {
	t.Helper()
	files, err := img.Files()
	if err != nil {
		t.Fatal(err)
	}
	find := func(path string) image.File {
		i := slices.IndexFunc(files, func(f image.File) bool { return f.Path == path })
		if i < 0 {
			t.Fatalf("the image has no %s", path)
		}
		return files[i]
	}
	if f := find("app"); f.Mode != 0o500 || f.UID != 65532 || f.Type != tar.TypeReg || f.Layer == 0 {
		t.Errorf("app = %+v", f)
	}
	for path, want := range map[string]image.File{
		"home/nonroot": {Mode: 0o700, UID: 65532, GID: 65532},
		"tmp":          {Mode: 0o1777},
		"root":         {Mode: 0o700},
		"etc/passwd":   {Mode: 0o644},
	} {
		f := find(path)
		if f.Mode != want.Mode || f.UID != want.UID || f.GID != want.GID {
			t.Errorf("%s = %+v, want %+v", path, f, want)
		}
	}
	if certs, err := img.ReadFile("etc/ssl/certs/ca-certificates.crt"); err != nil || !strings.Contains(string(certs), "BEGIN CERTIFICATE") {
		t.Errorf("certificates: %v", err)
	}
}

func TestFailedBuildIsToldApart(t *testing.T) {
	e := Start(t)
	dir := write(t, e)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { undefined() }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := e.Try(t, Build{Dir: dir, Args: []string{"."}})
	failed := r.Named("go build")
	if r.Err == nil || len(failed) != 1 || failed[0].Error == "" || failed[0].Ran {
		t.Fatalf("error %v, steps %+v", r.Err, failed)
	}
	if !strings.Contains(r.Output, "ERROR: ") {
		t.Errorf("output = %q", r.Output)
	}
}

func TestFreshDaemonHasEmptyCaches(t *testing.T) {
	e := Start(t)
	dir := write(t, e)
	probe := Build{Dir: dir, Args: []string{"--target", "probe", "."}}
	e.Build(t, probe)
	if warm := e.Build(t, probe).Named("go version"); len(warm) != 1 || !warm[0].Cached {
		t.Errorf("second build on the same daemon: %+v", warm)
	}
	fresh := e.Fresh(t)
	if fresh.BuildkitHost == e.BuildkitHost || fresh.Builder == e.Builder {
		t.Fatalf("the second daemon is the first one: %+v", fresh.Env)
	}
	if cold := fresh.Build(t, probe).Named("go version"); len(cold) != 1 || !cold[0].Ran {
		t.Errorf("build with empty caches: %+v", cold)
	}
}
