"""StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation. Choi, Choi, Kim, Ha, Kim and
Choo, 2018, https://arxiv.org/abs/1711.09020

One generator for all domains, which are the classes or the attributes of one data set: it sees a picture x and labels c to
become, and the same generator brings what it made back to the labels c' that x had. D says whether a picture is real, and its
classifier which labels it has (section 3.1):

    L_D = -L_adv + lambda_cls E -log D_cls(c' | x)                                              (eq. 2, 5)
    L_G =  L_adv + lambda_cls E -log D_cls(c | G(x, c)) + lambda_rec E |x - G(G(x, c), c')|_1   (eq. 3, 4, 6)

L_adv is that of Wasserstein with a gradient penalty (eq. 8). Labels to become are those of another row of the batch, as in the
authors' code: so they are as frequent, and occur together as often, as in the data. With `turned` one attribute is
turned round, each as often, and of all rows of the batch with the other value the labels are taken that differ in as little
else as can be (of classes: any other). So what is rare is asked for far more often, if the batch has it, and nothing that does
not occur.

What reads labels of real pictures alone is content with changes that nobody sees, and G finds them. Two remedies, neither the
paper's: `noise` on all that D is shown drowns them; and a classifier that is `wary` is also asked to read from translations
which labels they had before, so that it learns to see through whatever does not really look like its label.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, l1_loss, one_hot
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, wasserstein
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.penalties import Penalty

adam: Optim = partial(Adam, lr=1e-4, betas=(0.5, 0.999))


class StarGAN(Game):
    """A generator for all domains, and a discriminator that reads them.

    generator: (B, C + labels, H, W), a picture and a map of each label -> (B, C, H, W). trunk: (B, C, H, W) -> (B, F, h, w);
    discriminator: (B, F, h, w) -> (B, 1, h, w) logits; classifier: (B, F, h, w) -> (B, labels) logits.
    """

    def __init__(
        self,
        generator: nn.Module,
        trunk: nn.Module,
        discriminator: nn.Module,
        classifier: nn.Module,
        *,
        classes: int = 0,  # a label is one of so many
        attributes: int = 0,  # or each of so many is there, or is not
        adversarial: Adversarial = wasserstein,
        penalty: Penalty | None = None,
        of_labels: float = 1.0,  # lambda_cls
        cycle: float = 10.0,  # lambda_rec
        noise: float = 0.0,  # standard deviation, on all that D is shown
        turned: bool = False,  # labels to become: one's own but for one, and not those of another row
        wary: float = 0.0,  # factor on how badly the classifier reads which labels a translation had before
        critic_turns: int = 1,
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.trunk, self.discriminator, self.classifier = generator, trunk, discriminator, classifier
        self.classes, self.attributes = classes, attributes
        self.adversarial, self.penalty, self.of_labels, self.cycle = adversarial, penalty, of_labels, cycle
        self.noise, self.turned, self.wary = noise, turned, wary
        self.critic_turns, self.optim_g, self.optim_d, self.schedule = critic_turns, optim_g, optim_d, schedule

    def players(self) -> Iterator[Player]:
        yield Player(
            name="discriminator",
            owns=[self.trunk, self.discriminator, self.classifier],
            loss=self.loss_D,
            optim=self.optim_d,
            turns=self.critic_turns,
            schedule=self.schedule,
        )
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        c, other = self.labels(batch)
        features = self.trunk(self.seen(batch.x))
        fake = self.decode(self.latents_of(batch.x, other))
        drawn = self.trunk(self.seen(fake))
        terms = {
            "adversarial": self.adversarial.critic(self.discriminator(features).float(), self.discriminator(drawn).float()),
            "labels": self.of_labels * self.misread(self.classifier(features).float(), c),
        }
        if self.wary:
            terms["wary"] = self.wary * self.misread(self.classifier(drawn).float(), c)
        if self.penalty is not None:
            terms["penalty"] = self.penalty(self.judge, batch.x, fake)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        c, other = self.labels(batch)
        fake = self.decode(self.latents_of(batch.x, other))
        features = self.trunk(self.seen(fake))
        others = (self.judge(batch.x),) if self.adversarial.paired else ()
        return {
            "adversarial": self.adversarial.generator(*others, self.discriminator(features).float()),
            "labels": self.of_labels * self.misread(self.classifier(features).float(), other),
            "cycle": self.cycle * l1_loss(self.decode(self.latents_of(fake, c)), batch.x),
        }

    def labels(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(B, labels) those that the things have, and those to become."""
        found = self.labels_of(batch)
        if not self.turned:
            return found, found.roll(1, 0)  # which rows stand beside each other is chance already
        n, labels = found.shape
        drawn = chance.uniform(n, device=found.device)
        if self.attributes:
            return found, turned(found, (labels * drawn).long())
        step = 1 + ((labels - 1) * drawn).long()
        return found, one_hot((found.argmax(1) + step) % labels, labels).float()

    def labels_of(self, batch: Batch) -> Tensor:
        """(B, labels) of 0 and 1."""
        if self.attributes and batch.a is not None:
            return batch.a
        if not self.attributes and batch.y is not None:
            return one_hot(batch.y, self.classes).float()
        raise UserError("a StarGAN learns from labels, and this data has none: give data with classes or attributes")

    def misread(self, said: Tensor, c: Tensor) -> Tensor:
        """Cross-entropy; of attributes the sum over them, as in the authors' code."""
        if self.attributes:
            return binary_cross_entropy_with_logits(said, c) * self.attributes
        return cross_entropy(said, c)

    def judge(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, h, w) logits."""
        logits: Tensor = self.discriminator(self.trunk(self.seen(x)))
        return logits.float()

    def seen(self, x: Tensor) -> Tensor:
        """What D is shown, in training."""
        return x + self.noise * chance.normal(*x.shape, device=x.device).to(x.dtype) if self.noise else x

    def latents_of(self, x: Tensor, c: Tensor) -> Tensor:
        """What the generator is given to turn things into such of other labels: (B, C, H, W), (B, labels) -> (B, C + labels, H,
        W). Labels of 0 and 1 are laid onto [-1, 1], as pictures are."""
        return torch.cat([x, (2 * c[:, :, None, None].to(x.dtype) - 1).expand(-1, -1, *x.shape[2:])], 1)

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.generator(z)
        return x.float()

    def read(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, labels) logits."""
        logits: Tensor = self.classifier(self.trunk(x))
        return logits.float()

    def domains(self) -> int:
        return self.classes or 2 * self.attributes

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        """Domain k is class k; or attribute k // 2, to be there (even) or not (odd), while the others stay as the discriminator
        reads them from x. Which domain things are of is not asked."""
        if not 0 <= to < self.domains():
            raise UserError(f"this game learnt {self.domains()} domains")
        if self.attributes:
            c = (self.read(x) > 0).float()
            c[:, to // 2] = 1.0 - to % 2
        else:
            c = one_hot(torch.full((len(x),), to, device=x.device), self.classes).float()
        return self.decode(self.latents_of(x, c))


def turned(a: Tensor, k: Tensor) -> Tensor:
    """(B, A) of 0 and 1, and of each row the number of an attribute, (B,): of the rows that have it otherwise the labels of the
    one that differs least in the others, by chance where several do; of the row before, where there is none.

    >>> turned(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), torch.tensor([0, 1, 0])).tolist()
    [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]]
    """
    differs = a[:, None] != a
    apart = differs.sum(2) + chance.uniform(len(a), len(a), device=a.device)
    has_it_otherwise = differs[torch.arange(len(a), device=a.device), :, k]
    apart = apart.masked_fill(~has_it_otherwise, float("inf"))
    return torch.where(has_it_otherwise.any(1)[:, None], a[apart.argmin(1)], a.roll(1, 0))
