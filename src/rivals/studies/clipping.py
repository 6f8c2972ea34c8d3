"""What clipping costs. Gulrajani et al., 2017, Improved Training of Wasserstein GANs, https://arxiv.org/abs/1704.00028, figure
1: clipped weights pile up at the two ends of what they are allowed, and a deep critic's gradient explodes or vanishes from
layer to layer unless c is chosen with care; under the penalty neither happens. Miyato et al., 2018, Spectral Normalization for
Generative Adversarial Networks, https://arxiv.org/abs/1802.05957, section 3 and figure 4: clipping and weight normalisation
drive a discriminator's weight matrices to low rank, so that it looks at few features; dividing by the largest singular value
does not.

**Plane**: WGAN on the ring with a critic of twelve layers, as in figure 1; the gradient's norm is that of the critic's loss
with respect to what enters each layer. **Pictures**: Fashion-MNIST, the `intermediate` networks; a layer's effective rank is
(sum of its singular values) / (the largest one): 1 where only one counts, and their number where all are equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import wasserstein
from rivals.data import Batches, load
from rivals.games.gan import GAN
from rivals.networks.trials import Linears, mlp, summed, summed_penalty
from rivals.penalties import WGANGP
from rivals.priors import Normal
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, figure, plain, shades
from rivals.studies.pictures import CPU, SIZE, Trial, trained
from rivals.trainer import Trainer

LAYERS, WIDTH, BATCH, ROUNDS = 12, 64, 128, 600
CLIPS = (0.1, 0.01, 0.001)
PENALTY = "penalty"
PICTURES = 600  # rounds
EDGE = 0.02  # a weight within this share of c counts as clipped
STEEP = 10.0  # a change of the gradient's norm over all layers that counts as exploding, or its inverse as vanishing
NORMS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "clipping": ("wgan", {"lr": 5e-4, "norm_d": "none"}),
    "weight norm": ("dcgan", {"norm_d": "weight", "adversarial": "hinge"}),
    "spectral norm": ("sngan", {}),
}
SOURCE = "Gulrajani et al., 2017, figure 1; Miyato et al., 2018, figure 4 (no numbers are printed)"


class Critic(NamedTuple):
    """A deep critic after its training, of S trials."""

    weights: NDArray[np.float32]  # all of its matrices', of all trials
    gradients: NDArray[np.float64]  # (layers, S), norms with respect to what enters each layer, the first one first


def deep(asked: tuple[float | None, int, int]) -> Critic:
    """Played on the ring with this clip, or with the penalty; all seeds at once."""
    clip, seeds, rounds = asked
    torch.manual_seed(0)
    adam = partial(Adam, lr=1e-4, betas=(0.0, 0.9))
    game = GAN(
        mlp(seeds, [2, WIDTH, WIDTH, 2], nn.ReLU),
        mlp(seeds, [2, *[WIDTH] * (LAYERS - 1), 1], nn.ReLU),
        prior=Normal(2),
        adversarial=summed(wasserstein, seeds),
        penalty=None if clip else summed_penalty(WGANGP(), seeds),
        critic_turns=5,
        clip=clip,
        optim_d=adam,
        optim_g=adam,
    )
    batches = Batches(load("ring"), BATCH * seeds, seed=0, device=CPU)
    trainer = Trainer(game, batches)
    for round in range(rounds):
        trainer.play(round / rounds)
    layers = [module for module in game.discriminator.modules() if isinstance(module, Linears)]
    weights = torch.cat([layer.weight.detach().flatten() for layer in layers]).numpy()
    return Critic(weights, through(game, layers, batches(0).x))


def through(game: GAN, layers: Sequence[Linears], real: Tensor) -> NDArray[np.float64]:
    """The norms of the gradient of D's loss with respect to what enters each layer, (layers, S)."""
    entered: list[Tensor] = []
    hooks = [layer.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0])) for layer in layers]
    with chance.fixed(0):
        fake = game.sample(len(real)).detach()
    x = torch.cat([real, fake]).requires_grad_()
    real_logits, fake_logits = game.logits(x).chunk(2)
    for hook in hooks:
        hook.remove()
    loss = game.adversarial.critic(real_logits, fake_logits)
    gradients = torch.autograd.grad(loss, entered)  # each (S, B, units)
    return torch.stack([gradient.double().flatten(1).norm(dim=1) for gradient in gradients]).numpy()


def spectra(trial: Trial) -> list[NDArray[np.float64]]:
    """The singular values of each hidden convolution and linear layer of D after the training, the largest first."""
    found: list[NDArray[np.float64]] = []

    def watch(trainer: Trainer) -> None:
        game = trainer.game
        assert isinstance(game, GAN)
        layers = [module for module in game.discriminator.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
        weights = [layer.weight.detach().flatten(1).double() for layer in layers[:-1]]  # the last one is a row
        found.extend(torch.linalg.svdvals(weight).numpy() for weight in weights)

    trained(trial, watch)
    return found


def effective_rank(values: NDArray[np.float64]) -> float:
    """
    >>> effective_rank(np.array([2.0, 2.0, 2.0])), effective_rank(np.array([4.0, 1.0, 0.0]))
    (3.0, 1.25)
    """
    return float(values.sum() / values.max())


def edges(weights: NDArray[np.float32], clip: float) -> float:
    """The percentage of weights at the ends of [-clip, clip]."""
    return float(100 * (np.abs(weights) >= (1 - EDGE) * clip).mean())


@study(title="What clipping costs", source=SOURCE, seeds=4, minutes=8)
def clipping(plan: Plan) -> Findings:
    """Clipped weights and gradients through twelve layers against the penalty; singular values under three norms."""
    rounds, pictures = plan.rounds(ROUNDS), plan.rounds(PICTURES)
    names = [*(f"c = {clip:g}" for clip in CLIPS), PENALTY]
    clips: list[float | None] = [*CLIPS, None]
    critics = dict(zip(names, plan.side_by_side(deep, [(clip, plan.seeds, rounds) for clip in clips]), strict=True))
    trials = [
        Trial(
            recipe=recipe,
            changes={"network": "intermediate", "width": 32, **own},
            seed=seed,
            rounds=pictures,
            marks=1,
        )
        for recipe, own in NORMS.values()
        for seed in plan.each_seed
    ]
    played = iter(plan.side_by_side(spectra, trials))
    values = {norm: [next(played) for _ in range(plan.seeds)] for norm in NORMS}
    rows = [
        Row(
            system=name,
            metric="ring: norm of the gradient entering the first layer, over that entering the last",
            values=(critic.gradients[0] / critic.gradients[-1]).tolist(),
        )
        for name, critic in critics.items()
    ]
    rows += [
        Row(
            system=name,
            metric="ring: % of all trials' weights at the ends of the clip",
            values=[edges(critics[name].weights, c)],
        )
        for name, c in zip(names, CLIPS, strict=False)
    ]
    rows += [
        Row(system=norm, metric=f"pictures: effective rank of D's layer {layer + 1}", values=ranks)
        for norm, found in values.items()
        for layer in range(len(found[0]))
        for ranks in [[effective_rank(each[layer]) for each in found]]
    ]
    plan.figure(ring_drawn(critics), "ring")
    plan.figure(spectra_drawn(values), "spectra")
    protocol = f"""
        Ring: a critic of {LAYERS} layers of {WIDTH}, ReLU, no norm; Adam 1e-4 with beta 0 and 0.9, five turns of the critic,
        batch {BATCH}, {rounds:,} rounds; the penalty is WGAN-GP's of weight 10. Pictures: Fashion-MNIST at {SIZE} x {SIZE},
        `intermediate` networks of width 32, {pictures:,} rounds of wgan (clip 0.01, learning rate 5e-4), of the hinge with
        weight norm, and of sngan; singular values of weights as they are used, convolutions as (maps out) x (all else)."""
    return Findings(rows=rows, claims=claims(critics, values), protocol=protocol)


def claims(critics: Mapping[str, Critic], values: Mapping[str, list[list[NDArray[np.float64]]]]) -> list[Claim]:
    ratios = {
        name: float(np.exp(np.log(critic.gradients[0] / critic.gradients[-1]).mean())) for name, critic in critics.items()
    }
    tamed = ratios.pop(PENALTY)
    piled = [edges(critics[f"c = {clip:g}"].weights, clip) for clip in CLIPS]
    layers = range(len(next(iter(values.values()))[0]))
    ranks = {
        norm: [float(np.mean([effective_rank(each[i]) for each in found])) for i in layers] for norm, found in values.items()
    }
    told = "; ".join(f"{norm}: {', '.join(f'{rank:.1f}' for rank in found)}" for norm, found in ranks.items())
    return [
        Claim(
            f"Clipped, a deep critic's gradient explodes or vanishes for each c (x {STEEP:g} over {LAYERS} layers)",
            all(ratio > STEEP or ratio < 1 / STEEP for ratio in ratios.values()),
            "; ".join(f"{name}: x {ratio:.2g}" for name, ratio in ratios.items()),
        ),
        Claim("Under the penalty it does neither", 1 / STEEP < tamed < STEEP, f"x {tamed:.2g}"),
        Claim(
            "Clipped weights pile up at the ends of what is allowed: a tenth of them, where c is small enough to bind",
            max(piled) > 10,
            "; ".join(f"c = {clip:g}: {share:.0f} %" for clip, share in zip(CLIPS, piled, strict=True)),
        ),
        Claim(
            "Spectral norm keeps a higher effective rank than clipping and weight norm, in every layer",
            all(ranks["spectral norm"][i] > max(ranks["clipping"][i], ranks["weight norm"][i]) for i in layers),
            told,
        ),
    ]


def ring_drawn(critics: Mapping[str, Critic]) -> Figure:
    made = figure(14, 3.2)
    first, *others = made.subplots(1, 1 + len(critics), width_ratios=[1.6, *[1] * len(critics)])
    plain(first, "Gradient entering each layer", "layer")
    for (name, critic), colour in zip(critics.items(), COLOURS, strict=False):
        first.semilogy(range(1, LAYERS + 1), critic.gradients, color=colour, linewidth=0.8)
        first.plot([], [], color=colour, label=name)
    first.legend(frameon=False, fontsize=8)
    for axes, (name, critic), colour in zip(others, critics.items(), COLOURS, strict=False):
        plain(axes, f"Weights, {name}")
        axes.hist(critic.weights, bins=61, color=colour)
        reach = float(np.abs(critic.weights).max())
        axes.set(yticks=[], xticks=[-reach, 0, reach], xticklabels=[f"{-reach:.2g}", "0", f"{reach:.2g}"])
    return made


def spectra_drawn(values: Mapping[str, list[list[NDArray[np.float64]]]]) -> Figure:
    layers = len(next(iter(values.values()))[0])
    made = figure(4 * len(values), 3.2)
    for axes, (norm, found) in zip(made.subplots(1, len(values), sharey=True), values.items(), strict=True):
        plain(axes, norm, "singular value, as a share of their number", "relative to the largest" if norm == "clipping" else "")
        for layer, colour in zip(range(layers), shades("viridis", layers), strict=True):
            for each in found:
                sigma = each[layer]
                axes.plot(np.arange(len(sigma)) / len(sigma), sigma / sigma[0], color=colour, linewidth=0.8)
            axes.plot([], [], color=colour, label=f"layer {layer + 1}")
    axes.legend(frameon=False, fontsize=8)
    return made
