"""People cut out of labelled recordings by what differs from the empty room.

The empty room is the median of frames in which, by the truth file, nobody is there. No network is asked: one that
is like the program's own would draw the outlines that the program knows best.
"""

import json
from dataclasses import dataclass

import cv2
import numpy as np

# Differences in levels: certainly somebody, and somebody where it touches that.
CERTAIN, TOUCHING = 26, 9
# Parts of the frame that somebody may fill. More: the light has changed, and the room is no longer the same.
LEAST, MOST = 0.02, 0.85
# Frames of the empty room that are looked at, at most.
OF_THE_ROOM = 61
# Shorter stretches of somebody in view are not worth playing forwards and backwards.
SHORTEST_S = 3.0
# A head is so much higher than wide.
HIGHER = 1.3


class Unfit(Exception):
    """Why nobody can be cut out of a recording."""


@dataclass
class Figure:
    """Somebody in view without a break."""

    name: str
    fps: float
    # The empty room, height x width x 3.
    room: np.ndarray
    # Frames as they are; the person, multiplied by the part of each point that is the person; this part.
    frames: list
    persons: list
    alphas: list
    # The top of the head, its middle and its height, in points of each frame; medians of the neighbouring frames.
    heads: np.ndarray
    # Cut by the left or right edge of the frame.
    is_cut: bool

    @property
    def size(self):
        height, width = self.room.shape[:2]
        return width, height

    @property
    def focal(self):
        """In points, of a camera that sees 66 degrees along its longer side."""
        return 0.77 * max(self.size)

    def at(self, frame):
        """Which of its frames is shown: forwards, then backwards."""
        last = len(self.frames) - 1
        turn = int(frame) % (2 * last)
        return min(turn, 2 * last - turn)

    def place(self, frame, scale, right, base):
        """The person `scale` times as large about the middle of the lower edge, moved `right`, standing on row `base`.

        Gives person and alpha of the frame's size, and the part of the person that is inside.
        """
        width, height = self.size
        person, alpha = self.persons[frame], self.alphas[frame]
        whole = float(alpha.sum()) * scale * scale
        if scale != 1:
            person, alpha = (
                cv2.resize(it, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for it in (person, alpha)
            )
        middle = float(np.median(self.heads[:, 1]))
        move = np.float32([[1, 0, middle - scale * middle + right], [0, 1, base - scale * height]])
        person, alpha = (cv2.warpAffine(it, move, (width, height), flags=cv2.INTER_LINEAR) for it in (person, alpha))
        return person, alpha, float(alpha.sum()) / whole

    def in_place(self):
        """The frame in which the head is where it is mostly."""
        return int(np.argmin(np.abs(self.heads[:, 1] - np.median(self.heads[:, 1]))))

    def portrait(self, frame, share, aspect):
        """The frame around the head, which fills `share` of the height: of this aspect, or as wide as there is."""
        width, height = self.size
        top, middle, head = np.median(self.heads, axis=0)
        high = min(head / share, height)
        wide = min(high * aspect, width)
        left, above = np.clip(middle - wide / 2, 0, width - wide), np.clip(top + head / 2 - high / 2, 0, height - high)
        left, above, wide, high = int(left), int(above), int(wide), int(high)
        return self.frames[frame][above : above + high, left : left + wide]


def eased(at, times, values):
    """From value to value, standing still at each."""
    place = int(np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2))
    part = np.clip((at - times[place]) / (times[place + 1] - times[place]), 0, 1)
    return values[place] + (values[place + 1] - values[place]) * (3 - 2 * part) * part * part


def read(recording, truth):
    """Everybody that can be seen without a break for longest, or [`Unfit`]."""
    labels = json.loads(truth.read_text(encoding="utf-8"))
    film = cv2.VideoCapture(str(recording))
    fps = film.get(cv2.CAP_PROP_FPS)
    empty = times(
        labels,
        lambda it: it["state"] == "out_of_view" and it.get("people") == 0 and it.get("reason") == "nobody_visible",
    )
    alone = times(labels, lambda it: it["state"] == "in_view" and it.get("people") == 1 and it.get("faces") == 1)
    if not empty:
        raise Unfit("nobody is ever away")
    start, end = max(alone, key=lambda it: it[1] - it[0], default=(0, 0))
    if end - start < SHORTEST_S:
        raise Unfit(f"nobody is in view alone for {SHORTEST_S:g} s")
    inside, outside = [], []
    number = 0
    while True:
        was_read, frame = film.read()
        if not was_read:
            break
        # The middle of the frame's time, so that rounding of the labels' edges does not matter.
        at = (number + 0.5) / fps
        number += 1
        if start <= at < end:
            inside.append(frame)
        elif any(first <= at < last for first, last in empty):
            outside.append(frame)
    if len(outside) < OF_THE_ROOM // 4:
        raise Unfit("the room is empty for too short a time")
    shown = np.linspace(0, len(outside) - 1, min(OF_THE_ROOM, len(outside))).astype(int)
    room = np.median([outside[it] for it in shown], axis=0).astype(np.uint8)
    alphas = [part_of_person(frame, room) for frame in inside]
    share = np.array([it.mean() for it in alphas])
    if share.min() < LEAST or share.max() > MOST:
        parts = f"{share.min():.0%} to {share.max():.0%}"
        raise Unfit(f"what differs from the empty room is {parts} of the picture: the light changes")
    first, last = settled(alphas)
    inside, alphas = inside[first:last], alphas[first:last]
    if len(inside) < SHORTEST_S * fps:
        raise Unfit(f"nobody is in view and in place for {SHORTEST_S:g} s")
    persons = [cut(frame, room, alpha) for frame, alpha in zip(inside, alphas, strict=True)]
    sides = np.array([[(it[:, 2] > 0.5).mean(), (it[:, -3] > 0.5).mean()] for it in alphas])
    return Figure(
        recording.stem, fps, room, inside, persons, alphas, heads(alphas), bool(sides.mean(axis=0).max() > 0.05)
    )


def settled(alphas):
    """The frames between coming in and going out: the person is where they mostly are, and whole."""
    areas = np.array([it.sum() for it in alphas])
    middles = np.array([(it.sum(axis=0) * np.arange(it.shape[1])).sum() for it in alphas]) / areas
    is_there = (np.abs(middles - np.median(middles)) < 0.08 * alphas[0].shape[1]) & (areas > 0.8 * np.median(areas))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_there, [0]])))
    return max(zip(edges[::2], edges[1::2], strict=True), key=lambda it: it[1] - it[0])


def times(labels, is_such):
    """Stretches of such labels, the zones to ignore taken off."""
    stretches = []
    for label in labels["intervals"]:
        if not is_such(label):
            continue
        parts = [(label["start"], label["end"])]
        for zone in labels.get("ignore", []):
            parts = [
                piece
                for start, end in parts
                for piece in ((start, min(end, zone["start"])), (max(start, zone["end"]), end))
                if piece[0] < piece[1]
            ]
        stretches += parts
    return stretches


def part_of_person(frame, room):
    """Of each point the part that is not the room, 0 to 1."""
    differs = cv2.absdiff(cv2.GaussianBlur(frame, (3, 3), 0), cv2.GaussianBlur(room, (3, 3), 0)).max(axis=2)
    touching = cv2.morphologyEx((differs > TOUCHING).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    touching = cv2.morphologyEx(touching, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(touching)
    certain = np.bincount(parts[(differs > CERTAIN) & (touching > 0)], minlength=len(sizes))
    kept = [it for it in range(1, len(sizes)) if certain[it] > 40 and sizes[it, cv2.CC_STAT_AREA] > 0.002 * parts.size]
    mask = np.isin(parts, kept).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(mask, outlines, -1, 1, cv2.FILLED)
    return cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), 1.2)


def cut(frame, room, alpha):
    """The person without the room that shines through at the outline."""
    return np.clip(frame - (1 - alpha[..., None]) * room, 0, 255).astype(np.float32)


def heads(alphas):
    """Top, middle and height of each head: where the figure is first as wide as a head of that depth."""
    found = []
    for alpha in alphas:
        mask = alpha > 0.5
        rows = np.flatnonzero(mask.sum(axis=1) > 4)
        top, middle, width = int(rows[0]), 0, 0
        for row in rows:
            columns = np.flatnonzero(mask[row])
            middle, width = float(np.median(columns)), int(np.count_nonzero(mask[row]))
            if row - top >= HIGHER / 2 * width:
                break
        found.append((top, middle, HIGHER * width))
    found = np.array(found, float)
    wide = 7
    padded = np.pad(found, ((wide, wide), (0, 0)), mode="edge")
    return np.array([np.median(padded[it : it + 2 * wide + 1], axis=0) for it in range(len(found))])
