"""Makes the standard form of person_selfie_144x256.onnx from the npm package `@mediapipe/selfie_segmentation`.

    selfie.py PACKAGE OUTPUT

The package holds the network as a TensorFlow Lite file, whose weights are of half precision; so are
those of the result. The input becomes planes (R, G, B, 0 to 1); nothing else changes. The last
convolution, which is an operator of MediaPipe's own, is ONNX's ConvTranspose.
"""

import io
import struct
import sys
import tarfile

import numpy as np
import tflite

from onnx_graph import Graph, checked

PACKAGE_SHA256 = "7767b33eaa68990ee06c28bbb89f39a13a47ebb07ff0f1fd4947d9e817bb9bf9"
NETWORK = "package/selfie_segmentation_landscape.tflite"

HEIGHT, WIDTH = 144, 256
# Smaller arrays stay single: the cast in front of them is longer than what it saves.
HALF_FROM = 64

OPERATORS = {
    number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)
}


def load_package(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return tflite.Model.GetRootAsModel(archive.extractfile(NETWORK).read(), 0)


def padding(side, kernel, stride):
    """"SAME" of TensorFlow: the odd pixel of padding goes to the right and below."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


class Converter:
    def __init__(self, model):
        self.model, self.source = model, model.Subgraphs(0)
        self.graph = Graph()
        self.casts = Graph()
        self.shapes, self.constants = [], {}
        for number in range(self.source.TensorsLength()):
            tensor = self.source.Tensors(number)
            shape = tuple(map(int, tensor.ShapeAsNumpy())) if tensor.ShapeLength() else ()
            self.shapes.append(shape)
            buffer = model.Buffers(tensor.Buffer())
            if buffer.DataLength():
                kind = {0: "<f4", 1: "<f2", 2: "<i4"}[tensor.Type()]
                values = np.frombuffer(buffer.DataAsNumpy().tobytes(), kind)
                self.constants[number] = values.reshape(shape)
        (entry,) = self.source.InputsAsNumpy()
        self.names = {int(entry): "input"}

    def name(self, number):
        return self.names[int(number)]

    def weights(self, name, values):
        if values.size < HALF_FROM or values.dtype != np.float16:
            return self.graph.constant(name, values, np.float32)
        stored = self.graph.constant(name + "_h", values, np.float16)
        return self.casts.node("Cast", [stored], name, to=1)

    def run(self):
        for number in range(self.source.OperatorsLength()):
            operator = self.source.Operators(number)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            kind = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            inputs = list(map(int, operator.InputsAsNumpy()))
            (output,) = map(int, operator.OutputsAsNumpy())
            if kind == "DEQUANTIZE":
                self.constants[output] = self.constants[inputs[0]]
                continue
            self.names[output] = f"t{number}"
            getattr(self, "write_" + kind.lower())(operator, inputs, self.names[output])
        (last,) = self.source.OutputsAsNumpy()
        self.graph.node("Identity", [self.name(last)], "silhouette")
        self.graph.nodes[:0] = self.casts.nodes
        return self.graph

    def options(self, operator, kind):
        options, table = kind(), operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def activated(self, options, made, output):
        """What a TensorFlow Lite operator does at its end."""
        kind = options.FusedActivationFunction()
        if kind == tflite.ActivationFunctionType.NONE:
            return
        assert kind == tflite.ActivationFunctionType.RELU, kind
        self.graph.nodes[-1].output[0] = made + "a"
        self.graph.node("Relu", [made + "a"], output)

    def convolution(self, operator, inputs, output, weights, group, kind):
        options = self.options(operator, kind)
        _, height, width, _ = self.shapes[inputs[0]]
        kernel, stride = weights.shape[2:], (options.StrideH(), options.StrideW())
        above, below = padding(height, kernel[0], stride[0])
        left, right = padding(width, kernel[1], stride[1])
        assert (options.DilationHFactor(), options.DilationWFactor()) == (1, 1)
        if options.Padding() == tflite.Padding.VALID:
            assert kernel == (1, 1)
        self.graph.node(
            "Conv",
            [
                self.name(inputs[0]),
                self.weights(output + ".w", weights),
                self.weights(output + ".b", self.constants[inputs[2]]),
            ],
            output,
            kernel_shape=list(kernel),
            strides=list(stride),
            pads=[above, left, below, right],
            group=group,
        )
        self.activated(options, output, output)

    def write_conv_2d(self, operator, inputs, output):
        weights = self.constants[inputs[1]].transpose(0, 3, 1, 2)
        self.convolution(operator, inputs, output, weights, 1, tflite.Conv2DOptions)

    def write_depthwise_conv_2d(self, operator, inputs, output):
        weights = self.constants[inputs[1]][0].transpose(2, 0, 1)[:, None]
        kind = tflite.DepthwiseConv2DOptions
        self.convolution(operator, inputs, output, weights, len(weights), kind)

    def write_add(self, operator, inputs, output):
        self.graph.node("Add", list(map(self.name, inputs)), output)
        self.activated(self.options(operator, tflite.AddOptions), output, output)

    def write_mul(self, operator, inputs, output):
        self.graph.node("Mul", list(map(self.name, inputs)), output)
        self.activated(self.options(operator, tflite.MulOptions), output, output)

    def write_relu(self, _, inputs, output):
        self.graph.node("Relu", [self.name(inputs[0])], output)

    def write_hard_swish(self, _, inputs, output):
        self.graph.node("HardSwish", [self.name(inputs[0])], output)

    def write_logistic(self, _, inputs, output):
        self.graph.node("Sigmoid", [self.name(inputs[0])], output)

    def write_mean(self, _, inputs, output):
        assert list(self.constants[inputs[1]]) == [1, 2]
        self.graph.node("GlobalAveragePool", [self.name(inputs[0])], output)

    def write_resize_bilinear(self, operator, inputs, output):
        assert self.options(operator, tflite.ResizeBilinearOptions).HalfPixelCenters()
        _, height, width, _ = self.shapes[inputs[0]]
        assert list(self.constants[inputs[1]]) == [2 * height, 2 * width]
        scales = self.graph.constant("double", [1, 1, 2, 2], np.float32)
        self.graph.node(
            "Resize",
            [self.name(inputs[0]), "", scales],
            output,
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def write_custom(self, operator, inputs, output):
        """Convolution2DTransposeBias, with windows of 2x2 that do not overlap."""
        _, *strides = struct.unpack("<3i", operator.CustomOptionsAsNumpy().tobytes()[:12])
        weights = self.constants[inputs[1]]
        assert strides == [2, 2] and weights.shape[1:3] == (2, 2)
        self.graph.node(
            "ConvTranspose",
            [
                self.name(inputs[0]),
                self.weights(output + ".w", weights.transpose(3, 0, 1, 2)),
                self.weights(output + ".b", self.constants[inputs[2]]),
            ],
            output,
            kernel_shape=[2, 2],
            strides=[2, 2],
        )


def main():
    package, output = sys.argv[1:]
    graph = Converter(load_package(checked(package, PACKAGE_SHA256))).run()
    inputs = {"input": [1, 3, HEIGHT, WIDTH]}
    outputs = {"silhouette": [1, 1, HEIGHT, WIDTH]}
    graph.save(output, "selfie_segmentation", "selfie", (14, 8), inputs, outputs)


if __name__ == "__main__":
    main()
