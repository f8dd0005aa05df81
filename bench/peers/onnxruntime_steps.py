#!/usr/bin/env python3
"""ONNX Runtime's CPU provider, all graph optimisations: see common.py."""
import numpy
import onnxruntime

from common import arguments, onnx_model, refuse, report


def make(options):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.add_free_dimension_override_by_name("batch", options.batch)
    session = onnxruntime.InferenceSession(onnx_model(options), settings, providers=["CPUExecutionProvider"])
    images = {"x": numpy.random.default_rng(0).standard_normal(options.shape, numpy.float32)}
    return lambda: session.run(None, images)


options = arguments("ONNX Runtime " + onnxruntime.__version__)
if options.mode == "train":
    refuse("does not train")
if options.precision == "bf16":
    refuse("no bf16 kernels for x86 processors")
report(options, [lambda: make(options)])
