"""Writes a network of standard ONNX operators as the blocks that InView computes.

    fuse.py STANDARD OUTPUT

The standard file runs in any ONNX runtime and is what the reference values are made with. In the
other one, convolutions that follow each other are one node, in the order of memory that InView
computes in (pixels of channels). The arithmetic is the same; only sums may be rounded in another
order. The operators, in the domain `inview`:

| operator | inputs | what it is |
|---|---|---|
| Stem | picture [1, 3, H, W] | a 3x3 convolution at every second pixel; from here on [1, H, W, C] |
| Block | x, and what is added at its end | 1x1 `expand`, 3x3 within channels `depthwise`, 1x1 `project`; any may be missing |
| Halve | x | the largest of each 2x2 pixels |
| DoubleAndAdd | x, y | y, and each pixel of x four times |
| Filter | x | a convolution within channels of any odd side |
| Mean | x | the mean over all pixels: [1, 1, 1, C] |
| Double | x | twice as large, interpolated linearly between the pixels' centres |
| Spread | x | four channels of a pixel become four pixels of one channel |

Weights are attributes: `expand_weights` [outputs, inputs], `depthwise_weights` [channels, 3, 3],
`filter_weights` [channels, side, side], `stem_weights` [outputs, 3, 3, 3], and so on, each with `_biases`
and `_activation` ("none", "relu", "relu6", "hard_swish"). `stride` is that of the convolution within
channels, `before` the zeros before its first pixel.
"""

import sys
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from onnx_graph import Graph

DOMAIN = "inview"
TO_PIXELS = [0, 2, 3, 1]


@dataclass
class Convolution:
    kind: str
    source: str
    result: str
    weights: np.ndarray
    biases: np.ndarray
    activation: str
    stride: int
    before: int

    def attributes(self, prefix):
        found = {
            prefix + "_weights": numpy_helper.from_array(self.weights),
            prefix + "_biases": numpy_helper.from_array(self.biases),
            prefix + "_activation": self.activation,
        }
        if self.kind != "pointwise":
            found["before"] = self.before
        if self.kind in ("depthwise", "filter"):
            found["stride"] = self.stride
        return found


@dataclass
class Block:
    """Convolutions in a row, by the name of their part."""

    parts: dict = field(default_factory=dict)
    added: str = ""
    result: str = ""

    def source(self):
        return next(iter(self.parts.values())).source


class Fuser:
    def __init__(self, model):
        self.graph = model.graph
        self.constants = {c.name: numpy_helper.to_array(c) for c in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Cast" and node.input[0] in self.constants:
                self.constants[node.output[0]] = self.constants[node.input[0]]
        self.readers = {}
        for node in self.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.results = {output.name for output in self.graph.output}
        self.done = set()
        self.written = Graph()

    def only_reader(self, name):
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.results else None

    def convolution(self, node):
        """A convolution and the activation behind it; nothing else if `node` is none."""
        if node is None or node.op_type != "Conv":
            return None, []
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        weights, biases = (self.constants[name] for name in node.input[1:])
        group, side = attributes["group"], weights.shape[2]
        if group == 1 and side == 1:
            kind, weights = "pointwise", weights[:, :, 0, 0]
        elif group == len(weights) and side == 3:
            kind, weights = "depthwise", weights[:, 0]
        elif group == len(weights) and side % 2 == 1:
            kind, weights = "filter", weights[:, 0]
        elif group == 1 and side == 3 and weights.shape[1] == 3:
            kind = "stem"
        else:
            raise SystemExit(f"{node.name}: no block has such a convolution")
        activation, nodes, result = "none", [node], node.output[0]
        after = self.only_reader(result)
        if after is not None and after.op_type in ("Relu", "Clip", "HardSwish"):
            limits = [self.constants[name].item() for name in after.input[1:]]
            activation = {(): "relu", (0.0, 6.0): "relu6"}[tuple(limits)]
            if after.op_type == "HardSwish":
                activation = "hard_swish"
            nodes, result = [node, after], after.output[0]
        stride, before = attributes["strides"][0], attributes["pads"][0]
        found = Convolution(kind, node.input[0], result, weights, biases, activation, stride, before)
        return found, nodes

    def block(self, node):
        """As much as fits into one block, beginning with `node`."""
        block, at = Block(), node
        order = [("expand", "pointwise"), ("depthwise", "depthwise"), ("project", "pointwise")]
        for part, kind in order:
            found, nodes = self.convolution(at)
            if found is None or found.kind != kind:
                continue
            following = self.only_reader(found.result)
            begins_next = part == "project" and self.convolution(following)[0]
            if begins_next and begins_next.kind == "depthwise" and block.parts:
                break
            block.parts[part] = found
            block.result = found.result
            self.done.update(map(id, nodes))
            at = following
            if at is None:
                break
        self.add(block)
        return block

    def add(self, block):
        """Takes in the sum behind a block, where its other summand is what came in."""
        after = self.only_reader(block.result)
        if after is None or after.op_type != "Add" or "project" not in block.parts:
            return
        others = [name for name in after.input if name != block.result]
        if others != [block.source()]:
            return
        block.added, block.result = others[0], after.output[0]
        self.done.add(id(after))

    def write(self, op, inputs, output, **attributes):
        self.written.node(op, inputs, output, domain=DOMAIN, **attributes)

    def write_spread(self, node):
        """Windows of 2x2 that do not overlap: a 1x1 convolution to four channels, which become pixels."""
        weights, biases = (self.constants[name] for name in node.input[1:])
        four = weights[:, 0].reshape(len(weights), 4).T
        found = Convolution(
            "pointwise", node.input[0], node.output[0] + "f", four, biases.repeat(4), "none", 1, 0
        )
        self.write("Block", [found.source], found.result, **found.attributes("project"))
        self.write("Spread", [found.result], node.output[0])

    def write_node(self, node):
        found, nodes = self.convolution(node)
        if found is not None and found.kind == "stem":
            self.done.update(map(id, nodes))
            self.write("Stem", [found.source], found.result, **found.attributes("stem"))
        elif found is not None and found.kind == "filter":
            self.done.update(map(id, nodes))
            self.write("Filter", [found.source], found.result, **found.attributes("filter"))
        elif found is not None:
            block = self.block(node)
            attributes = {}
            for part, convolution in block.parts.items():
                attributes |= convolution.attributes(part)
            inputs = [block.source()] + ([block.added] if block.added else [])
            self.write("Block", inputs, block.result, **attributes)
        elif node.op_type == "MaxPool":
            self.write("Halve", list(node.input), node.output[0])
        elif node.op_type == "GlobalAveragePool":
            self.write("Mean", list(node.input), node.output[0])
        elif node.op_type == "ConvTranspose":
            self.write_spread(node)
        elif node.op_type == "Resize" and b"linear" in [a.s for a in node.attribute]:
            self.write("Double", [node.input[0]], node.output[0])
        elif node.op_type == "Resize":
            total = self.only_reader(node.output[0])
            others = [name for name in total.input if name != node.output[0]]
            self.done.add(id(total))
            self.write("DoubleAndAdd", [node.input[0], *others], total.output[0])
        elif node.op_type == "Transpose":
            permutation = list(helper.get_attribute_value(node.attribute[0]))
            if permutation != TO_PIXELS:
                raise SystemExit(f"{node.name}: pixels lie side by side already")
            after = self.only_reader(node.output[0])
            after.input[list(after.input).index(node.output[0])] = node.input[0]
        elif not (node.op_type == "Cast" and node.input[0] in self.constants):
            for name in filter(self.constants.__contains__, node.input):
                values = self.constants[name]
                whole = np.issubdtype(values.dtype, np.integer)
                self.written.constant(name, values, values.dtype if whole else np.float32)
            self.written.nodes.append(node)

    def run(self):
        for node in self.graph.node:
            if id(node) not in self.done:
                self.write_node(node)
        return self.written


def described(values):
    """Names and shapes."""
    found = {}
    for value in values:
        dims = value.type.tensor_type.shape.dim
        found[value.name] = [dim.dim_param or dim.dim_value for dim in dims]
    return found


def main():
    standard, output = sys.argv[1:]
    model = onnx.load(standard)
    graph = model.graph
    fused = Fuser(model).run()
    versions = (model.opset_import[0].version, model.ir_version)
    sides = described(graph.input), described(graph.output)
    fused.save(output, graph.name, "inview", versions, *sides, domains=[(DOMAIN, 1)])


if __name__ == "__main__":
    main()
