#!/usr/bin/env python3
"""PyTorch's numbers for convolution, linear, pooling, batch norm and concat, in float64: writes layers.inc, one row a case,
whose form is `struct golden` of tests/ops/test_layers_golden.c. Inputs come from the same formula there and here."""

import os
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def numbers(which, shape, positive=False):
    """Element i of input `which`: an exact fraction in [-2, 2), or in [0.5, 1.5) where `positive`."""
    count = torch.Size(shape).numel()
    six_bits = [((i + 1000 * which) * 2654435761 % 2**32) >> 26 for i in range(count)]
    return torch.tensor([0.5 + v / 64 if positive else (v - 32) / 16 for v in six_bits]).reshape(shape)


DY = 9  # which input the gradient of the output is


def braces(values):
    return "{" + ", ".join(f"{v:.15g}" for v in values.detach().flatten().tolist()) + "}"


def array(values):
    return f"(const double[]){braces(values)}"


def case(out, op, args, inputs, function, gradient=True, written=()):
    """inputs: (kind, shape); kinds: x activation, p parameter, g given (no gradient), s state, v state, positive.
    function: of the inputs. written: {input: its value after}."""
    given = [numbers(i, shape, kind == "v") for i, (kind, shape) in enumerate(inputs)]
    leaves = [t.clone().requires_grad_(gradient and kind in "xp") for t, (kind, _) in zip(given, inputs)]
    y = function(*leaves)
    rows = ", ".join("{'%s', {%d, {%s}}}" % (k, len(s), ", ".join(map(str, s))) for k, s in inputs)
    print(f'{{.op = "{op}",\n .args = "{args}",\n .n_in = {len(inputs)},\n .in = {{{rows}}},', file=out)
    print(f" .y = {array(y)},", file=out)
    if gradient:
        y.backward(numbers(DY, y.shape))
        for i, leaf in enumerate(leaves):
            if leaf.grad is not None:
                print(f" .dx[{i}] = {array(leaf.grad)},", file=out)
    for i in written:
        print(f" .written[{i}] = {array(leaves[i])},", file=out)
    print("},", file=out)


def convolutions(out):
    x, p = "x", "p"
    case(out, "conv2d", "kernel 3 3 pad 1 1 1 1 has_bias 1", [(x, (2, 3, 5, 6)), (p, (4, 3, 3, 3)), (p, (4,))],
         lambda x, w, b: F.conv2d(x, w, b, padding=1))
    case(out, "conv2d", "kernel 3 2 stride 2 1 dilation 1 2 pad 0 2 1 1 has_bias 0", [(x, (2, 2, 6, 5)), (p, (3, 2, 3, 2))],
         lambda x, w: F.conv2d(F.pad(x, (2, 1, 0, 1)), w, stride=(2, 1), dilation=(1, 2)))
    case(out, "conv2d", "kernel 2 2 groups 2 has_bias 1", [(x, (2, 4, 4, 3)), (p, (6, 2, 2, 2)), (p, (6,))],
         lambda x, w, b: F.conv2d(x, w, b, groups=2))
    case(out, "conv2d", "kernel 3 3 stride 2 2 pad 1 1 1 1 groups 5 has_bias 0", [(x, (2, 5, 5, 5)), (p, (5, 1, 3, 3))],
         lambda x, w: F.conv2d(x, w, padding=1, stride=2, groups=5))
    case(out, "conv2d", "kernel 3 3 pad 1 1 1 1 activation 1 has_bias 1 has_skip 1",
         [(x, (2, 3, 4, 4)), (p, (3, 3, 3, 3)), (p, (3,)), ("g", (2, 3, 4, 4))],
         lambda x, w, b, s: F.relu(F.conv2d(x, w, b, padding=1) + s), gradient=False)
    case(out, "conv2d", "kernel 1 1 activation 2 slope 0.125 has_bias 0", [(x, (2, 3, 3, 4)), (p, (4, 3, 1, 1))],
         lambda x, w: F.leaky_relu(F.conv2d(x, w), 0.125), gradient=False)
    case(out, "conv2d", "kernel 3 3 activation 3 has_bias 0", [(x, (2, 3, 3, 4)), (p, (4, 3, 3, 3))],
         lambda x, w: F.relu6(F.conv2d(x, w)), gradient=False)
    case(out, "conv2d", "kernel 1 1 activation 4 has_bias 0", [(x, (2, 3, 3, 4)), (p, (4, 3, 1, 1))],
         lambda x, w: F.hardswish(F.conv2d(x, w)), gradient=False)
    case(out, "linear", "has_bias 1", [(x, (3, 5)), (p, (4, 5)), (p, (4,))], F.linear)
    case(out, "linear", "has_bias 0", [(x, (2, 7)), (p, (3, 7))], F.linear)


def pools(out):
    image = [("x", (2, 2, 5, 7))]
    for op, inference in ("max_pool", False), ("max_pool_inference", True):
        case(out, op, "kernel 3 3 stride 2 2 pad 1 1 1 1", image, lambda x: F.max_pool2d(x, 3, 2, 1), not inference)
        case(out, op, "kernel 2 2 stride 2 2 ceil_mode 1", image, lambda x: F.max_pool2d(x, 2, 2, ceil_mode=True),
             not inference)
        case(out, op, "kernel 2 3 stride 1 2 dilation 2 1 pad 0 1 0 0", image,
             lambda x: F.max_pool2d(F.pad(x, (1, 0, 0, 0), value=float("-inf")), (2, 3), (1, 2), dilation=(2, 1)),
             not inference)
    for include in 0, 1:
        for ceil in 0, 1:
            case(out, "avg_pool", f"kernel 3 3 stride 2 2 pad 1 1 1 1 ceil_mode {ceil} count_include_pad {include}",
                 [("x", (2, 2, 6, 7))],
                 lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=bool(ceil), count_include_pad=bool(include)))
    case(out, "global_avg_pool", "", image, lambda x: F.adaptive_avg_pool2d(x, 1))


def norms(out):
    inputs = [("x", (3, 4, 2, 3)), ("p", (4,)), ("p", (4,)), ("s", (4,)), ("v", (4,))]
    for activation, function in (0, lambda y: y), (1, F.relu), (3, F.relu6), (4, F.hardswish):
        case(out, "batch_norm", f"momentum 0.75 epsilon 0.0009765625 activation {activation}", inputs,
             lambda x, w, b, m, v: function(F.batch_norm(x, m, v, w, b, True, 0.25, 2**-10)), written=(3, 4))
        case(out, "batch_norm_inference", f"epsilon 0.0009765625 activation {activation}", inputs,
             lambda x, w, b, m, v: function(F.batch_norm(x, m, v, w, b, False, 0, 2**-10)), gradient=False)
    for activation, function in (0, lambda y: y), (1, F.relu):
        case(out, "batch_norm", f"momentum 0.75 epsilon 0.0009765625 activation {activation} has_skip 1",
             inputs + [("x", (3, 4, 2, 3))],
             lambda x, w, b, m, v, s: function(F.batch_norm(x, m, v, w, b, True, 0.25, 2**-10) + s), written=(3, 4))
    frozen = [("x", (3, 4, 2, 3)), ("s", (4,)), ("s", (4,)), ("s", (4,)), ("v", (4,))]
    case(out, "batch_norm_inference", "epsilon 0.0009765625 activation 0", frozen,
         lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False, 0, 2**-10))
    for size, k in (5, 2), (4, 1):
        case(out, "lrn", f"size {size} alpha 0.5 beta 0.75 k {k}", [("x", (2, 7, 2, 3))],
             lambda x: F.local_response_norm(x, size, 0.5, 0.75, k))


def concats(out):
    case(out, "concat", "", [("x", (2, 3, 2, 2)), ("x", (2, 1, 2, 2)), ("x", (2, 4, 2, 2))],
         lambda *xs: torch.cat(xs, 1))
    case(out, "concat", "", [("x", (2, 3)), ("x", (2, 2))], lambda *xs: torch.cat(xs, 1))
    case(out, "slice", "begin 2 channels 3", [("x", (2, 6, 2, 3))], lambda x: x[:, 2:5])
    case(out, "channel_shuffle", "groups 3", [("x", (2, 6, 2, 2))],
         lambda x: x.view(2, 3, 2, 2, 2).transpose(1, 2).reshape(x.shape))  # F.channel_shuffle has no gradient
    case(out, "scale", "", [("x", (2, 5, 3, 2)), ("x", (2, 5, 1, 1))], lambda x, s: s * x)


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.inc"), "w") as file:
    print(f"/* Made by make_layers.py with PyTorch {torch.__version__}. */", file=file)
    convolutions(file)
    pools(file)
    norms(file)
    concats(file)
