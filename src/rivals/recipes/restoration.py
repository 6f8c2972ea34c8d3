"""Recipes that give back what a picture has lost: resolution, and what was in its holes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch.optim import Adam

from rivals.criteria import CRITERIA
from rivals.data.beside import Beside
from rivals.data.core import Dataset, Facts
from rivals.data.partners import made_pairs
from rivals.errors import UserError
from rivals.games.context_encoder import ContextEncoder, Holes
from rivals.games.srgan import SRGAN
from rivals.networks.enlarging import SRResNet
from rivals.networks.maps import MapNorm
from rivals.networks.patches import Patch, PatchDiscriminator
from rivals.networks.translators import UNet
from rivals.perceptual import Perceptual, Sight
from rivals.recipes.core import WITHOUT_RIVAL, Setup, counts, not_negative, positive, recipe, shares
from rivals.recipes.duel import Criterion, Penalised, falling


@dataclass(frozen=True, kw_only=True)
class SuperResolution(Penalised):
    """The options of super-resolution."""

    times: Literal[2, 4] = 4
    """How many times as long the sides become. What is enlarged is made from the pictures of --data."""
    width: int = 32
    """Maps of all layers."""
    blocks: int = 4
    """Residual blocks."""
    rival: bool = False
    """Whether there is a discriminator of large pictures."""
    patch: Patch = "whole"
    """How many pixels a side it judges as one: a pixel, 16, 34, 70, or the whole picture."""
    adversarial: Criterion = "non-saturating"
    """What the two minimise."""
    adversarial_weight: float = 1e-2
    """Factor on the generator's part of it."""
    content: Literal["none"] | Sight = "none"
    """What sees that two pictures are the same, beside the mean square error: a fixed network, or nothing."""
    content_weight: float | None = None
    """Factor on how far they are apart to it; None: 0.1."""
    lr: float = 5e-4
    """Learning rate of all."""
    beta1: float = 0.9
    """Adam's first decay, its momentum."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 16
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that enlarge; 0: none."""

    def __post_init__(self) -> None:
        counts(self, "width", "blocks", "batch")
        positive(self, "lr", "content_weight", "penalty_weight")
        not_negative(self, "adversarial_weight")
        shares(self, "beta1", "average")

    def idle(self) -> Iterator[tuple[str, str]]:
        if self.content == "none":
            yield "content_weight", "without --content"
        yield from self.unpenalised()
        if not self.rival:
            yield from ((name, "without --rival") for name in ("patch", "adversarial", "adversarial_weight", "penalty"))

    def pairs(self, data: Dataset, split: str = "train", *, paired: bool = True) -> Beside:
        """The pictures, and each of them small."""
        return made_pairs(data, f"{self.times} times smaller")


def enlarge(facts: Facts, options: SuperResolution) -> Setup:
    if not facts.pictures:
        raise UserError(f"this recipe enlarges pictures, this data has vectors of {facts.shape[0]} numbers")
    channels, height, width = facts.shape
    if height % options.times or width % options.times:
        near = f"{height - height % options.times} {width - width % options.times}"
        raise UserError(f"pictures of {height}x{width} (H x W) are not {options.times} times anything: pass --size {near}")
    move = partial(Adam, lr=options.lr, betas=(options.beta1, 0.999), fused=True)
    game = SRGAN(
        SRResNet(channels, times=options.times, width=options.width, blocks=options.blocks),
        PatchDiscriminator(facts.shape, patch=options.patch, width=options.width) if options.rival else None,
        content=None if options.content == "none" else Perceptual(options.content, channels),
        content_weight=0.1 if options.content_weight is None else options.content_weight,
        weight=options.adversarial_weight,
        adversarial=CRITERIA[options.adversarial],
        penalty=options.on_gradient(),
        optim_g=move,
        optim_d=move,
        schedule=falling(options.decay),
    )
    return Setup(game=game, batch=options.batch, average=options.average, beside=options.pairs, truth=options.pairs)


@recipe(
    paper="Ledig et al., 2016, Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
    url="https://arxiv.org/abs/1609.04802",
    options=SuperResolution(),
)
def srresnet(facts: Facts, options: SuperResolution) -> Setup:
    """Pictures enlarged, by the mean square error: near, and smooth where detail cannot be known.

    Measured (study restoring, seeds 2 and 3): 685 clip-art pictures (Tux Paint's stamps) of 64 x 64 from 16 x 16, 3,000 rounds
    with `--batch 4 --decay linear` (four minutes of one core beside another job, bf16, torch 2.13.0, rivals 0.1.0), 100
    pictures that it never saw: PSNR 23.2 dB, Fréchet distance 132 (EfficientNet-Lite0); bicubic interpolation has 19.3 dB and
    156. Twice as large, 1,000 rounds: 28.3 dB and 51, bicubic 24.0 dB and 64."""
    return enlarge(facts, options)


@recipe(
    paper="Ledig et al., 2016, Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
    url="https://arxiv.org/abs/1609.04802",
    options=SuperResolution(rival=True, content="random"),
)
def srgan(facts: Facts, options: SuperResolution) -> Setup:
    """Pictures enlarged, with detail that a discriminator takes for real.

    Measured: as srresnet's, with `--content efficientnet-lite0 --adversarial-weight 2e-2 --patch 16 --penalty r1
    --penalty-weight 1` too (ten minutes): PSNR 23.1 dB, Fréchet distance 125 +- 1, perceptual distance 0.430 (srresnet: 132 and
    0.449). The same without a discriminator (srresnet `--content efficientnet-lite0`) is as good: 23.0 dB, 124 and 0.424."""
    return enlarge(facts, options)


@dataclass(frozen=True, kw_only=True)
class InpaintingOptions(Penalised):
    """The options of the context encoder."""

    holes: Holes = "centre"
    """Where the holes are: in the middle, half of each side; or strokes of a brush, drawn anew for each picture."""
    width: int = 32
    """Maps of the first convolution of both networks."""
    depth: int | None = None
    """How often the unet halves its maps; None: until 2 or 3 pixels of a side are left."""
    norm: MapNorm = "instance"
    """Normalisation: of each map of each picture, or none."""
    patch: Patch = "34"
    """How many pixels a side the discriminator judges as one: a pixel, 16, 34, 70, or the whole picture."""
    rival: bool = True
    """Whether there is a discriminator. Without one: the mean square error alone, which blurs."""
    adversarial: Criterion = "non-saturating"
    """What the two minimise."""
    adversarial_weight: float = 0.01
    """lambda_adv, the factor on the generator's part of it; the squares have what is left of 1."""
    lr: float = 1e-3
    """Learning rate of both."""
    beta1: float = 0.5
    """Adam's first decay, its momentum."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 16
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that fill; 0: none."""

    def __post_init__(self) -> None:
        counts(self, "width", "depth", "batch")
        positive(self, "lr", "adversarial_weight", "penalty_weight")
        shares(self, "beta1", "average", "adversarial_weight")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from self.unpenalised()
        if not self.rival:
            yield from ((name, WITHOUT_RIVAL) for name in ("patch", "adversarial", "adversarial_weight", "penalty"))

    def pairs(self, data: Dataset, split: str = "train", *, paired: bool = True) -> Beside:
        """The pictures, and each of them with holes: to look at and to judge by, for training draws its own."""
        return made_pairs(data, "hole in the middle" if self.holes == "centre" else "strokes")


@recipe(
    paper="Pathak, Krähenbühl, Donahue, Darrell and Efros, 2016, Context Encoders: Feature Learning by Inpainting",
    url="https://arxiv.org/abs/1604.07379",
    options=InpaintingOptions(),
)
def context_encoder(facts: Facts, options: InpaintingOptions) -> Setup:
    """Holes in pictures filled.

    Measured (study restoring, seeds 2 and 3): pictures as srresnet's, half of each side in the middle, 1,000 rounds with
    `--batch 8 --decay linear --adversarial-weight 0.05`: PSNR 11.9 dB of the filling alone, Fréchet distance 231; with
    `--no-rival` 12.7 dB and 250. With `--holes strokes`, of the whole picture: 17.8 dB and 158, `--no-rival` 18.3 and 151."""
    if not facts.pictures:
        raise UserError(f"this recipe fills holes in pictures, this data has vectors of {facts.shape[0]} numbers")
    channels, *sides = facts.shape
    move = partial(Adam, lr=options.lr, betas=(options.beta1, 0.999), fused=True)
    game = ContextEncoder(
        UNet((channels + 1, *sides), outputs=channels, width=options.width, depth=options.depth, norm=options.norm),
        PatchDiscriminator(facts.shape, patch=options.patch, width=options.width, norm=options.norm) if options.rival else None,
        holes=options.holes,
        weight=options.adversarial_weight,
        adversarial=CRITERIA[options.adversarial],
        penalty=options.on_gradient(),
        optim_g=move,
        optim_d=move,
        schedule=falling(options.decay),
    )
    return Setup(game=game, batch=options.batch, average=options.average, beside=options.pairs, truth=options.pairs)
