"""Heads that bow 30 degrees further than they were filmed, as an egg would that has the face painted on it.

The outline stays where it was, and the face moves down within it: the nose does not stand out, the head does not sink,
and what was not filmed of the crown is the hair beside it, drawn wider. The same to the side, for a profile, shows an
ear that is smeared over the temple at 30 degrees already: that is left to a head that was scanned (`compose_head`).
"""

import compose_landmarks as landmarks
import cv2
import numpy as np
from compose_figure import eased

# The egg's half width, in widths of the face, and how far the top of the hair is above the forehead's edge, at most.
HALF, HAIR = 0.84, 0.75
# Of its radius: further out colours are those of the outline; and from here it goes over into what was there.
RIM, EDGE = 0.94, 0.9
# Behind, the picture is drawn so much wider than it was filmed.
WIDER = 0.35
ANGLE = np.radians(30)
# Seconds, on each visit: over the paper, up for a look, and down again.
TIMES = (1.5, 2.2, 5.5, 6.2, 7.2, 7.9, 8.2, 8.9, 16, 16.7, 22, 22.7, 31, 31.7, 36.5, 37.2)
VALUES = (0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0)


class Head:
    """The head of one recording, which bows about an axis through its middle."""

    def __init__(self, figure, points):
        self.tops, self.points = figure.heads[:, 0], points

    def at(self, shown, at, person, alpha):
        """Person and part of it with the head bowed as it is in this second; nothing is hidden."""
        angle = ANGLE * eased(at, TIMES, VALUES)
        if angle == 0:
            return person, alpha, 0.0
        face = landmarks.Face(self.points[shown])
        forehead, chin = face.points[[landmarks.FOREHEAD, landmarks.CHIN], 1]
        top = max(self.tops[shown], forehead - HAIR * face.width)
        x, y, wide, high = face.middle[0], (top + chin) / 2, HALF * face.width, (chin - top) / 2
        left, above = max(0, int(x - wide)), max(0, int(y - high))
        here = np.s_[above : int(y + high) + 1, left : int(x + wide) + 1]
        bowed = person.copy()
        bowed[here] = egg(person[here], alpha[here], (x - left, y - above, wide, high), angle)
        return bowed, alpha, 0.0


def egg(person, alpha, place, angle):
    """The person in a part of the picture, with what is on the egg there turned down."""
    x, y, wide, high = place
    rows, columns = np.mgrid[: alpha.shape[0], : alpha.shape[1]].astype(np.float32)
    right, down = (columns - x) / wide, (rows - y) / high
    radius = np.hypot(right, down)
    front = np.sqrt(np.maximum(1 - radius**2, 0))
    was, depth = down * np.cos(angle) - front * np.sin(angle), front * np.cos(angle) + down * np.sin(angle)
    rim = np.sqrt(np.maximum(RIM**2 - right**2, 0))
    was = np.where(depth < 0, -rim + WIDER * (was + rim), was)
    source = np.float32(y + np.clip(was, -rim, rim) * high)
    colour = beyond(person, alpha, 0.07 * wide)
    moved = cv2.remap(colour, columns, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    part = np.clip((1 - radius) / (1 - EDGE), 0, 1)[..., None]
    return moved * alpha[..., None] * part + person * (1 - part)


def beyond(person, alpha, wide):
    """The colours of a person, which go on beyond the outline."""
    inside = (alpha > 0.9).astype(np.float32)
    colour = person / np.maximum(alpha, 0.9)[..., None] * inside[..., None]
    spread = cv2.GaussianBlur(colour, (0, 0), wide) / (cv2.GaussianBlur(inside, (0, 0), wide)[..., None] + 1e-3)
    return np.where(inside[..., None] > 0, colour, spread)
