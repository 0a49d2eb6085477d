#!/usr/bin/env bash
# Packs dist/bin and everything a hospital without internet needs into one archive, with checksums inside and beside it.
# The same commit gives the same bytes.
#
#   offline-archive.sh VERSION
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?the version}
name=yuanzhen-$version-offline
tree=dist/$name
stamp=@$(git log -1 --format=%ct 2>/dev/null || echo 0)

mkdir -p "$tree/docs"
cp -R dist/bin deploy "$tree/"
cp -R docs/. "$tree/docs/"
cp README.md README.zh-CN.md CHANGELOG.md LICENSE NOTICE "$tree/"
rm -f "$tree/deploy/.env" "$tree"/deploy/*.go # no passwords of the builder's, no sources
scripts/third-party.sh >"$tree/THIRD-PARTY-LICENCES.txt"

(cd "$tree" && find . -type f -not -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum >SHA256SUMS)
chmod -R u=rwX,go=rX "$tree"
tar --sort=name --mtime="$stamp" --owner=0 --group=0 --numeric-owner -C dist -cf - "$name" | gzip -9n >"dist/$name.tar.gz"
rm -rf "$tree"
(cd dist && find . -type f -not -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
ls -l "dist/$name.tar.gz" dist/bin
