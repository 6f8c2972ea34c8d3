"""Recipes with a space that all domains share: separate autoencoders, which fail, UNIT, ComboGAN, XGAN, Fader Networks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import nn

from rivals.criteria import CRITERIA
from rivals.data.beside import Beside, parts, side_by_side
from rivals.data.core import Dataset, Facts
from rivals.data.sources import alike
from rivals.errors import UserError
from rivals.games.common_space import CommonSpace, Weights
from rivals.networks.maps import Residual
from rivals.networks.patches import DomainClassifier
from rivals.networks.translators import MapDecoder, MapEncoder
from rivals.recipes.between import Domains
from rivals.recipes.core import Setup, counts, not_negative, recipe


@dataclass(frozen=True, kw_only=True)
class CommonSpaceOptions(Domains):
    """The options of all systems with a common space."""

    further: tuple[str, ...] = ()
    """More domains, names or paths like --data; a third --data says the same."""
    blocks: int = 2
    """Residual blocks of each encoder, and of each decoder."""
    share: int | None = 0
    """How many of them all domains share, None: all: the last of the encoders, the first of the decoders."""
    judged: Literal["translations", "reconstructions"] = "translations"
    """What the discriminators see; reconstructions: nothing then asks anything of translations."""
    reconstruct: float = 10.0
    """Factor on the difference of a picture and what its own decoder makes of its code."""
    prior: float = 0.0
    """Factor on the codes' mean square."""
    code_noise: float = 0.0
    """Standard deviation of noise on every code that is decoded, in training."""
    adversarial_weight: float = 1.0
    """Factor on what the discriminators say; 0: there are none."""
    cycle: float = 0.0
    """Factor on the difference of a picture and what comes back through the other domain."""
    same: float = 0.0
    """Factor on the difference of a picture's code and its translation's."""
    confuse: float = 0.0
    """Factor on how sure a classifier is which domain a code is of; 0: there is none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counts(self, "blocks")
        not_negative(self, "code_noise", *WEIGHTS.values())
        if not 0 <= self.shared <= self.blocks:
            raise UserError(f"--share {self.share}: choose from 0 to the {self.blocks} that --blocks says")
        if self.judged == "reconstructions" and (self.cycle or self.same):
            raise UserError("--cycle and --same are of translations: pass --judged translations")
        if self.judged == "reconstructions" and not self.reconstruct:
            raise UserError("--judged reconstructions takes a --reconstruct of more than 0")
        if self.further and self.pair is not None:
            raise UserError("--pair makes the second domain from --data: leave out a third")
        if not any((self.reconstruct, self.cycle, self.adversarial_weight)):
            raise UserError("--reconstruct 0 --cycle 0 --adversarial-weight 0 leave nothing to learn from")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from super().idle()
        if not self.adversarial_weight:
            why = "with --adversarial-weight 0: there are no discriminators"
            yield from ((name, why) for name in ("patch", "adversarial", "judged"))

    @property
    def shared(self) -> int:
        return self.blocks if self.share is None else self.share

    def both(self, data: Dataset, split: str = "train", *, paired: bool) -> Beside:
        domains = super().both(data, split, paired=paired)
        if not self.further or paired:
            return domains
        return side_by_side([*parts(domains), *(alike(source, data, split=split) for source in self.further)])


WEIGHTS = {"adversarial": "adversarial_weight"} | {
    field.name: field.name for field in dataclasses.fields(Weights) if field.name != "adversarial"
}  # options by the terms that they are factors on


def build(facts: Facts, options: CommonSpaceOptions) -> Setup:
    x, y = options.shapes(facts)
    shapes = [x, y, *[facts.shape] * len(options.further)]
    width, own = options.width, options.blocks - options.shared

    def shared() -> nn.Module:
        return nn.Sequential(*(Residual(4 * width, norm=options.norm) for _ in range(options.shared)))

    ends, begins = shared(), shared()
    weights = Weights(**{term: getattr(options, name) for term, name in WEIGHTS.items()})
    game = CommonSpace(
        [MapEncoder(shape, ends, width=width, blocks=own, norm=options.norm) for shape in shapes],
        [MapDecoder(begins, outputs=shape[0], width=width, blocks=own, norm=options.norm) for shape in shapes],
        [options.discriminator(shape) for shape in shapes] if options.adversarial_weight else (),
        DomainClassifier(4 * width, len(shapes), width=width) if options.confuse else None,
        weights=weights,
        noise=options.code_noise,
        reconstructions=options.judged == "reconstructions",
        adversarial=CRITERIA[options.adversarial],
        optim_g=options.adam(),
        optim_d=options.adam(),
        schedule=options.schedule,
    )
    return options.setup(game, paired=False)


@recipe(
    paper="Larsen, Sonderby, Larochelle and Winther, 2015, Autoencoding beyond pixels using a learned similarity ...",
    url="https://arxiv.org/abs/1512.09300",
    options=CommonSpaceOptions(judged="reconstructions", adversarial="least-squares"),
)
def separate_autoencoders(facts: Facts, options: CommonSpaceOptions) -> Setup:
    """An autoencoder and a discriminator for each domain, by themselves: shows why it takes more for their codes to meet.

    Measured: as unit's: PSNR 7.9 dB, Fréchet distance 641. Their codes do not meet: no edge becomes a garment."""
    return build(facts, options)


@recipe(
    paper="Liu, Breuel and Kautz, 2017, Unsupervised Image-to-Image Translation Networks",
    url="https://arxiv.org/abs/1703.00848",
    options=CommonSpaceOptions(share=1, code_noise=1.0, prior=0.01, cycle=10.0, adversarial="non-saturating"),
)
def unit(facts: Facts, options: CommonSpaceOptions) -> Setup:
    """VAEs that share the layers next to their common space, discriminators of translations, and the way back.

    Measured (study unpaired, seeds 0 and 1): garments of Fashion-MNIST from their edges, 28 x 28, pairs hidden, 700 rounds with
    `--pair edges --width 16 --lr 5e-4 --average 0.99 --decay linear` (five minutes of one core beside another job, bf16, torch
    2.13.0, rivals 0.1.0), 1,000 test garments: PSNR 12.7 +- 0.8 dB, Fréchet distance 249 +- 39 on a classifier's features;
    copying has 2.5 dB and 420, CycleGAN 13.6 dB and 190."""
    return build(facts, options)


@recipe(
    paper="Anoosheh, Agustsson, Timofte and Van Gool, 2017, ComboGAN: Unrestrained Scalability for Image Domain Translation",
    url="https://arxiv.org/abs/1712.06909",
    options=CommonSpaceOptions(reconstruct=0.0, cycle=5.0, adversarial="least-squares", decay="late"),
)
def combogan(facts: Facts, options: CommonSpaceOptions) -> Setup:
    """Any number of domains with an encoder and a decoder each; a pair of them plays each round, there and back.

    Measured: as unit's: PSNR 10.9 +- 1.0 dB, Fréchet distance 339 +- 83."""
    return build(facts, options)


@recipe(
    paper="Royer, Bousmalis, Gouws, Bertsch, Mosseri, Cole and Murphy, 2017, XGAN: Unsupervised Image-to-Image Translation ...",
    url="https://arxiv.org/abs/1711.05139",
    options=CommonSpaceOptions(share=1, same=1.0, confuse=1.0, adversarial="non-saturating"),
)
def xgan(facts: Facts, options: CommonSpaceOptions) -> Setup:
    """Shared layers, codes that do not tell their domain, and translations that mean what was given.

    Measured: as unit's: PSNR 14.6 +- 0.2 dB, the nearest of all without pairs; Fréchet distance 209 +- 1."""
    return build(facts, options)


@recipe(
    paper="Lample, Zeghidour, Usunier, Bordes, Denoyer and Ranzato, 2017, Fader Networks: Manipulating Images by Sliding ...",
    url="https://arxiv.org/abs/1706.00409",
    options=CommonSpaceOptions(share=None, confuse=1.0, adversarial_weight=0.0),
)
def fader(facts: Facts, options: CommonSpaceOptions) -> Setup:
    """Autoencoders whose codes do not tell their domain, and no discriminator of pictures.

    Measured: as unit's: PSNR 10.1 +- 0.3 dB, Fréchet distance 450 +- 24: blurred, for nothing judges what it draws."""
    return build(facts, options)
