#!/usr/bin/env python3
"""PaddlePaddle: see common.py. Training is Adam on cross-entropy, by Paddle's own kernels: FLAGS_use_mkldnn changes nothing there in
3.3. Inference is Paddle Inference with oneDNN on a saved model."""
import importlib.metadata
import os

from common import CACHE, arguments, check_parameters, refuse, report

options = arguments("PaddlePaddle " + importlib.metadata.version("paddlepaddle"))
os.environ["OMP_NUM_THREADS"] = os.environ["FLAGS_paddle_num_threads"] = str(options.threads)  # read when it is imported

import paddle  # noqa: E402
from paddle import nn  # noqa: E402


def lenet():
    return nn.Sequential(
        nn.Conv2D(1, 6, 5), nn.Sigmoid(), nn.MaxPool2D(2), nn.Sigmoid(),
        nn.Conv2D(6, 16, 5), nn.MaxPool2D(2), nn.Conv2D(16, 120, 4),
        nn.Flatten(), nn.Linear(120, 64), nn.Sigmoid(), nn.Linear(64, 10))


def alexnet():
    return nn.Sequential(
        nn.Conv2D(3, 96, 11, 4, 5), nn.ReLU(), nn.MaxPool2D(2),
        nn.Conv2D(96, 256, 5, 1, 2), nn.ReLU(), nn.MaxPool2D(2),
        nn.Conv2D(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2D(384, 384, 3, 1, 1), nn.ReLU(),
        nn.Conv2D(384, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(),
        nn.Linear(12544, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 1000))


def network():
    paddle.seed(0)
    own = {"lenet": lenet, "alexnet": alexnet}
    net = own[options.network]() if options.network in own else getattr(paddle.vision.models, options.network)()
    check_parameters(options, sum(p.size for p in net.parameters() if not p.stop_gradient))
    return net


def training():
    net = network()
    optimizer = paddle.optimizer.Adam(1e-3, parameters=net.parameters())
    x, y = paddle.randn(options.shape), paddle.randint(0, options.classes, (options.batch,))

    def step():
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        float(loss)  # waits for it
    return step


def saved_model():
    path = os.path.join(CACHE, options.network + "-paddle")
    if not os.path.exists(path + ".pdiparams"):
        net = network()
        net.eval()
        spec = paddle.static.InputSpec([None, options.channels, options.height, options.width], "float32")
        paddle.jit.save(paddle.jit.to_static(net, input_spec=[spec]), path)
    return path


def inference():
    path = saved_model()
    program = next(path + end for end in (".json", ".pdmodel") if os.path.exists(path + end))
    config = paddle.inference.Config(program, path + ".pdiparams")
    config.disable_gpu()
    config.enable_mkldnn()
    config.set_cpu_math_library_num_threads(options.threads)
    config.disable_glog_info()
    if options.precision == "bf16":
        config.enable_mkldnn_bfloat16()
    predictor = paddle.inference.create_predictor(config)
    image = predictor.get_input_handle(predictor.get_input_names()[0])
    logits = predictor.get_output_handle(predictor.get_output_names()[0])
    image.copy_from_cpu(paddle.randn(options.shape).numpy())

    def step():
        predictor.run()
        logits.copy_to_cpu()
    return step


paddle.set_device("cpu")
if options.mode == "train" and options.precision == "bf16":
    refuse("auto_cast has no effect on processors")
report(options, [training if options.mode == "train" else inference])
