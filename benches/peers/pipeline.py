"""A face detector as one writes it in an afternoon: OpenCV decodes, FaceDetectorYN looks.

    pipeline.py MODEL RATE [--live] RECORDING...

Looks RATE times a second of each recording, on one thread, at the size at which InView looks for faces
(320 pixels wide), and prints how many looks found one. --live: no faster than the recording.
"""

import sys
import time

import cv2

WIDTH = 320


def main():
    model, rate, *recordings = sys.argv[1:]
    live = "--live" in recordings
    recordings = [path for path in recordings if path != "--live"]
    cv2.setNumThreads(1)
    looks = found = 0
    for path in recordings:
        video = cv2.VideoCapture(path)
        fps = video.get(cv2.CAP_PROP_FPS) or 25.0
        detector, number, due = None, 0, 0.0
        begun = time.monotonic()
        # grab() decodes, as it must; retrieve() converts what is looked at, and nothing else.
        while video.grab():
            at = number / fps
            number += 1
            if live:
                time.sleep(max(0.0, begun + at - time.monotonic()))
            if at + 1e-6 < due:
                continue
            due += 1.0 / float(rate)
            _, frame = video.retrieve()
            height = round(frame.shape[0] * WIDTH / frame.shape[1])
            small = cv2.resize(frame, (WIDTH, height), interpolation=cv2.INTER_AREA)
            if detector is None:
                detector = cv2.FaceDetectorYN.create(model, "", (WIDTH, height), 0.7)
            _, faces = detector.detect(small)
            looks += 1
            found += faces is not None
    print(f"{found} of {looks} looks found a face")


main()
