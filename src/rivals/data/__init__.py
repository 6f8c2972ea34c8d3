"""Names and folders -> batches as a function of position."""

from rivals.data.batches import Batches
from rivals.data.beside import Beside, few_labels
from rivals.data.core import Batch, Dataset, Facts, bytes_from_pictures, pictures_from_bytes
from rivals.data.description import Description, describe
from rivals.data.memory import Memory
from rivals.data.pictures import contact_sheet, grid, scatter
from rivals.data.sources import load
from rivals.data.stream import Stream

__all__ = [
    "Batch", "Batches", "Beside", "Dataset", "Description", "Facts", "Memory", "Stream", "bytes_from_pictures",
    "contact_sheet", "describe", "few_labels", "grid", "load", "pictures_from_bytes", "scatter",
]  # fmt: skip
