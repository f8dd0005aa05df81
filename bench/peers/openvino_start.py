#!/usr/bin/env python3
"""What `fovea predict FILE PICTURE` does, in OpenVINO: openvino_start.py FILE.onnx PICTURE."""
import sys

import numpy
import openvino

from picture import load

compiled = openvino.Core().compile_model(sys.argv[1], "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
logits = compiled(load(sys.argv[2]))[0][0]
print(numpy.argsort(-logits)[:5])
