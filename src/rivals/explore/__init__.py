"""Moving in the latent space of a trained game: from sample to sample, along directions, by arithmetic, back from a picture."""

from rivals.explore.arithmetic import Concept, evaluated, parsed
from rivals.explore.directions import factorised, principal
from rivals.explore.editing import Edited, edit, painted
from rivals.explore.inversion import Inverted, invert
from rivals.explore.paths import linear, plane, spherical, through

__all__ = [
    "Concept",
    "Edited",
    "Inverted",
    "edit",
    "evaluated",
    "factorised",
    "invert",
    "linear",
    "painted",
    "parsed",
    "plane",
    "principal",
    "spherical",
    "through",
]
