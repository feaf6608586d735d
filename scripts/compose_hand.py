"""Hands that come up before a face: the back of a hand in the colour of the cheeks, lit from above.

A hand is a height above the face, in mm, of rounded fingers and a flat back, and is lit by how it slopes. Its own
coordinates are mm from the wrist: right, and up to the fingers.
"""

from dataclasses import dataclass

import compose_drawn
import compose_landmarks as landmarks
import compose_skin
import cv2
import numpy as np

# The outer corners of the eyes are so many mm apart; a hand before the face is nearer, and looks larger.
EYES_MM, NEARER = 90, 1.1
# Fingers and thumb: joints (right, up), and the radius at the first and the last.
FINGERS = (
    (((-28, 92), (-33, 138), (-35, 168)), 9.5, 7.5),
    (((-9, 98), (-11, 148), (-12, 182)), 10.0, 8.0),
    (((10, 96), (12, 143), (14, 174)), 9.5, 7.5),
    (((28, 88), (34, 124), (38, 148)), 8.5, 6.5),
    (((-26, 30), (-50, 66), (-57, 98)), 14.0, 9.0),
)
# The back of the hand, the wrist and the arm: outline, and how high above the face.
BACK = ((-25, 0), (-38, 40), (-38, 88), (-20, 102), (10, 104), (36, 92), (38, 50), (26, 0))
ARM = ((-26, 8), (-34, -90), (-44, -250), (46, -250), (36, -90), (27, 8))
SLEEVE = -60
# The elbow, in mm of the hand; its half width there and at the shoulder, which is so far from between the eyes.
ELBOW, UPPER_ARM, SHOULDER = (1, -235), (44, 52), (1.6, 3.05)
# The part of the drawing that is a hand: right and up, in mm.
LEFT, RIGHT, LOW, HIGH = -80, 80, -250, 200
# Seconds in which a hand comes and goes; positions within a frame, which blur what moves.
RAISING, EXPOSURES = 0.55, 6


@dataclass(frozen=True)
class Pose:
    """Where hands are, from when to when: a place of the hand, in mm, lies on a place of the face."""

    start: float
    end: float
    # Degrees from upright to the person's left; the place of the hand (mm) and of the face (eye distances).
    hands: tuple


MOUTH = ((54, (-2, 98), (0.02, 1.0)),)
BROW = ((68, (0, 132), (0.0, 0.02)),)
WHOLE = ((12, (0, 100), (-0.4, 0.42)), (-12, (0, 100), (0.4, 0.42)))
# While somebody sits: twice before the mouth, once before the eyes, once both hands before the whole face.
POSES = (
    Pose(1.8, 4.6, MOUTH),
    Pose(6.2, 7.8, MOUTH),
    Pose(17.5, 20.3, BROW),
    Pose(32.2, 35.8, WHOLE),
)


def heights(fine):
    """How high above the face each point of a hand is, mm; 0 is no hand. `fine`: points for each mm."""
    up, right = np.mgrid[HIGH : LOW : -1 / fine, LEFT : RIGHT : 1 / fine].astype(np.float32)
    flat = np.zeros(up.shape, np.uint8)
    for outline in (BACK, ARM):
        corners = [((x - LEFT) * fine, (HIGH - y) * fine) for x, y in outline]
        cv2.fillPoly(flat, [np.int32(corners)], 1)
    depth = cv2.distanceTransform(cv2.GaussianBlur(flat * 255, (0, 0), 4 * fine) // 128, cv2.DIST_L2, 5) / fine
    height = 16 * np.sqrt(1 - (1 - np.clip(depth / 22, 0, 1)) ** 2)
    for joints, first, last in FINGERS:
        height = np.maximum(height, finger(right, up, np.array(joints, np.float32), first, last))
    return cv2.GaussianBlur(height, (0, 0), 1.3 * fine)


def finger(right, up, joints, first, last):
    """The height of a finger, thinner towards its end."""
    height = np.zeros_like(right)
    lengths = np.linalg.norm(np.diff(joints, axis=0), axis=1)
    gone = 0.0
    for (x, y), (to_x, to_y), length in zip(joints, joints[1:], lengths, strict=False):
        along = np.clip(((right - x) * (to_x - x) + (up - y) * (to_y - y)) / length**2, 0, 1)
        away = np.hypot(right - x - along * (to_x - x), up - y - along * (to_y - y))
        radius = first + (last - first) * (gone + along * length) / lengths.sum()
        height = np.maximum(height, 1.25 * np.sqrt(np.maximum(radius**2 - away**2, 0)))
        gone += length
    return height


def picture(fine, degrees, skin, cloth, random):
    """A hand that leans so far, blue, green, red, and the part of each point that it is."""
    height = heights(fine)
    slope_x, slope_y = (cv2.Sobel(height, cv2.CV_32F, *it, scale=fine / 8) for it in ((1, 0), (0, 1)))
    lean = np.radians(degrees)
    # From above and a little from the left, whichever way the hand points.
    towards = np.array([-0.35 * np.cos(lean) + 0.75 * np.sin(lean), -0.35 * np.sin(lean) - 0.75 * np.cos(lean), 1.1])
    towards /= np.linalg.norm(towards)
    facing = (-slope_x * towards[0] - slope_y * towards[1] + towards[2]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    shade = (0.5 + 0.6 * np.clip(facing, 0, 1))[..., None]
    rows, columns = height.shape
    mottled = cv2.resize(random.normal(0, 1, (rows // 14 + 2, columns // 14 + 2)).astype(np.float32), (columns, rows))
    lines, nails = (it[..., None] for it in marks(height.shape, fine))
    colour = skin * shade * (1 + 0.03 * mottled[..., None])
    colour = (colour * (1 - 0.5 * nails) + 0.5 * nails * (0.75 * skin + 60) * shade) * (1 - 0.16 * lines)
    edge = round((HIGH - SLEEVE) * fine)
    folds = 1 + 0.05 * np.sin(np.arange(rows - edge) / (9 * fine))[:, None, None]
    colour[edge:] = cloth * shade[edge:] * folds
    return colour.astype(np.float32), cv2.GaussianBlur((height > 1.5).astype(np.float32), (0, 0), 0.8 * fine)


def marks(shape, fine):
    """Lines across the joints, and nails, 0 to 1."""
    lines, nails = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def mark(what, x, y, wide, high):
        middle = (round((x - LEFT) * fine), round((HIGH - y) * fine))
        cv2.ellipse(what, middle, (round(wide * fine), max(1, round(high * fine))), 0, 0, 360, 1, -1)

    for joints, first, last in FINGERS:
        for step in (-2.5, 2.5):
            mark(lines, joints[1][0], joints[1][1] + step, 0.55 * first, 1.2)
        mark(nails, joints[-1][0], joints[-1][1] + 1, 0.62 * last, 0.85 * last)
    return cv2.GaussianBlur(lines, (0, 0), fine), cv2.GaussianBlur(nails, (0, 0), 0.8 * fine)


class Hands:
    """The hands of one recording."""

    def __init__(self, figure, points):
        self.figure, self.points = figure, points
        random = np.random.default_rng(7)
        faces = [landmarks.Face(it) for it in points]
        self.mm = NEARER * float(np.median([it.width for it in faces])) / EYES_MM
        self.fine = float(np.clip(self.mm, 0.6, 2))
        seen = list(zip(figure.frames, figure.alphas, points, strict=True))[:: len(points) // 5]
        skin = np.median([compose_skin.part_of_skin(*it)[1] for it in seen], axis=0)
        x, y = faces[0].at(0, 2, 0).astype(int)
        wide = round(2 * faces[0].width)
        chest = np.s_[y : y + wide, max(0, x - wide) : x + wide]
        self.cloth = np.median(figure.frames[0][chest][figure.alphas[0][chest] > 0.9], axis=0).astype(np.float32)
        self.drawn = {
            (degrees, right): picture(self.fine, degrees, 0.95 * skin, self.cloth, random)
            for pose in POSES
            for degrees, _, (right, _) in pose.hands
        }

    def at(self, shown, at, person, alpha):
        """Person and part of it with the hands of this second, and the part of the face that they hide."""
        pose = next((it for it in POSES if it.start <= at < it.end), None)
        if pose is None:
            return person, alpha, 0.0
        face = landmarks.Face(self.points[shown])
        colour, part = np.zeros_like(person), np.zeros_like(alpha)
        moments = at + np.linspace(0, 0.5 / self.figure.fps, EXPOSURES)
        raised = np.clip(np.minimum(moments - pose.start, pose.end - moments) / RAISING, 0, 1)
        for how_far, times in zip(*np.unique(raised * raised * (3 - 2 * raised), return_counts=True), strict=True):
            one_colour, one_part = self.raised(pose, face, how_far, person.shape)
            colour += one_colour * (times / EXPOSURES)
            part += one_part * (times / EXPOSURES)
        colour, part = (cv2.GaussianBlur(it, (0, 0), compose_drawn.SOFT) for it in (colour, part))
        fallen = np.float32([[1, 0, 0.02 * face.width], [0, 1, 0.07 * face.width]])
        shadow = cv2.GaussianBlur(cv2.warpAffine(part, fallen, part.shape[::-1]), (0, 0), 0.07 * face.width)
        person = person * (1 - 0.35 * shadow[..., None]) * (1 - part[..., None]) + colour
        oval = compose_skin.filled(alpha.shape, [face.points[list(landmarks.OVAL), :2]])
        return person, alpha + part - alpha * part, float((oval * part).sum() / oval.sum())

    def raised(self, pose, face, raised, shape):
        """All hands of a pose on a picture, raised from 0, below, to 1."""
        colour, part = np.zeros(shape, np.float32), np.zeros(shape[:2], np.float32)
        for degrees, (x, y), (right, down) in pose.hands:
            lean = np.radians(degrees)
            size = self.mm / self.fine
            turn = size * np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
            is_left = right > 0 and len(pose.hands) > 1
            if is_left:
                turn[:, 0] *= -1
            below = (1 - raised) * face.width * np.array([0.8 * np.sin(-lean), 4.5])
            move = np.column_stack([turn, face.at(right, down, -0.3) + below - turn @ self.drawn_at(x, y)])
            shoulder = face.at(SHOULDER[0] if is_left else -SHOULDER[0], SHOULDER[1], 0)
            arm = self.upper_arm(move[:, 2] + turn @ self.drawn_at(*ELBOW), shoulder, shape)
            drawn, its_part = self.drawn[degrees, right]
            its_part = cv2.warpAffine(its_part, move, shape[1::-1], flags=cv2.INTER_AREA)
            drawn = cv2.warpAffine(drawn, move, shape[1::-1], flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
            for one_colour, one_part in (arm, (drawn, its_part)):
                colour = colour * (1 - one_part[..., None]) + one_colour * one_part[..., None]
                part = part + one_part - part * one_part
        return colour, part

    def drawn_at(self, right, up):
        """Where a place of the hand is in its picture."""
        return (right - LEFT) * self.fine, (HIGH - up) * self.fine

    def upper_arm(self, elbow, shoulder, shape):
        """A sleeve between two points of the picture, and the part of each point that it is."""
        rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        x, y = shoulder - elbow
        along = np.clip(((columns - elbow[0]) * x + (rows - elbow[1]) * y) / max(x * x + y * y, 1), 0, 1)
        wide = self.mm * (UPPER_ARM[0] + (UPPER_ARM[1] - UPPER_ARM[0]) * along)
        away = np.hypot(columns - elbow[0] - along * x, rows - elbow[1] - along * y) / wide
        shade = 0.76 + 0.26 * np.sqrt(np.maximum(1 - away**2, 0))
        return self.cloth * shade[..., None], np.clip((1 - away) * wide, 0, 1)
