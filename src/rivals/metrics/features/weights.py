"""Pretrained weights: found, checked, read without running any code in them."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from rivals.data.download import Failed, Remote, cache_folder, fetch
from rivals.errors import UserError


def folders() -> list[Path]:
    """Where weights are looked for: in `$RIVALS_WEIGHTS`, then in the cache."""
    given = os.environ.get("RIVALS_WEIGHTS")
    return [*([Path(given)] if given else []), cache_folder() / "weights"]


def at_hand(remote: Remote) -> Path | None:
    """Where the file is on this machine, if it is."""
    return next((folder / remote.name for folder in folders() if (folder / remote.name).is_file()), None)


def find(remote: Remote) -> Path:
    """Where the file is; if it is nowhere on this machine, it is fetched into the cache."""
    if path := at_hand(remote):
        return path
    looked = folders()
    try:
        fetch([remote], looked[-1])
    except Failed as failed:
        hint = ", or set RIVALS_WEIGHTS to a folder that holds it" if len(looked) == 1 else ""
        raise UserError(
            f"{remote.name} is not on this machine and cannot be downloaded ({failed}): "
            f"fetch it elsewhere from {remote.url} and put it into {' or '.join(map(str, looked))}{hint}"
        ) from None
    return looked[-1] / remote.name


def read(path: Path, sha256: str, again: str = "remove it and fetch it again") -> dict[str, Tensor]:
    """The tensors in a PyTorch file, on the CPU, if it is the published one; `again` says how to get that."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise UserError(f"{path} is not the published file (SHA-256 {found}, not {sha256}): {again}")
    try:
        weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(f"{path} holds code beside numbers, which is not run: use a file of tensors alone") from None
    return weights


def frozen(build: Callable[[], nn.Sequential], weights: Mapping[str, Tensor]) -> nn.Sequential:
    """The network with these weights and no others, never to be trained."""
    with torch.device("meta"):  # no random weights first: they take time, and numbers from the generator that games draw from
        network = build()
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def pooled(network: nn.Sequential, prepare: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """(B, channels, H, W) in [-1, 1] -> (B, D): what enters the last layer of the network once the pictures are prepared.

    A few pictures at a time, which bounds the memory; on a CPU so few that they stay in its cache: with 8 and the channels
    last, EfficientNet-Lite0 took a third of the time that it took with 32 and the channels first.
    """
    to_pool = network.to(x.device)[:-1]
    parts = torch.split(x, 8 if x.device.type == "cpu" else 128)
    return torch.cat([to_pool(prepare(part).contiguous(memory_format=torch.channels_last)) for part in parts])
