#!/usr/bin/env python3
"""What `fovea predict FILE PICTURE` does, in ONNX Runtime: onnxruntime_start.py FILE.onnx PICTURE."""
import sys

import numpy
import onnxruntime

from picture import load

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
logits = session.run(None, {"x": load(sys.argv[2])})[0][0]
print(numpy.argsort(-logits)[:5])
