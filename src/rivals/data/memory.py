"""A data set that lives in memory: one tensor of bytes (pictures) or of floats (vectors), the rows' classes and attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from rivals.data.core import Batch, Dataset, Facts, pictures_from_bytes


def deliver(x: Tensor, y: Tensor | None, device: torch.device, a: Tensor | None = None) -> Batch:
    """Rows on the CPU -> the batch on the device. Bytes travel as bytes, a quarter of the traffic."""
    if device.type != "cpu":
        x = _send(x, device)
        y, a = (None if part is None else _send(part, device) for part in (y, a))
    return Batch(pictures_from_bytes(x) if x.dtype == torch.uint8 else x, y, a=None if a is None else a.float())


def _send(x: Tensor, device: torch.device) -> Tensor:
    if device.type == "cuda":
        x = x.pin_memory()  # only page-locked memory can travel while the CPU goes on
    return x.to(device, non_blocking=True)


class Memory(Dataset):
    """Rows held as one tensor.

    `x`: (N, C, H, W) uint8 pictures, or (N, D) float32 vectors, whose values are taken as unbounded.
    `y`: (N,) class numbers from 0, one of `class_names` each; None: no classes.
    `a`: (N, A) uint8, whether a row has each of `attribute_names`; None: no attributes.
    `row_names`: of the files that the rows come from. `skipped`: of those that could not be read.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor | None = None,
        *,
        name: str,
        class_names: Sequence[str] = (),
        a: Tensor | None = None,
        attribute_names: Sequence[str] = (),
        notes: Sequence[str] = (),
        row_names: Sequence[str] = (),
        skipped: Sequence[str] = (),
    ) -> None:
        self.x = x.contiguous()
        self.y, self.a = y, a
        self.name = name
        self.class_names = tuple(class_names) if y is not None else ()
        self.attribute_names = tuple(attribute_names) if a is not None else ()
        self.notes, self.row_names, self.skipped = tuple(notes), row_names, tuple(skipped)
        self.facts = Facts(
            shape=tuple(x.shape[1:]),
            count=len(x),
            classes=len(self.class_names),
            attributes=len(self.attribute_names),
            bounded=x.dtype == torch.uint8,
        )
        self.fingerprint = fingerprint_of(self.x, *(part for part in (y, a) if part is not None))

    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        # index_select, not x[numbers]: the same rows in half the time
        y, a = (None if part is None else part.index_select(0, numbers) for part in (self.y, self.a))
        return deliver(self.x.index_select(0, numbers), y, device, a)


def fingerprint_of(*parts: Tensor) -> str:
    """SHA-256 of shape, type and every byte."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{tuple(part.shape)} {part.dtype}\n".encode())
        digest.update(part.contiguous().numpy().data)
    return digest.hexdigest()
