#!/usr/bin/env bash
# A real S3 server for tests: one-node Ceph (monitor, one in-memory OSD, RADOS
# gateway) on loopback. Needs Debian's packages ceph-mon ceph-osd ceph-mgr
# radosgw ceph-common (72 MB to download), and curl.
#
#   s3-ceph.sh up DIR [PORT]    start; prints endpoint, access key and secret as
#                               shell assignments, for example for
#                               env $(scripts/s3-ceph.sh up /tmp/s3) go test ./storage/s3/
#   s3-ceph.sh stop DIR         stop what `up DIR` started (by its pid files)
#   s3-ceph.sh pause DIR | resume DIR    freeze and wake the gateway (an outage)
set -euo pipefail
usage="usage: s3-ceph.sh up|stop|pause|resume DIR [PORT]"
act=${1:?$usage} dir=$(realpath -m "${2:?$usage}") port=${3:-37480}
conf=$dir/ceph.conf

stop() {
  local p
  for p in rgw osd mgr mon; do
    [[ -f $dir/$p.pid ]] || continue
    kill -CONT "$(cat "$dir/$p.pid")" 2>/dev/null || true # a paused process does not end
    kill "$(cat "$dir/$p.pid")" 2>/dev/null || true
    rm -f "$dir/$p.pid"
  done
}

case $act in
stop)   stop; exit 0 ;;
pause)  kill -STOP "$(cat "$dir/rgw.pid")"; exit 0 ;;
resume) kill -CONT "$(cat "$dir/rgw.pid")"; exit 0 ;;
up) ;;
*) echo "$usage" >&2; exit 2 ;;
esac

for tool in ceph-mon ceph-osd ceph-mgr radosgw radosgw-admin ceph monmaptool curl; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 3; }
done
# The folder is emptied below: only ever one that this script made, or a new one.
if [[ -e $dir && ! -f $conf && -n $(ls -A "$dir") ]]; then
  echo "$dir is not empty and not from an earlier run" >&2
  exit 2
fi
stop
mon_port=$((port - 691))
rm -rf "$dir"; mkdir -p "$dir"/{mon/a,osd/0,mgr,rgw,log}
cat >"$conf" <<C
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = v1:127.0.0.1:$mon_port
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
run dir = $dir
admin socket = $dir/\$cluster-\$name-\$pid.asok
log file = $dir/log/\$name.log
[mon.a]
mon data = $dir/mon/a
[osd.0]
osd data = $dir/osd/0
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
rgw crypt require ssl = false
C

start() {
  local fsid uuid
  fsid=$(sed -n 's/^fsid = //p' "$conf")
  monmaptool --create --addv a "[v1:127.0.0.1:$mon_port]" --fsid "$fsid" "$dir/monmap"
  ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap"
  ceph-mon -c "$conf" -i a --pid-file "$dir/mon.pid"
  uuid=$(cat /proc/sys/kernel/random/uuid)
  ceph -c "$conf" --connect-timeout 30 osd new "$uuid"
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid"
  ceph-osd -c "$conf" -i 0 --pid-file "$dir/osd.pid"
  ceph-mgr -c "$conf" -i x --mgr-data "$dir/mgr" --pid-file "$dir/mgr.pid"
  radosgw -c "$conf" -n client.rgw.a --pid-file "$dir/rgw.pid"
  for _ in $(seq 90); do
    curl -s -o /dev/null "http://127.0.0.1:$port/" && break
    sleep 1
  done
  radosgw-admin -c "$conf" -n client.rgw.a user create --uid=test --display-name=test \
    --access-key=testkey --secret-key=testsecret
}
# In a condition bash would not stop at the first failing command, so ask later.
( set -e; start ) >"$dir/log/up.log" 2>&1 </dev/null &
if ! wait $!; then
  stop
  echo "did not start; see $dir/log" >&2
  exit 1
fi
url=http://127.0.0.1:$port
echo "S3_ENDPOINT=$url YUANZHEN_TEST_S3_ENDPOINT=$url AWS_ACCESS_KEY_ID=testkey AWS_SECRET_ACCESS_KEY=testsecret AWS_REGION=us-east-1"
