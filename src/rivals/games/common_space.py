"""A common space: each domain has an encoder into it and a decoder out of it, and who encodes with one and decodes with another
translates. Two domains or more.

Autoencoders that are trained one by one do not meet: the same place of the space means something else to each. The papers
differ in what brings them together. With x_i of domain i, its code c = E_i(x_i), another domain j, and y = G_j(c):

    reconstruct   |G_i(c) - x_i|_1                                       an autoencoder's
    prior        E c^2, with noise on every code that is decoded        a VAE's with unit variance (UNIT, eq. 3, 5)
    adversarial   D_j judges y, or, of autoencoders by themselves, D_i judges G_i(c)
    cycle         |G_i(E_j(y)) - x_i|_1                                  (ComboGAN, eq. 2; UNIT, eq. 5)
    same          |E_j(y) - c|_1: what is meant stays                    (XGAN, "semantic consistency", eq. 3)
    confuse       a classifier of codes cannot tell the domain           (Fader Networks, eq. 3; XGAN, eq. 2)

and layers may be shared: the last of all encoders, the first of all decoders. Each round two of the domains play, one pair
after another. (ComboGAN draws the pair; so each has its turn, and a run that is stopped goes on with the pair that it was at.)

Liu, Breuel and Kautz, 2017, Unsupervised Image-to-Image Translation Networks (UNIT), https://arxiv.org/abs/1703.00848
Anoosheh, Agustsson, Timofte and Van Gool, 2017, ComboGAN, https://arxiv.org/abs/1712.06909
Royer, Bousmalis, Gouws, Bertsch, Mosseri, Cole and Murphy, 2017, XGAN, https://arxiv.org/abs/1711.05139
Lample, Zeghidour, Usunier, Bordes, Denoyer and Ranzato, 2017, Fader Networks, https://arxiv.org/abs/1706.00409
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, l1_loss
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, least_squares
from rivals.data.beside import several
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Factors on the terms of the coders; 0: the term is not there."""

    reconstruct: float = 0.0
    prior: float = 0.0
    adversarial: float = 1.0
    cycle: float = 0.0
    same: float = 0.0
    confuse: float = 0.0


class CommonSpace(Game):
    """An encoder, a decoder and a discriminator for each domain.

    encoders: (B, *shape of domain i) -> (B, F, h, w) codes. decoders: back, or larger, then cut. discriminators: (B, *shape of
    domain i) -> (B, 1, h, w) logits; none: the adversarial term is not there. classifier: codes -> (B, domains) logits, or
    None.
    """

    def __init__(
        self,
        encoders: Sequence[nn.Module],
        decoders: Sequence[nn.Module],
        discriminators: Sequence[nn.Module] = (),
        classifier: nn.Module | None = None,
        *,
        weights: Weights,
        noise: float = 0.0,  # standard deviation, on every code that is decoded while it is trained
        reconstructions: bool = False,  # whether these are judged, in the place of translations
        adversarial: Adversarial = least_squares,
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.encoders, self.decoders = nn.ModuleList(encoders), nn.ModuleList(decoders)
        self.discriminators, self.classifier = nn.ModuleList(discriminators), classifier
        self.weights, self.noise, self.reconstructions, self.adversarial = weights, noise, reconstructions, adversarial
        self.optim_g, self.optim_d, self.schedule = optim_g, optim_d, schedule
        self.pairs = list(combinations(range(len(encoders)), 2))

    def players(self) -> Iterator[Player]:
        if self.discriminators:
            yield Player(
                name="discriminators",
                owns=[self.discriminators],
                loss=self.loss_D,
                optim=self.optim_d,
                schedule=self.schedule,
            )
        if self.classifier is not None:
            yield Player(
                name="classifier", owns=[self.classifier], loss=self.loss_C, optim=self.optim_d, schedule=self.schedule
            )
        yield Player(
            name="coders",
            owns=[self.encoders, self.decoders],
            loss=self.loss_EG,
            optim=self.optim_g,
            schedule=self.schedule,
        )

    def turns(self, batch: Batch) -> Iterator[tuple[int, int, Tensor]]:
        """(domain, the other, things of the domain), of this round's pair both ways."""
        x = several(batch, len(self.encoders))
        i, j = self.pairs[self.round % len(self.pairs)]
        yield i, j, x[i]
        yield j, i, x[j]

    def loss_EG(self, batch: Batch) -> Terms:
        w, terms = self.weights, dict[str, Tensor]()

        def add(name: str, term: Tensor) -> None:
            terms[name] = terms.get(name, 0) + getattr(w, name) * term

        for i, j, x in self.turns(batch):
            code = self.encoders[i](x)
            again = back = None
            if w.reconstruct or self.reconstructions:
                back = self.decode(code, i, x)
                add("reconstruct", l1_loss(back, x))
            if w.prior:
                add("prior", code.float().square().mean())
            if w.confuse and self.classifier is not None:
                add("confuse", -self.classifier(code).float().log_softmax(1).mean())
            judged, of = (back, i) if self.reconstructions else (None, j)
            if not self.reconstructions and (self.discriminators or w.cycle or w.same):
                judged = self.decode(code, j, x)
                again = self.encoders[j](judged) if w.cycle or w.same else None
            if judged is not None and self.discriminators:
                D = self.discriminators[of]
                others = (D(several(batch, len(self.encoders))[of]).float(),) if self.adversarial.paired else ()
                add("adversarial", self.adversarial.generator(*others, D(judged).float()))
            if again is not None and w.cycle:
                add("cycle", l1_loss(self.decode(again, i, x), x))
            if again is not None and w.prior:
                add("prior", again.float().square().mean())
            if again is not None and w.same:
                add("same", l1_loss(again.float(), code.float()))
        return terms

    def loss_D(self, batch: Batch) -> Terms:
        x, losses = several(batch, len(self.encoders)), []
        for i, j, given in self.turns(batch):
            of = i if self.reconstructions else j
            fake = self.decode(self.encoders[i](given), of, given)
            D = self.discriminators[of]
            losses.append(self.adversarial.critic(D(x[of]).float(), D(fake).float()))
        return {"adversarial": torch.stack(losses).sum()}

    def loss_C(self, batch: Batch) -> Terms:
        assert self.classifier is not None
        losses = []
        for i, _, x in self.turns(batch):
            said = self.classifier(self.encoders[i](x)).float()
            losses.append(cross_entropy(said, torch.full((len(x),), i, device=said.device)))
        return {"domain": torch.stack(losses).sum()}

    def decode(self, code: Tensor, of: int, like: Tensor) -> Tensor:
        """Codes -> things of a domain, of the size of those that the codes are of."""
        if self.training and self.noise:
            code = code + self.noise * chance.normal(*code.shape, device=code.device).to(code.dtype)
        x: Tensor = self.decoders[of](code)
        return x[:, :, : like.shape[2], : like.shape[3]].float()

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        if not 0 <= min(of, to) <= max(of, to) < len(self.encoders):
            raise UserError(f"this game learnt {len(self.encoders)} domains")
        return self.decode(self.encoders[of](x), to, x)
