"""Recipes that turn things of one domain into things of another: with pairs, and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss
from torch.optim import RMSprop

from rivals.criteria import CRITERIA
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.game import Optim
from rivals.games.cyclegan import CycleGAN
from rivals.games.onesided import OneSided
from rivals.games.pix2pix import Pix2Pix
from rivals.networks.layers import Last
from rivals.networks.translators import Changes, ResNetTranslator, Shallow, UNet
from rivals.past import Replay
from rivals.perceptual import Perceptual, Sight
from rivals.recipes.between import Domains, Shape
from rivals.recipes.core import WITHOUT_RIVAL, Setup, counts, not_negative, positive, recipe, shares
from rivals.recipes.duel import Penalised


@dataclass(frozen=True, kw_only=True)
class TwoDomains(Penalised, Domains):
    """Those of recipes with a network from the one domain to the other."""

    generator: Literal["unet", "resnet", "shallow"] = "unet"
    """Which network translates; shallow: a few convolutions of full size, which cannot draw far from what they see."""
    depth: int | None = None
    """How often the unet halves its maps, None: until 2 or 3 pixels of a side are left; layers of shallow, None: 3."""
    blocks: int | None = None
    """Residual blocks of the resnet, None: 6."""
    changes: bool = False
    """Whether it draws what is added to the picture, and not the picture anew: of domains that look much alike. It then begins
    with copying."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counts(self, "depth", "blocks")
        positive(self, "penalty_weight")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from super().idle()
        yield from self.unpenalised()
        if self.generator == "resnet":
            yield "depth", "with --generator resnet, which has --blocks"
        else:
            yield "blocks", f"with --generator {self.generator}, which has --depth"

    def translator(self, shape: Shape, outputs: int, *, noise: float = 0.0) -> nn.Module:
        """(B, *shape) -> (B, outputs, H, W)."""
        if self.changes and shape[0] != outputs:
            raise UserError(
                f"--changes adds to the picture what the network draws: the domains have {shape[0]} and {outputs} channels"
            )
        last: Last = "none" if self.changes else "tanh"
        network: nn.Module
        if self.generator == "unet":
            network = UNet(
                shape, outputs=outputs, width=self.width, depth=self.depth, norm=self.norm, noise=noise, activation=last
            )
        elif self.generator == "resnet":
            network = ResNetTranslator(
                shape, outputs=outputs, width=self.width, blocks=self.blocks or 6, norm=self.norm, activation=last
            )
        else:
            network = Shallow(shape, outputs=outputs, width=self.width, depth=self.depth or 3, norm=self.norm, activation=last)
        return Changes(network) if self.changes else network


@dataclass(frozen=True, kw_only=True)
class Pix2PixOptions(TwoDomains):
    """The options of pix2pix."""

    l1: float = 100.0
    """lambda, the factor on the mean absolute error; 0: look right, and nothing else."""
    rival: bool = True
    """Whether there is a discriminator. Without one: the regression that the paper compares with."""
    noise: float = 0.0
    """Share of the unet's innermost activations dropped, in training and afterwards: its only source of chance. The paper's
    0.5 costs much where the unet is shallow, as of small pictures."""

    def __post_init__(self) -> None:
        super().__post_init__()
        not_negative(self, "l1")
        shares(self, "noise")
        if not self.rival and not self.l1:
            raise UserError("--no-rival with --l1 0 leaves nothing to learn from")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from super().idle()
        if self.generator != "unet":
            yield "noise", "without --generator unet, whose innermost layers it drops"
        if not self.rival:
            yield from ((name, WITHOUT_RIVAL) for name in ("patch", "adversarial", "penalty"))


@recipe(
    paper="Isola, Zhu, Zhou and Efros, 2016, Image-to-Image Translation with Conditional Adversarial Networks",
    url="https://arxiv.org/abs/1611.07004",
    options=Pix2PixOptions(),
)
def pix2pix(facts: Facts, options: Pix2PixOptions) -> Setup:
    """Pictures into pictures, from pairs: a U-Net, and a discriminator of (picture, translation).

    Measured (study pairs, seeds 2 and 3): garments of Fashion-MNIST from their edges, 28 x 28, 3,000 rounds with `--pair edges
    --width 16 --lr 1e-3 --l1 20 --patch 16` (two minutes of one core beside another job, bf16, torch 2.13.0, rivals 0.1.0):
    PSNR 18.7 +- 0.04 dB of 1,000 test garments, Fréchet distance 22 +- 4 on a classifier's features, with `--patch 34` 18.2 +-
    0.2 dB and 29 +- 2. With `--no-rival` 19.7 dB and 51, with `--l1 0` 16.4 dB and 65, with `--noise 0.5` 17.1 dB and 82."""
    x, y = options.shapes(facts)
    game = Pix2Pix(
        options.translator(x, y[0], noise=options.noise),
        options.discriminator((x[0] + y[0], *y[1:])) if options.rival else None,
        l1=options.l1,
        penalty=options.on_gradient(),
        adversarial=CRITERIA[options.adversarial],
        optim_g=options.adam(),
        optim_d=options.adam(),
        schedule=options.schedule,
    )
    return options.setup(game, paired=True)


@dataclass(frozen=True, kw_only=True)
class CycleOptions(TwoDomains):
    """The options of translation there and back."""

    cycle: float = 5.0
    """lambda, the factor on the difference of a picture and what comes back. The paper's 10 stands beside least squares without
    the half that they have here."""
    identity: float = 0.0
    """Share of lambda on what a translator does to things that are of its domain already."""
    distance: Literal["l1", "l2"] = "l1"
    """Of a picture and what comes back: the mean absolute or the mean square difference."""
    hidden_noise: float = 0.0
    """Standard deviation of noise on a translation before it is turned back: what is hidden in little is lost in it."""
    pool: int = 50
    """How many old translations the discriminators see beside the new; 0: none."""
    clip: float | None = None
    """Bound on the discriminators' weights (a Wasserstein criterion needs one)."""
    critic_turns: int = 1
    """Steps of the discriminators a round."""
    optimizer: Literal["adam", "rmsprop"] = "adam"
    """How all players move."""

    def __post_init__(self) -> None:
        super().__post_init__()
        not_negative(self, "cycle", "identity", "hidden_noise", "pool")
        positive(self, "clip")
        counts(self, "critic_turns")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from super().idle()
        if not self.cycle:
            yield from ((name, "with --cycle 0") for name in ("identity", "distance", "hidden_noise"))
        if self.optimizer != "adam":
            yield "beta1", f"with --optimizer {self.optimizer}"

    def optim(self) -> Optim:
        return partial(RMSprop, lr=self.lr) if self.optimizer == "rmsprop" else self.adam()

    def replay(self, shape: Shape) -> Replay | None:
        return Replay(-(-self.pool // self.batch), rows=self.batch, shape=shape) if self.pool else None


@recipe(
    paper="Zhu, Park, Isola and Efros, 2017, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    url="https://arxiv.org/abs/1703.10593",
    options=CycleOptions(generator="resnet", adversarial="least-squares", decay="late"),
)
def cyclegan(facts: Facts, options: CycleOptions) -> Setup:
    """Pictures into pictures of another domain and back, without pairs.

    Measured (study unpaired, seeds 0 and 1): garments of Fashion-MNIST from their edges, 28 x 28, pairs hidden, 700 rounds with
    `--pair edges --width 16 --blocks 3 --lr 5e-4 --adversarial non-saturating --average 0.99 --decay linear` (five minutes of
    one core beside another job, bf16, torch 2.13.0, rivals 0.1.0), 1,000 test garments: PSNR 13.6 +- 0.2 dB, Fréchet distance
    190 +- 7 on a classifier's features, still falling (1,500 rounds, seed 100: 15.3 dB and 96); copying has 2.5 dB and 420.
    Emoji of one maker into another's, `--changes --norm none --penalty r1 --penalty-weight 0.3 --cycle 1 --batch 8` too, 800
    rounds: 12.4 dB and 103; copying has 11.9 dB and 92."""
    x, y = options.shapes(facts)
    if options.identity and x != y:
        raise UserError(f"--identity gives each translator things of its own domain, but they differ in shape: {x} and {y}")
    game = CycleGAN(
        options.translator(x, y[0]),
        options.translator(y, x[0]),
        options.discriminator(x),
        options.discriminator(y),
        cycle=options.cycle,
        identity=options.identity,
        distance=l1_loss if options.distance == "l1" else mse_loss,
        noise=options.hidden_noise,
        adversarial=CRITERIA[options.adversarial],
        penalty=options.on_gradient(),
        clip=options.clip,
        pool_X=options.replay(x),
        pool_Y=options.replay(y),
        critic_turns=options.critic_turns,
        optim_g=options.optim(),
        optim_d=options.optim(),
        schedule=options.schedule,
    )
    return options.setup(game, paired=False)


@recipe(
    paper="Kim, Cha, Kim, Lee and Kim, 2017, Learning to Discover Cross-Domain Relations with Generative Adversarial Networks",
    url="https://arxiv.org/abs/1703.05192",
    options=CycleOptions(distance="l2", cycle=1.0, pool=0, patch="whole"),
)
def discogan(facts: Facts, options: CycleOptions) -> Setup:
    """CycleGAN with the first GAN's criterion, the mean square error of what comes back, and whole pictures judged.

    Measured: garments as CycleGAN's, without --blocks: PSNR 11.0 +- 0.2 dB, Fréchet distance 394 +- 46."""
    return cyclegan.build(facts, options)


@recipe(
    paper="Yi, Zhang, Tan and Gong, 2017, DualGAN: Unsupervised Dual Learning for Image-to-Image Translation",
    url="https://arxiv.org/abs/1704.02510",
    options=CycleOptions(
        adversarial="wasserstein", clip=0.1, critic_turns=3, optimizer="rmsprop", lr=5e-5, cycle=20.0, pool=0, patch="70"
    ),
)
def dualgan(facts: Facts, options: CycleOptions) -> Setup:
    """CycleGAN with U-Nets and Wasserstein critics whose weights are clipped.

    Measured: garments as CycleGAN's, without --blocks and at a rate of 2e-4: PSNR 8.0 +- 0.5 dB, Fréchet distance 482 +- 125:
    it draws edges thick, and has hardly begun."""
    return cyclegan.build(facts, options)


@dataclass(frozen=True, kw_only=True)
class OneSidedOptions(TwoDomains):
    """The options of translation without a way back."""

    keep: Literal["none", "pixels"] | Sight = "none"
    """What has to stay as it was: nothing but what the generator cannot change; pixels; or what a fixed network sees."""
    keep_weight: float | None = None
    """Factor on how far it is from that; None: 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "keep_weight")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from super().idle()
        if self.keep == "none":
            yield "keep_weight", "without --keep"


@recipe(
    paper="Galanti, Wolf and Benaim, 2017, The Role of Minimal Complexity Functions in Unsupervised Learning of ... Mappings",
    url="https://arxiv.org/abs/1709.00074",
    options=OneSidedOptions(generator="shallow", adversarial="least-squares"),
)
def onesided(facts: Facts, options: OneSidedOptions) -> Setup:
    """Pictures into pictures of another domain, without pairs and without a way back.

    Measured: garments as CycleGAN's, without --blocks: PSNR 9.1 +- 0.1 dB, Fréchet distance 392 +- 68; `--generator resnet
    --blocks 3 --keep random`: 8.8 dB and 379. Emoji: 12.2 dB and 106."""
    x, y = options.shapes(facts)
    if options.keep == "pixels" and x != y:
        raise UserError(f"--keep pixels compares pictures of one shape, the domains have {x} and {y}")
    kept: Callable[[Tensor, Tensor], Tensor] | None = None
    if options.keep == "pixels":
        kept = l1_loss
    elif options.keep != "none":
        kept = Perceptual(options.keep, max(x[0], y[0]))
    game = OneSided(
        options.translator(x, y[0]),
        options.discriminator(y),
        kept=kept,
        weight=1.0 if options.keep_weight is None else options.keep_weight,
        penalty=options.on_gradient(),
        adversarial=CRITERIA[options.adversarial],
        optim_g=options.adam(),
        optim_d=options.adam(),
        schedule=options.schedule,
    )
    return options.setup(game, paired=False)
