"""Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks. Springenberg, 2015,
https://arxiv.org/abs/1511.06390

Two players. The discriminator has no logit for real or fake: it sorts things into K classes, and should be sure of real ones,
use all classes alike, and be at a loss over generated ones. The generator wants it sure of its own, in all classes alike. With
H the entropy and H_X[p(y)] that of the mean answer over real things, H_G[p(y)] over generated ones (section 3.2):

    L_D = max  H_X[p(y)] - E H[p(y | x)] + E H[p(y | G(z))]
    L_G = min -H_G[p(y)] + E H[p(y | G(z))]

Of a few rows the class is known: their cross-entropy, lambda CE[y, p(y | x)], ties the classes to their names (section 3.3).
Entropies are in nats; the mean answer is that of the batch, over all processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax
from torch.optim import Adam

from rivals import processes
from rivals.data.beside import told
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.priors import Prior

adam: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))
LEAST = 1e-20  # of a mean probability under a logarithm: a class that nothing is given to costs no infinite gradient


class CatGAN(Generates):
    """A generator against a classifier that is to be sure of real things alone.

    generator: (B, latent) -> (B, *shape), in [-1, 1] for pictures. classifier: (B, *shape) -> (B, K) logits.
    """

    def __init__(
        self,
        generator: nn.Module,
        classifier: nn.Module,
        *,
        prior: Prior,
        weight: float = 1.0,  # lambda, of the labelled rows' cross-entropy
        optim_c: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.classifier = generator, classifier
        self.latents, self.weight = prior, weight
        self.optim_c, self.optim_g, self.schedule = optim_c, optim_g, schedule

    def players(self) -> Iterator[Player]:
        schedule = self.schedule
        yield Player(name="classifier", owns=[self.classifier], loss=self.loss_C, optim=self.optim_c, schedule=schedule)
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=schedule)

    def loss_C(self, batch: Batch) -> Terms:
        x, y = told(batch)
        real, fake = self.classify(batch.x), self.classify(self.sample(len(batch.x)))
        return {
            "classes": self.weight * cross_entropy(self.classify(x), y),
            "balance": -marginal_entropy(real),
            "real": conditional_entropy(real),
            "generated": -conditional_entropy(fake),
        }

    def loss_G(self, batch: Batch) -> Terms:
        fake = self.classify(self.sample(len(batch.x)))
        return {"balance": -marginal_entropy(fake), "generated": conditional_entropy(fake)}

    def classify(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, K) logits."""
        logits: Tensor = self.classifier(x)
        return logits.float()


def conditional_entropy(logits: Tensor) -> Tensor:
    """E H[p(y | x)]: (B, K) -> (), in [0, log K]. How unsure of each thing."""
    log_p = log_softmax(logits, 1)
    return -(log_p.exp() * log_p).sum(1).mean()


def marginal_entropy(logits: Tensor) -> Tensor:
    """H of the mean answer over the batches of all processes: (B, K) -> (), in [0, log K]. How evenly classes are used.

    The logarithm is a constant here, since sum_k p_k d(log p_k) = 0: so the mean of all processes' values and gradients is the
    value and gradient of the whole batch's."""
    p = logits.softmax(1).mean(0)
    return -(p * processes.mean(p).clamp(min=LEAST).log()).sum()
