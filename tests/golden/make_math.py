#!/usr/bin/env python3
"""PyTorch's numbers for the element-wise operators, softmax and the losses: writes math.inc, rows
    {"name", {y}, {dx}},
in float64. Inputs are exact fractions made by the same formulas in tests/ops/test_math_golden.c. A loss has y = {loss}."""

import os
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

ROWS, CLASSES = 4, 6
COUNT = ROWS * CLASSES
torch.set_default_dtype(torch.float64)


def values(f):
    return torch.tensor([f(i) for i in range(COUNT)]).reshape(ROWS, CLASSES)


X = values(lambda i: ((i * 37 + 11) % 64 - 32) / 4)
DY = values(lambda i: ((i * 29 + 5) % 32 - 16) / 8)
HARD = torch.tensor([(i * 5 + 2) % CLASSES for i in range(ROWS)])
SOFT = values(lambda i: ((i * 7 + 3) % 11 + 1))
SOFT = SOFT / SOFT.sum(1, keepdim=True)
LABELS = values(lambda i: (i * 3 + 1) % 5 / 4)
WEIGHTS = torch.tensor([(c * 3 + 1) % 7 / 4 for c in range(CLASSES)])

IGNORED = torch.tensor([2, 4, 1, 5])  # HARD is 2, 1, 0, 5


def focal(x, target, gamma, weights=None):
    """Lin et al. 2017 over a softmax: the weighted mean."""
    p = F.softmax(x, 1)
    w = torch.ones(CLASSES) if weights is None else weights
    loss = -(w * target * (1 - p) ** gamma * F.log_softmax(x, 1)).sum()
    return loss / (ROWS if weights is None else (w * target).sum())


def smooth(target):
    return 0.875 * target + 0.125 / CLASSES


CASES = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.25),
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,  # F.hardsigmoid's backward rounds 1/6 to float32
    "hard_swish": F.hardswish,
    "softmax": lambda x: F.softmax(x, 1),
    "cross_entropy": lambda x: F.cross_entropy(x, HARD),
    "cross_entropy soft": lambda x: F.cross_entropy(x, SOFT),
    "cross_entropy smooth": lambda x: F.cross_entropy(x, HARD, label_smoothing=0.125),
    "cross_entropy soft smooth": lambda x: F.cross_entropy(x, SOFT, label_smoothing=0.125),
    "cross_entropy weights": lambda x: F.cross_entropy(x, HARD, weight=WEIGHTS),
    "cross_entropy weights smooth": lambda x: F.cross_entropy(x, HARD, weight=WEIGHTS, label_smoothing=0.125),
    "bce": lambda x: F.binary_cross_entropy_with_logits(x, LABELS),
    "bce pos_weight": lambda x: F.binary_cross_entropy_with_logits(x, LABELS, pos_weight=torch.tensor(2.5)),
    "bce smooth": lambda x: F.binary_cross_entropy_with_logits(x, 0.875 * LABELS + 0.0625),
    "cross_entropy ignore": lambda x: F.cross_entropy(x, IGNORED, ignore_index=4),
    "cross_entropy ignore weights": lambda x: F.cross_entropy(x, IGNORED, weight=WEIGHTS, ignore_index=4),
    "focal": lambda x: focal(x, F.one_hot(HARD, CLASSES), 2),
    "focal smooth": lambda x: focal(x, smooth(F.one_hot(HARD, CLASSES)), 0.5),
    "focal weights": lambda x: focal(x, SOFT, 2, WEIGHTS),
    "bce focal": lambda x: sigmoid_focal_loss(x, LABELS.round(), alpha=0.25, gamma=2, reduction="mean"),
    "bce focal alone": lambda x: sigmoid_focal_loss(x, LABELS.round(), alpha=-1, gamma=1.5, reduction="mean"),
}


def braces(t):
    return "{" + ", ".join(f"{v:.17g}" for v in t.flatten().tolist()) + "}"


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "math.inc"), "w") as out:
    print(f"/* Made by make_math.py with PyTorch {torch.__version__}. */", file=out)
    for name, function in CASES.items():
        x = X.clone().requires_grad_()
        y = function(x)
        y.backward(DY if y.dim() else None)
        print(f'{{"{name}",\n {braces(y.detach())},\n {braces(x.grad)}}},', file=out)
