#!/usr/bin/env bash
# Runs a command beside a real PostgreSQL and a real S3 (Ceph) of its own, on loopback ports nobody else uses, and stops
# both whatever happens. Nothing installed on the machine is touched, nothing stays behind.
#
#   with-services.sh COMMAND…
#
# The command finds: YUANZHEN_TEST_POSTGRES (a URL; the role may create databases), YUANZHEN_TEST_S3_ENDPOINT,
# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and YUANZHEN_TEST_S3_DIR (what `s3-ceph.sh pause` and `resume`
# take, for an outage).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -gt 0 ] || { echo "with-services: say which command to run" >&2; exit 2; }
die() { echo "with-services: $*" >&2; exit 1; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/yuanzhen-services.XXXXXX")
chmod 0755 "$scratch" # PostgreSQL runs as another account and must reach its folder below
stop_all() {
  stop_postgres
  stop_s3
  rm -rf "$scratch"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# free_port: one below the range the kernel gives to outgoing connections. Ceph's monitor takes the port 691 below.
free_port() {
  local port try
  for try in $(seq 100); do
    port=$((21000 + RANDOM % 11000))
    { : <>"/dev/tcp/127.0.0.1/$port" || : <>"/dev/tcp/127.0.0.1/$((port - 691))"; } 2>/dev/null || { echo "$port"; return; }
  done
  die "found no free port in $try tries"
}

# as_postgres: initdb and the server refuse to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

postgres_bin() {
  local dir
  dir=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$dir" ] || dir=$(dirname "$(command -v initdb || true)")
  [ -x "$dir/initdb" ] || die "PostgreSQL is not installed: run scripts/setup.sh test"
  echo "$dir"
}

start_postgres() {
  local port
  pg_bin=$(postgres_bin)
  port=$(free_port)
  mkdir -p "$scratch/postgres"
  [ "$(id -u)" != 0 ] || chown postgres "$scratch/postgres"
  {
    # No fsync: these rows die with the run anyway. What durability asks of the hub is tested by killing the hub.
    as_postgres "$pg_bin/initdb" -D "$scratch/postgres/data" -U yuanzhen -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
      as_postgres "$pg_bin/pg_ctl" -D "$scratch/postgres/data" -w -t 60 -l "$scratch/postgres/log" -o "-p $port \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=300" start
  } >"$scratch/postgres.log" 2>&1 </dev/null || {
    cat "$scratch/postgres.log" "$scratch/postgres/log" >&2 2>/dev/null || true
    die "PostgreSQL did not start; its own words are above"
  }
  export YUANZHEN_TEST_POSTGRES="postgres://yuanzhen@127.0.0.1:$port/postgres?sslmode=disable"
}

stop_postgres() {
  [ -s "$scratch/postgres/data/postmaster.pid" ] || return 0
  as_postgres "$pg_bin/pg_ctl" -D "$scratch/postgres/data" -m immediate -w -t 30 stop >/dev/null 2>&1 || true
}

# start_s3 tries three times: about one start in ten, Ceph's storage daemon asks its monitor before it has learned the
# cluster's name, is refused, and everything behind it waits for ever.
start_s3() {
  [ -x "$(command -v radosgw)" ] || die "Ceph is not installed: run scripts/setup.sh test"
  local settings try
  for try in 1 2 3; do
    settings=$(timeout 100 "$here/s3-ceph.sh" up "$scratch/ceph" "$(free_port)") && break
    stop_s3
    [ "$try" != 3 ] || { cat "$scratch"/ceph/log/up.log >&2 || true; die "the S3 server (Ceph) did not start; its own words are above"; }
  done
  local -a words
  read -ra words <<<"$settings"
  export "${words[@]}" YUANZHEN_TEST_S3_DIR="$scratch/ceph"
  export YUANZHEN_TEST_S3_ENDPOINT=$S3_ENDPOINT
}

# running PID: whether it still works; a zombie no longer does.
running() { grep -qs ') [^Z] ' "/proc/$1/stat"; }

# stop_s3 ends every process that was started with our own configuration file, also one that was paused or never got as
# far as writing its pid file, and returns when they are gone, so that the folder below them can be removed.
stop_s3() {
  local pid pids try
  pids=$(pgrep -f -- "$scratch/ceph/ceph.conf") || return 0
  for pid in $pids; do kill -TERM "$pid" && kill -CONT "$pid"; done 2>/dev/null || true
  for pid in $pids; do
    for try in $(seq 100); do
      running "$pid" || break
      [ "$try" != 100 ] || kill -KILL "$pid" 2>/dev/null || true
      sleep 0.1
    done
  done
}

# Tests call python3 for Debian's pydicom; an interpreter of the user's own earlier on the PATH does not have it.
prefer_debian_python() {
  ! python3 -c 'import pydicom, numpy' 2>/dev/null && /usr/bin/python3 -c 'import pydicom, numpy' 2>/dev/null || return 0
  mkdir "$scratch/bin"
  ln -s /usr/bin/python3 "$scratch/bin/python3"
  PATH=$scratch/bin:$PATH
}

start_postgres
start_s3
prefer_debian_python
"$@"
