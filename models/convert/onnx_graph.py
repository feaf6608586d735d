"""What both converters share: sources checked by their SHA-256, and a graph under construction."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def checked(path, sha256):
    """The bytes of a downloaded package, if they are the ones that were examined."""
    content = Path(path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{path}: its SHA-256 is {found}, expected {sha256}")
    return content


class Graph:
    """Nodes and constants in the order in which they were added. Each constant is stored once."""

    def __init__(self):
        self.nodes = []
        self.constants = {}

    def constant(self, name, values, dtype=None):
        if name not in self.constants:
            # A scalar becomes a vector of one here; the files have always been so.
            contiguous = np.ascontiguousarray(values, dtype=dtype)
            self.constants[name] = numpy_helper.from_array(contiguous, name)
        return name

    def values(self, name):
        return numpy_helper.to_array(self.constants[name])

    def node(self, op, inputs, output, named=True, **attributes):
        name = output if named else None
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def save(self, path, name, producer, versions, inputs, outputs, domains=()):
        """`versions` are the opset and the IR; `inputs` and `outputs` map names to shapes; `domains`
        are those of further operators, with their versions."""
        opset, ir = versions
        described = [
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in side.items()]
            for side in (inputs, outputs)
        ]
        graph = helper.make_graph(self.nodes, name, *described, list(self.constants.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*domain) for domain in [("", opset), *domains]],
            ir_version=ir,
            producer_name=producer,
        )
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
