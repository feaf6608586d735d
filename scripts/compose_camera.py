"""Cameras that somebody turns to a wall, and lenses that somebody covers, while turning the camera or not.

Beyond the edge of the room there is a plain wall in the colours of that edge, and on it, in every other turn, what
begins behind a straight edge: a ceiling, or a wall in other light. A cover is out of focus, opaque, and comes from
any side, where the camera is turned while that is under way.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from compose_figure import eased

# Seconds: the camera stands where it was turned to.
STANDS = 3.4
# When turns begin: one while somebody sits there, on each visit.
BEGIN = (2.6, 18.2, 32.4)
# How long a turn takes: who opens a lid further, or pushes the camera aside.
TAKES = (0.4, 1.2)
# So far it turns, in parts of the picture: nothing of the room is left.
WAY = 1.25
# Turns, in quarters anticlockwise, which bring the side from which the wall comes to the top.
SIDES = {"top": 0, "right": 1, "left": 3}
# A cover's colour (blue, green, red), and how much darker it is in the corners.
COVERS = {
    "black tape": ((3, 3, 3), 0.0),
    "finger": ((18, 14, 62), 0.3),
    "hand": ((70, 88, 130), 0.5),
    "sticker": ((150, 205, 212), 0.2),
    "paper": ((190, 195, 200), 0.15),
    "cloth": ((105, 98, 90), 0.35),
}
# How long a cover takes to come, and how soft its edge is, in parts of the picture.
COMES = (0.2, 0.9)
SOFT = 0.18


@dataclass
class Turn:
    begins: float
    takes: float
    # In parts of the picture.
    way: float
    side: str
    # Beyond the wall: at which part of the picture's height or width behind its edge, and how bright against it.
    beyond: tuple
    # What covers the lens, at which part of the turn it begins to come, from which side, in quarters, and how long
    # it takes.
    cover: tuple | None

    def offset(self, at):
        """How far the camera is turned, in parts of the picture."""
        stands = self.begins + self.takes
        times = (self.begins, stands, stands + STANDS, stands + STANDS + self.takes)
        return eased(at, (times[0] - 1, *times, times[3] + 1), (0, 0, self.way, self.way, 0, 0))

    def covered(self, at):
        """How far the cover has come, 0 to 1."""
        if not self.cover:
            return 0.0
        _, part, _, takes = self.cover
        comes = self.begins + part * self.takes
        goes = self.begins + self.takes + STANDS
        return float(np.clip(min((at - comes) / takes, 1 + (goes - at) / takes), 0, 1))

    def is_under_way(self, at):
        """Between the room and what is told of it."""
        return 0 < self.offset(at) < self.way or 0 < self.covered(at) < 1


class Camera:
    """The camera of one figure: three turns, one on each visit."""

    def __init__(self, figure, is_turned, is_covered):
        # Other turns for each figure, and the same when they are made again.
        random = np.random.default_rng(list(figure.name.encode()))
        kinds = list(COVERS)
        random.shuffle(kinds)
        sides = list(SIDES)
        random.shuffle(sides)
        self.turns = []
        for number, begins in enumerate(BEGIN):
            beyond = (random.uniform(0.25, 0.6), random.choice((0.8, 1.15))) if number % 2 else (9.0, 1.0)
            cover = (kinds[number], random.uniform(0.1, 0.8), int(random.integers(4)), random.uniform(*COMES))
            takes, way = random.uniform(*TAKES), WAY if is_turned else 0.0
            self.turns.append(Turn(begins, takes, way, sides[number], beyond, cover if is_covered else None))
        self.walls = [wall(figure.room, turn) for turn in self.turns]

    def at(self, at, picture):
        """What the camera shows of the picture, and what is true of that: state and reason, and whether it may be
        called either way. Nothing where the camera is as it was."""
        for turn, beyond in zip(self.turns, self.walls, strict=True):
            offset, covered = turn.offset(at), turn.covered(at)
            if not offset and not covered:
                continue
            quarters = SIDES[turn.side]
            seen = np.concatenate([beyond, np.rot90(picture, quarters)])
            high = len(seen) - len(beyond)
            top = len(beyond) - round(offset * high)
            seen = np.rot90(seen[top : top + high], -quarters)
            if covered:
                seen = laid_over(seen, turn.cover, covered)
            is_wall = offset > WAY / 2
            truth = ("no_picture", "lens_covered") if covered > 0.5 else ("out_of_view", "camera_moved")
            return seen, truth if is_wall or covered > 0.5 else None, turn.is_under_way(at)
        return picture, None, False


def wall(room, turn):
    """What lies beyond the room's edge, as if that were its top: no more detail than a painted wall."""
    room = np.rot90(room, SIDES[turn.side]).astype(np.float32)
    high, wide = room.shape[:2]
    edge = cv2.GaussianBlur(room[: high // 12].mean(axis=0, keepdims=True), (0, 0), wide / 5)
    far = round(WAY * high) + 2
    # Light falls off along the wall.
    beyond = np.repeat(edge, far, axis=0) * np.linspace(0.94, 1.0, far)[:, None, None]
    behind, brightness = turn.beyond
    rows = np.arange(far)[:, None, None] - np.linspace(-0.02, 0.02, wide)[None, :, None] * high
    return np.where(rows < far - behind * high, beyond * brightness, beyond).astype(np.float32)


def laid_over(picture, cover, come):
    kind, _, quarters, _ = cover
    colour, darker = COVERS[kind]
    high, wide = picture.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, high), np.linspace(-1, 1, wide), indexing="ij")
    shade = 1 - darker * (x * x + y * y) / 2
    along = (np.stack((y, -x, -y, x))[quarters] + 1) / 2
    part = np.clip((come * (1 + SOFT) - along) / SOFT, 0, 1)[..., None].astype(np.float32)
    return picture * (1 - part) + np.array(colour, np.float32) * shade[..., None].astype(np.float32) * part


def turned(figure):
    return Camera(figure, is_turned=True, is_covered=False)


def turned_covered(figure):
    return Camera(figure, is_turned=True, is_covered=True)


def covered(figure):
    return Camera(figure, is_turned=False, is_covered=True)
