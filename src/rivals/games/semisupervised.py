"""Improved Techniques for Training GANs. Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen, 2016,
https://arxiv.org/abs/1606.03498, section 5: semi-supervised learning.

Two players. The discriminator is a classifier of K + 1 classes, the last of which is "generated". Its logit is fixed at 0,
which loses nothing (a softmax has a logit too many), so that a classifier of K logits l_k is a discriminator too:

    D(x) = Z(x) / (Z(x) + 1),        Z(x) = sum_k exp l_k(x)                                     (section 5, last equation)
    L_supervised   = -E log p(y | x, y <= K)
    L_unsupervised = -E log D(x) - E log(1 - D(G(z)))

The generator matches features: |E f(x) - E f(G(z))|^2, where f is what enters the classifier's last linear layer (section 3.1).
With log Z = logsumexp_k l_k the logs above are -softplus(-log Z) and -softplus(log Z).

Of the labelled rows (`batch.beside`) the classes are learnt, of the others (`batch.x`) that they are real. As in the authors'
code each half of L_unsupervised counts 1/2, which `weight` multiplies.

Nothing in this says which class an unlabelled row is of. Dai, Yang, Yang, Cohen and Salakhutdinov, 2017, Good Semi-supervised
Learning that Requires a Bad GAN, https://arxiv.org/abs/1705.09783, add that the classifier should be sure of it: the entropy
E H[p(y | x, y <= K)], here times `entropy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus
from torch.optim import Adam

from rivals.data.beside import told
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.games.catgan import conditional_entropy
from rivals.priors import Prior
from rivals.remedies import entering_last, squared_norm_of_mean

adam: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))


class SemiSupervisedGAN(Generates):
    """A generator against a classifier, whose surest answer is that a thing is real.

    generator: (B, latent) -> (B, *shape), in [-1, 1] for pictures. classifier: (B, *shape) -> (B, K) logits.
    """

    def __init__(
        self,
        generator: nn.Module,
        classifier: nn.Module,
        *,
        prior: Prior,
        weight: float = 1.0,  # of L_unsupervised
        entropy: float = 0.0,  # of E H[p(y | x, y <= K)]
        optim_c: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.classifier = generator, classifier
        self.latents, self.weight, self.entropy = prior, weight, entropy
        self.optim_c, self.optim_g, self.schedule = optim_c, optim_g, schedule

    def players(self) -> Iterator[Player]:
        schedule = self.schedule
        yield Player(name="classifier", owns=[self.classifier], loss=self.loss_C, optim=self.optim_c, schedule=schedule)
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=schedule)

    def loss_C(self, batch: Batch) -> Terms:
        x, y = told(batch)
        said = self.classify(batch.x)
        terms = {
            "classes": cross_entropy(self.classify(x), y),
            "real": 0.5 * self.weight * softplus(-said.logsumexp(1)).mean(),
            "generated": 0.5 * self.weight * softplus(self.logits(self.sample(len(batch.x)))).mean(),
        }
        if self.entropy:
            terms["entropy"] = self.entropy * conditional_entropy(said)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        with entering_last(self.classifier) as seen:
            self.classifier(batch.x)
            self.classifier(self.sample(len(batch.x)))
        real, fake = (features.flatten(1).float().mean(0) for features in seen)
        return {"matching": squared_norm_of_mean(real - fake)}

    def classify(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, K) logits l_k."""
        logits: Tensor = self.classifier(x)
        return logits.float()

    def logits(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, 1), log Z: the logit of D(x)."""
        return self.classify(x).logsumexp(1, keepdim=True)
