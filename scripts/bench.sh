#!/usr/bin/env bash
# Go benchmarks, then the hub beside the peers installed on this machine, both in turn within one run.
#
# The comparison needs the harness (a folder with bench.py and loadgen/): $YUANZHEN_BENCH, or shared/bench beside the
# repository. From the environment: BENCH_CASES, BENCH_TARGETS, BENCH_REPS (5 for figures to quote), BENCH_SCALE (10 for
# a quick look), BENCH_TIME (of each Go benchmark).
set -euo pipefail
cd "$(dirname "$0")/.."

cases=${BENCH_CASES:-ingest,stow,wado}
reps=${BENCH_REPS:-1}
scale=${BENCH_SCALE:-1}

echo "== Go benchmarks"
mapfile -t with_benchmarks < <(grep -lr --include='*_test.go' '^func Benchmark' dicom ecg internal storage 2>/dev/null | xargs -r -n 1 dirname | sort -u)
[ ${#with_benchmarks[@]} -eq 0 ] ||
  go test -run '^$' -bench . -benchmem -benchtime "${BENCH_TIME:-1s}" "${with_benchmarks[@]/#/./}"

echo "== redraws of an ECG in the browser"
if command -v "${CHROMIUM:-chromium}" >/dev/null && [ -d e2e/node_modules ]; then
  (cd e2e && npm run --silent bench)
else
  echo "not measured: it needs Chromium and e2e/node_modules (make setup-test, make test-browser)"
fi

echo "== from acknowledgement to 2,000 screens"
go run ./scripts/screens -hub bin/hub

echo "== the hub beside its peers"
harness=${YUANZHEN_BENCH:-../shared/bench}
[ -f "$harness/bench.py" ] || {
  echo "no comparison: set YUANZHEN_BENCH to the folder that holds bench.py and loadgen/"
  exit 0
}
targets=hub,go-sink-fsync,go-put-fsync
if command -v Orthanc >/dev/null; then
  targets=$targets,orthanc-nd
else
  echo "Orthanc is not installed (Debian: orthanc orthanc-dicomweb): the hub is compared with the plain sinks only"
fi
targets=${BENCH_TARGETS:-$targets}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/yuanzhen-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
(cd "$harness/loadgen" && go build -o "$scratch/loadgen" .)
run=(python3 "$harness/bench.py")
HUB_BIN=$PWD/bin/hub "${run[@]}" run --targets "$targets" --cases "$cases" --reps "$reps" --scale "$scale" \
  --loadgen "$scratch/loadgen" --scratch "$scratch/run" --out "$scratch/results.jsonl"
"${run[@]}" table "$scratch/results.jsonl"
python3 scripts/bench_ratios.py "$scratch/results.jsonl"
mkdir -p data
cp "$scratch/results.jsonl" data/bench.jsonl
echo "The raw figures are in data/bench.jsonl. Other programs ran beside this: compare rows of one repetition only."
