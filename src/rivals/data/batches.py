"""Batches as a function of their number: a stopped run asks for batch k and goes on where it was.

Position p of the endless stream of rows belongs to epoch p // n and is row `permutation(n, seed, epoch)[p % n]`; global
batch k holds the positions k * size .. (k + 1) * size - 1, so a batch may straddle two epochs and no row is ever left
out. Where there are rows of a second data set beside them (`rivals.data.beside`), those have an order of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from rivals.data.beside import Beside
from rivals.data.changed import Changed
from rivals.data.core import Batch, Dataset
from rivals.data.order import permutation
from rivals.data.stream import Rows, Stream
from rivals.errors import UserError

AHEAD = 2  # batches of a stream that are prepared while the present one is used


class Batches:
    """Batch number k, for every k >= 0, in any order; one after another is fastest.

    `size`: rows of the global batch, of which process `rank` of `world` gets its equal slice.
    `workers`: threads that prepare a stream's next batches; 0: as many as the data set was loaded with. A data set in
    memory needs none. The rows are the same whatever the number.
    `again`: a batch may hold a row more than once, where the data has fewer rows than it takes.
    Close it, or use it in a `with`, to stop the threads.

    Raises `UserError` if `size` cannot be shared by `world` processes or if the data has fewer than `size` rows and may not
    repeat them.
    """

    def __init__(
        self,
        data: Dataset,
        size: int,
        *,
        seed: int,
        device: torch.device | str = "cpu",
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        again: bool = False,
    ) -> None:
        if size < 1:
            raise UserError(f"a batch of {size} rows: choose a batch size of at least 1")
        if size % world:
            fit = max(world, size // world * world)
            raise UserError(
                f"a batch of {size} rows cannot be shared equally by {world} processes: choose a multiple, as {fit}"
            )
        if len(data) < size and not again:
            raise UserError(
                f"'{data.name}' has {len(data)} rows, fewer than a batch of {size}: choose a batch size of {len(data)} or less"
            )
        self.beside: Batches | None = None
        if isinstance(data, Beside):
            order = seed if data.paired else other_order(seed)
            self.beside = Batches(
                data.second, size, seed=order, device=device, rank=rank, world=world, workers=workers, again=True
            )
            data = data.first
        self.change = data.changed if isinstance(data, Changed) else None
        if isinstance(data, Changed):
            data = data.whole
        self.data, self.size, self.seed, self.device = data, size, seed, torch.device(device)
        self.rank, self.share = rank, size // world
        self._orders: dict[int, Tensor] = {}  # of the epochs last used
        self._begun: dict[int, Callable[[], Rows]] = {}
        self._pool: ThreadPoolExecutor | None = None
        if isinstance(data, Stream):
            self._pool = ThreadPoolExecutor(workers or data.workers, thread_name_prefix="rivals-data")

    def __call__(self, k: int) -> Batch:
        """This process's slice of global batch k, on the device."""
        batch = self._first(k) if self.change is None else self.change(self._first(k))
        return batch if self.beside is None else batch._replace(beside=self.beside(k))

    def _first(self, k: int) -> Batch:
        if self._pool is None or not isinstance(self.data, Stream):
            return self.data.rows(self.numbers(k), self.device)
        wanted = range(k, k + 1 + AHEAD)
        self._begun = {j: finish for j, finish in self._begun.items() if j in wanted}
        for j in wanted:
            if j not in self._begun:
                self._begun[j] = self.data.begin(self.numbers(j), self._pool)
        return self._begun.pop(k)().on(self.device)

    def numbers(self, k: int) -> Tensor:
        """The row numbers of this process's slice of batch k: (size / world,) int64."""
        epoch, start = divmod(k * self.size + self.rank * self.share, len(self.data))
        found: list[Tensor] = []
        missing = self.share
        while missing:
            found.append(self._order(epoch)[start : start + missing])
            missing -= len(found[-1])
            epoch, start = epoch + 1, 0
        return found[0] if len(found) == 1 else torch.cat(found)

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            self._orders = {e: order for e, order in self._orders.items() if abs(e - epoch) == 1}
            self._orders[epoch] = permutation(len(self.data), self.seed, epoch)
        return self._orders[epoch]

    def close(self) -> None:
        """Stops the threads; what they had not begun is dropped."""
        if self.beside is not None:
            self.beside.close()
        self._begun = {}
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def other_order(seed: int) -> int:
    """A seed for the rows beside: two data sets of one size would else come in one order; nor do those of a third come in the
    first one's."""
    return -1 - seed if seed >= 0 else seed - (1 << 40)
