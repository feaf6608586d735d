"""Composes recordings of conditions of which there is no footage, with truth by construction.

usage: compose.py [--tags FILE] [--only NAME[,NAME...]] DIR OUT
       compose.py --list

For each recording of DIR whose truth has somebody in view and the empty room, and for each way:
OUT/WAY/NAME.WAY.mp4, its truth file, and a line in OUT/composed.tags. What is there is not made again.
What is drawn onto faces is laid by MediaPipe's face mesh: `face_landmark.tflite` where Python itself is installed. So
are the files of the scanned head.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
from dataclasses import dataclass

import compose_bowed
import compose_camera
import compose_drawn
import compose_figure
import compose_hand
import compose_head
import compose_landmarks
import compose_scene
import compose_skin
import numpy as np
from compose_figure import eased
from degrade import GOOD, VIDEO, asked_for, fail, read_tags, truth_of

# Seconds: in view, away, in view, away, in view; and each crossing of the frame's edge.
VISITS = (9.0, 5.0, 8.0, 5.0, 8.0)
CROSSING = 0.8
# How fast the footage is played on each visit: at one speed it would be a recording in a loop, and marked.
SPEEDS = (1.0, 0.8, 1.25)
# So little of somebody is nobody, as in the truth of the recordings they are from; whole is all but this.
NOBODY, WHOLE = 0.06, 0.97
# Of a head that sinks below the frame: above the first the face is usable, below the second it is not.
USABLE, HIDDEN = 0.80, 0.45
# A face of which more is covered is not usable, as in the truth of the recordings; so near to that it may be either.
COVERED, EITHER = 0.65, 0.12
# Noise of the camera, in levels: without it an empty room would be a picture that stands still.
NOISE = 1.5
# Metres: a head is so wide, with hair.
HEAD_M = 0.16


@dataclass(frozen=True)
class Way:
    """What is behind the person, how the person moves, and what is drawn onto them."""

    what: str
    tags: tuple
    scene: object = compose_scene.empty_room
    path: object = None
    # The table that hides who sits behind it begins at this part of the height.
    table: float = 1.0
    # Gives a figure with something on its face; and something that happens to it while somebody sits.
    drawn: object = None
    before: object = None
    # Gives a camera that is turned.
    camera: object = None


def leaning_back(_figure, at):
    """Back and forth within a second or so, and back for some seconds."""
    times = (2, 3, 5.5, 6.3, 17, 18.2, 21, 22, 29.5, 30.5, 33, 34)
    values = (1, 0.62, 0.62, 1, 1, 0.55, 0.55, 0.9, 0.9, 0.6, 0.6, 1)
    return eased(at, times, values), 0


def far_away(figure, at):
    """From one and a half metres to two, three and back to two."""
    metres = eased(at, (1, 3, 6, 7.5, 16.5, 18, 20, 21, 31, 33, 34, 36), (1.5, 2, 2, 3, 3, 2.4, 2.4, 3, 3, 2, 2, 2.5))
    width = np.median(figure.heads[:, 2]) / compose_figure.HIGHER
    return figure.focal * HEAD_M / metres / width, 0


def bent_down(figure, at):
    """Down until hair and forehead are left in the picture, for three seconds, twice."""
    top, _, head = np.median(figure.heads, axis=0)
    lowest = figure.size[1] - top - 0.33 * head
    return 1, lowest * eased(at, (2, 3, 6, 7, 16, 17, 20, 21), (0, 1, 1, 0, 0, 1, 1, 0))


WAYS = {
    "as_is": Way(
        "nothing but cut out, put back, and going away twice: what the other rows are to be held against",
        ("composed:as_is",),
    ),
    "lean": Way("leaning back to 0.6 of the size and forward again", ("leaning_back",), path=leaning_back),
    "far": Way("behind a table, 1.5 to 3 m away", ("distance:far",), path=far_away, table=0.78),
    "bent": Way("bent down until hair and forehead are left in the picture", ("bent_down",), path=bent_down),
    "television": Way("a television behind, without people", ("moving_background",), compose_scene.television),
    "curtain": Way("a curtain in a draught", ("moving_background",), compose_scene.curtain),
    "fan": Way("a fan", ("moving_background",), compose_scene.fan),
    "screen": Way("a monitor 1.5 m behind with a face that talks", ("face_on_screen",), compose_scene.face_on_screen),
    "photo": Way("a photo on the wall, its head 10 cm high", ("poster",), compose_scene.poster(0.10)),
    "portrait": Way("a portrait as large as life", ("poster",), compose_scene.poster(0.24)),
    "poster": Way("a poster, its head 40 cm high", ("poster",), compose_scene.poster(0.40)),
    "turned": Way("the camera is turned to a wall", ("camera_moved",), camera=compose_camera.turned),
    "covered": Way("the lens is covered", ("covered",), camera=compose_camera.covered),
    "turned_covered": Way(
        "the lens is covered while the camera is turned", ("covered",), camera=compose_camera.turned_covered
    ),
    "mask": Way("a mask over nose, mouth and chin, drawn", ("mask", "drawn:mask"), drawn=compose_drawn.mask),
    "glasses": Way("glasses, drawn", ("drawn:glasses",), drawn=compose_drawn.glasses),
    "sunglasses": Way("sunglasses, drawn", ("drawn:sunglasses",), drawn=compose_drawn.sunglasses),
    "dark_skin": Way(
        "skin as dark as tones 8 and 9 of the Monk scale, rendered: nobody's",
        ("drawn:dark_skin",),
        drawn=compose_skin.dark_skin,
    ),
    "hand": Way(
        "a hand before mouth and eyes, both before the face, drawn",
        ("hand_over_face", "drawn:hand"),
        before=compose_hand.Hands,
    ),
    "bowed": Way(
        "the head bowed by 30 degrees for seconds, rendered", ("head_down", "drawn:bowed"), before=compose_bowed.Head
    ),
    "scan": Way(
        "the head of a man who was scanned, looking ahead: what the next three are to be held against",
        ("drawn:scan",),
        drawn=compose_head.ahead,
    ),
    "profile": Way(
        "the scanned head, turned to a profile for seconds, to either side",
        ("profile", "drawn:profile"),
        drawn=compose_head.ahead,
        before=compose_head.Turning,
    ),
    "head_down": Way(
        "the scanned head, bent by 40 degrees as over a paper",
        ("head_down", "drawn:head_down"),
        drawn=compose_head.ahead,
        before=compose_head.writing,
    ),
    "crown": Way(
        "the scanned head, bent by 65 degrees, until hair and forehead are left of the face",
        ("face_hidden", "drawn:crown"),
        drawn=compose_head.ahead,
        before=compose_head.crown,
    ),
}


def crossings():
    """For each of the two absences: when somebody begins to go, is away, begins to come back, is back."""
    first = VISITS[0]
    second = first + 2 * CROSSING + VISITS[1] + VISITS[2]
    for start, away in ((first, VISITS[1]), (second, VISITS[3])):
        yield start, start + CROSSING, start + CROSSING + away, start + 2 * CROSSING + away


def aside(at):
    """How far somebody has gone, 0 to 1, and on which of the two occasions."""
    for number, (goes, _, _, back) in enumerate(crossings()):
        if goes <= at < back:
            return (min((at - goes) / CROSSING, (back - at) / CROSSING, 1.0), number)
    return 0.0, 0


class Noise:
    """Another part of one field of noise for each frame: drawing a field takes longer than all the rest."""

    def __init__(self, size, random):
        self.width, self.height = size
        self.random = random
        self.field = random.normal(0, NOISE, (self.height + 64, self.width + 64, 3)).astype(np.float32)

    def next(self):
        top, left = self.random.integers(64, size=2)
        return self.field[top : top + self.height, left : left + self.width]


def compose(figure, way, others, random, before=None):
    """Frames, and what is true of each: state, people, faces, and whether it may be called either way."""
    width, height = figure.size
    scene = way.scene(figure, others, random)
    camera = way.camera(figure) if way.camera else None
    row = round(way.table * height)
    table = compose_scene.table(figure, row)
    noise = Noise(figure.size, random)
    length = sum(VISITS) + 4 * CROSSING
    for frame in range(int(length * figure.fps)):
        at = (frame + 0.5) / figure.fps
        shown = figure.at(frame * SPEEDS[sum(at > away for _, away, _, _ in crossings())])
        scale, down = way.path(figure, at) if way.path else (1.0, 0.0)
        gone, occasion = aside(at)
        right = 0.0
        if gone and (occasion == 1 or figure.is_cut):
            # Downwards: nothing shows that the lower edge of the picture cuts people off.
            down += gone * (height - figure.heads[shown, 0]) * scale
        elif gone:
            right = -gone * width
        person, alpha, inside = figure.place(shown, scale, right, row + down)
        covered = 0.0
        if before and not gone:
            person, alpha, covered = before.at(shown, at, person, alpha)
        picture = scene(frame) * (1 - alpha[..., None]) + person
        picture[row:] = table
        if row < height:
            inside *= 1 - float(alpha[row:].sum()) / max(float(alpha.sum()), 1)
        sunk = (row - (row + down - (height - figure.heads[shown, 0]) * scale)) / (figure.heads[shown, 2] * scale)
        truth = truth_at(gone, inside, sunk, covered)
        if camera:
            picture, turned, is_either = camera.at(at, picture)
            state = (*turned, None, None) if turned else truth[:4]
            truth = (*state, truth[4] or is_either)
        picture = picture + noise.next()
        yield np.clip(picture, 0, 255).astype(np.uint8), truth


def truth_at(gone, inside, head, covered):
    """`inside`: the part of the person in the picture; `head`: of the head's height above the lower edge; `covered`:
    of the face behind something."""
    if inside < NOBODY or gone == 1:
        return "out_of_view", "nobody_visible", 0, 0, False
    is_hidden = head < (USABLE + HIDDEN) / 2 or covered > COVERED
    state = ("face_hidden", "person_visible_face_not", 1, 0) if is_hidden else ("in_view", None, 1, 1)
    is_either = HIDDEN < head < USABLE or abs(covered - COVERED) < EITHER
    return *state, is_either or (gone > 0 and inside < WHOLE)


def labels(figure, name, way, tags, truths, made):
    """The truth file: stretches of frames of which the same is true."""

    def stretches(values):
        start = 0
        for frame in range(1, len(values) + 1):
            if frame == len(values) or values[frame] != values[start]:
                yield values[start], round(start / figure.fps, 3), round(frame / figure.fps, 3)
                start = frame

    return {
        "format": "presence-labels/1",
        "clip": made.name,
        "sha256": hashlib.sha256(made.read_bytes()).hexdigest(),
        "fps": figure.fps,
        "width": figure.size[0],
        "height": figure.size[1],
        "duration_s": round(len(truths) / figure.fps, 3),
        "truth": "by_construction",
        "tags": tags,
        "notes": f"{way.what}; composed of {name}",
        "intervals": [
            {"start": start, "end": end, "state": state, "reason": reason, "people": people, "faces": faces}
            for (state, reason, people, faces), start, end in stretches([it[:4] for it in truths])
        ],
        "ignore": [
            {"start": start, "end": end} for is_either, start, end in stretches([it[4] for it in truths]) if is_either
        ],
    }


def encode(figure, frames, made):
    """Writes the frames, and gives what is true of each."""
    width, height = figure.size
    half = made.with_suffix(".part.mp4")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24"]
    command += ["-s", f"{width}x{height}", "-r", f"{figure.fps:g}", "-i", "-"]
    command += [*GOOD, "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "1"]
    command += ["-flags", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1", half]
    truths = []
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        for picture, truth in frames:
            encoder.stdin.write(picture.tobytes())
            truths.append(truth)
        encoder.stdin.close()
    if encoder.returncode != 0:
        half.unlink(missing_ok=True)
        fail(f"{made.name}: ffmpeg has failed")
    half.rename(made)
    return truths


def figures(folder):
    """All that can be cut out of the recordings of a folder, by the file's name."""
    found = {}
    for recording in sorted(it for it in folder.rglob("*") if it.suffix.lower() in VIDEO and it.is_file()):
        truth = truth_of(recording)
        if not truth or truth[1] != ".labels.json":
            continue
        try:
            found[recording.name] = compose_figure.read(recording, truth[0])
        except compose_figure.Unfit as reason:
            print(f"{recording.name}: {reason}; left out", file=sys.stderr)
    return found


class Faces:
    """Where the faces of the figures are, looked for when something is drawn onto them."""

    def __init__(self):
        self.network = pathlib.Path(sys.prefix) / "face_landmark.tflite"
        self.found = {}

    def of(self, figure):
        if figure.name not in self.found:
            self.found[figure.name] = compose_landmarks.read(figure, self.network)
        return self.found[figure.name]


def main():
    asked = asked_for("compose", WAYS)
    if asked is None:
        return
    names = asked.names
    tags = read_tags(asked.tags)
    found = figures(asked.dir)
    if len(found) < 2:
        fail(f"there are no two recordings in {asked.dir} that people can be cut out of")
    everybody, lines, faces = list(found.values()), [], Faces()
    for number, (recording, figure) in enumerate(found.items()):
        others = [*everybody[number + 1 :], *everybody[:number]]
        for name in names:
            way = WAYS[name]
            if way.path is not None and figure.is_cut and name != "bent":
                print(f"{recording}: cut by the frame's side, which {name} would show; left out", file=sys.stderr)
                continue
            own = [*tags.get(recording, []), f"composed:{name}", *way.tags]
            made = asked.out / name / f"{figure.name}.{name}.mp4"
            if made.with_suffix(".labels.json").exists():
                lines.append(",".join([made.name, *own]))
                continue
            try:
                shown = way.drawn(figure, faces.of(figure), number) if way.drawn else figure
                before = way.before(figure, faces.of(figure)) if way.before else None
            except compose_landmarks.NoFace as reason:
                print(f"{recording}: {reason}; left out of {name}", file=sys.stderr)
                continue
            made.parent.mkdir(parents=True, exist_ok=True)
            truths = encode(figure, compose(shown, way, others, np.random.default_rng(7), before), made)
            text = json.dumps(labels(figure, recording, way, own, truths, made), ensure_ascii=False, indent=1)
            made.with_suffix(".labels.json").write_text(text + "\n", encoding="utf-8")
            lines.append(",".join([made.name, *own]))
            print(made, flush=True)
    (asked.out / "composed.tags").write_text("recording,tags\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
