#!/usr/bin/python3
"""What `fovea bench --mode load --resize cv2` does, with OpenCV and NumPy on one thread: see load_pillow.py.

load_cv2.py SIDE exact|reduced FILE... `reduced` is imread's own half, quarter or eighth, the least that leaves SIDE pixels.
"""
import sys
import time

import cv2
import numpy as np

MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
SCALE, SHIFT = (1 / (255 * STD))[:, None, None], (-MEAN / STD)[:, None, None]
REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def load(path, side, how, out):
    pixels = cv2.cvtColor(cv2.resize(cv2.imread(path, how), (side, side)), cv2.COLOR_BGR2RGB)
    np.multiply(pixels.transpose(2, 0, 1), SCALE, out=out)
    out += SHIFT


cv2.setNumThreads(1)
side, files = int(sys.argv[1]), sys.argv[3:]
smaller = min(cv2.imread(files[0]).shape[:2])
how = REDUCED[max(n for n in REDUCED if smaller // n >= side or n == 1)] if sys.argv[2] == "reduced" else cv2.IMREAD_COLOR
batch = np.empty((len(files), 3, side, side), np.float32)
for x, path in zip(batch, files):
    load(path, side, how, x)
begin, loaded = time.perf_counter(), 0
while time.perf_counter() - begin < 2:
    for x, path in zip(batch, files):
        load(path, side, how, x)
    loaded += len(files)
print("%.1f" % (loaded / (time.perf_counter() - begin)))
