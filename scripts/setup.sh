#!/usr/bin/env bash
# Installs what is missing on Debian 12 or Ubuntu, and nothing else. Asks no questions, starts no services.
#
#   setup.sh run     what building and running the hub need
#   setup.sh test    that, and the tools and servers `make test` runs against
set -euo pipefail

need_go=1.26 need_node=20.19
for_run=(ca-certificates git)
for_test=(
  gcc libc6-dev                                                     # the race detector
  curl procps strace
  dcmtk libgdcm-tools dicom3tools python3-pydicom python3-numpy libjpeg-turbo-progs # other people's DICOM, as witnesses
  orthanc                                                           # another archive, as peer on the network
  biosig-tools poppler-utils                                        # ECG files, text and pictures of our PDFs
  postgresql ceph-mon ceph-osd ceph-mgr radosgw ceph-common         # the real database, the real S3
  chromium fonts-noto-cjk                                           # the real browser
  prometheus                                                        # promtool
)

die() { echo "setup: $*" >&2; exit 1; }

# at_least HAVE WANT: version HAVE is WANT or newer.
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

check_toolchains() {
  local have
  command -v go >/dev/null || die "Go $need_go or newer is missing: install it from https://go.dev/dl/ and put it on the PATH"
  have=$(go env GOVERSION); have=${have#go}
  at_least "$have" "$need_go" || die "Go $have is too old, $need_go or newer is needed: https://go.dev/dl/"
  { command -v node && command -v npm; } >/dev/null || die "Node.js $need_node or newer with npm is missing: https://nodejs.org/"
  have=$(node --version); have=${have#v}
  at_least "$have" "$need_node" || die "Node.js $have is too old, $need_node or newer is needed: https://nodejs.org/"
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install PACKAGES…: Debian would start each server at once, and again at every boot. The tests run their own private
# ones, so both are prevented for the packages that are new on this machine.
install() {
  local policy=/usr/sbin/policy-rc.d made_policy='' service
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
    made_policy=$policy
  fi
  trap '[ -z "$made_policy" ] || rm -f "$made_policy"' RETURN
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
  "${apt[@]}" update &&
    "${apt[@]}" install --no-install-recommends "$@" || return
  [ -d /run/systemd/system ] || return 0
  for service in postgresql prometheus orthanc; do
    [[ " $* " != *" $service "* ]] || systemctl disable --quiet "$service" || true
  done
}

case ${1:-} in
run) wanted=("${for_run[@]}") ;;
test) wanted=("${for_run[@]}" "${for_test[@]}") ;;
*) die "say what for: run or test" ;;
esac

check_toolchains
command -v dpkg-query >/dev/null || {
  echo "setup: this is not Debian or Ubuntu; if something fails, install the counterparts of: ${wanted[*]}"
  exit 0
}
missing=()
for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || die "as root, please run: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
echo "setup: installing ${missing[*]}"
install "${missing[@]}" || die "apt-get could not install ${missing[*]}; its own words are above"
