"""Makes recordings of labelled pictures.

usage: stills.py DIR OUT

For each picture that DIR/labels.json names: OUT/NAME.mp4, four seconds under the noise of a camera, and
OUT/NAME.labels.json with its tags and `truth:still`.
"""

import json
import pathlib
import subprocess
import sys

SECONDS = 4
RATE = 10
# At most so many pixels a side, as a webcam has; the sides are even.
SIDE = 640
NOISE = f"loop={SECONDS * RATE}:1,fps={RATE},noise=all_seed=7:c0_strength=5:c0_flags=t"


def state_of(item):
    """What is true of a picture, for as long as it is shown."""
    if "lens_covered" in item["tags"]:
        return "no_picture", "lens_covered"
    if item["faces"] > 0:
        return "in_view", None
    if item["people"] > 0:
        return "face_hidden", None
    return "out_of_view", "nobody_visible"


def labels_of(item):
    state, reason = state_of(item)
    interval = {"start": 0, "end": SECONDS, "state": state, "people": None, "faces": None}
    if reason:
        interval["reason"] = reason
    return {
        "format": "presence-labels/1",
        "duration": SECONDS,
        "tags": [*item["tags"], "truth:still"],
        "intervals": [interval],
        "ignore": [],
    }


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: scripts/stills DIR OUT")
    folder, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    items = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["items"]
    for item in items:
        made = out / pathlib.Path(item["file"]).with_suffix(".mp4").name
        labels = json.dumps(labels_of(item), ensure_ascii=False, indent=1) + "\n"
        made.with_suffix(".labels.json").write_text(labels, encoding="utf-8")
        longest = f"min({SIDE},max(iw,ih))/max(iw,ih)"
        scale = f"scale=w='trunc(iw*{longest}/2)*2':h='trunc(ih*{longest}/2)*2',format=yuv420p"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-framerate", str(RATE), "-i", folder / item["file"]]
        command += ["-vf", f"{scale},{NOISE}", "-t", str(SECONDS), "-bf", "0", "-map_metadata", "-1"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-flags", "+bitexact"]
        done = subprocess.run([*command, made], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"stills: {item['file']}: {done.stderr.strip()}")
    print(f"{len(items)} recordings in {out}")


if __name__ == "__main__":
    main()
