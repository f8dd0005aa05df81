"""The networks in PyTorch: torchvision's, and the book's LeNet and AlexNet."""
from torch import nn


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2), nn.Sigmoid(),
        nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.Conv2d(16, 120, 4),
        nn.Flatten(), nn.Linear(120, 64), nn.Sigmoid(), nn.Linear(64, 10))


def alexnet():
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(96, 256, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 384, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(12544, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 1000))


def network(name):
    if name in ("lenet", "alexnet"):
        return globals()[name]()
    import torchvision
    return getattr(torchvision.models, name)()


def parameters(net):
    return sum(p.numel() for p in net.parameters())
