"""Moving in the latent space of a trained game: from sample to sample, along directions, by arithmetic, back from a picture."""

from rivals.explore.arithmetic import Concept, evaluated, parsed
from rivals.explore.attributes import Reading, across, difference, moved, named, read, sought, until
from rivals.explore.directions import factorised, principal
from rivals.explore.editing import Edited, edit, painted
from rivals.explore.inversion import Inverted, invert
from rivals.explore.paths import linear, plane, spherical, through

__all__ = [
    "Concept",
    "Edited",
    "Inverted",
    "Reading",
    "across",
    "difference",
    "edit",
    "evaluated",
    "factorised",
    "invert",
    "linear",
    "moved",
    "named",
    "painted",
    "parsed",
    "plane",
    "principal",
    "read",
    "sought",
    "spherical",
    "through",
    "until",
]
