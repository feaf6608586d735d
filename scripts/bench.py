"""Runs all benchmarks, prints one table and writes it as JSON: see `bench`.

    bench.py [PREFIX...] -- [--json FILE] [--compare FILE]

PREFIX is put before what runs in one thread, as in `taskset -c 0`. Figures are medians. With
--compare, the last column is this run against that one: less than 1 is faster.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

CARGO = ["cargo", "bench", "--locked", "--features", "replay,server", "--bench"]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
# Of the table that the benchmark of the server prints: a line's name, and the figures that are kept.
INGEST = {2: "reports/s", 3: "reports/s of a core", 6: "p50 of an answer, ms", 8: "p99 at half the load, ms"}
# What the name of a figure is for.
STAGES = [
    ("decode/", "decode"),
    ("preprocess/", "colour and size"),
    ("detect/", "detect"),
    ("postprocess/", "finds"),
    ("state/", "state"),
    ("reports/append", "spool"),
    ("reports/", "upload"),
    ("replay/", "replay"),
    ("ingest/", "server"),
    ("load/", "start"),
]


def run(prefix, bench, *arguments):
    command = [*prefix, *CARGO, bench, "--", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def criterion(prefix, bench):
    """Microseconds of what Criterion measures."""
    folder = TARGET / "criterion"
    begun = {path: path.stat().st_mtime_ns for path in folder.glob("**/new/estimates.json")}
    run(prefix, bench, "--quick", "--noplot")
    for path in sorted(folder.glob("**/new/estimates.json")):
        if begun.get(path) != path.stat().st_mtime_ns:
            about = json.loads((path.parent / "benchmark.json").read_text(encoding="utf-8"))
            median = json.loads(path.read_text(encoding="utf-8"))["median"]["point_estimate"]
            yield about["full_id"], "us", median / 1e3


def replay(prefix):
    out = run(prefix, "replay")
    yield "replay/leave_ladder", "times real time", float(re.search(r"replayed at ([\d.]+)x", out)[1])
    for name, share, each in re.findall(r"^  (\w[\w ]*?) +([\d.]+) % +\d+ +([\d.]+)", out, re.M):
        yield f"replay/{name}", "us", float(each) * 1e3


def ingest():
    for line in run([], "ingest", "not signed 10 64", "signed 10 64").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 10 and cells[1].isdigit():
            for index, unit in INGEST.items():
                yield f"ingest/{cells[0]}, {cells[1]} at once/{unit}", unit, float(cells[1 + index])


def stage(name):
    return next((stage for start, stage in STAGES if name.startswith(start)), "")


def main():
    split = sys.argv.index("--")
    prefix = sys.argv[1:split]
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--json", default=str(TARGET / "bench.json"), metavar="FILE")
    parser.add_argument("--compare", metavar="FILE")
    options = parser.parse_args(sys.argv[split + 1 :])
    before = {}
    if options.compare:
        before = json.loads(pathlib.Path(options.compare).read_text(encoding="utf-8"))["figures"]

    figures = {}
    for source in (criterion(prefix, "stages"), criterion(prefix, "detect"), replay(prefix), ingest()):
        for name, unit, value in source:
            figures[name] = {"unit": unit, "median": value}
    order = [start for start, _ in STAGES]
    names = sorted(figures, key=lambda name: next((i for i, s in enumerate(order) if name.startswith(s)), 99))

    print(f"{'stage':16} {'what':46} {'median':>10} {'unit':22} {'ratio':>6}")
    for name in names:
        figure, other = figures[name], before.get(name)
        ratio = f"{figure['median'] / other['median']:6.2f}" if other else ""
        what = name.split("/", 1)[1]
        print(f"{stage(name):16} {what:46} {figure['median']:10.2f} {figure['unit']:22} {ratio}")
    pathlib.Path(options.json).write_text(json.dumps({"figures": figures}, indent=2) + "\n", encoding="utf-8")
    print(f"written to {options.json}")


main()
