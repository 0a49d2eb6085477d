#!/usr/bin/env bash
# What a reader of the change should not have to look for. Changes nothing; prints every finding before it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
fail() { printf 'check: %s\n' "$@" >&2; failed=1; }

# Only committed and about-to-be-committed files: a scratch file of one's own is nobody's business.
mapfile -t go_files < <(git ls-files --cached --others --exclude-standard '*.go')
mapfile -t shell_files < <(git ls-files --cached --others --exclude-standard 'scripts/*.sh' .ci/run)

unformatted=$(gofmt -l "${go_files[@]}")
[ -z "$unformatted" ] || fail "run gofmt -w on:" "$unformatted"

go vet ./... || fail "go vet has something to say, above"

for file in "${shell_files[@]}"; do bash -n "$file" || fail "$file does not parse"; done

while read -r module; do
  grep -qF "$module" docs/licences.md || fail "docs/licences.md does not name $module (go.mod requires it)"
done < <(go list -m -f '{{if not (or .Main .Indirect)}}{{.Path}}{{end}}' all | sed '/^$/d')

if command -v promtool >/dev/null; then
  (cd deploy/prometheus && promtool check config --syntax-only prometheus.yml && promtool check rules alerts.yml &&
    promtool test rules alerts_test.yml) || fail "promtool refuses deploy/prometheus, above"
else
  echo "check: promtool is not installed (Debian: prometheus), alert rules not checked"
fi

exit $failed
