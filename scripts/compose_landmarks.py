"""Where eyes, nose and chin are on somebody who was cut out, frame by frame: where things are drawn onto a face.

The network is MediaPipe's face mesh, which takes part in nothing else here. It is pointed at the head that the
outline shows, and from then on at where the face was: no detector of faces is asked.
"""

import cv2
import numpy as np

# The network looks at a square of so many points, half as large again as the face.
SIDE, AROUND = 192, 1.5
# Frames within which points are smoothed, as the sigma of a Gaussian; looks at a frame, each from where the last led.
SMOOTH, LOOKS = 1.0, 3
# A score is a logit; below this there is no face, and its points are taken from the frames beside it.
SURE = 0.0
# Corners of the eyes, outer ones; middle of the forehead's edge, between the lips, chin.
RIGHT_EYE, LEFT_EYE, FOREHEAD, MOUTH, CHIN = 33, 263, 10, 13, 152
# All around the face, from the forehead over the person's left.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


class Face:
    """One frame's face: where its points are, which way it looks, and how wide it is from eye to eye, about 90 mm."""

    def __init__(self, points):
        self.points = points
        right = points[LEFT_EYE] - points[RIGHT_EYE]
        self.width = float(np.linalg.norm(right))
        self.right = right / self.width
        down = points[CHIN] - points[FOREHEAD]
        down -= self.right * (down @ self.right)
        self.down = down / np.linalg.norm(down)
        self.back = np.cross(self.right, self.down)
        self.middle = (points[LEFT_EYE] + points[RIGHT_EYE]) / 2

    def at(self, right, down, back):
        """Points of the frame for places about the middle between the eyes."""
        right, down, back = np.broadcast_arrays(right, down, back)
        axes = np.array([self.right, self.down, self.back]) * self.width
        return (self.middle + np.stack([right, down, back], axis=-1) @ axes)[..., :2]


class NoFace(Exception):
    """Nothing can be drawn onto a face that is not found."""


def read(figure, network):
    """Frames x 468 x 3: right, down and away from the camera, in points of the figure's frames.

    `network` is the path of `face_landmark.tflite`. [`NoFace`] when it is found in less than nine frames of ten.
    """
    net = cv2.dnn.readNetFromTFLite(str(network))
    found, sure, square = [], [], None
    for frame, (top, middle, height) in zip(figure.frames, figure.heads, strict=True):
        head = (middle, top + 0.55 * height, 1.2 * height, 0.0)
        points, score = max((followed(net, frame, it) for it in (square, head) if it), key=lambda it: it[1])
        square = around(points) if score > SURE else None
        found.append(points)
        sure.append(score > SURE)
    sure = np.array(sure)
    if sure.mean() < 0.9:
        raise NoFace(f"a face is found in {sure.mean():.0%} of the frames")
    return smoothed(np.array(found), sure)


def followed(net, frame, square):
    """The 468 points that the last of a few looks finds, each where the one before led, and how sure it is of them."""
    for _ in range(LOOKS):
        points = look(net, frame, square)
        square = around(points)
    return points, float(net.forward("conv2d_31").ravel()[0])


def look(net, frame, square):
    """The 468 points in a square: middle, side, angle in radians."""
    x, y, side, angle = square
    scale = side / SIDE
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    back = np.column_stack([turn, np.array([x, y]) - turn @ (SIDE / 2, SIDE / 2)])
    patch = cv2.warpAffine(frame, back, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    net.setInput(cv2.dnn.blobFromImage(patch, 1 / 255, swapRB=True))
    points = net.forward("conv2d_21").reshape(-1, 3)
    return np.column_stack([points[:, :2] @ turn.T + back[:, 2], points[:, 2] * scale])


def around(points):
    """The square in which to look next."""
    right, down = points[LEFT_EYE, :2] - points[RIGHT_EYE, :2]
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return *((low + high) / 2), AROUND * (high - low).max(), float(np.arctan2(down, right))


def smoothed(points, sure):
    """Frames without a face between their neighbours, and all without the tremor of the network."""
    frames = np.arange(len(points))
    flat = points.reshape(len(points), -1)
    flat = np.column_stack([np.interp(frames, frames[sure], column[sure]) for column in flat.T])
    wide = int(3 * SMOOTH)
    weights = np.exp(-0.5 * (np.arange(-wide, wide + 1) / SMOOTH) ** 2)
    padded = np.pad(flat, ((wide, wide), (0, 0)), mode="reflect", reflect_type="odd")
    smooth = sum(it * padded[at : at + len(flat)] for at, it in enumerate(weights / weights.sum()))
    return smooth.reshape(points.shape)
