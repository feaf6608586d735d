"""Labels the shipped recording in the real window, as a person would: see label-check, which starts it.

usage: label_check.py PROGRAM WORK SCREEN
"""

import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

DEMO = pathlib.Path("assets/demo/leave_ladder.mp4")
# Seconds: from seeing something to pressing a key, mean and deviation; to look at an edge; between two steps.
REACTION, LOOK, STEP = (0.25, 0.1), (1.0, 0.3), (0.25, 0.08)
# Nobody steps to exactly the same frame: one of five edges is called a frame earlier or later.
DOUBT = (-1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
PATIENCE = 120.0


class Person:
    """Has a keyboard, and needs time."""

    def __init__(self):
        self.random = random.Random(7)
        self.started = time.monotonic()

    def takes(self, mean_and_deviation):
        time.sleep(max(0.08, self.random.gauss(*mean_and_deviation)))

    def press(self, key):
        subprocess.run(["xdotool", "key", key], check=True)


def until(what, found):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        time.sleep(0.05)
    sys.exit(f"label-check: it did not come to this: {what}")


def window():
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "InView label"], capture_output=True, text=True
    )
    return found.stdout.split("\n")[0]


def absences(path):
    """From the first frame with nothing of the person to the first with something again."""
    labels = json.loads(path.read_text(encoding="utf-8"))
    return [(it["start"], it["end"]) for it in labels["intervals"] if it["state"] == "out_of_view"]


def saved(person, path):
    """What the file says once it was saved again."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    person.press("ctrl+s")
    until("the file is saved", lambda: path.exists() and path.stat().st_mtime_ns > before)
    time.sleep(0.1)
    return absences(path)


def mark_while_it_plays(person, truth):
    """Once through, at normal speed: the key at each edge, a reaction later."""
    edges = sorted(edge for span in truth for edge in span)
    duration = json.loads(DEMO.with_suffix(".labels.json").read_text(encoding="utf-8"))["duration_s"]
    person.press("space")
    start = time.monotonic()
    for edge in edges:
        time.sleep(max(0, start + edge - time.monotonic()))
        person.takes(REACTION)
        person.press("o")
    time.sleep(max(0, start + duration - time.monotonic()))


def correct(person, truth, marked, rate):
    """From edge to edge, and on each frame by frame."""
    person.press("Home")
    steps = 0
    edges = [(is_end, span[is_end], at[is_end]) for span, at in zip(truth, marked, strict=True) for is_end in (0, 1)]
    for is_end, true, at in edges:
        person.takes(REACTION)
        person.press("e")
        person.takes(LOOK)
        frames = round((true - at) * rate) + person.random.choice(DOUBT)
        back, on = ("3", "4") if is_end else ("1", "2")
        for _ in range(abs(frames)):
            person.press(on if frames > 0 else back)
            person.takes(STEP)
        steps += abs(frames)
    return steps


def off(truth, marked):
    """How far the edges are from the true ones, in seconds, sorted."""
    return sorted(abs(a - b) for pair in zip(truth, marked, strict=True) for a, b in zip(*pair, strict=True))


def say(what, truth, marked):
    errors = off(truth, marked)
    late = statistics.mean(b - a for pair in zip(truth, marked, strict=True) for a, b in zip(*pair, strict=True))
    print(
        f"{what}: {len(errors)} edges, {statistics.median(errors):.2f} s off in the median, at most {errors[-1]:.2f} s"
    )
    print(f"  {late:+.2f} s in the mean")


def main():
    program, work, screen = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    own = work / DEMO.name
    shutil.copy(DEMO, own)
    file = own.with_suffix(".labels.json")
    shown = DEMO.with_suffix(".labels.json")
    truth, labels = absences(shown), json.loads(shown.read_text(encoding="utf-8"))
    program = subprocess.Popen([program, own])
    try:
        found = until("the window is there", window)
        subprocess.run(["xdotool", "windowsize", "--sync", found, "1280", "800"], check=False)
        subprocess.run(["xdotool", "windowmove", found, "0", "0"], check=True)
        subprocess.run(["xdotool", "windowfocus", "--sync", found], check=True)
        time.sleep(1)
        person = Person()
        start = time.monotonic()
        mark_while_it_plays(person, truth)
        marked = saved(person, file)
        played = time.monotonic() - start
        if len(marked) != len(truth):
            sys.exit(f"label-check: {len(marked)} absences were saved, {len(truth)} were marked")
        steps = correct(person, truth, marked, labels["fps"])
        corrected = saved(person, file)
        took = time.monotonic() - start
        if screen:
            subprocess.run(["import", "-window", found, screen], check=True)
        say("as marked while it played", truth, marked)
        say("corrected", truth, corrected)
        length = labels["duration_s"]
        print(
            f"{len(truth)} absences in {length:.0f} s of footage: {played:.0f} s to mark them, "
            f"{took:.0f} s in all, with {steps} steps"
        )
        print(f"that is {took / length:.2f} of the footage's length")
        if off(truth, corrected)[-1] > 2.5 / labels["fps"]:
            sys.exit("label-check: an edge is off by more than two frames")
    finally:
        program.kill()
        program.wait()


if __name__ == "__main__":
    main()
