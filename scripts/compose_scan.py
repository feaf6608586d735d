"""A head that was scanned: the man of the package menpo3d, closed behind, and drawn from any side.

His scan ends behind the ears. What is missing of the skull is between an ellipsoid and where the scan ends, and has
the hair of his temple. Lengths are in mm, axes as in a picture: right, down and away from the camera.
"""

import json
from dataclasses import dataclass

import compose_landmarks as landmarks
import compose_mesh
import cv2
import numpy as np

# Corners of the eyes, and chin, in the landmarks that come with the scan.
EYES, CHIN = np.s_[17:29], 8
# Points are so many times finer in each direction while triangles are drawn, where fewer than these are a mm.
FINER, COARSE = 2, 1.0
# By eye and ear he looks so many degrees down, and so many less than the network that finds faces takes it.
LOOKS_DOWN, TILT = 7.0, 8.0
# The texture has so many points for a mm of the face.
TEXTURE_PER_MM = 4.0
# Below the chin: the neck fades into the neck of whoever gets the head.
FADE = (18.0, 48.0)
# Behind and below the middle of the eyes: where a skull sits on its neck, and where a neck bends.
ATLAS, BEND = (0.0, 38.0, 82.0), (0.0, 135.0, 105.0)
# The part of a turn that the lower of the two takes.
LOWER = 0.35
# Half axes of the skull with hair, and its middle: right, down, away. Half axes of a neck; how far away its middle is.
SKULL, SKULL_AT = (82.0, 108.0, 98.0), (0.0, -26.0, 80.0)
NECK, NECK_AT = (58.0, 58.0), 88.0
# Rings of triangles at its edge that are no good, so far behind the eyes and no further down; within so much its hair
# goes over into that of the back.
RAGGED, BEHIND, NAPE, SEAM = 2, 25.0, 104.0, 25.0
# A shirt is so blue, of 255, and goes so far beyond.
SHIRT, HEM = 140, 16.0
# Degrees of a mesh that closes the back; and hair of his, in parts of the texture: left, top, right, bottom.
STEP, HAIR, HAIR_MM = 4.0, (0.15, 0.135, 0.22, 0.19), (42.0, 22.0)


@dataclass
class View:
    """A head in a part of the frame."""

    # Left and upper edge of the part.
    at: tuple
    # The texture, and the part of each point that is the head, fading at the neck.
    colour: np.ndarray
    alpha: np.ndarray
    # Which way the surface looks: right, down, away.
    normals: np.ndarray

    def of(self, picture):
        """The same part of something as large as the frame."""
        (left, top), (high, wide) = self.at, self.alpha.shape
        return picture[top : top + high, left : left + wide]


class Scan:
    """The mesh with its texture, in mm about the middle between the eyes."""

    def __init__(self, folder):
        points, uv, faces, uv_faces = compose_mesh.read_obj(folder / "james.obj")
        marks = json.loads((folder / "james.ljson").read_text())["groups"]["LJSON"]["landmarks"]["points"]
        marks = np.array(marks) * (1, -1, -1)
        eyes = marks[EYES]
        corners = eyes[[eyes[:, 0].argmin(), eyes[:, 0].argmax()]]
        points = points * (1, -1, -1) - corners.mean(axis=0)
        self.width = float(np.linalg.norm(corners[1] - corners[0]))
        self.chin = float(marks[CHIN, 1] - corners[:, 1].mean())
        photo = cv2.imread(str(folder / "james.jpg"))
        self.textures = {1.0: photo}
        is_kept = trimmed(points, faces)
        faces, uv_faces = faces[is_kept], uv_faces[is_kept]
        shirt = of_the_shirt(photo, uv, faces, uv_faces, points, self.chin)
        back, back_faces = closed(points[np.unique(faces)])
        self.faces = np.concatenate([faces, back_faces + len(points)])
        self.points = np.concatenate([points, back])
        # The back has no texture of its own, and the scan goes over into it.
        self.own = np.concatenate([uv[uv_faces], np.zeros((len(back_faces), 3, 2))])
        self.hair = hair(self.points)
        self.is_scan = np.concatenate([inwards(points, faces), np.zeros(len(back))])
        self.normals = compose_mesh.normals(self.points, self.faces, np.array(SKULL_AT))
        self.fade = np.clip((self.chin + FADE[1] - self.points[:, 1]) / (FADE[1] - FADE[0]), 0, 1)
        self.fade[: len(shirt)][shirt] = 0
        self.head, self.neck = weights(self.points, self.chin)

    def posed(self, turn):
        """Points and normals with the head turned by a matrix about its neck, which follows."""
        axis = cv2.Rodrigues(turn)[0].ravel()
        lower, upper = (
            compose_mesh.rotations(axis, LOWER * self.neck),
            compose_mesh.rotations(axis, (1 - LOWER) * self.head),
        )
        atlas, bend = np.array(ATLAS), np.array(BEND)
        points = compose_mesh.turned(upper, self.points - atlas) + atlas
        points = compose_mesh.turned(lower, points - bend) + bend
        return points, compose_mesh.turned(lower, compose_mesh.turned(upper, self.normals))

    def eyes(self, turn):
        """Where the middle between the eyes is then."""
        axis = cv2.Rodrigues(turn)[0].ravel()
        atlas, bend = np.array(ATLAS), np.array(BEND)
        eyes = cv2.Rodrigues((1 - LOWER) * axis)[0] @ -atlas + atlas
        return cv2.Rodrigues(LOWER * axis)[0] @ (eyes - bend) + bend

    def view(self, turn, at, scale, distance, size):
        """Drawn with the place where the eyes are when nothing is turned at `at`, `scale` points to the mm there.

        `distance`: of the camera in mm, which makes what is nearer larger.
        """
        points, facing = self.posed(turn)
        nearer = distance / (distance + points[:, 2:])
        places = np.asarray(at) + scale * points[:, :2] * nearer
        low = np.clip(np.floor(places.min(axis=0)).astype(int) - 2, 0, np.array(size) - 1)
        high = np.clip(np.ceil(places.max(axis=0)).astype(int) + 3, low + 1, size)
        finer = FINER if scale < COARSE else 1
        wide, tall = (int(it) for it in high - low)
        of_points = np.column_stack([self.hair, self.is_scan, facing, self.fade])[self.faces]
        values = np.concatenate([self.own, of_points], axis=2)
        places = (places - low) * finer + (finer - 1) / 2
        maps = compose_mesh.drawn(places, points[:, 2], self.faces, values, (tall * finer, wide * finer))
        own, of_hair, is_scan, facing, alpha = np.split(maps, (2, 4, 5, 8), axis=2)
        texture = self.texture(scale * finer)
        colour = compose_mesh.sample(texture, own) * is_scan + compose_mesh.sample(texture, of_hair) * (1 - is_scan)
        alpha, colour, facing = (
            cv2.resize(it, (wide, tall), interpolation=cv2.INTER_AREA) for it in (alpha, colour * alpha, facing * alpha)
        )
        part = alpha[..., None] + 1e-6
        return View(tuple(int(it) for it in low), colour / part, alpha, facing / part)

    def texture(self, scale):
        """As coarse as the picture is."""
        size = min(1.0, 2.0 ** np.ceil(np.log2(1.2 * scale / TEXTURE_PER_MM)))
        if size not in self.textures:
            self.textures[size] = cv2.resize(self.textures[1.0], None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        return self.textures[size]

    def rest(self, network):
        """The axes right, down and back of the face of the scan as it is, as they are found on people."""
        size = (480, 600)
        view = self.view(np.eye(3), (240, 260), 1.6, 900.0, size)
        frame = np.full((size[1], size[0], 3), 110, np.uint8)
        view.of(frame)[:] = view.colour * view.alpha[..., None] + 110 * (1 - view.alpha[..., None])
        net = cv2.dnn.readNetFromTFLite(str(network))
        points, score = landmarks.followed(net, frame, (240, 300, 380, 0.0))
        if score < landmarks.SURE:
            raise landmarks.NoFace("no face is found on the scan")
        return degrees(down=-TILT) @ axes(landmarks.Face(points))


def degrees(right=0.0, down=0.0):
    """The turn of a head that looks so far to the right in the picture, and down."""
    across, along = (cv2.Rodrigues(np.radians(it))[0] for it in ((0, -right, 0), (down, 0, 0)))
    return across @ along


def pitch(turn):
    """How many degrees below the camera the scan's face looks, turned like that."""
    down = np.radians(LOOKS_DOWN)
    return float(np.degrees(np.arcsin((turn @ np.array([0, np.sin(down), -np.cos(down)]))[1])))


def axes(face):
    """Right, down and back of a face, as the columns of a rotation."""
    return np.column_stack([face.right, face.down, face.back])


def edge_of(points, faces):
    """Which points are at the edge of the mesh behind the face."""
    edges = np.sort(np.concatenate([faces[:, it] for it in ([0, 1], [1, 2], [2, 0])]), axis=1)
    edges, counts = np.unique(edges, axis=0, return_counts=True)
    edge = np.zeros(len(points), bool)
    edge[edges[counts == 1]] = True
    return edge & (points[:, 2] > BEHIND) & (points[:, 1] < NAPE)


def inwards(points, faces):
    """0 at the edge behind, 1 from some way inwards on."""
    edge = points[edge_of(points, faces)]
    return np.clip(np.linalg.norm(points[:, None] - edge[None], axis=2).min(axis=1) / SEAM, 0, 1)


def trimmed(points, faces):
    """Which triangles are not at the ragged edge of the scan behind the temples."""
    is_kept = np.ones(len(faces), bool)
    for _ in range(RAGGED):
        is_kept &= ~edge_of(points, faces[is_kept])[faces].any(axis=1)
    return is_kept


def of_the_shirt(photo, places, faces, uv_faces, points, chin):
    """Which points are, or are beside, what is white below the chin, or wider than a neck."""
    high, wide = photo.shape[:2]
    blue = np.zeros(len(points))
    at = places[uv_faces.ravel()] * (wide - 1, 1 - high) + (0, high - 1)
    at = np.clip(at, 0, (wide - 1, high - 1)).astype(int)
    np.maximum.at(blue, faces.ravel(), cv2.GaussianBlur(photo, (0, 0), 4)[at[:, 1], at[:, 0], 0])
    below = points[:, 1] > chin
    is_shirt = below & (blue > SHIRT)
    near = np.linalg.norm(points[:, None] - points[None, is_shirt], axis=2).min(axis=1) < HEM
    return (near & below) | ((points[:, 1] > NAPE) & (np.abs(points[:, 0]) > NECK[0] + 6))


def weights(points, chin):
    """How far each point goes with the head, and with the neck below it: 0 to 1.

    The head ends at a plane from below the chin up to the nape.
    """

    def smooth(part):
        part = np.clip(part, 0, 1)
        return part * part * (3 - 2 * part)

    plane = chin + 16 - 0.55 * np.maximum(points[:, 2] + 20, 0)
    head = smooth((plane + 42 - points[:, 1]) / 42)
    return head, smooth((chin + 75 - points[:, 1]) / 75)


def scanned(points, rows, columns):
    """How far the scan reaches: rows from 60 degrees below upwards, columns from the face to the right."""
    radius = np.linalg.norm(points, axis=1)
    row = np.rint((np.degrees(np.arcsin(-points[:, 1] / radius)) + 60) / (STEP / 2)).astype(int)
    column = np.rint(np.degrees(np.arctan2(points[:, 0], -points[:, 2])) / STEP).astype(int) % columns
    known = np.full((rows, columns), np.nan)
    inside = (row >= 0) & (row < rows)
    np.fmax.at(known, (row[inside], column[inside]), radius[inside])
    return known


def closed(points):
    """Points and triangles of what the scan has not: the back of the head and of the neck."""
    up, right = np.radians(np.arange(-60, 90.1, STEP / 2))[:, None], np.radians(np.arange(0, 360, STEP))
    rows, columns = len(up), len(right)
    directions = np.stack(
        np.broadcast_arrays(np.cos(up) * np.sin(right), -np.sin(up), -np.cos(up) * np.cos(right)), axis=-1
    )
    expected, known = skull(directions), scanned(points - np.array(SKULL_AT), rows, columns)
    is_known = ~np.isnan(known)
    far = expected + spread(np.where(is_known, known - expected, 0), is_known)
    # Holes of a cell or two within the scan belong to it. The back begins under the scan: nothing shines through.
    is_known |= cv2.morphologyEx(is_known.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8)) > 0
    edge = cv2.dilate((~is_known).astype(np.uint8), np.ones((5, 3), np.uint8)) > 0
    far -= np.where(is_known, 3.0, 0.0)
    surface = directions * far[..., None] + np.array(SKULL_AT)
    index = np.arange(rows * columns).reshape(rows, columns)
    faces = []
    for at in range(rows - 1):
        for along in range(columns):
            beside = (along + 1) % columns
            if edge[at : at + 2, [along, beside]].all():
                corners = index[at, along], index[at, beside], index[at + 1, beside], index[at + 1, along]
                faces += [(corners[0], corners[1], corners[2]), (corners[0], corners[2], corners[3])]
    return surface.reshape(-1, 3), np.array(faces)


def hair(points):
    """Places in the texture's hair for any points: to and fro over its patch."""
    (left, top, right, bottom), (wide, high) = HAIR, HAIR_MM
    along = np.column_stack([(points[:, 2] - 0.7 * points[:, 1]) / wide, (points[:, 0] + 0.4 * points[:, 1]) / high])
    fold = np.abs(along % 2 - 1)
    return np.column_stack([left + (right - left) * fold[:, 0], 1 - bottom + (bottom - top) * fold[:, 1]])


def skull(directions):
    """How far a skull or, below it, a neck reaches in each direction from the skull's middle."""
    of_skull = 1 / np.linalg.norm(directions / np.array(SKULL), axis=-1)
    behind = NECK_AT - SKULL_AT[2]
    across, away = directions[..., 0] / NECK[0], directions[..., 2] / NECK[1]
    a = across**2 + away**2 + 1e-9
    b = -away * behind / NECK[1]
    of_neck = (-b + np.sqrt(np.maximum(b * b - a * ((behind / NECK[1]) ** 2 - 1), 0))) / a
    below = np.clip(directions[..., 1] * of_skull / 60, 0, 1)
    return np.maximum(of_skull, np.where(below > 0.5, np.minimum(of_neck, 170), 0))


def spread(values, known, rounds=600):
    """What is known, and between it what is smoothest."""
    filled = np.where(known, values, 0)
    for _ in range(rounds):
        padded = np.pad(filled, ((1, 1), (0, 0)), mode="edge")
        mean = (padded[:-2] + padded[2:] + np.roll(filled, 1, axis=1) + np.roll(filled, -1, axis=1)) / 4
        filled = np.where(known, values, mean)
    return filled
