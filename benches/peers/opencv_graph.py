"""Gives the face network the outputs that OpenCV's FaceDetectorYN asks for.

    opencv_graph.py STANDARD OUTPUT

The same weights: each level's 16 channels are cut into the class, the object (both after a sigmoid),
the box and the landmarks.
"""

import sys

import onnx
from onnx import TensorProto, helper, numpy_helper

import numpy as np

PARTS = [("cls", 0, 1), ("obj", 1, 2), ("bbox", 2, 6), ("kps", 6, 16)]


def main():
    source, target = sys.argv[1:]
    model = onnx.load(source)
    graph = model.graph
    del graph.output[:]
    outputs = []
    graph.initializer.append(numpy_helper.from_array(np.array([2]), "channels"))
    for name, start, end in PARTS:
        for key, value in (("start", start), ("end", end)):
            graph.initializer.append(numpy_helper.from_array(np.array([value]), f"{name}_{key}"))
        for stride in (8, 16, 32):
            made = f"{name}_{stride}"
            is_logit = name in ("cls", "obj")
            cut = f"{made}_logit" if is_logit else made
            inputs = [f"out_{stride}", f"{name}_start", f"{name}_end", "channels"]
            graph.node.append(helper.make_node("Slice", inputs, [cut]))
            if is_logit:
                graph.node.append(helper.make_node("Sigmoid", [cut], [made]))
            shape = [1, None, end - start]
            outputs.append(helper.make_tensor_value_info(made, TensorProto.FLOAT, shape))
    graph.output.extend(outputs)
    onnx.checker.check_model(model)
    onnx.save(model, target)


main()
