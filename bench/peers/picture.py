"""A JPEG file as an ImageNet network's input: what the start-up programs of the peers share."""
import numpy
from PIL import Image

MEAN, STD = numpy.array([0.485, 0.456, 0.406], numpy.float32), numpy.array([0.229, 0.224, 0.225], numpy.float32)


def load(path):
    pixels = numpy.asarray(Image.open(path).convert("RGB").resize((224, 224), Image.BILINEAR), numpy.float32)
    return ((pixels / 255 - MEAN) / STD).transpose(2, 0, 1)[None]
