"""The head of somebody who was scanned in the place of the head that was filmed: it can turn as far as heads do.

It moves as the filmed one does, and turns beside that; lies in the light of the filmed face, as coarsely as that is
known by the way a surface looks; and its neck goes over into the neck that was filmed.
"""

import dataclasses
import functools
import pathlib
import sys

import compose_landmarks as landmarks
import compose_scan
import cv2
import numpy as np
from compose_figure import eased

# Millimetres from outer corner to outer corner of the eyes, by which the camera's distance is known.
EYES_MM = 92.0
# The filmed head ends so far below its chin, in widths of the face, within so much; and further aside at its mouth,
# where a collar may be. No cheek is further from the mouth than the last.
ENDS, WITHIN, ASIDE, BESIDE = -0.06, 0.08, 0.62, 1.1
# Points by which the head is as soft as what a lens draws.
SOFT = 0.7
# Light and shade: no part of a head is darker or lighter than this part of what its middle has.
SHADE, HELD = (0.55, 1.5), 0.08
# Seconds, and degrees to the right in the picture.
TURNS = (
    (0.8, 1.4, 5.0, 5.7, 6.4, 7.0, 8.5, 8.95, 16.2, 16.9, 20.0, 20.8, 21.3, 22.0, 23.2, 23.55)
    + (30.8, 31.5, 34.5, 35.7, 37.8, 38.15),
    (0, 82, 85, 0, 0, -86, -83, 0, 0, -78, -90, 0, 0, 88, 84, 0, 0, 75, 90, -85, -82, 0),
)
# Seconds, and degrees below the camera that the face looks: over a paper, and far over it, until the crown shows.
NODS = (0.8, 1.5, 3.0, 4.6, 5.2, 5.7, 6.4, 8.4, 8.95, 16.2, 17.0, 18.5, 19.1, 22.3, 23.1)
NODS += (30.8, 31.5, 34.0, 34.6, 37.0, 37.7)
OVER_A_PAPER = (0, 40, 37, 41, 0, 0, 42, 39, 0, 0, 42, 38, 41, 39, 0, 0, 38, 42, 40, 38, 0)
CROWN = (0, 66, 64, 67, 0, 0, 65, 68, 0, 0, 66, 64, 67, 65, 0, 0, 65, 68, 66, 68, 0)
# Down to 45 degrees the face is seen with brows, nose and mouth; from 60 on it is hair and forehead, with brows and the
# tip of the nose at the edge. The parts of a face that count as covered then, as `compose` has them.
BENT, PARTS = (0, 45, 60, 90), (0.0, 0.5, 0.8, 1.0)
# From so many degrees on, how the filmed head is bent adds nothing.
LEVEL = 20


class Replaced:
    """Somebody who was filmed, with the scanned head."""

    def __init__(self, figure, points, scan, rest):
        self.figure, self.scan = figure, scan
        self.faces = [landmarks.Face(it) for it in points]
        if self.has_hair_beside(figure.in_place()):
            raise landmarks.NoFace("hair hangs beside the mouth, and would stay where it is")
        # How the filmed head is turned against the scan.
        self.turns = [compose_scan.axes(it) @ rest.T for it in self.faces]
        self.width = float(np.median([it.width for it in self.faces]))
        self.offset, self.gain = self.light()

    def view(self, shown, turn):
        """The head drawn for this frame, turned by a matrix beyond what the filmed head is."""
        scale = self.width / self.scan.width
        own = self.turns[shown]
        at = self.faces[shown].middle[:2] - scale * self.scan.eyes(own)[:2]
        distance = self.figure.focal * EYES_MM / self.width
        return self.scan.view(turn @ own, at, scale, distance, self.figure.size)

    def light(self):
        """What colours of the scan are in this light: what black is, and for each channel what falls from in front,
        the right and below."""
        shown = self.figure.in_place()
        view, face = self.view(shown, np.eye(3)), self.faces[shown]
        real = self.figure.frames[shown].astype(np.float32)
        inside = np.zeros(real.shape[:2], np.uint8)
        middle = face.points[list(landmarks.OVAL), :2].mean(axis=0)
        outline = middle + 0.85 * (face.points[list(landmarks.OVAL), :2] - middle)
        cv2.fillPoly(inside, [outline.astype(np.int32)], 1)
        inside = view.of(inside) & (view.alpha > 0.99)
        top, at, height = self.figure.heads[shown]
        head = np.s_[int(top) : int(top + height), max(0, int(at - height / 2)) : int(at + height / 2)]
        offset = np.percentile(real[head][self.figure.alphas[shown][head] > 0.95], 2, axis=0).min()
        wide = 0.12 * face.width
        weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), wide)[..., None] + 1e-3

        def coarse(picture):
            return cv2.GaussianBlur(picture * inside[..., None], (0, 0), wide) / weight

        real, drawn, normals = coarse(view.of(real) - offset), coarse(view.colour), coarse(view.normals)
        where = inside > 0
        sides = np.column_stack([np.ones(where.sum()), normals[where][:, :2]])
        gain = []
        for channel in range(3):
            terms = drawn[where][:, channel, None] * sides
            held = np.diag((0, HELD, HELD)) * (terms[:, 0] ** 2).sum()
            gain.append(np.linalg.solve(terms.T @ terms + held, terms.T @ real[where][:, channel]))
        return offset, np.array(gain)

    def lit(self, view):
        """The colours of a view in the light of the recording."""
        shade = 1 + view.normals[..., :2] @ (self.gain[:, 1:] / self.gain[:, :1]).mean(axis=0)
        levels = view.colour * self.gain[:, 0] * np.clip(shade, *SHADE)[..., None]
        return np.clip(self.offset + levels, 0, 255)

    def has_hair_beside(self, shown):
        face = self.faces[shown]
        x, y = face.points[landmarks.MOUTH, :2]
        row, far = self.figure.alphas[shown][int(y)], BESIDE * face.width
        return row[: max(0, int(x - far))].max(initial=0) > 0.5 or row[int(x + far) :].max(initial=0) > 0.5

    def headless(self, shown):
        """Person and part of it without the head that was filmed."""
        face = self.faces[shown]
        mouth, (middle, chin) = face.points[landmarks.MOUTH, 1], face.points[landmarks.CHIN, :2]
        width, height = self.figure.size
        aside = np.abs(np.arange(width, dtype=np.float32) - middle) - ASIDE * face.width
        end = np.where(aside < 0, chin + ENDS * face.width, mouth)
        end = cv2.GaussianBlur(end.astype(np.float32)[None], (0, 0), WITHIN * face.width)[0]
        kept = np.clip((np.arange(height, dtype=np.float32)[:, None] - end) / (WITHIN * face.width) + 0.5, 0, 1)
        return self.figure.persons[shown] * kept[..., None], self.figure.alphas[shown] * kept

    def drawn(self, shown, turn):
        """Person and part of it with the scanned head."""
        view = self.view(shown, turn)
        person, alpha = self.headless(shown)
        part = cv2.GaussianBlur(view.alpha, (0, 0), SOFT)
        colour = cv2.GaussianBlur(self.lit(view) * view.alpha[..., None], (0, 0), SOFT)
        view.of(person)[:] = view.of(person) * (1 - part[..., None]) + colour
        view.of(alpha)[:] = view.of(alpha) * (1 - part) + part
        return person, alpha


@functools.cache
def scanned():
    """The scan, and the axes of its face, of the files beside Python itself."""
    folder = pathlib.Path(sys.prefix)
    scan = compose_scan.Scan(folder)
    return scan, scan.rest(folder / "face_landmark.tflite")


def ahead(figure, points, _number):
    """The same figure with the scanned head, which turns no further than the filmed one."""
    replaced = Replaced(figure, points, *scanned())
    persons, alphas = zip(*(replaced.drawn(it, np.eye(3)) for it in range(len(figure.frames))), strict=True)
    return dataclasses.replace(figure, persons=list(persons), alphas=list(alphas))


class Turning:
    """Turns to a profile, and from that to the other."""

    def __init__(self, figure, points):
        self.replaced = Replaced(figure, points, *scanned())

    def at(self, shown, at, person, alpha):
        right = eased(at, *TURNS)
        if right == 0:
            return person, alpha, 0.0
        return *self.replaced.drawn(shown, compose_scan.degrees(right=right)), 0.0


class Bending(Turning):
    """Bends the head."""

    def __init__(self, figure, points, degrees):
        super().__init__(figure, points)
        self.degrees = degrees

    def at(self, shown, at, person, alpha):
        wanted = eased(at, NODS, self.degrees)
        if wanted == 0:
            return person, alpha, 0.0
        own = compose_scan.pitch(self.replaced.turns[shown])
        turn = compose_scan.degrees(down=wanted - min(wanted / LEVEL, 1) * own)
        covered = np.interp(compose_scan.pitch(turn @ self.replaced.turns[shown]), BENT, PARTS)
        return *self.replaced.drawn(shown, turn), float(covered)


def writing(figure, points):
    """Over a paper."""
    return Bending(figure, points, OVER_A_PAPER)


def crown(figure, points):
    """Far over it."""
    return Bending(figure, points, CROWN)
