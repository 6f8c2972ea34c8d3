"""Names and folders -> batches as a function of position."""

from rivals.data.batches import Batches
from rivals.data.core import Batch, Dataset, Facts, bytes_from_pictures, pictures_from_bytes
from rivals.data.description import Description, describe
from rivals.data.memory import Memory
from rivals.data.pictures import contact_sheet, grid, scatter
from rivals.data.sources import load
from rivals.data.stream import Stream

__all__ = [
    "Batch", "Batches", "Dataset", "Description", "Facts", "Memory", "Stream", "bytes_from_pictures", "contact_sheet",
    "describe", "grid", "load", "pictures_from_bytes", "scatter",
]  # fmt: skip
