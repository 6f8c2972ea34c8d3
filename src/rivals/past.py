"""What a game keeps of its past, so that the two do not chase each other in circles.

Replay of old samples: Shrivastava et al., 2017, Learning from Simulated and Unsupervised Images through Adversarial Training,
section 2.3, https://arxiv.org/abs/1612.07828. Half of what the discriminator is shown as generated comes from a pool of earlier
samples, and the half that is new takes the places of random ones there. We draw for each row whether it is old or new; row r of
a batch meets row r of earlier ones alone, so that several processes each keep their rows of the one pool.

Old opponents: "Keep checkpoints from the past of G and D and occasionally swap them out for a few iterations" (Chintala et al.,
2016, How to Train a GAN?, tip 7, https://github.com/soumith/ganhacks). Who only learns to beat today's opponent forgets what
beat yesterday's.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rivals import chance
from rivals.errors import UserError

if TYPE_CHECKING:
    from rivals.games.gan import GAN


class Replay(nn.Module):
    """The samples of earlier rounds: `batches` of them, each of `rows` things of a shape.

    Of several processes each has its own rows; a run of theirs that was stopped goes on with the first one's."""

    pool: Tensor
    held: Tensor

    def __init__(self, batches: int, *, rows: int, shape: tuple[int, ...]):
        super().__init__()
        self.register_buffer("pool", torch.zeros(batches, rows, *shape))
        self.register_buffer("held", torch.zeros((), dtype=torch.int64))  # batches in the pool

    @torch.no_grad()
    def forward(self, fake: Tensor) -> Tensor:
        """(B, *shape) new samples -> as many, half of them old once the pool is full."""
        batches, rows = self.pool.shape[:2]
        if len(fake) > rows:
            raise UserError(f"a batch of {len(fake)} samples: this pool was made for {rows}")
        row = torch.arange(len(fake), device=fake.device)
        full = self.held == batches
        draw = chance.uniform(len(fake), 2, device=fake.device)
        place = torch.where(full, (draw[:, 0] * batches).long(), self.held)
        old = (full & (draw[:, 1] < 0.5)).view(-1, *[1] * (fake.dim() - 1))
        shown = torch.where(old, self.pool[place, row], fake.float())
        self.pool[place, row] = shown  # the old ones stay where they were, the new ones take the places of others
        self.held += ~full
        return shown


class Past(nn.Module):
    """The two networks as they were after the first round of a period of `every`. In the last tenth of it each player meets the
    other's old network."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module, *, every: int):
        super().__init__()
        self.generator, self.discriminator, self.every = unowned(generator), unowned(discriminator), every

    def met(self, round: int) -> bool:
        """Whether this is a round against the old networks."""
        return round % self.every >= self.every - max(1, self.every // 10)

    @torch.no_grad()
    def keep(self, game: GAN) -> None:
        """After a turn of the last player: in the first round of a period keep the networks as they are now."""
        if game.round % self.every == 0:
            self.generator.load_state_dict(game.generator.state_dict())
            self.discriminator.load_state_dict(game.discriminator.state_dict())


def unowned(network: nn.Module) -> nn.Module:
    """A copy whose weights are buffers: it is saved and moved with its game, and there is nothing in it for a player to own."""
    copy = deepcopy(network)
    for module in copy.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach().clone())
    return copy
