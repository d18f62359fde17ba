"""Evaluates a server on a list of RSVG-HR, with the figures of the official inference_rsvg.py (LANMNG/LQVG), which
computes them in single precision.

usage: python evaluate.py rsvg_hr_test.txt PICTURES_FOLDER [HOST:PORT]
"""
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import lqvg

IN_FLIGHT = 8  # calls at a time: enough to keep the server's batches full
EPSILON = 1e-6  # of the official IoU, in both areas


def areas(a, b):
    """Square pixels that two boxes share, and that they cover together."""
    width = max(0.0, min(a.x_max, b.x_max) - max(a.x_min, b.x_min))
    height = max(0.0, min(a.y_max, b.y_max) - max(a.y_min, b.y_min))
    return width * height, a.area + b.area - width * height


def evaluate(list_path, pictures, server=None):
    with lqvg.Client(server, timeout=60) as client, ThreadPoolExecutor(IN_FLIGHT) as threads:
        def ask(line):
            picture, *corners, expression = line.split(",", 5)
            result = client.ground(pathlib.Path(pictures, picture), expression).results[0]
            if result.error:
                raise result.error
            return areas(result.best, lqvg.Box(*map(float, corners), score=1.0))

        lines = pathlib.Path(list_path).read_text(encoding="utf-8").splitlines()
        pairs = list(threads.map(ask, filter(None, lines)))
    ious = [(shared + EPSILON) / (covered + EPSILON) for shared, covered in pairs]
    for least in (0.5, 0.6, 0.7, 0.8, 0.9):
        print(f"acc@{least} {sum(iou > least for iou in ious) / len(ious):.4f}")
    print(f"meanIoU {sum(ious) / len(ious):.4f}")
    print(f"cumIoU  {sum(shared for shared, _ in pairs) / sum(covered for _, covered in pairs):.4f}")


if __name__ == "__main__":
    evaluate(*sys.argv[1:])
