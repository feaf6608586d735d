"""How long ONNX Runtime and OpenCV take for one look for faces, on one thread.

    detect.py STANDARD OPENCV WIDTH HEIGHT

STANDARD and OPENCV are the same network with the outputs of ours and of FaceDetectorYN. Prints JSON:
milliseconds of the processor, median of 200 looks each. ONNX Runtime is given the tensor, and once more a
picture of twice the size in 4:2:0, which OpenCV converts and scales for it; OpenCV is given the picture.
"""

import json
import statistics
import sys
import time

import cv2
import numpy as np
import onnxruntime


def median(look):
    times = []
    for _ in range(205):
        begun = time.thread_time()
        look()
        times.append(time.thread_time() - begun)
    return statistics.median(times[5:]) * 1e3


def main():
    standard, opencv = sys.argv[1:3]
    width, height = map(int, sys.argv[3:])
    cv2.setNumThreads(1)
    wave = np.add.outer(2 * np.arange(height), np.arange(width)) % 256
    picture = np.repeat(wave.astype(np.uint8)[:, :, None], 3, axis=2)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(standard, options, providers=["CPUExecutionProvider"])
    padded = (height + 31) // 32 * 32
    tensor = np.zeros((1, 3, padded, width), np.float32)
    tensor[0, :, :height] = picture.transpose(2, 0, 1)
    detector = cv2.FaceDetectorYN.create(opencv, "", (width, height), 0.7)
    planar = np.resize(wave.astype(np.uint8), (3 * height, 2 * width))

    def from_camera():
        colours = cv2.cvtColor(planar, cv2.COLOR_YUV2BGR_I420)
        small = cv2.resize(colours, (width, height), interpolation=cv2.INTER_AREA)
        tensor[0, :, :height] = small.transpose(2, 0, 1)
        session.run(None, {"input": tensor})

    found = {
        "onnxruntime": median(lambda: session.run(None, {"input": tensor})),
        "onnxruntime from 640x480": median(from_camera),
        "opencv": median(lambda: detector.detect(picture)),
    }
    print(json.dumps(found))


main()
