#!/usr/bin/env python3
"""OpenVINO on the CPU, for latency, one stream on all threads: see common.py."""
import numpy
import openvino

from common import arguments, onnx_model, refuse, report


def make(options):
    core = openvino.Core()
    model = core.read_model(onnx_model(options))
    model.reshape(list(options.shape))
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": str(options.threads),
        "ENABLE_HYPER_THREADING": "YES", "INFERENCE_PRECISION_HINT": options.precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(numpy.random.default_rng(0).standard_normal(options.shape, numpy.float32)))
    return request.infer


options = arguments("OpenVINO " + openvino.__version__)
if options.mode == "train":
    refuse("does not train")
report(options, [lambda: make(options)])
