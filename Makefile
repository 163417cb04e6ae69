# Everything here works in a clean clone; "make up" installs and builds what is
# missing. State lives in one folder, .state or $GOKILN_STATE.
#
#   make run     build an example as a user would, and run what was pushed
#   make test    every test of every module against a real buildkitd
#   make up      start the real parts; prints how to reach them:
#                  eval "$(make -s up)"
#                  docker buildx build --builder gokiln ...
#                BUILDER=name uses a buildx builder of yours instead,
#                REGISTRY=host:port a registry of yours
#   make bench   measure gokiln beside a Dockerfile, ko and go build, and write
#                docs/performance.*; BENCHFLAGS="-quick" for a small set,
#                "-rounds 5 -workload caddy -scenario ci,line" for a part
#   make down    end what up has started; "make clean" removes the state too
#   make lint    formatting, vet, linters, tidy modules
#   make fuzz    every fuzz target for FUZZTIME

GO ?= go
GOKILN_STATE ?= $(CURDIR)/.state
export GOKILN_STATE
FUZZTIME ?= 20s
BUILDER ?=
REGISTRY ?=
BENCHFLAGS ?=

DEV := $(abspath $(GOKILN_STATE))/bin/gokiln-dev
UPFLAGS = $(if $(BUILDER),-builder '$(BUILDER)') $(if $(REGISTRY),-registry '$(REGISTRY)')

.PHONY: run test bench up down clean env lint fuzz dev

run: dev
	@$(DEV) up $(UPFLAGS) >/dev/null
	@$(DEV) run

test: dev
	@$(DEV) up -all $(UPFLAGS) >/dev/null
	@$(DEV) test $(TESTFLAGS)

bench: dev
	@$(DEV) up $(UPFLAGS) >/dev/null
	@$(DEV) bench $(BENCHFLAGS)

up: dev
	@$(DEV) up $(UPFLAGS)

down: dev
	@$(DEV) down

clean: dev
	@$(DEV) clean

env: dev
	@$(DEV) env

lint: dev
	@$(DEV) lint

fuzz: dev
	@$(DEV) fuzz -time '$(FUZZTIME)'

# The flags are those of integration/internal/tools, for the same reason.
dev:
	@CGO_ENABLED=0 GOWORK=off $(GO) build -C integration -buildvcs=false -trimpath -gcflags=all=-dwarf=false -o '$(DEV)' ./cmd/gokiln-dev
