"""Two encoders that share the work: who speaks, and what is said. Chen, Huang, Shen, Lee and Lee, 2018, Phonetic-and-Semantic
Embedding of Spoken Words with Applications in Spoken Content Retrieval, https://arxiv.org/abs/1807.08089, stage 1; as H. Lee's
lectures tell it ("feature disentangle").

A piece of speech x is read by a speaker encoder E_s and a phonetic encoder E_p, and a decoder makes it again from both codes.
That alone leaves it open what goes where. So

- E_s is held to the speaker: its codes of two pieces of one speaker are drawn together, those of two speakers apart, up to a
  margin: |s_i - s_j|^2, or max(0, margin - |s_i - s_j|^2);
- E_p is kept from the speaker: a discriminator C looks at two of its codes and says whether they are of one speaker, and E_p
  makes it err.

Who plays: the discriminator, who owns C; the autoencoder, who owns both encoders and the decoder. The paper's C is a
Wasserstein critic; ours a classifier, whose loss is the cross-entropy over pairs of one speaker plus that over pairs of two,
and E_p lowers the same with the answers exchanged. All pairs of a batch are taken. Nothing but y, who speaks, is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Adam

from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms

adam: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))


def alike(y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B,) -> the two numbers of each pair of rows, and whether both are of one class: (P,) each, P = B (B - 1) / 2."""
    i, j = torch.triu_indices(len(y), len(y), offset=1, device=y.device)
    return i, j, y[i] == y[j]


def mean_where(x: Tensor, chosen: Tensor) -> Tensor:
    """The mean of those of (P,) numbers that are chosen; 0 of none."""
    return (x * chosen).sum() / chosen.sum().clamp_min(1)


def pair_loss(logits: Tensor, same: Tensor) -> Tensor:
    """(P,) logits of being of one speaker -> (), the mean over pairs that are and the mean over pairs that are not."""
    return mean_where(softplus(-logits), same) + mean_where(softplus(logits), ~same)


class Disentangle(Game):
    """Speaker and content of sounds apart.

    E_s: (B, *shape) -> (B, S); E_p: (B, *shape) -> (B, P); decoder: (B, S + P) -> (B, *shape); C: (B, P) -> (B, B) logits of
    every two being of one speaker.
    """

    def __init__(
        self,
        E_s: nn.Module,
        E_p: nn.Module,
        decoder: nn.Module,
        C: nn.Module,
        *,
        critic_turns: int = 1,
        weight: float = 1.0,  # of what makes C err
        speaker: float = 1.0,  # of what holds E_s to the speaker
        margin: float = 1.0,
        optim: Optim = adam,
        optim_c: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.E_s, self.E_p, self.decoder, self.C = E_s, E_p, decoder, C
        self.critic_turns, self.weight, self.speaker, self.margin = critic_turns, weight, speaker, margin
        self.optim, self.optim_c, self.schedule = optim, optim_c, schedule

    def players(self) -> Iterator[Player]:
        yield Player(
            name="discriminator",
            owns=[self.C],
            loss=self.loss_C,
            optim=self.optim_c,
            turns=self.critic_turns,
            schedule=self.schedule,
        )
        yield Player(
            name="autoencoder",
            owns=[self.E_s, self.E_p, self.decoder],
            loss=self.loss_E,
            optim=self.optim,
            schedule=self.schedule,
        )

    def loss_C(self, batch: Batch) -> Terms:
        i, j, same = alike(speakers(batch))
        return {"pairs": pair_loss(self.C(self.E_p(batch.x))[i, j].float(), same)}

    def loss_E(self, batch: Batch) -> Terms:
        i, j, same = alike(speakers(batch))
        s, p = self.E_s(batch.x).float(), self.E_p(batch.x)
        apart = (s[i] - s[j]).square().sum(1)
        held = mean_where(apart, same) + mean_where((self.margin - apart).clamp_min(0), ~same)
        return {
            "reconstruction": (self.decode(torch.cat([s, p], 1)) - batch.x).float().abs().mean(),
            "speaker": self.speaker * held,
            "confusion": self.weight * pair_loss(self.C(p)[i, j].float(), ~same),
        }

    def decode(self, codes: Tensor) -> Tensor:
        """(B, S + P) speaker codes and phonetic codes -> (B, *shape)."""
        x: Tensor = self.decoder(codes)
        return x

    def encode(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, S + P), the codes that `decode` takes."""
        return torch.cat([self.E_s(x).float(), self.E_p(x).float()], 1)

    def voice(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, S), who speaks."""
        s: Tensor = self.E_s(x)
        return s.float()

    def converted(self, x: Tensor, s: Tensor) -> Tensor:
        """What is said in x, (B, *shape), in the voice of the speaker codes s, (B, S)."""
        return self.decode(torch.cat([s, self.E_p(x).float()], 1))


def speakers(batch: Batch) -> Tensor:
    if batch.y is None:
        raise UserError("this game has to know who speaks: give sounds in folders, one for each speaker")
    return batch.y
