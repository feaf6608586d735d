"""Makes recordings worse, and carries their truth over.

usage: degrade.py [--tags FILE] [--only NAME[,NAME...]] DIR OUT
       degrade.py --list

For each recording of DIR that has a truth file beside it, and for each way: OUT/WAY/NAME.WAY.mp4, its truth
file, and a line in OUT/degraded.tags with the recording's own tags, `degraded:WAY` and the condition.
What is there is made again only when the recording is newer.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

VIDEO = {
    ".3gp", ".asf", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv",
    ".ts", ".webm", ".wmv",
}  # fmt: skip
TRUTH = (
    ".labels.json", ".labels.csv", ".label-studio.json", ".labels.xml", ".csv", ".xml", ".eaf",
)  # fmt: skip
# A picture that stands still does so no longer under noise.
FROZEN = ("frozen",)
# In little light under noise nobody can be seen any more where the light was little before.
LIT = (*FROZEN, "light:dim")
# Good enough that what is lost is lost by the way that was chosen.
GOOD = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "16")


@dataclass(frozen=True)
class Way:
    """How a recording is made worse: an ffmpeg filter graph, and how it is encoded."""

    what: str
    tags: tuple
    video: str
    encoder: tuple = GOOD
    # Recordings whose truth or tags have one of these words are left out: it would be the truth no longer.
    undoes: tuple = ()


def light(factor, noise):
    """The light falls to a part; the sensor's noise does not."""
    return (
        f"lutyuv=y='16+(val-16)*{factor}':u='128+(val-128)*{factor}':v='128+(val-128)*{factor}',"
        f"noise=all_seed=7:c0_strength={noise}:c0_flags=t:c1_strength={noise // 2}:c1_flags=t:"
        f"c2_strength={noise // 2}:c2_flags=t"
    )


WAYS = {
    "noise": Way(
        "noise of 8 levels in brightness, 4 in colour",
        ("noise",),
        light(1, 20),
        undoes=LIT,
    ),
    "dim": Way("a third of the light, noise of 4 levels", ("light:dim", "noise"), light(0.33, 10), undoes=LIT),
    "dark": Way("an eighth of the light, noise of 2 levels", ("light:dim",), light(0.125, 5), undoes=LIT),
    "haze": Way(
        "half the contrast, under a veil of light, as against a window or through a dirty lens",
        ("contrast:low",),
        "lutyuv=y='90+(val-16)*0.5':u='128+(val-128)*0.5':v='128+(val-128)*0.5'",
    ),
    "bright": Way(
        "twice the light: what is bright is white", ("light:bright",), "lutyuv=y='min(235,16+(val-16)*2)'"
    ),
    "pulse": Way(
        "light that pulses by a third, 1.3 times a second, and noise of 2 levels",
        ("flicker",),
        "eq=eval=frame:contrast='0.835+0.165*sin(2*PI*1.3*t)':"
        "brightness='-(0.165-0.165*sin(2*PI*1.3*t))*112/255',"
        "noise=all_seed=7:c0_strength=5:c0_flags=t",
        undoes=FROZEN,
    ),
    "squeezed": Way(
        "H.264 of so few bits that the picture pulses from key frame to key frame",
        ("compression",),
        "null",
        ("-c:v", "libx264", "-preset", "veryfast", "-crf", "42", "-g", "30"),
        # A still without its noise is frozen.
        undoes=("truth:still",),
    ),
    "coarse": Way(
        "a picture 160 points wide, drawn larger",
        ("low_resolution",),
        "scale=160:-2:flags=area,scale={width}:{height}:flags=bilinear",
    ),
    "blurred": Way("out of focus", ("defocus",), "gblur=sigma={width}/200"),
    "grey": Way("without colour, as in infra-red light", ("grey",), "hue=s=0"),
    "far": Way(
        "two fifths as large, at the bottom of a frame whose rest has the colours of the picture's edges: a face "
        "of 40 to 70 points in 640, two to three metres away",
        ("distance:far",),
        "split[near][room];"
        "[room]scale=32:24:flags=area,pad=80:48:24:24,fillborders=left=24:right=24:top=24:mode=smear,"
        "pad=80:60:0:12,fillborders=top=12:mode=smear,"
        "gblur=sigma=2,scale={width}:{height}:flags=bicubic[room];"
        "[near]scale=trunc(iw*0.2)*2:trunc(ih*0.2)*2:flags=area[near];"
        "[room][near]overlay=(W-w)/2:H-h",
        undoes=("covered", "camera_moved"),
    ),
    "mirrored": Way("left is right: nothing is worse", ("mirrored",), "hflip"),
}


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).stem}: {message}")


def truth_of(recording):
    for ending in TRUTH:
        for place in (recording.with_suffix(ending), recording.with_name(recording.name + ending)):
            if place.is_file():
                return place, ending
    return None


def size_of(recording):
    asked = ("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height")
    said = subprocess.run([*asked, "-of", "csv=p=0", recording], capture_output=True, text=True, check=True)
    width, height = (int(it) & ~1 for it in said.stdout.split("\n")[0].strip(",").split(",")[:2])
    return width, height


def carry_over(truth, ending, way, place):
    """The same truth, which is not that of the same bytes."""
    text = truth.read_text(encoding="utf-8")
    if ending == ".labels.json":
        labels = json.loads(text)
        labels.pop("sha256", None)
        labels["tags"] = tags_with(labels.get("tags", []), way)
        text = json.dumps(labels, ensure_ascii=False, indent=1) + "\n"
    place.write_text(text, encoding="utf-8")


def tags_with(tags, way):
    """A group has one value: another light takes the place of the one that was."""
    groups = {tag.split(":")[0] for tag in way.tags if ":" in tag}
    kept = [tag for tag in tags if ":" not in tag or tag.split(":")[0] not in groups]
    return list(dict.fromkeys([*kept, *way.tags]))


def make(recording, truth, ending, name, out):
    way = WAYS[name]
    made = out / name / f"{recording.stem}.{name}.mp4"
    carry_over(truth, ending, way, made.with_suffix(ending))
    if made.exists() and made.stat().st_mtime >= recording.stat().st_mtime:
        return made
    width, height = size_of(recording)
    video = way.video.replace("{width}", str(width)).replace("{height}", str(height))
    graph = f"[0:v:0]format=yuv420p,scale={width}:{height},{video},format=yuv420p[out]"
    half = made.with_suffix(".part.mp4")
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-i", recording]
    command += ["-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[out]", "-an"]
    command += ["-fps_mode", "passthrough", "-bf", "0", "-flags", "+bitexact", "-fflags", "+bitexact"]
    command += ["-map_metadata", "-1", "-threads", "1", *way.encoder, half]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        half.unlink(missing_ok=True)
        raise RuntimeError(f"{recording.name}, {name}: {done.stderr.strip()}")
    half.rename(made)
    return made


def read_tags(path):
    tags = {}
    if path:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                cells = [cell.strip() for cell in row if cell.strip()]
                if cells:
                    tags.setdefault(cells[0], []).extend(cells[1:])
    return tags


def asked_for(program, ways):
    """What the command line asks for, and the ways; None where it asks for their list, which is printed."""
    arguments = argparse.ArgumentParser(
        prog=program, usage=f"scripts/{program} [--tags FILE] [--only NAMES] DIR OUT"
    )
    arguments.add_argument("--tags")
    arguments.add_argument("--only", default=",".join(ways))
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("dir", nargs="?", type=pathlib.Path)
    arguments.add_argument("out", nargs="?", type=pathlib.Path)
    asked = arguments.parse_args()
    if asked.list:
        for name, way in ways.items():
            print(f"{name:12}{way.what} [{', '.join(way.tags)}]")
        return None
    if not asked.dir or not asked.out:
        arguments.error("DIR and OUT are needed")
    asked.names = asked.only.split(",")
    for name in asked.names:
        if name not in ways:
            fail(f"there is no way {name}; --list names them")
    return asked


def main():
    asked = asked_for("degrade", WAYS)
    if asked is None:
        return
    names = asked.names
    for name in names:
        (asked.out / name).mkdir(parents=True, exist_ok=True)
    tags = read_tags(asked.tags)
    recordings = sorted(it for it in asked.dir.rglob("*") if it.suffix.lower() in VIDEO and it.is_file())
    wanted, lines = [], []
    truths = {recording: truth_of(recording) for recording in recordings}
    for recording in (it for it, truth in truths.items() if not truth):
        print(f"{recording.name}: has no truth file, left out", file=sys.stderr)
    for name in names:
        for recording, found in truths.items():
            if not found:
                continue
            known = found[0].read_text(encoding="utf-8") + " ".join(tags.get(recording.name, []))
            undone = [word for word in WAYS[name].undoes if word in known]
            if undone:
                print(f"{recording.name}: {undone[0]}, which {name} would undo; left out", file=sys.stderr)
                continue
            wanted.append((recording, *found, name, asked.out))
    if not wanted:
        fail(f"there is no recording with a truth file in {asked.dir}")
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        try:
            for it, made in zip(wanted, workers.map(lambda it: make(*it), wanted), strict=True):
                recording, name = it[0], it[3]
                own = tags_with(tags.get(recording.name, []), WAYS[name])
                lines.append(",".join([made.name, f"degraded:{name}", *own]))
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            workers.shutdown(cancel_futures=True)
            fail(str(error))
    listed = asked.out / "degraded.tags"
    listed.write_text("recording,tags\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} recordings in {asked.out}; their tags in {listed}")


if __name__ == "__main__":
    main()
