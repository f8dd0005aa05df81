#!/usr/bin/env python3
"""torchvision's state_dicts, with random weights, as F32, F16 and BF16: by the same weights, the same logits.

    peer_torchvision.py TEST_PRETRAINED DIR

The C side is `test_pretrained --peer NETWORK DIR`. Exits with 77 where torchvision is not installed.
"""

import json
import struct
import subprocess
import sys

try:
    import torch
    import torchvision.models
except ImportError as missing:
    print(missing)
    sys.exit(77)

program, folder = sys.argv[1:]
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


def save(tensors, path):
    """The format by hand: its length, its header, the tensors' bytes."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        flat = tensor.contiguous()
        raw = (flat.view(torch.int16) if flat.element_size() == 2 else flat).numpy().tobytes()
        header[name] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def lively(module):
    """Batch norms that matter: torchvision's start as the identity."""
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.normal_(part.bias, 0, 0.1)


def check(ours, theirs, dtype, **options):
    torch.manual_seed(1)
    module = getattr(torchvision.models, theirs)(num_classes=10, **options).eval()
    lively(module)
    state = {n: t.to(dtype) if t.is_floating_point() else t for n, t in module.state_dict().items()}
    module.load_state_dict(state)  # what remains of them in 16 bits
    save(state, f"{folder}/weights.safetensors")
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        module(x).numpy().tofile(f"{folder}/logits.raw")
    x.numpy().tofile(f"{folder}/x.raw")
    subprocess.run([program, "--peer", ours, folder], check=True)


for dtype in torch.float32, torch.float16, torch.bfloat16:
    check("resnet18", "resnet18", dtype)
check("squeezenet1_1", "squeezenet1_1", torch.bfloat16)
check("mobilenet_v3_small", "mobilenet_v3_small", torch.float16)
check("googlenet_bn", "googlenet", torch.float32, init_weights=False, aux_logits=False)
check("googlenet_bn:no_aux=1", "googlenet", torch.float16, init_weights=False, aux_logits=True)
