"""One file that holds any tree of tensors and plain values: safetensors for the tensors, JSON in its header for the rest.

No pickle is written or read. The header carries a SHA-256 of everything, so a truncated or altered file is found out, and a
file is written beside, flushed to the disk and renamed: whoever is killed in the middle leaves the previous one whole.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rivals import files
from rivals.errors import UserError


class Damaged(UserError):
    """The file is not what was saved."""


def write(path: Path, tree: dict[str, Any]) -> None:
    """Save nested dicts and lists of tensors and JSON values."""
    tensors: dict[str, Tensor] = {}
    plain = json.dumps(_without_tensors(tree, "", tensors), sort_keys=True)
    digest = _digest(plain, tensors)
    files.replace(path, save(tensors, metadata={"rivals": plain, "sha256": digest}))


def read(path: Path) -> dict[str, Any]:
    """The tree that was saved; `Damaged` if the file was truncated or altered, or is no such file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise UserError(f"no checkpoint at {path}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise Damaged(f"{path} is {_what(path)} ({error})") from None
    if "sha256" not in metadata or "rivals" not in metadata:
        raise Damaged(f"{path} is a safetensors file, but not a checkpoint of rivals")
    if metadata["sha256"] != _digest(metadata["rivals"], tensors):
        raise Damaged(f"{path} was altered: its checksum does not match")
    tree: dict[str, Any] = _with_tensors(json.loads(metadata["rivals"]), tensors)
    return tree


def _what(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x80\x02" or start == b"PK\x03\x04":
        return "a pickle, which may run code: refused; rivals reads safetensors alone"
    return "truncated or no checkpoint of rivals"


def _without_tensors(tree: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """The tree with each tensor replaced by {"tensor": its name}."""
    if isinstance(tree, Tensor):
        tensors[name] = tree.detach().cpu().contiguous().clone()  # the writer refuses tensors that share memory
        return {"tensor": name}
    if isinstance(tree, dict):
        return {str(key): _without_tensors(value, f"{name}/{key}", tensors) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_tensors(value, f"{name}/{i}", tensors) for i, value in enumerate(tree)]
    return tree


def _with_tensors(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, dict):
        if set(tree) == {"tensor"}:
            return tensors[tree["tensor"]]
        return {key: _with_tensors(value, tensors) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_with_tensors(value, tensors) for value in tree]
    return tree


def _digest(plain: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(plain.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        if tensor.numel():
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
