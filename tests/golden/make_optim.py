#!/usr/bin/env python3
"""Twenty steps of PyTorch's optimizers: writes optim.inc, rows
    {"name", options in C, {parameters after steps 1, 7 and 20}},
schedule.inc, rows of learning rates, and plateau.inc, rows of options, validation losses and the rates after them. A weight of 40 elements and a bias of 5 start at, and get gradients of, exact
fractions made by the same formulas in tests/optim/test_optim.c. PyTorch has no L1: its term is added by hand."""

import math
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
RMSPROP, ADAGRAD, ADADELTA = torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta
ADAMAX, RADAM = torch.optim.Adamax, torch.optim.RAdam


class Formula(torch.optim.Optimizer):
    """What PyTorch 1.13 lacks or has wrong, by the paper's formula: step_of(p, g, group, state, t) changes p."""

    def __init__(self, params, **options):
        super().__init__(params, options)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["t"] = state.get("t", 0) + 1
                self.step_of(p, p.grad, group, state, state["t"])


def moments(g, group, state, t):
    beta1, beta2 = group["betas"]
    state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
    return state["m"], (state["v"] / (1 - beta2**t)).sqrt() + group["eps"]


class NADAM(Formula):
    """As PyTorch from 2.0 on: 1.13 has mu_t twice in the product for t + 1."""

    def step_of(self, p, g, group, state, t):
        g = g + group["weight_decay"] * p
        m, below = moments(g, group, state, t)
        mu, mu_next = (group["betas"][0] * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1))
        state["product"] = state.get("product", 1) * mu
        p -= group["lr"] * (1 - mu) / (1 - state["product"]) * g / below
        p -= group["lr"] * mu_next / (1 - state["product"] * mu_next) * m / below

class LARS(Formula):
    """You, Gitman and Ginsburg 2017, algorithm 1."""

    def step_of(self, p, g, group, state, t):
        rate = group["lr"]
        if not group.get("spared"):
            rate *= group["trust"] * p.norm() / (g.norm() + group["weight_decay"] * p.norm())
        state["v"] = group["momentum"] * state.get("v", 0) + rate * (g + group["weight_decay"] * p)
        p -= state["v"]


class LAMB(Formula):
    """You et al. 2020, algorithm 2."""

    def step_of(self, p, g, group, state, t):
        m, below = moments(g, group, state, t)
        u = m / (1 - group["betas"][0] ** t) / below + group["weight_decay"] * p
        p -= group["lr"] * (1 if group.get("spared") else p.norm() / u.norm()) * u


NADAM_OPTIONS = dict(lr=0.002, betas=(0.9, 0.999), eps=1e-8, momentum_decay=0.004, weight_decay=0)
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
    ("sgd clipped each", "{.kind = FV_SGD, .lr = 0.05f, .clip_each = 1.5f}", SGD, dict(lr=0.05), 0, "each 1.5", False),
    ("sgd clipped value", "{.kind = FV_SGD, .lr = 0.05f, .clip_value = 0.75f, .weight_decay = 0.125f}", SGD,
     dict(lr=0.05, weight_decay=0.125), 0, "value 0.75", False),
    ("adamw", "{.kind = FV_ADAMW}", ADAMW, dict(lr=0.001), 0, 0, False),
    ("adamw exclusion", "{.kind = FV_ADAMW, .lr = 0.01f, .weight_decay = 0.5f, .decay_exclude_norm_and_bias = true}",
     ADAMW, dict(lr=0.01, weight_decay=0.5), 0, 0, True),
    ("rmsprop", "{.kind = FV_RMSPROP}", RMSPROP, dict(lr=0.01), 0, 0, False),
    ("rmsprop momentum", "{.kind = FV_RMSPROP, .momentum = 0.75f, .rho = 0.9f, .weight_decay = 0.125f}", RMSPROP,
     dict(lr=0.01, momentum=0.75, alpha=0.9, weight_decay=0.125), 0, 0, False),
    ("rmsprop centered", "{.kind = FV_RMSPROP, .centered = true, .epsilon = 1e-3f}", RMSPROP,
     dict(lr=0.01, centered=True, eps=1e-3), 0, 0, False),
    ("rmsprop all", "{.kind = FV_RMSPROP, .lr = 0.001f, .centered = true, .momentum = 0.5f, .rho = 0.875f}", RMSPROP,
     dict(lr=0.001, centered=True, momentum=0.5, alpha=0.875), 0, 0, False),
    ("adagrad", "{.kind = FV_ADAGRAD}", ADAGRAD, dict(lr=0.01), 0, 0, False),
    ("adagrad options", "{.kind = FV_ADAGRAD, .lr = 0.125f, .epsilon = 1e-3f, .weight_decay = 0.125f}", ADAGRAD,
     dict(lr=0.125, eps=1e-3, weight_decay=0.125), 0, 0, False),
    ("adadelta", "{.kind = FV_ADADELTA}", ADADELTA, dict(lr=1), 0, 0, False),
    ("adadelta options", "{.kind = FV_ADADELTA, .lr = 0.5f, .rho = 0.75f, .epsilon = 1e-3f, .weight_decay = 0.125f}", ADADELTA,
     dict(lr=0.5, rho=0.75, eps=1e-3, weight_decay=0.125), 0, 0, False),
    ("adamax", "{.kind = FV_ADAMAX}", ADAMAX, dict(lr=0.002), 0, 0, False),
    ("adamax options", "{.kind = FV_ADAMAX, .lr = 0.01f, .beta1 = 0.8f, .beta2 = 0.75f, .epsilon = 1e-3f, .weight_decay = 0.125f}",
     ADAMAX, dict(lr=0.01, betas=(0.8, 0.75), eps=1e-3, weight_decay=0.125), 0, 0, False),
    ("nadam", "{.kind = FV_NADAM}", NADAM, dict(NADAM_OPTIONS), 0, 0, False),
    ("nadam options", "{.kind = FV_NADAM, .lr = 0.01f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 1e-3f, .momentum_decay = 0.125f, "
     ".weight_decay = 0.125f}", NADAM, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, momentum_decay=0.125, weight_decay=0.125), 0, 0, False),
    ("radam", "{.kind = FV_RADAM}", RADAM, dict(lr=0.001), 0, 0, False),
    ("radam options", "{.kind = FV_RADAM, .lr = 0.01f, .beta1 = 0.8f, .beta2 = 0.75f, .epsilon = 1e-3f, .weight_decay = 0.125f}",
     RADAM, dict(lr=0.01, betas=(0.8, 0.75), eps=1e-3, weight_decay=0.125), 0, 0, False),
    ("momentum by part", "{.kind = FV_MOMENTUM, .weight_decay = 0.125f, .l1 = 0.25f, .weight_decay_by = \"bias=0\", "
     ".l1_by = \"fc=0.5,bias=0,fc.weight=0.25\"}", SGD, dict(lr=0.01, momentum=0.9, weight_decay=0.125), 0.25, 0, True),
    ("adamw by part", "{.kind = FV_ADAMW, .lr = 0.01f, .weight_decay = FV_ZERO, .weight_decay_by = \"bias=1,fc=0.5,bias=0\"}", ADAMW,
     dict(lr=0.01, weight_decay=0.5), 0, 0, True),
    ("lars", "{.kind = FV_LARS}", LARS, dict(lr=0.1, momentum=0.9, trust=0.001, weight_decay=0), 0, 0, False),
    ("lars options", "{.kind = FV_LARS, .lr = 2, .momentum = 0.75f, .trust = 0.01f, .weight_decay = 0.125f, .clip_norm = 1.5f}", LARS,
     dict(lr=2, momentum=0.75, trust=0.01, weight_decay=0.125), 0, 1.5, False),
    ("lars exclusion", "{.kind = FV_LARS, .lr = 0.5f, .weight_decay = 0.125f, .trust = 0.25f, .decay_exclude_norm_and_bias = true}",
     LARS, dict(lr=0.5, momentum=0.9, trust=0.25, weight_decay=0.125), 0, 0, True),
    ("lamb", "{.kind = FV_LAMB}", LAMB, dict(lr=0.001, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01), 0, 0, False),
    ("lamb options", "{.kind = FV_LAMB, .lr = 0.05f, .beta1 = 0.75f, .beta2 = 0.9f, .epsilon = 1e-3f, .weight_decay = 0.5f, .clip_each = 2}",
     LAMB, dict(lr=0.05, betas=(0.75, 0.9), eps=1e-3, weight_decay=0.5), 0, "each 2", False),
    ("lamb exclusion", "{.kind = FV_LAMB, .lr = 0.05f, .weight_decay = 0.5f, .decay_exclude_norm_and_bias = true}", LAMB,
     dict(lr=0.05, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.5), 0, 0, True),
    ("adamw 0", "{.kind = FV_ADAMW, .weight_decay = FV_ZERO}", ADAMW, dict(lr=0.001, weight_decay=0), 0, 0, False),
]


def braces(numbers, digits):
    return "{" + ", ".join(f"{v:.{digits}g}" for v in numbers) + "}"


def clip_gradients(weight, bias, clip):
    how, most = clip.split() if isinstance(clip, str) else ("together", clip)
    if how == "together":
        torch.nn.utils.clip_grad_norm_([weight, bias], most)
    elif how == "value":
        torch.nn.utils.clip_grad_value_([weight, bias], float(most))
    else:
        for parameter in (weight, bias):
            torch.nn.utils.clip_grad_norm_([parameter], float(most))


def run(kind, options, l1, clip, spared):
    weight = torch.nn.Parameter(torch.tensor([start(i) for i in range(WEIGHT)]))
    bias = torch.nn.Parameter(torch.tensor([start(i) for i in range(WEIGHT, WEIGHT + BIAS)]))
    groups = [{"params": [weight]}, {"params": [bias], **({"weight_decay": 0, "spared": True} if spared else {})}]
    optimizer = kind(groups, **options)
    kept = []
    for step in range(1, STEPS + 1):
        weight.grad = torch.tensor([gradient(i, step - 1) for i in range(WEIGHT)])
        bias.grad = torch.tensor([gradient(i, step - 1) for i in range(WEIGHT, WEIGHT + BIAS)])
        if clip:
            clip_gradients(weight, bias, clip)
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


def rates(schedule, steps=30, lr=0.4, follow=True, **options):
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = schedule(optimizer, **options)
    kept = []
    for step in range(steps):
        kept.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if follow or step + 1 < steps:
            scheduler.step()
    return kept


def one_cycle(**options):
    """Its last step may not be followed by another."""
    return rates(torch.optim.lr_scheduler.OneCycleLR, follow=False, max_lr=0.4, total_steps=30, cycle_momentum=False, **options)


def formula(share, steps=30, lr=0.4):
    """For what PyTorch has no class: the published formula, times lr; by LambdaLR all the same."""
    return rates(torch.optim.lr_scheduler.LambdaLR, steps, lr, lr_lambda=share)


def epochs(numbers, steps=5):
    return [rate for rate in numbers for _ in range(steps)]


lr = torch.optim.lr_scheduler
SCHEDULES = [
    ("constant", "{.kind = FV_CONSTANT}", formula(lambda _: 1)),
    ("cosine", "{.kind = FV_COSINE}", rates(lr.CosineAnnealingLR, T_max=30)),
    ("cosine floor", "{.kind = FV_COSINE, .floor = 0.25f}", rates(lr.CosineAnnealingLR, T_max=30, eta_min=0.1)),
    ("cosine warmup", "{.kind = FV_COSINE, .warmup = 5}",
     rates(lr.LambdaLR, 5, lr_lambda=lambda t: (t + 1) / 5) + rates(lr.CosineAnnealingLR, 25, T_max=25)),
    ("cosine epochs", "{.kind = FV_COSINE, .by_epoch = true}", epochs(rates(lr.CosineAnnealingLR, 6, T_max=6))),
    ("step", "{.kind = FV_STEP}", rates(lr.StepLR, step_size=10, gamma=0.1)),
    ("step options", "{.kind = FV_STEP, .every = 4, .gamma = 0.5f}", rates(lr.StepLR, step_size=4, gamma=0.5)),
    ("step epochs", "{.kind = FV_STEP, .every = 2, .by_epoch = true}", epochs(rates(lr.StepLR, 6, step_size=2, gamma=0.1))),
    ("step warmup epochs", "{.kind = FV_STEP, .every = 2, .by_epoch = true, .warmup = 10}",
     rates(lr.LambdaLR, 10, lr_lambda=lambda t: (t + 1) / 10) + epochs(rates(lr.StepLR, 4, step_size=2, gamma=0.1))),
    ("multi_step", "{.kind = FV_MULTI_STEP, .at = {3, 11, 12}, .gamma = 0.5f}", rates(lr.MultiStepLR, milestones=[3, 11, 12], gamma=0.5)),
    ("multi_step epochs", "{.kind = FV_MULTI_STEP, .at = {1, 4}, .by_epoch = true}",
     epochs(rates(lr.MultiStepLR, 6, milestones=[1, 4], gamma=0.1))),
    ("exponential", "{.kind = FV_EXPONENTIAL, .gamma = 0.875f}", rates(lr.ExponentialLR, gamma=0.875)),
    ("natural_exp", "{.kind = FV_NATURAL_EXP, .rate = 0.125f}", formula(lambda t: math.exp(-0.125 * t))),
    ("inverse_time", "{.kind = FV_INVERSE_TIME, .rate = 0.5f}", formula(lambda t: 1 / (1 + 0.5 * t))),
    ("linear", "{.kind = FV_LINEAR, .floor = 0.25f}", rates(lr.LinearLR, start_factor=1, end_factor=0.25, total_iters=30)),
    ("linear to 0", "{.kind = FV_LINEAR}", rates(lr.LinearLR, start_factor=1, end_factor=0, total_iters=30)),
    ("polynomial", "{.kind = FV_POLYNOMIAL, .power = 2.5f}", rates(lr.PolynomialLR, power=2.5, total_iters=30)),
    ("polynomial floor", "{.kind = FV_POLYNOMIAL, .power = 2, .floor = 0.125f}",
     formula(lambda t: 0.125 + 0.875 * (1 - t / 30) ** 2)),
    ("cosine_restarts", "{.kind = FV_COSINE_RESTARTS}", rates(lr.CosineAnnealingWarmRestarts, T_0=10)),
    ("cosine_restarts options", "{.kind = FV_COSINE_RESTARTS, .every = 3, .mult = 2, .floor = 0.25f}",
     rates(lr.CosineAnnealingWarmRestarts, T_0=3, T_mult=2, eta_min=0.1)),
    ("one_cycle", "{.kind = FV_ONE_CYCLE}", one_cycle()),
    ("one_cycle options", "{.kind = FV_ONE_CYCLE, .pct = 0.5f, .div = 8, .final_div = 100}",
     one_cycle(pct_start=0.5, div_factor=8, final_div_factor=100)),
    ("cyclic", "{.kind = FV_CYCLIC}", rates(lr.CyclicLR, base_lr=0.04, max_lr=0.4, step_size_up=5, cycle_momentum=False)),
    ("cyclic options", "{.kind = FV_CYCLIC, .every = 3, .floor = 0.25f, .gamma = 0.5f}",
     rates(lr.CyclicLR, base_lr=0.1, max_lr=0.4, step_size_up=3, mode="triangular2", cycle_momentum=False)),
    ("noam", "{.kind = FV_NOAM, .width = 16, .rise = 8}",
     formula(lambda t: 16**-0.5 * min((t + 1) ** -0.5, (t + 1) * 8**-1.5))),
]

with open(os.path.join(FOLDER, "schedule.inc"), "w") as out:
    print(f"/* Made by make_optim.py with PyTorch {torch.__version__}. */", file=out)
    for name, options_in_c, numbers in SCHEDULES:
        print(f'{{"{name}", {options_in_c},\n {braces(numbers, 9)}}},', file=out)

LOSSES = [3, 2, 2.01, 1.9995, 1.9999, 2, 1.5, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.4, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]
PLATEAUS = [
    ("{.kind = FV_PLATEAU, .patience = 3}", dict(patience=2)),
    ("{.kind = FV_PLATEAU, .patience = 1, .gamma = 0.5f, .cooldown = 2, .floor = 0.25f}",
     dict(patience=0, factor=0.5, cooldown=2, min_lr=0.25)),
    ("{.kind = FV_PLATEAU, .patience = 2, .gamma = 0.5f, .threshold = FV_ZERO}", dict(patience=1, factor=0.5, threshold=0)),
    ("{.kind = FV_PLATEAU, .patience = 2, .gamma = 0.5f, .threshold = 0.25f}", dict(patience=1, factor=0.5, threshold=0.25)),
]


def plateau(options):
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    scheduler = lr.ReduceLROnPlateau(optimizer, **{"factor": 0.1, **options})
    kept = []
    for loss in LOSSES:
        scheduler.step(loss)
        kept.append(optimizer.param_groups[0]["lr"])
    return kept


with open(os.path.join(FOLDER, "plateau.inc"), "w") as out:
    print(f"/* Made by make_optim.py with PyTorch {torch.__version__}. */", file=out)
    for options_in_c, options in PLATEAUS:
        print(f'{{{options_in_c},\n {braces(LOSSES, 9)},\n {braces(plateau(options), 9)}}},', file=out)
