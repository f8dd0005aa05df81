#!/usr/bin/env python3
"""What `fovea predict FILE PICTURE` does, in PyTorch: torch_start.py FILE.pt PICTURE, a frozen TorchScript file."""
import sys

import torch

from picture import load

with torch.no_grad():
    logits = torch.jit.load(sys.argv[1])(torch.from_numpy(load(sys.argv[2])))
    print(torch.softmax(logits, 1).topk(5))
