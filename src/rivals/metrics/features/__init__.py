"""What pictures are compared by: fixed random networks, pretrained ones, or the pixels themselves."""

from rivals.metrics.features.classifier import Classifier
from rivals.metrics.features.discriminator import Discriminator
from rivals.metrics.features.efficientnet import EfficientNetLite0
from rivals.metrics.features.inception import Inception
from rivals.metrics.features.pixels import Pixels
from rivals.metrics.features.random import RandomConvolutions, RandomWaves

__all__ = ["Classifier", "Discriminator", "EfficientNetLite0", "Inception", "Pixels", "RandomConvolutions", "RandomWaves"]
