"""Skin that is darker than it was filmed: a rendering, and nobody's skin.

Where skin is, is told by its colour, which is learned from cheeks, forehead and throat of each frame. What the skin
throws back is taken down in linear light, as much as the tone asks for beside something white in the same room; of
what shines on it a part is left, for skin of all tones is as glossy. Hair, eyes, clothes and the room stay. What
such a rendering does not have: how light falls into darker skin, how its highlights stand out, and how a camera
would have set its exposure for it.
"""

import dataclasses

import compose_drawn
import compose_landmarks as landmarks
import cv2
import numpy as np

# Tone 8 of the Monk scale, in blue, green, red, and that hue as dark as tone 9; what any skin's surface throws back.
TONE, DEPTHS = (0x34, 0x41, 0x60), (1.0, 0.55)
SURFACE = 0.012
# Which part of what shines on the skin is kept. Darker than this nothing becomes: hair and brows stay as they are.
GLOSS, FLOOR = 0.4, 0.01
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
# Patches of plain skin: both cheeks, the forehead.
PLAIN = ((50, 101, 36, 205), (280, 330, 266, 425), (108, 151, 337, 9))
# Where the throat is, below the chin: right and down, in widths of the face; so near is its colour to a cheek's.
THROAT, ALIKE = ((-0.2, 1.75), (0.2, 1.75), (0.2, 1.95), (-0.2, 1.95)), 22
# Distances from the colours of the skin, in their spread: certainly skin, certainly something else.
NEAR, FAR = 2.5, 4.5


def linear(levels):
    """Light, 0 to 1, of levels, 0 to 255."""
    return (np.asarray(levels, np.float32) / 255) ** 2.2


def filled(shape, outlines):
    inside = np.zeros(shape, np.uint8)
    for outline in outlines:
        cv2.fillPoly(inside, [np.rint(np.asarray(outline) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return inside.astype(np.float32) / 255


def part_of_skin(frame, alpha, points):
    """Of each point of the frame the part that is skin, 0 to 1; and the middle colour of cheeks and forehead."""
    lab = cv2.cvtColor(cv2.GaussianBlur(frame, (0, 0), 1.2).astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    outlines = [cv2.convexHull(points[list(it), :2].astype(np.float32))[:, 0] for it in PLAIN]
    plain = filled(alpha.shape, outlines) > 0.5
    middle = np.median(lab[plain], axis=0)
    face = landmarks.Face(points)
    throat = (filled(alpha.shape, [[face.at(*it, 0) for it in THROAT]]) > 0.5) & (alpha > 0.9)
    colours = [middle]
    if throat.any() and np.abs(np.median(lab[throat], axis=0) - middle)[1:].max() < ALIKE:
        colours.append(np.median(lab[throat], axis=0))
    likely = np.zeros_like(alpha)
    for colour in colours:
        # Skin in the shade is darker by far more than it is of another colour.
        far = np.linalg.norm((lab - colour) / (0.3 * colour[0], 5, 5), axis=2)
        likely = np.maximum(likely, np.clip((FAR - far) / (FAR - NEAR), 0, 1))
    likely *= np.clip((lab[..., 0] / middle[0] - 0.4) / 0.2, 0, 1)
    # At the outline the room shines through: that goes with what is beside it, be it skin or hair.
    edge = np.ones((7, 7), np.uint8)
    likely = cv2.dilate(likely * (cv2.erode(alpha, edge) > 0.9), edge)
    part = np.maximum(likely, filled(alpha.shape, [points[list(landmarks.OVAL), :2]])) * (alpha > 0.02)
    part = cv2.GaussianBlur(cv2.morphologyEx(part, cv2.MORPH_OPEN, edge), (0, 0), 0.015 * face.width + 0.6)
    part *= 1 - filled(alpha.shape, [opening(points[list(it), :2]) for it in EYES])
    return part, np.median(frame[plain].astype(np.float32), axis=0)


def opening(eye):
    """The outline of an eye without its lids."""
    return eye.mean(axis=0) + (eye - eye.mean(axis=0)) * (0.9, 0.6)


def coarse(picture, wide):
    """Blurred by many points, in a smaller picture."""
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), wide / 4), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def dark_skin(figure, points, number):
    """As dark as tone 8 or 9 of the Monk scale, in the light of the recording."""
    wanted = (linear(TONE) * DEPTHS[number % 2] + SURFACE) * linear(255 * compose_drawn.white(figure))
    frames = zip(figure.frames, figure.alphas, points, strict=True)
    parts, middles = zip(*(part_of_skin(*it) for it in frames), strict=True)
    # One curve for all frames: the camera's exposure is that of the recording.
    middle = linear(np.median(middles, axis=0))
    ratio = float(min(wanted.mean() / middle.mean(), 1))
    wide = 0.2 * np.median([landmarks.Face(it).width for it in points])
    persons = []
    for person, alpha, part in zip(figure.persons, figure.alphas, parts, strict=True):
        light = linear(person / np.maximum(alpha, 0.05)[..., None])
        around = coarse(light * part[..., None], wide) / (coarse(part, wide)[..., None] + 1e-4)
        shine = np.maximum(light - 1.15 * around, 0).min(axis=2, keepdims=True)
        level = light.mean(axis=2, keepdims=True) + 1e-6
        kept = np.hypot(level * ratio, np.minimum(level, FLOOR)) / (level * ratio)
        # Half of the hue of each point: where a channel of the camera was full, it is not that of the skin.
        dark = wanted * kept * (level / middle.mean() + light / middle) / 2 + GLOSS * shine
        mixed = light * (1 - part[..., None]) + np.minimum(dark, light) * part[..., None]
        persons.append((255 * np.clip(mixed, 0, 1) ** (1 / 2.2) * alpha[..., None]).astype(np.float32))
    return dataclasses.replace(figure, persons=persons)
