"""Meshes of triangles: read, bent and drawn, without anything but NumPy and OpenCV.

Axes are those of a picture: right, down and away from the camera.
"""

import cv2
import numpy as np


def read_obj(path):
    """Points, places in the texture, and for each triangle three of both."""
    points, places, faces = [], [], []
    for line in path.read_text(encoding="ascii").splitlines():
        kind, *values = line.split() or [""]
        if kind == "v":
            points.append([float(it) for it in values[:3]])
        elif kind == "vt":
            places.append([float(it) for it in values[:2]])
        elif kind == "f":
            faces.append([[int(part) - 1 for part in it.split("/")[:2]] for it in values])
    faces = np.array(faces)
    return np.array(points), np.array(places), faces[..., 0], faces[..., 1]


def normals(points, faces, middle):
    """Of each point, away from the middle."""
    first, second, third = (points[faces[:, it]] for it in range(3))
    of_faces = np.cross(second - first, third - first)
    sums = np.zeros_like(points)
    for corner in range(3):
        np.add.at(sums, faces[:, corner], of_faces)
    sums /= np.linalg.norm(sums, axis=1, keepdims=True) + 1e-9
    return sums * np.sign((sums * (points - middle)).sum())


def rotations(axis, parts):
    """A rotation matrix for each part of a turn."""
    angle = float(np.linalg.norm(axis))
    if angle < 1e-9:
        return np.broadcast_to(np.eye(3), (len(parts), 3, 3))
    x, y, z = axis / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angles = (angle * parts)[:, None, None]
    return np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)


def turned(matrices, points):
    return np.einsum("nij,nj->ni", matrices, points)


def sample(texture, places):
    """Its colours where u and v are in parts of it, v upwards."""
    across, down = places[..., 0] * texture.shape[1] - 0.5, (1 - places[..., 1]) * texture.shape[0] - 0.5
    return cv2.remap(texture, across, down, cv2.INTER_LINEAR).astype(np.float32)


def drawn(places, away, faces, values, shape):
    """A picture of this shape of values that each corner of each triangle has: 0 where there is none.

    `places`: of each point in the picture; `away`: how far it is.
    """
    triangles, second, third = raster(places, away, faces, shape)
    there = np.flatnonzero(triangles >= 0)
    second, third = second[there], third[there]
    picture = np.zeros((shape[0] * shape[1], values.shape[2]), np.float32)
    parts = np.column_stack([1 - second - third, second, third])
    picture[there] = np.einsum("nk,nkc->nc", parts, values[triangles[there]])
    return picture.reshape(*shape, -1)


def raster(places, away, faces, shape):
    """For each point of a picture of this shape: its triangle or -1, and the parts of its second and third corner."""
    height, width = shape
    nearest = np.full(height * width, np.inf)
    drawn = np.full(height * width, -1)
    second, third = np.zeros(height * width), np.zeros(height * width)
    corners = places[faces]
    low, high = np.floor(corners.min(axis=1)).astype(int), np.ceil(corners.max(axis=1)).astype(int)
    extent = (high - low).max(axis=1) + 1
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    is_inside = (high >= 0).all(axis=1) & (low < (width, height)).all(axis=1) & (np.abs(area) > 1e-9)
    least = 0
    for most in (4, 8, 16, 32, 64, 4096):
        chosen = np.flatnonzero(is_inside & (extent > least) & (extent <= most))
        least = most
        if not len(chosen):
            continue
        down, right = np.mgrid[: extent[chosen].max(), : extent[chosen].max()]
        x, y = low[chosen, 0, None, None] + right, low[chosen, 1, None, None] + down
        off_x, off_y = x - corners[chosen, 0, 0, None, None], y - corners[chosen, 0, 1, None, None]
        (a, b), (c, d), whole = (it[chosen].T[..., None, None] for it in (one, two, area))
        first_part, other_part = (off_x * d - off_y * c) / whole, (a * off_y - b * off_x) / whole
        covered = (first_part >= 0) & (other_part >= 0) & (first_part + other_part <= 1)
        covered &= (x >= 0) & (y >= 0) & (x < width) & (y < height)
        depth = away[faces[chosen]][:, :, None, None]
        depth = depth[:, 0] * (1 - first_part - other_part) + depth[:, 1] * first_part + depth[:, 2] * other_part
        at = np.nonzero(covered)
        # Farthest first: of several writes to one point the last one stays.
        order = np.argsort(-depth[at], kind="stable")
        point, depth = (y * width + x)[at][order], depth[at][order]
        nearer = depth < nearest[point]
        point, order = point[nearer], order[nearer]
        nearest[point] = depth[nearer]
        drawn[point] = chosen[at[0][order]]
        second[point], third[point] = first_part[at][order], other_part[at][order]
    return drawn, second, third
