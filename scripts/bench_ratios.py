#!/usr/bin/env python3
"""bench_ratios.py RESULTS.jsonl: the hub's rate and processor time beside Orthanc's and beside the plain sink's, per row
of the ingest and STOW cases. Ratios are taken within a repetition, then their median: other programs on the machine
disturb absolute figures."""
import collections, json, statistics, sys

SINK = {"cstore": "go-sink-fsync", "stow": "go-put-fsync"}


def key(r):
    return r["case"], r["kind"], r["conns"], r.get("batch", 0)


runs = collections.defaultdict(lambda: collections.defaultdict(list))
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["case"] in SINK and not r.get("tag"):
        runs[key(r)][r["target"]].append(r)


def ratio(ours, theirs, field):
    pairs = [a[field] / b[field] for a, b in zip(ours, theirs) if a.get(field) and b.get(field)]
    return f"{statistics.median(pairs):.2f}" if pairs else "–"


print("|case|kind|connections|batch|rate ÷ Orthanc|CPU ÷ Orthanc|rate ÷ sink|CPU ms an instance|written ÷ sent|")
print("|---|---|---|---|---|---|---|---|---|")
for (case, kind, conns, batch), by in sorted(runs.items()):
    hub, orthanc, sink = by["hub"], by["orthanc-nd"], by[SINK[case]]
    if not hub:
        continue
    cpu = statistics.median(r["cpu_ms_inst"] for r in hub)
    written = statistics.median(r["written_mb"] / r["mb"] for r in hub)
    print(f"|{case}|{kind}|{conns}|{batch or '–'}|{ratio(hub, orthanc, 'inst_s')}|{ratio(hub, orthanc, 'cpu_ms_inst')}|"
          f"{ratio(hub, sink, 'inst_s')}|{cpu:.2f}|{written:.2f}|")
