"""Makes tests/golden/detector/*.json: what the detector must find, by other means.

The reference shares nothing with the Rust code: OpenCV decodes and scales the pictures, ONNX
Runtime runs the networks, numpy decodes their outputs.

    goldens.py REPOSITORY STANDARD [STILLS]

STANDARD is the folder in which `rebuild` left the networks in standard operators. STILLS is one of labelled pictures outside the repository; without it, stills.json stays as it
is. Only boxes and scores are stored, never a picture.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

FACE_SIDE, FACE_STEP = 320, 32
PERSON_SIDE = 300
SILHOUETTE = (256, 144)
# One value in so many of a silhouette is stored.
SILHOUETTE_STEP = 97
FACE_FLOOR, FACE_MAX_IOU = 0.3, 0.4
PERSON_FLOOR, PERSON_MAX_IOU = 0.2, 0.5
STRIDES = (8, 16, 32)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def overlap(box, others):
    """Intersection over union of one box with many."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return shared / (np.prod(box[2:] - box[:2]) + areas - shared)


def suppress(boxes, scores, max_iou):
    """Greedy non-maximum suppression; the indices kept, best first."""
    kept = []
    for candidate in np.argsort(-scores, kind="stable"):
        if not kept or overlap(boxes[candidate], boxes[kept]).max() <= max_iou:
            kept.append(candidate)
    return kept


def finds(boxes, scores, max_iou):
    return [
        {"score": round(float(scores[i]), 4), "box": [round(float(edge), 2) for edge in boxes[i]]}
        for i in suppress(boxes, scores, max_iou)
    ]


def content_size(width, height):
    longest = max(width, height)
    return tuple(max(1, int(side * FACE_SIDE / longest + 0.5)) for side in (width, height))


def shrunk(picture, size):
    return cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def face_tensor(picture):
    """Letterboxed B, G, R planes; dark pictures smoothed and raised. Returns the tensor and the content size."""
    width, height = content_size(picture.shape[1], picture.shape[0])
    small = shrunk(picture, (width, height))
    luma = small @ np.array([0.114, 0.587, 0.299], np.float32)
    bright = np.percentile(luma, 99)
    if bright < 120:
        weights = np.array([0.25, 0.5, 0.25])
        small = cv2.sepFilter2D(small, -1, weights, weights, borderType=cv2.BORDER_REPLICATE)
        small = np.minimum(small * min(230 / max(bright, 1), 16), 255)
    tensor = np.zeros((-(-height // FACE_STEP) * FACE_STEP, FACE_SIDE, 3), np.float32)
    tensor[:height, :width] = small
    return np.ascontiguousarray(tensor.transpose(2, 0, 1)[None]), (width, height)


def person_tensor(picture):
    side = (PERSON_SIDE, PERSON_SIDE)
    small = shrunk(picture, side)[:, :, ::-1]
    return np.ascontiguousarray(small.transpose(2, 0, 1)[None]) / 127.5 - 1


def silhouette_tensor(picture):
    small = shrunk(picture, SILHOUETTE)[:, :, ::-1]
    return np.ascontiguousarray(small.transpose(2, 0, 1)[None]) / 255


def decode_faces(outputs, content, picture):
    boxes, scores = [], []
    for stride, output in zip(STRIDES, outputs):
        cells = output[0].astype(np.float64)
        columns = FACE_SIDE // stride
        number = np.arange(len(cells))
        corner = np.stack([number % columns, number // columns], 1)
        centre = (corner + cells[:, 2:4]) * stride
        half = np.exp(cells[:, 4:6]) * stride / 2
        boxes.append(np.concatenate([centre - half, centre + half], 1))
        scores.append(np.sqrt(sigmoid(cells[:, 0]) * sigmoid(cells[:, 1])))
    boxes, scores = np.concatenate(boxes), np.concatenate(scores)
    keep = scores >= FACE_FLOOR
    ratio = np.array([picture.shape[1] / content[0], picture.shape[0] / content[1]] * 2)
    return finds(boxes[keep] * ratio, scores[keep], FACE_MAX_IOU)


def decode_people(outputs, picture):
    scores, edges = outputs[0][0][:, 0], outputs[1][0].astype(np.float64)
    keep = scores >= PERSON_FLOOR
    ratio = np.array([picture.shape[1], picture.shape[0]] * 2)
    return finds(edges[keep][:, [1, 0, 3, 2]] * ratio, scores[keep], PERSON_MAX_IOU)


class Reference:
    def __init__(self, models):
        self.face = session(models / "face_yunet.onnx")
        self.person = session(models / "person_ssdlite_mnv2_coco5_300.onnx")
        self.silhouettes = session(models / "person_selfie_144x256.onnx")

    def face_outputs(self, picture):
        tensor, content = face_tensor(picture)
        return self.face.run(None, {"input": tensor}), content

    def person_outputs(self, picture):
        return self.person.run(None, {"input": person_tensor(picture)})

    def silhouette(self, picture):
        (shares,) = self.silhouettes.run(None, {"input": silhouette_tensor(picture)})
        return {"step": SILHOUETTE_STEP, "shares": rounded(shares.ravel()[::SILHOUETTE_STEP])}

    def look(self, picture):
        outputs, content = self.face_outputs(picture)
        return {
            "faces": decode_faces(outputs, content, picture),
            "people": decode_people(self.person_outputs(picture), picture),
        }


def sparse_outputs(reference, picture):
    """The outputs of both networks where anything is; all else is silence."""
    levels, _ = reference.face_outputs(picture)
    cells = []
    for level, output in enumerate(levels):
        for number, cell in enumerate(output[0]):
            if sigmoid(cell[0]) * sigmoid(cell[1]) > 0.03**2:
                cells.append({"level": level, "at": number, "values": rounded(cell)})
    scores, boxes = reference.person_outputs(picture)
    anchors = [
        {"at": number, "scores": rounded(scores[0][number]), "box": rounded(boxes[0][number])}
        for number in np.flatnonzero(scores[0].max(1) > 0.05).tolist()
    ]
    return {"cells": cells, "anchors": anchors}


def rounded(values):
    return [round(float(value), 6) for value in values]


def synthetic_plane(width, height, seed):
    """Bytes that any language makes from this line."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return ((x * (3 + seed) + y * (5 + seed) + (x * y) // 16) % 256).astype(np.uint8)


def axis_matrix(source, target):
    """Rows of shares: the area of each target pixel, or linear interpolation where it grows."""
    matrix = np.zeros((target, source))
    for i in range(target):
        if target > source:
            place = min(max((i + 0.5) * source / target - 0.5, 0), source - 1)
            first = int(place)
            matrix[i, first] += 1 - (place - first)
            matrix[i, min(first + 1, source - 1)] += place - first
        else:
            edges = np.clip(np.arange(source + 1), i * source / target, (i + 1) * source / target)
            matrix[i] = np.diff(edges) * target / source
    return matrix


def scaled(plane, width, height):
    rows, columns = axis_matrix(plane.shape[0], height), axis_matrix(plane.shape[1], width)
    result = rows @ plane.astype(np.float64) @ columns.T
    if width <= plane.shape[1] and height <= plane.shape[0]:
        other = cv2.resize(plane.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        assert np.abs(result - other).max() < 0.01, "OpenCV's INTER_AREA disagrees"
    return result


def synthetic_rgb(kind, width, height, target):
    """A synthetic frame of this kind, scaled to `target`: R, G, B planes."""
    if kind == "rgb8":
        return [scaled(synthetic_plane(width, height, seed), *target) for seed in range(3)]
    if kind == "gray8":
        return [scaled(synthetic_plane(width, height, 0), *target)] * 3
    half = (-(-width // 2), -(-height // 2))
    y = scaled(synthetic_plane(width, height, 0), *target)
    u, v = (scaled(synthetic_plane(*half, seed), *target) - 128 for seed in (1, 2))
    if kind == "i420_limited":
        y, u, v = (y - 16) * 255 / 219, u * 255 / 224, v * 255 / 224
    # BT.601 from its definition: Kr = 0.299, Kb = 0.114.
    red, blue = y + 2 * (1 - 0.299) * v, y + 2 * (1 - 0.114) * u
    green = (y - 0.299 * (y + 2 * (1 - 0.299) * v) - 0.114 * (y + 2 * (1 - 0.114) * u)) / 0.587
    return [np.clip(plane, 0, 255) for plane in (red, green, blue)]


def sampled(planes):
    """Every 997th value of each plane."""
    return [[round(float(value), 4) for value in plane.ravel()[::997]] for plane in planes]


def tensor_case(kind, width, height):
    content = content_size(width, height)
    rows = -(-content[1] // FACE_STEP) * FACE_STEP
    face = np.zeros((3, rows, FACE_SIDE))
    rgb = synthetic_rgb(kind, width, height, content)
    face[:, : content[1], : content[0]] = rgb[::-1]
    person = synthetic_rgb(kind, width, height, (PERSON_SIDE, PERSON_SIDE))
    return {
        "format": kind,
        "width": width,
        "height": height,
        "face_height": rows,
        "face": sampled(face),
        "person": sampled(np.array(person) / 127.5 - 1),
    }


def write(path, value):
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value[key])}" for key in value)
    path.write_text("{\n" + lines + "\n}\n")
    print(path, path.stat().st_size, "bytes")


def main():
    repository = Path(sys.argv[1])
    golden = repository / "tests/golden/detector"
    reference = Reference(Path(sys.argv[2]))

    shipped = {}
    for path in sorted((repository / "assets/stills").glob("*.jpg")):
        picture = cv2.imread(str(path))
        shipped[path.name] = reference.look(picture)
        write(golden / f"{path.stem}.outputs.json", sparse_outputs(reference, picture))
        write(golden / f"{path.stem}.silhouette.json", reference.silhouette(picture))
    write(golden / "shipped.json", shipped)

    cases = [
        ("i420_limited", 640, 480),
        ("i420_full", 401, 301),
        ("i420_limited", 360, 640),
        ("rgb8", 641, 479),
        ("gray8", 1280, 320),
        ("rgb8", 200, 150),
    ]
    write(golden / "tensors.json", {"cases": [tensor_case(*case) for case in cases]})

    if len(sys.argv) > 3:
        stills = Path(sys.argv[3])
        labels = json.loads((stills / "labels.json").read_text())
        found = {}
        for item in labels["items"]:
            picture = cv2.imread(str(stills / item["file"]))
            found[item["file"]] = {"sha256": item["sha256"], **reference.look(picture)}
        write(golden / "stills.json", found)


if __name__ == "__main__":
    main()
