"""What is drawn onto faces: masks and glasses, which turn with the head and lie in the light of the face.

Every length is in widths of [`compose_landmarks.Face`], unless it says points.
"""

import dataclasses

import compose_landmarks as landmarks
import cv2
import numpy as np

# Things are drawn larger, small faces up to so many times, and softened by so many points: a lens is no sharper.
FINEST, SOFT = 4, 0.7
# The light on a face is looked at in a picture so many times smaller.
COARSE = 4
# In colours of blue, green, red, of something that stands in the light of the room's bright parts.
SURGICAL, WHITE, BLACK, CLOTH = (226, 206, 152), (238, 240, 240), (40, 38, 38), (120, 84, 132)
# Outlines of a mask from the cheek to the middle, on the person's right; on the left are their mirror images.
TOP, MIDDLE, BOTTOM = (
    ((137, 50, 101, 47, 174), (366, 280, 330, 277, 399), 197),
    ((213, 207, 206, 203, 129), (433, 427, 426, 423, 358), 4),
    ((58, 172, 136, 150, 149, 176, 148), (288, 397, 365, 379, 378, 400, 377), 152),
)
# Where the loops of a mask leave for the ears: corner of the mask, height of the ear.
LOOPS = ((137, 127), (58, 93), (366, 356), (288, 323))
ACROSS, DOWN = 40, 28


class Layer:
    """What is drawn over a part of a frame, with what shows through."""

    def __init__(self, figure, face, margin=0.55):
        low, high = face.points[:, :2].min(axis=0), face.points[:, :2].max(axis=0)
        edge = margin * face.width
        self.fine = int(np.clip(round(100 / face.width), 1, FINEST))
        self.low = np.maximum(low - edge, 0).astype(int)
        self.high = np.minimum(high + edge, figure.size).astype(int)
        width, height = (self.high - self.low) * self.fine
        self.colour = np.zeros((height, width, 3), np.float32)
        self.part = np.zeros((height, width), np.float32)

    def local(self, points):
        """In sixteenths of its own points, as OpenCV draws."""
        return np.rint((np.asarray(points) - self.low) * self.fine * 16).astype(np.int32)

    def over(self, colour, part):
        self.colour = self.colour * (1 - part[..., None]) + np.asarray(colour, np.float32) * part[..., None]
        self.part = self.part + part - self.part * part

    def inside(self, points):
        """1 inside of the outline, 0 outside."""
        shape = np.zeros(self.part.shape, np.uint8)
        cv2.fillPoly(shape, [self.local(points)], 255, cv2.LINE_AA, shift=4)
        return shape.astype(np.float32) / 255

    def along(self, points, width, is_closed=False):
        """1 on a line of this width in points."""
        shape = np.zeros(self.part.shape, np.uint8)
        wide = max(1, round(width * self.fine))
        cv2.polylines(shape, [self.local(points)], is_closed, 255, wide, cv2.LINE_AA, shift=4)
        return shape.astype(np.float32) / 255

    def soften(self, shape, width):
        """Blurred, as a shadow or a reflection is, by this many points."""
        return cv2.GaussianBlur(shape, (0, 0), max(0.3, width * self.fine))

    def of(self, of_frame):
        """What belongs to the layer of something as large as the frame."""
        (left, top), (right, bottom) = self.low, self.high
        return cv2.resize(of_frame[top:bottom, left:right], self.part.shape[::-1], interpolation=cv2.INTER_LINEAR)

    def clip(self, of_frame):
        """Nothing is left where this part of a frame is 0."""
        kept = self.of(of_frame)
        self.colour *= kept[..., None]
        self.part *= kept

    def on(self, person, alpha, light):
        """Person and part of it with this on top, in the light that falls on each point of the frame."""
        (left, top), (right, bottom) = self.low, self.high
        size = tuple(int(it) for it in self.high - self.low)
        colour, part = (
            cv2.GaussianBlur(cv2.resize(it, size, interpolation=cv2.INTER_AREA), (0, 0), SOFT)
            for it in (self.colour, self.part)
        )
        person, alpha = person.copy(), alpha.copy()
        here = np.s_[top:bottom, left:right]
        lit = np.minimum(colour * light[here][..., None], 255 * part[..., None])
        person[here] = person[here] * (1 - part[..., None]) + lit
        alpha[here] = alpha[here] + part - alpha[here] * part
        return person, alpha


def white(figure):
    """What something white would be in the picture, blue, green and red: as the brighter parts of the room are."""
    pixels = figure.room.reshape(-1, 3).astype(np.float32)
    levels = pixels @ np.float32((0.114, 0.587, 0.299))
    bright = pixels[levels >= np.percentile(levels, 80)]
    return np.median(bright, axis=0) / 255


def light_on(frame, face):
    """How much lighter or darker than the whole face each part of the frame is, seen coarsely: about 1."""
    size = frame.shape[1::-1]
    levels = cv2.resize(frame, (size[0] // COARSE, size[1] // COARSE), interpolation=cv2.INTER_AREA)
    levels = levels.astype(np.float32).mean(axis=2)
    shape = np.zeros(levels.shape, np.uint8)
    cv2.fillPoly(shape, [(face.points[list(landmarks.OVAL), :2] / COARSE).astype(np.int32)], 1)
    wide = 0.3 * face.width / COARSE
    weights = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), wide) + 1e-3
    mean = levels[shape > 0].mean()
    coarse = cv2.GaussianBlur(levels * shape, (0, 0), wide) + 1e-3 * mean
    return cv2.resize(np.clip(coarse / weights / mean, 0.6, 1.4), size, interpolation=cv2.INTER_LINEAR)


def drawn_on(figure, points, draw):
    """The same figure with something on each frame. `draw` is given a layer and a face."""
    persons, alphas = [], []
    for frame, person, alpha, its_points in zip(figure.frames, figure.persons, figure.alphas, points, strict=True):
        face = landmarks.Face(its_points)
        layer = Layer(figure, face)
        draw(layer, face, alpha)
        person, alpha = layer.on(person, alpha, light_on(frame, face))
        persons.append(person)
        alphas.append(alpha)
    return dataclasses.replace(figure, persons=persons, alphas=alphas)


def resampled(points, count):
    """So many points at equal distances along a line."""
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1))])
    places = np.linspace(0, steps[-1], count)
    return np.column_stack([np.interp(places, steps, column) for column in points.T])


def grid(face):
    """A mask's cloth, (DOWN + 1) x (ACROSS + 1) x 3, from the top to below the chin."""
    rows = []
    for right, left, middle in (TOP, MIDDLE, BOTTOM):
        half = ACROSS // 2 + 1
        one, other = (resampled(face.points[[*side, middle]], half) for side in (right, left))
        row = np.concatenate([one, other[-2::-1]])
        padded = np.pad(row, ((2, 2), (0, 0)), mode="reflect", reflect_type="odd")
        rows.append(sum(padded[it : it + len(row)] for it in range(5)) / 5)
    top, middle, bottom = rows
    # Cloth lies a little below the chin, and further out than the skin.
    bottom = bottom + 0.06 * face.width * face.down
    v = np.linspace(0, 1, DOWN + 1)[:, None, None]
    return top * (1 - v) * (1 - 2 * v) + 4 * middle * v * (1 - v) + bottom * v * (2 * v - 1)


def bulge(cloth):
    """Light from above and in front on the cloth: about 1."""
    along_x, along_y = np.gradient(cloth, axis=1), np.gradient(cloth, axis=0)
    normal = np.cross(along_x, along_y)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True) + 1e-9
    normal *= np.sign(normal[..., 2:].mean()) or 1
    facing = normal @ np.array([0, 0.35, 0.94]) if normal[..., 1].mean() < 0 else normal @ np.array([0, -0.35, 0.94])
    return 0.55 + 0.5 * cv2.GaussianBlur(np.clip(facing, 0, 1).astype(np.float32), (0, 0), 2)


def mask(figure, points, number):
    """Over nose, mouth and chin: surgical with pleats, white with a seam in the middle, black and coloured cloth."""
    colour, pleats, seam = (
        (SURGICAL, (0.36, 0.52, 0.68), False),
        (WHITE, (), True),
        (BLACK, (), True),
        (CLOTH, (0.45, 0.6), False),
    )[number % 4]
    loops = np.array(BLACK if colour == BLACK else WHITE) * 0.75 * white(figure)
    colour = np.array(colour) * white(figure)

    def draw(layer, face, alpha):
        cloth = grid(face)
        shade = bulge(cloth)
        for corner, ear in LOOPS:
            side = np.sign((face.points[ear] - face.points[4]) @ face.right)
            behind = face.points[ear] + side * 0.1 * face.width * face.right
            loop = np.array([face.points[corner], behind])[:, :2]
            layer.over(loops, layer.along(loop, 0.018 * face.width))
        layer.clip(alpha)
        outline = np.concatenate([cloth[0], cloth[1:, -1], cloth[-1, -2::-1], cloth[-2:0:-1, 0]])[:, :2]
        shadow = layer.soften(layer.inside(outline + 0.03 * face.width * face.down[:2]), 0.04 * face.width)
        layer.over((12, 14, 20), 0.4 * shadow * layer.of(alpha))
        tint = np.ones((*layer.part.shape, 3), np.float32) * colour
        for row in range(DOWN):
            for column in range(ACROSS):
                corners = cloth[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column], :2]
                level = float(shade[row : row + 2, column : column + 2].mean())
                cv2.fillConvexPoly(tint, layer.local(corners), (colour * level).tolist(), shift=4)
        tint = layer.soften(tint, 0.02 * face.width)
        inside = layer.inside(outline)
        layer.over(tint, inside)
        for pleat in pleats:
            row = cloth[round(pleat * DOWN), :, :2]
            layer.over(tint * 0.72, 0.7 * layer.along(row, 0.012 * face.width) * inside)
            below = row + 0.022 * face.width * face.down[:2]
            layer.over(np.minimum(tint * 1.1, 255), 0.6 * layer.along(below, 0.02 * face.width) * inside)
        if seam:
            layer.over(tint * 0.75, 0.6 * layer.along(cloth[:, ACROSS // 2, :2], 0.014 * face.width) * inside)
        for edge in (cloth[1, :, :2], cloth[-2, :, :2]):
            layer.over(tint * 0.85, 0.5 * layer.along(edge, 0.012 * face.width) * inside)

    return drawn_on(figure, points, draw)


def lens(face, side, wide, high, square):
    """The outline of one glass: a superellipse, `square` from 2 (an ellipse) upwards."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    right, down = (np.sign(it) * np.abs(it) ** (2 / square) for it in (np.cos(turn), np.sin(turn)))
    # Narrower below, towards the nose; the outer edge is further back.
    right = right * (1 - 0.08 * (down > 0) * down)
    return face.at(side * 0.38 + wide * right, 0.05 + high * down, -0.16 + 0.1 * np.abs(0.38 + side * wide * right))


def glasses(figure, points, number, dark=False):
    """Rims of four kinds, with glass that reflects a window; `dark`: sunglasses."""
    rim, thick, wide, high, square = (
        ((30, 30, 34), 0.038, 0.29, 0.20, 3.2),
        ((120, 126, 134), 0.018, 0.27, 0.22, 2.4),
        ((40, 62, 104), 0.035, 0.28, 0.22, 2.2),
        ((70, 66, 62), 0.026, 0.28, 0.23, 2.6),
    )[number % 4]
    if dark:
        wide, high = wide * 1.1, high * 1.18
    ground = white(figure)
    rim = np.array(rim) * ground

    def draw(layer, face, alpha):
        hinge, ear = 0.38 + wide, 0.80
        for side in (-1, 1):
            temple = face.at([side * hinge, side * (hinge + 0.02), side * ear], [-0.05, -0.05, -0.02], [-0.1, 0, 0.85])
            layer.over(rim * 0.8, layer.along(temple, max(thick, 0.03) * 0.9 * face.width))
        layer.clip(alpha)
        outlines = [lens(face, side, wide, high, square) for side in (-1, 1)]
        for outline in outlines:
            fallen = layer.along(outline + 0.05 * face.width * face.down[:2], 0.05 * face.width, True)
            layer.over((15, 20, 35), 0.22 * layer.soften(fallen, 0.03 * face.width))
        for side, outline in zip((-1, 1), outlines, strict=True):
            inside = layer.inside(outline)
            if dark:
                rows = np.linspace(-1, 1, inside.shape[0], dtype=np.float32)[:, None, None]
                glass = np.array((34, 30, 32)) * ground * (1 + 0.5 * rows)
                layer.over(np.broadcast_to(glass, (*inside.shape, 3)), inside * (0.96 if number % 2 else 0.9))
            else:
                layer.over(np.array((235, 235, 228)) * ground, 0.05 * inside)
            across = side * 0.38 + np.array([-0.16, 0.02, -0.04, -0.2]) + 0.5 * face.right[2]
            window = layer.inside(face.at(across, 0.05 + np.array([-0.17, -0.17, 0.02, 0.02]), -0.16))
            window = layer.soften(window, 0.015 * face.width)
            layer.over(np.array((250, 246, 236)) * ground, (0.16 if dark else 0.22) * window * inside)
            layer.over(rim, layer.along(outline, thick * face.width, True))
            # Light on the upper edge of the rim.
            upper = outline[34:62] - 0.006 * face.width * face.down[:2]
            layer.over(np.minimum(rim + 60 * ground, 255), 0.5 * layer.along(upper, 0.3 * thick * face.width))
        bridge = face.at(np.array([-1, -0.5, 0.5, 1]) * (0.38 - wide), [0.0, -0.03, -0.03, 0.0], -0.18)
        layer.over(rim, layer.along(bridge, max(thick, 0.03) * face.width))

    return drawn_on(figure, points, draw)


def sunglasses(figure, points, number):
    """Glasses through which no eye shows."""
    return glasses(figure, points, number, dark=True)
