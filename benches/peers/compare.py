"""InView and the peers by turns, in one run: see `run`, which prepares everything.

    compare.py WORK INVIEW_REPLAY ROUNDS RECORDING...

Prints a table of medians and ratios and writes WORK/peers.json. Processor time is that of the whole
process, user and system, as the kernel counts it.
"""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = "5"
# How 640x480 is looked at: 320 pixels wide.
LOOK = ("320", "240")


def processor_time(command):
    """Seconds that a command takes of a processor."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    children = ("children_user", "children_system")
    return sum(getattr(after, name) - getattr(before, name) for name in children)


def ours_per_look():
    """Milliseconds of the processor for each look, by the benchmark `detect`."""
    bench = ["cargo", "bench", "--locked", "--features", "detect", "--bench", "detect", "--"]
    subprocess.run(
        [*bench, "--quick", "detect/"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    found = {}
    for name in ("network", "faces", "near"):
        path = f"target/criterion/detect/{name}/640x480/new/estimates.json"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found[name] = json.load(file)["median"]["point_estimate"] / 1e6
    return found


def main():
    work, replay, rounds, *recordings = sys.argv[1:]
    python = sys.executable
    standard, opencv = f"{work}/standard/face_yunet.onnx", f"{work}/opencv.onnx"
    runs = {}

    def note(name, value):
        runs.setdefault(name, []).append(value)

    for _ in range(int(rounds)):
        detect = [python, f"{HERE}/detect.py", standard, opencv, *LOOK]
        peers = json.loads(subprocess.run(detect, check=True, capture_output=True).stdout.splitlines()[-1])
        for name, value in peers.items():
            note(f"look, {name} (ms)", value)
        for name, value in ours_per_look().items():
            note(f"look, inview, {name} (ms)", value)
        for recording in recordings:
            name = os.path.basename(recording)
            pipeline = [python, f"{HERE}/pipeline.py", opencv, RATE, recording]
            note(f"{name}, OpenCV (s)", processor_time(pipeline))
            note(f"{name}, inview (s)", processor_time([replay, recording, "--format", "json"]))
    for who in ("OpenCV", "inview"):
        each = [runs[f"{os.path.basename(recording)}, {who} (s)"] for recording in recordings]
        runs[f"all files, {who} (s)"] = [sum(times) for times in zip(*each, strict=True)]
    medians = {name: statistics.median(values) for name, values in runs.items()}
    with open(f"{work}/peers.json", "w", encoding="utf-8") as file:
        json.dump({"runs": runs, "medians": medians}, file, indent=2)
    print(f"{'what':64} {'inview':>8} {'peer':>8} {'ratio':>6}")
    against = {
        "network": ["onnxruntime"],
        "faces": ["onnxruntime from 640x480", "opencv"],
        "near": ["onnxruntime from 640x480"],
    }
    pairs = [
        (f"look, inview, {ours} (ms)", f"look, {peer} (ms)") for ours, peers in against.items() for peer in peers
    ]
    files = [*map(os.path.basename, recordings), "all files"]
    pairs += [(f"{name}, inview (s)", f"{name}, OpenCV (s)") for name in files]
    for ours, peer in pairs:
        what = ours.replace(", inview", "") + " against " + peer.rsplit(" (", 1)[0].split(", ")[-1]
        ratio = medians[ours] / medians[peer]
        print(f"{what:64} {medians[ours]:8.2f} {medians[peer]:8.2f} {ratio:6.2f}")


main()
