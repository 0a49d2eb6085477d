# The two commands to know: `make run` starts a demo, `make test` checks everything. Both set up what is missing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Go's own install folder is often not yet on the PATH of a new machine.
export PATH := $(PATH):/usr/local/go/bin
export CGO_ENABLED ?= 0

VERSION ?= $(patsubst v%,%,$(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned))
GO_BUILD := go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'
PROGRAMS := $(filter hub gateway,$(notdir $(wildcard cmd/*)))
RELEASES := linux/amd64 linux/arm64 windows/amd64

# Packages with goroutines that matter run under the race detector, the pure decoders without it: they hold no shared
# state, and race costs them a factor of ten.
RACE_PACKAGES := /yuanzhen/(internal|storage|cmd|dicom/ul|dicom/dimse)(/|$$)

FONT := internal/font/files/NotoSansSC-Regular.ttf
FONT_FROM := viewer/node_modules/@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf
CODECS := dicom/codec/files/charlswasm.wasm dicom/codec/files/openjpegwasm_decode.wasm
CODECS_FROM := viewer/node_modules/@cornerstonejs/codec-charls/dist viewer/node_modules/@cornerstonejs/codec-openjpeg/dist
WEB := internal/web/dist/index.html
WEB_SOURCES := $(shell find viewer -type f -not -path '*/node_modules/*' -not -path 'viewer/dist/*' 2>/dev/null)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: ## install what building and running need (Debian, as root)
	@scripts/setup.sh run

.PHONY: setup-test
setup-test: ## install what `make test` needs as well: DICOM tools, PostgreSQL, Ceph, Chromium
	@scripts/setup.sh test

# npm writes .package-lock.json last, so it says which lock file the folder was filled from.
%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	@touch $@

$(WEB): viewer/node_modules/.package-lock.json $(WEB_SOURCES) # .gz: browsers have no brotli on plain HTTP
	cd viewer && npm run build
	@test -s viewer/dist/index.html || { echo "viewer/dist/index.html was not made" >&2; exit 1; }
	@find internal/web/dist -mindepth 1 -not -name README.txt -delete
	@cp -R viewer/dist/. internal/web/dist/
	@find internal/web/dist/assets -type f '(' -name '*.js' -o -name '*.css' -o -name '*.wasm' ')' -exec gzip -9nkf {} +
	@touch $@

$(FONT): viewer/node_modules/.package-lock.json internal/font/SHA256SUMS
	@cp '$(FONT_FROM)' $@
	@cd $(@D) && sha256sum --quiet --check ../SHA256SUMS

$(CODECS) &: viewer/node_modules/.package-lock.json dicom/codec/SHA256SUMS
	@for f in $(notdir $(CODECS)); do cp $$(find $(CODECS_FROM) -name $$f) dicom/codec/files/$$f; done
	@cd dicom/codec/files && sha256sum --quiet --check ../SHA256SUMS

.PHONY: build
build: $(WEB) $(FONT) $(CODECS) ## bin/hub: one static file with the pages, the report font and the image codecs inside
	$(foreach p,$(PROGRAMS),$(GO_BUILD) -o bin/$p ./cmd/$p;)

.PHONY: run
run: setup ## start a demo alliance in ./data/demo (more flags: make run ARGS="--http 0.0.0.0:8080")
	@$(MAKE) --no-print-directory build
	@exec bin/hub demo --data ./data/demo $(ARGS)

.PHONY: unit
unit: ## the tests that need nothing installed
	go test ./...

.PHONY: check
check: ## formatting, vet, shell, licences, alert rules
	@scripts/check.sh

.PHONY: test
test: setup-test ## everything: real PostgreSQL, real S3, DICOM tools, browser
	@$(MAKE) --no-print-directory build check test-viewer
	@scripts/with-services.sh $(MAKE) --no-print-directory test-go test-browser

.PHONY: test-go
test-go: internal/arrive/testdata/dcmjs-dimse/node_modules/.package-lock.json # both halves run even when the first fails: one run shows every failure
	@packages=$$(go list ./...); failed=0; \
	go test -timeout 30m $$(grep -vE '$(RACE_PACKAGES)' <<<"$$packages") || failed=1; \
	CGO_ENABLED=1 go test -race -timeout 30m $$(grep -E '$(RACE_PACKAGES)' <<<"$$packages") || failed=1; \
	exit $$failed

.PHONY: test-viewer
test-viewer: viewer/node_modules/.package-lock.json
	@cd viewer && npm run check && npm test

.PHONY: test-browser
ifneq ($(wildcard e2e/package.json),)
test-browser: e2e/node_modules/.package-lock.json
	@cd e2e && npm test
else
test-browser:
	@:
endif

.PHONY: bench
bench: setup ## Go benchmarks, then the hub beside the peers that are installed
	@$(MAKE) --no-print-directory build
	@scripts/bench.sh

.PHONY: accuracy
accuracy: ## how well ECGs are measured beside people's marks, as tables (needs the test files)
	@go run ./scripts/accuracy

.PHONY: release
release: $(WEB) $(FONT) $(CODECS) ## dist/: static binaries for three platforms and one offline archive
	@rm -rf dist
	$(foreach r,$(RELEASES),$(foreach p,$(PROGRAMS),GOOS=$(word 1,$(subst /, ,$r)) GOARCH=$(word 2,$(subst /, ,$r)) CGO_ENABLED=0 $(GO_BUILD) -o dist/bin/$p-$(subst /,-,$r)$(if $(findstring windows,$r),.exe) ./cmd/$p;))
	@scripts/offline-archive.sh '$(VERSION)'

.PHONY: clean
clean: ## remove what was built; ./data stays
	rm -rf bin dist viewer/dist viewer/node_modules e2e/node_modules
	find internal/web/dist internal/font/files dicom/codec/files -mindepth 1 -not -name README.txt -delete
