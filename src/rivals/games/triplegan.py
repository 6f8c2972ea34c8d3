"""Triple Generative Adversarial Nets. Li, Xu, Zhu and Zhang, 2017, https://arxiv.org/abs/1703.02291

Three players. The generator draws x of a class y, the classifier finds y of an x, and the discriminator D(x, y) tells the pairs
of either, p_g and p_c, from true ones, p (section 3.1):

    min_{C,G} max_D  E_p log D(x, y) + alpha E_{p_c} log(1 - D(x, y)) + (1 - alpha) E_{p_g} log(1 - D(G(y, z), y))

The classifier also learns the labelled rows (R_L), generated pairs (R_P, the pseudo discriminative loss, times alpha_P) and, of
unlabelled rows, to be sure, to use all classes alike, and to say the same twice (R_U: the confidence loss after CatGAN and the
consistency loss of Laine and Aila; section 3).

Classes cannot be drawn with a gradient, and the authors found this better than REINFORCE: the most probable class y^ stands for
the expectation, weighted by its probability, and C raises D as G does (algorithm 1 and their code's `argmax`):

    L_C = alpha p_c(y^ | x) softplus(-d(x, y^)) + ...,        d the logit of D

D's true pairs are few and would be learnt by heart. So, as the authors do, unlabelled rows with C's classes count as true too,
a share `pseudo` of the whole. Where their code draws batches of other sizes for each term, here all have the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot, softplus
from torch.optim import Adam

from rivals import processes
from rivals.data.beside import told
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.games.catgan import LEAST, conditional_entropy
from rivals.priors import Codes

adam: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))


class TripleGAN(Generates):
    """A generator that is asked for a class and a classifier, against a discriminator of pairs.

    generator: (B, latent + classes) -> (B, *shape), latents and one-hot class. classifier: (B, *shape) -> (B, classes) logits.
    discriminator: (B, *shape), (B, classes) -> (B, 1) logits.
    """

    latents: Codes

    def __init__(
        self,
        generator: nn.Module,
        classifier: nn.Module,
        discriminator: nn.Module,
        *,
        latent: int,
        classes: int,
        alpha: float = 0.5,  # the classifier's share of the false pairs
        pseudo: float = 0.9,  # the share of the true pairs whose class is C's
        generated: float = 0.1,  # alpha_P, of R_P
        generated_from: float = 0.3,  # the share of training after which R_P begins: earlier samples would mislead
        confidence: float = 0.3,  # of E H[p_c(y | x)]
        balance: float = 1e-3,  # of the cross-entropy from even classes to the mean answer
        consistency: float = 0.0,  # of |p_c(y | x) - p_c'(y | x)|^2 under two draws of the classifier's noise
        optim_c: Optim = adam,
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.classifier, self.discriminator = generator, classifier, discriminator
        self.latents = Codes(noise=latent, categories=(classes,))
        self.alpha, self.pseudo, self.generated, self.generated_from = alpha, pseudo, generated, generated_from
        self.confidence, self.balance, self.consistency = confidence, balance, consistency
        self.optim_c, self.optim_d, self.optim_g, self.schedule = optim_c, optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        schedule = self.schedule
        yield Player(name="discriminator", owns=[self.discriminator], loss=self.loss_D, optim=self.optim_d, schedule=schedule)
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=schedule)
        yield Player(name="classifier", owns=[self.classifier], loss=self.loss_C, optim=self.optim_c, schedule=schedule)

    def loss_D(self, batch: Batch) -> Terms:
        x, y = told(batch)
        of_c = self.pair(batch.x, self.classify(batch.x).argmax(1))
        z = self.prior(len(batch.x))
        true = (1 - self.pseudo) * softplus(-self.pair(x, y)).mean() + self.pseudo * softplus(-of_c).mean()
        of_g = softplus(self.pair(self.decode(z), self.asked(z))).mean()
        return {"true": true, "classified": self.alpha * softplus(of_c).mean(), "generated": (1 - self.alpha) * of_g}

    def loss_G(self, batch: Batch) -> Terms:
        z = self.prior(len(batch.x))
        return {"adversarial": (1 - self.alpha) * softplus(-self.pair(self.decode(z), self.asked(z))).mean()}

    def loss_C(self, batch: Batch) -> Terms:
        x, y = told(batch)
        said = self.classify(batch.x)
        p, found = said.softmax(1).max(1)
        fooled = softplus(-self.pair(batch.x, found))[:, 0]
        terms = {
            "classes": cross_entropy(self.classify(x), y),
            "adversarial": self.alpha * (p * fooled).mean(),
            "confidence": self.confidence * conditional_entropy(said),
            "balance": self.balance * balance(said),
        }
        if self.consistency:
            apart = said.softmax(1) - self.classify(batch.x).softmax(1)
            terms["consistency"] = self.consistency * apart.square().sum(1).mean()
        if self.generated and self.progress >= self.generated_from:
            z = self.prior(len(batch.x))
            terms["generated"] = self.generated * cross_entropy(self.classify(self.decode(z)), self.asked(z))
        return terms

    def pair(self, x: Tensor, y: Tensor) -> Tensor:
        """d(x, y): (B, *shape), (B,) class numbers -> (B, 1) logits, high for true pairs."""
        logits: Tensor = self.discriminator(x, one_hot(y, self.latents.categories[0]).float())
        return logits.float()

    def asked(self, z: Tensor) -> Tensor:
        """Latents -> (B,) the classes that they ask for."""
        return z[:, self.latents.noise :].argmax(1)

    def classify(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, classes) logits."""
        logits: Tensor = self.classifier(x)
        return logits.float()

    def given(self, c: Tensor) -> Tensor:
        """(B,) class numbers -> latents that ask for them."""
        return self.latents.replaced(self.prior(len(c)), 0, c)


def balance(logits: Tensor) -> Tensor:
    """The cross-entropy from even classes to the mean answer over the batches of all processes: (B, K) -> (), log K where that
    is even. The mean of all processes' values and gradients is the value and gradient of the whole batch's."""
    p = logits.softmax(1).mean(0)
    whole = processes.mean(p).clamp(min=LEAST)
    return -(whole.log() + (p - whole) / whole).mean()
