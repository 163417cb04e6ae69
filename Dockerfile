# The image of the frontend: three static programs, of which gokiln-modules runs in
# the module step and gokiln-compile in those that compile packages into a layer.
# The image needs no network at run time.
ARG GO_VERSION=1.26

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS build
WORKDIR /src

# The modules are a layer and not a cache mount: a step that is cached while the
# mount it filled has been emptied would leave the compiler without them.
ARG GOPROXY GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB
RUN --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,source=go.sum,target=go.sum \
    --mount=type=secret,id=ca-certificates \
    SSL_CERT_DIR=/run/secrets:/etc/ssl/certs go mod download

# The bytes of the helpers are in the keys of everybody's layers of modules and of
# compiled packages: they must not change with gokiln's version, so they hold no
# stamp and no build id. Nor with who builds them: the flags are those of gokiln,
# which compiles no debug information that -w drops.
ARG TARGETOS TARGETARCH TARGETVARIANT VERSION=dev
RUN --network=none \
    --mount=type=bind,target=. \
    --mount=type=cache,id=gokiln-frontend-gocache,target=/gocache \
    case "$TARGETARCH" in \
      amd64) export GOAMD64="${TARGETVARIANT:-v1}" ;; \
      arm) export GOARM="${TARGETVARIANT#v}" ;; \
    esac; \
    export GOCACHE=/gocache CGO_ENABLED=0 GOOS="$TARGETOS" GOARCH="$TARGETARCH"; \
    go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags "-s -w -X main.version=$VERSION" -o /out/gokiln ./cmd/frontend && \
    go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags "-s -w -buildid=" -o /out/ ./cmd/gokiln-modules ./cmd/gokiln-compile

FROM scratch
LABEL moby.buildkit.frontend.network.none="true" \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring,moby.buildkit.frontend.contexts.zstd"
COPY --from=build /out/ /
ENTRYPOINT ["/gokiln"]
