#!/usr/bin/env python3
"""Twenty steps of PyTorch's optimizers: writes optim.inc, rows
    {"name", options in C, {parameters after steps 1, 7 and 20}},
and schedule.inc, rows of learning rates. A weight of 40 elements and a bias of 5 start at, and get gradients of, exact
fractions made by the same formulas in tests/optim/test_optim.c. PyTorch has no L1: its term is added by hand."""

import os
import torch

WEIGHT, BIAS, STEPS, KEPT = 40, 5, 20, (1, 7, 20)
FOLDER = os.path.dirname(os.path.abspath(__file__))


def start(i):
    return ((i * 53 + 7) % 127 - 63) / 32


def gradient(i, step):
    return ((i * 37 + step * 101 + i * step * 13) % 257 - 128) / 64


# name, options in C, torch's optimizer, its options, L1, norm to clip to, whether the bias is spared decay
SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
CASES = [
    ("sgd", "{.kind = FV_SGD}", SGD, dict(lr=0.01), 0, 0, False),
    ("sgd L2", "{.kind = FV_SGD, .lr = 0.05f, .weight_decay = 0.125f}", SGD, dict(lr=0.05, weight_decay=0.125), 0, 0, False),
    ("sgd L1", "{.kind = FV_SGD, .lr = 0.05f, .l1 = 0.25f}", SGD, dict(lr=0.05), 0.25, 0, False),
    ("momentum", "{.kind = FV_MOMENTUM}", SGD, dict(lr=0.01, momentum=0.9), 0, 0, False),
    ("momentum 0", "{.kind = FV_MOMENTUM, .momentum = FV_ZERO}", SGD, dict(lr=0.01), 0, 0, False),
    ("momentum clipped", "{.kind = FV_MOMENTUM, .lr = 0.02f, .momentum = 0.5f, .weight_decay = 0.01f, .clip_norm = 1.5f}",
     SGD, dict(lr=0.02, momentum=0.5, weight_decay=0.01), 0, 1.5, False),
    ("momentum not clipped", "{.kind = FV_MOMENTUM, .clip_norm = 1000}", SGD, dict(lr=0.01, momentum=0.9), 0, 1000, False),
    ("momentum exclusion", "{.kind = FV_MOMENTUM, .weight_decay = 0.125f, .l1 = 0.25f, .decay_exclude_norm_and_bias = true}",
     SGD, dict(lr=0.01, momentum=0.9, weight_decay=0.125), 0.25, 0, True),
    ("nesterov", "{.kind = FV_MOMENTUM, .nesterov = true, .weight_decay = 0.01f}", SGD,
     dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.01), 0, 0, False),
    ("adam", "{.kind = FV_ADAM}", ADAM, dict(lr=0.001), 0, 0, False),
    ("adam options", "{.kind = FV_ADAM, .lr = 0.01f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 1e-3f, .weight_decay = 0.125f}",
     ADAM, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.125), 0, 0, False),
    ("adam clipped", "{.kind = FV_ADAM, .lr = 0.01f, .clip_norm = 0.5f}", ADAM, dict(lr=0.01), 0, 0.5, False),
    ("adamw", "{.kind = FV_ADAMW}", ADAMW, dict(lr=0.001), 0, 0, False),
    ("adamw exclusion", "{.kind = FV_ADAMW, .lr = 0.01f, .weight_decay = 0.5f, .decay_exclude_norm_and_bias = true}",
     ADAMW, dict(lr=0.01, weight_decay=0.5), 0, 0, True),
    ("adamw 0", "{.kind = FV_ADAMW, .weight_decay = FV_ZERO}", ADAMW, dict(lr=0.001, weight_decay=0), 0, 0, False),
]


def braces(numbers, digits):
    return "{" + ", ".join(f"{v:.{digits}g}" for v in numbers) + "}"


def run(kind, options, l1, clip, spared):
    weight = torch.nn.Parameter(torch.tensor([start(i) for i in range(WEIGHT)]))
    bias = torch.nn.Parameter(torch.tensor([start(i) for i in range(WEIGHT, WEIGHT + BIAS)]))
    groups = [{"params": [weight]}, {"params": [bias], **({"weight_decay": 0} if spared else {})}]
    optimizer = kind(groups, **options)
    kept = []
    for step in range(1, STEPS + 1):
        weight.grad = torch.tensor([gradient(i, step - 1) for i in range(WEIGHT)])
        bias.grad = torch.tensor([gradient(i, step - 1) for i in range(WEIGHT, WEIGHT + BIAS)])
        if clip:
            torch.nn.utils.clip_grad_norm_([weight, bias], clip)
        weight.grad += l1 * weight.detach().sign()
        if not spared:
            bias.grad += l1 * bias.detach().sign()
        optimizer.step()
        if step in KEPT:
            kept += weight.tolist() + bias.tolist()
    return kept


with open(os.path.join(FOLDER, "optim.inc"), "w") as out:
    print(f"/* Made by make_optim.py with PyTorch {torch.__version__}. */", file=out)
    for name, options_in_c, *rest in CASES:
        print(f'{{"{name}", {options_in_c},\n {braces(run(*rest), 9)}}},', file=out)


def rates(schedule, steps=30, lr=0.4, **options):
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = schedule(optimizer, **options)
    kept = []
    for _ in range(steps):
        kept.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return kept


lr = torch.optim.lr_scheduler
SCHEDULES = [
    ("constant", "{.kind = FV_CONSTANT}", rates(lr.LambdaLR, lr_lambda=lambda _: 1)),
    ("cosine", "{.kind = FV_COSINE}", rates(lr.CosineAnnealingLR, T_max=30)),
    ("cosine floor", "{.kind = FV_COSINE, .floor = 0.25f}", rates(lr.CosineAnnealingLR, T_max=30, eta_min=0.1)),
    ("cosine warmup", "{.kind = FV_COSINE, .warmup = 5}",
     rates(lr.LambdaLR, 5, lr_lambda=lambda t: (t + 1) / 5) + rates(lr.CosineAnnealingLR, 25, T_max=25)),
    ("step", "{.kind = FV_STEP}", rates(lr.StepLR, step_size=10, gamma=0.1)),
    ("step options", "{.kind = FV_STEP, .every = 4, .gamma = 0.5f}", rates(lr.StepLR, step_size=4, gamma=0.5)),
]

with open(os.path.join(FOLDER, "schedule.inc"), "w") as out:
    print(f"/* Made by make_optim.py with PyTorch {torch.__version__}. */", file=out)
    for name, options_in_c, numbers in SCHEDULES:
        print(f'{{"{name}", {options_in_c},\n {braces(numbers, 9)}}},', file=out)
