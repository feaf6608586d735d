"""How soon `inview-replay` has looked at something, and what a second job is worth: see `bench --jobs`.

    bench_jobs.py INVIEW_REPLAY [RECORDING...]

By the clock, so that it means something on a machine that does nothing else: the load is printed with
it. Medians of several rounds by turns. Without recordings, four copies of the shipped one.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
STARTS = 15
DEMO = pathlib.Path("assets/demo/leave_ladder.mp4")
STILLS = pathlib.Path("assets/stills")


def run(command):
    """Seconds by the clock, and seconds of a processor."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took, after = time.perf_counter() - begun, os.times()
    children = ("children_user", "children_system")
    return took, sum(getattr(after, name) - getattr(before, name) for name in children)


def main():
    replay, *recordings = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work, "one picture")
        folder.mkdir()
        shutil.copy(next(path for path in sorted(STILLS.rglob("*.jpg"))), folder)
        if not recordings:
            recordings = [f"{work}/{name}.mp4" for name in "abcd"]
            for copy in recordings:
                os.symlink(DEMO.resolve(), copy)
        print(f"load before: {os.getloadavg()[0]:.2f} of {os.cpu_count()} cores")
        starts = [run([replay, str(folder)])[0] for _ in range(STARTS)]
        runs = {"1": [], "2": []}
        for _ in range(ROUNDS):
            for jobs, took in runs.items():
                took.append(run([replay, *recordings, "--format", "json", "--jobs", jobs]))
    first = statistics.median(starts)
    print(f"{'what':60} {'measured':>10} {'target':>10}")
    print(f"{'a folder of one picture, from start to end (s)':60} {first:10.3f} {'< 0.5':>10}")
    clock = {jobs: statistics.median(took for took, _ in times) for jobs, times in runs.items()}
    processor = {jobs: statistics.median(took for _, took in times) for jobs, times in runs.items()}
    for jobs, took in clock.items():
        name = f"{len(recordings)} recordings, --jobs {jobs} (s)"
        print(f"{name:60} {took:10.2f}   {processor[jobs]:.2f} s of a processor")
    print(f"{'two jobs against one (times as fast)':60} {clock['1'] / clock['2']:10.2f} {'1.8':>10}")


main()
