package bench

import (
	"fmt"
	"strings"
)

const (
	toolchainImage = "golang:1.26-alpine"
	runtimeImage   = "gcr.io/distroless/static:nonroot"
)

// moduleArgs are what a step that downloads needs where the machine's way to
// the module proxy is not the usual one: the same for both Dockerfiles, and
// what gokiln takes by itself.
const moduleArgs = `ARG GOPROXY GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB
ENV CGO_ENABLED=0 SSL_CERT_DIR=/run/secrets:/etc/ssl/certs
`

const secretMount = "--mount=type=secret,id=ca-certificates"

func gokilnFiles(c Call) map[string]string {
	if c.Work.isFleet() {
		return gokilnFleetFiles(c)
	}
	return map[string]string{"gokiln.yaml": spec(c.Work.Programs[0])}
}

func spec(p Program) string {
	return fmt.Sprintf("# syntax=gokiln/gokiln:1\nmain: %s\n", p.Package)
}

func expertFiles(c Call) map[string]string {
	files := map[string]string{"Dockerfile": expertDockerfile(c.Work), ".dockerignore": "*.md\nDockerfile\ndocker-bake.hcl\n"}
	if c.Work.isFleet() {
		files["docker-bake.hcl"] = bakeFile(c.Work)
	}
	return files
}

func expertSyntaxFiles(c Call) map[string]string {
	files := expertFiles(c)
	files["Dockerfile"] = "# syntax=" + c.Syntax + "\n" + files["Dockerfile"]
	return files
}

// expertDockerfile keeps modules and compiled packages in cache mounts, sends
// no source into a layer and compiles on the build platform. A fleet is
// compiled in one step, because twenty at once would each compile the packages
// they share.
func expertDockerfile(w Workload) string {
	var b strings.Builder
	fmt.Fprintf(&b, "FROM --platform=$BUILDPLATFORM %s AS build\nWORKDIR /src\n%s", toolchainImage, moduleArgs)
	fmt.Fprintf(&b, `RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,source=go.sum,target=go.sum \
    %s \
    go mod download
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    --mount=type=bind,target=. \
    %s \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w" -o /out/ %s

`, secretMount, secretMount, w.packages())
	fmt.Fprintf(&b, "FROM %s\n", runtimeImage)
	b.WriteString(finalStage(w))
	return b.String()
}

// guideDockerfile is the shape that introductions teach: a layer of modules, a
// layer of source, a build without any cache of compiled packages.
func guideDockerfile(w Workload) string {
	var b strings.Builder
	fmt.Fprintf(&b, "FROM --platform=$BUILDPLATFORM %s AS build\nWORKDIR /src\n%s", toolchainImage, moduleArgs)
	fmt.Fprintf(&b, "COPY go.mod go.sum ./\nRUN %s go mod download\nCOPY . .\n", secretMount)
	fmt.Fprintf(&b, "ARG TARGETOS TARGETARCH\nRUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags \"-s -w\" -o /out/ %s\n\n", w.packages())
	fmt.Fprintf(&b, "FROM %s\n", runtimeImage)
	b.WriteString(finalStage(w))
	return b.String()
}

func finalStage(w Workload) string {
	if w.isFleet() {
		return "ARG SERVICE\nCOPY --from=build /out/$SERVICE /usr/local/bin/$SERVICE\nUSER nonroot\n"
	}
	program := w.Programs[0].Name
	return fmt.Sprintf("COPY --from=build /out/%s /usr/local/bin/%s\nENTRYPOINT [\"/usr/local/bin/%s\"]\n", program, program, program)
}

func guideFiles(c Call) map[string]string {
	files := map[string]string{"Dockerfile": guideDockerfile(c.Work), ".dockerignore": "Dockerfile\ndocker-bake.hcl\n"}
	if c.Work.isFleet() {
		files["docker-bake.hcl"] = bakeFile(c.Work)
	}
	return files
}

func koFiles(c Call) map[string]string {
	var b strings.Builder
	fmt.Fprintf(&b, "defaultBaseImage: %s/distroless/static:nonroot\nbuilds:\n", c.Registry)
	for _, p := range c.Work.Programs {
		fmt.Fprintf(&b, "  - {id: %s, dir: ., main: %s, flags: [-trimpath], ldflags: [-s, -w]}\n", p.Name, p.Package)
	}
	return map[string]string{".ko.yaml": b.String()}
}
