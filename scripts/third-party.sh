#!/usr/bin/env bash
# Prints the licence of everything that is compiled into the programs and pages, with its full text. Fails when a module
# has no text, or when a licence is not one we may ship under (see docs/licences.md).
set -euo pipefail
shopt -s lastpipe # the loops below set $failed
cd "$(dirname "$0")/.."

failed=0
fail() { echo "third-party: $*" >&2; failed=1; }
heading() { printf '\n================ %s\n\n' "$*"; }

# texts DIR: the licence and notice files at the root of a source folder, one a line; fails when there is none.
texts() { find "$1" -maxdepth 1 -type f | grep -iE '/(licen[cs]e|copying|notice|unlicense|patents)[^/]*$' | LC_ALL=C sort; }

print_texts() {
  local file
  while read -r file; do
    heading "$1: ${file##*/}"
    cat "$file"
  done
}

go_modules() {
  # The release platforms differ a little in what they compile.
  local platform
  for platform in linux/amd64 linux/arm64 windows/amd64; do
    GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0 go list -deps \
      -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}' ./cmd/...
  done | LC_ALL=C sort -u | sed '/^$/d'
}

npm_packages() {
  (cd viewer && npm ls --omit=dev --all --parseable | tail -n +2) | LC_ALL=C sort -u | node -e '
    for (const dir of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
      const p = require(dir + "/package.json"), a = p.author
      const author = (typeof a === "object" ? a.name : a) || "its contributors" // never empty: read would join the fields
      console.log([p.name + " " + p.version, p.license ?? p.licenses?.[0]?.type ?? "no declared licence", author, dir].join("\t"))
    }'
}

echo "Licences of the software in these programs and pages. Yuanzhen's own is in LICENSE."

texts "$(go env GOROOT)" | print_texts "Go standard library"

go_modules | while IFS=$'\t' read -r module dir; do
  found=$(texts "$dir") || { fail "Go module $module has no licence text"; continue; }
  print_texts "$module" <<<"$found"
done

npm_packages | while IFS=$'\t' read -r package licence author dir; do
  case $licence in
  MIT | ISC | BSD-2-Clause | BSD-3-Clause | Apache-2.0 | BSL-1.0 | CC-BY-4.0 | Python-2.0) ;;
  "(MIT AND Zlib)" | "MIT AND OFL-1.1" | "(WTFPL OR MIT)") ;;
  *) fail "npm package $package is under '$licence', which docs/licences.md does not allow for" ;;
  esac
  # Some packages ship no text of their own; their declaration is then all there is.
  heading "$package: $licence, by $author"
  found=$(texts "$dir") || continue
  print_texts "$package" <<<"$found"
done
exit $failed
