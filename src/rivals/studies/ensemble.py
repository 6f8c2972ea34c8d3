"""One generator against N: does a mixture cover more? Arora, Ge, Liang, Ma and Zhang, 2017, Generalization and Equilibrium in
Generative Adversarial Nets, https://arxiv.org/abs/1703.00573: a mixture of generators against a discriminator has an
equilibrium where one generator has none. The lectures' simpler form: train N games apart and draw from one of them at random,
since each loses other modes.

**Plane**: the plain GAN on the ring and the grid. Against one discriminator the N generators share each batch. **Pictures**:
Fashion-MNIST; the share of test pictures with a sample among their nearest (coverage, Naeem et al., 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import nonsaturating
from rivals.data import Batches, Memory, load
from rivals.data.part import some
from rivals.data.toys import TOYS
from rivals.game import Samples
from rivals.games.gan import GAN
from rivals.metrics import frechet, prdc
from rivals.metrics.core import Case
from rivals.metrics.modes import SAMPLES
from rivals.networks.trials import mlp, summed
from rivals.priors import Normal
from rivals.sampling import generated
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GREY, figure, plain
from rivals.studies.mixtures import METRICS, judged, reach
from rivals.studies.pictures import CPU, JUDGED, SEED, SIZE, Judge, Trial, trained
from rivals.trainer import Trainer

COUNTS = (1, 2, 4, 8)
TOGETHER, APART = "against one D", "games apart"
WIDTH, LATENT, BATCH, ROUNDS = 64, 2, 64, 3000
PICTURES, OF_PICTURES = 1500, 4  # rounds; generators
NETWORKS = {"network": "intermediate", "width": 16, "lr": 5e-4}
SOURCE = "Arora et al., 2017, section 4 (its tables are of the inception score on CelebA and CIFAR-10)"


class Several(nn.Module):
    """Generators of S trials as one: each draws an equal share of each trial's rows. (Latents are drawn independently, so
    which rows are whose does not matter.)"""

    def __init__(self, generators: Sequence[nn.Module], trials: int):
        super().__init__()
        self.generators, self.trials = nn.ModuleList(generators), trials

    def forward(self, z: Tensor) -> Tensor:
        parts = z.view(-1, self.trials, z.shape[1]).tensor_split(len(self.generators))
        return torch.cat([G(part.flatten(0, 1)) for G, part in zip(self.generators, parts, strict=True)])


def played(asked: tuple[str, int, int, int]) -> NDArray[np.float32]:
    """(S, 2500, 2) samples of S games on this data, each of so many generators against one D."""
    data, generators, trials, rounds = asked
    torch.manual_seed(0)
    adam = partial(Adam, lr=1e-3, betas=(0.5, 0.999))
    game = GAN(
        Several([mlp(trials, [LATENT, WIDTH, WIDTH, 2], nn.ReLU) for _ in range(generators)], trials),
        mlp(trials, [2, WIDTH, WIDTH, 1], nn.ReLU),
        prior=Normal(LATENT),
        adversarial=summed(nonsaturating, trials),
        optim_d=adam,
        optim_g=adam,
    )
    trainer = Trainer(game, Batches(load(data), BATCH * trials, seed=0, device=CPU))
    for round in range(rounds):
        trainer.play(round / rounds)
    with torch.no_grad(), chance.fixed(0):
        return game.sample(SAMPLES * trials).view(SAMPLES, trials, 2).transpose(0, 1).numpy()


def pooled(x: NDArray[np.float32], n: int, seeds: int) -> NDArray[np.float32]:
    """(S, 2500, 2) samples of games apart -> (seeds, about 2500, 2): each of n games of its own in equal shares."""
    share = SAMPLES // n
    return np.stack([np.concatenate([x[seed * n + k, :share] for k in range(n)]) for seed in range(seeds)])


def drawn_by(trial: Trial) -> Tensor:
    """(JUDGED, C, H, W) bytes at the end of a training."""
    found: list[Tensor] = []

    def watch(trainer: Trainer) -> None:
        game = trainer.shown()
        assert isinstance(game, Samples)
        found.append(generated(game, JUDGED, SEED, bounded=True).x)

    trained(trial, watch)
    return found[-1]


def coverage(judge: Judge, samples: Sequence[Tensor]) -> tuple[float, float]:
    """Of these sets in equal shares: coverage, and the Fréchet distance."""
    share = JUDGED // len(samples)
    fake = Memory(torch.cat([x[:share] for x in samples]), name="samples")
    case = Case(judge.real, fake, judge.features)
    near = Case(some(judge.real, JUDGED), fake, judge.features)
    return prdc.measure(near)["coverage"].value, frechet.measure(case)["fd"].value


WHY = {
    "On pictures several generators cover more than one": "the differences are within the spread over seeds: one generator "
    "hardly collapses, and of four against one discriminator each learns from a quarter of the rows",
}


@study(title="One generator against N", source=SOURCE, seeds=5, minutes=6, why=WHY)
def ensemble(plan: Plan) -> Findings:
    """Modes, high quality and reverse KL of ring and grid, coverage on pictures: N generators in one game, or N games."""
    rounds, pictures = plan.rounds(ROUNDS), plan.rounds(PICTURES)
    apart = [(data, 1, plan.seeds * max(COUNTS), rounds) for data in ("ring", "grid")]
    together = [(data, n, plan.seeds, rounds) for data in ("ring", "grid") for n in COUNTS[1:]]
    played_by = dict(zip([*apart, *together], plan.side_by_side(played, [*apart, *together]), strict=True))
    points: dict[tuple[str, str, int], NDArray[np.float32]] = {}
    for one in apart:
        points |= {(one[0], APART, n): pooled(played_by[one], n, plan.seeds) for n in COUNTS}
    points |= {(each[0], TOGETHER, each[1]): played_by[each] for each in together}
    numbers = {key: np.asarray([judged(torch.from_numpy(x), key[0]) for x in sets]) for key, sets in points.items()}
    rows = [
        Row(system=name_of(how, n), metric=f"{data}: {metric}", values=numbers[data, how, n][:, i].tolist())
        for data, how, n in sorted(numbers, key=lambda key: (key[0] == "grid", key[1], key[2]))
        for i, metric in enumerate(METRICS)
    ]
    of_pictures = on_pictures(plan)
    rows += [
        Row(system=name, metric=f"pictures: {metric}", values=[pair[i] for pair in pairs])
        for name, pairs in of_pictures.items()
        for i, metric in enumerate(("coverage", "Fréchet distance"))
    ]
    plan.figure(drawn(points, numbers), "modes")
    protocol = f"""
        Ring and grid: the plain GAN, networks of two layers of {WIDTH}, ReLU, {LATENT} latents, Adam 1e-3 with beta1 0.5, batch
        {BATCH}, {rounds:,} rounds; N generators against one D share each batch; of N games each gives an equal share of the
        {SAMPLES:,} samples, no game is in two seeds. Pictures: Fashion-MNIST at {SIZE} x {SIZE}, dcgan, `intermediate` of width
        {NETWORKS["width"]}, {pictures:,} rounds, {JUDGED:,} samples against as many test pictures (the distance: against all),
        features of a classifier; the {OF_PICTURES} games of a seed are shared with its neighbours."""
    return Findings(rows=rows, claims=claims(numbers, of_pictures), protocol=protocol)


def name_of(how: str, n: int) -> str:
    return "1 generator" if n == 1 else f"{n} generators, {how}"


def on_pictures(plan: Plan) -> dict[str, list[tuple[float, float]]]:
    """Coverage and distance of each seed by system."""
    seeds, rounds = plan.seeds, plan.rounds(PICTURES)
    games = seeds + OF_PICTURES - 1
    trials = [Trial(recipe="dcgan", changes=NETWORKS, seed=seed, rounds=rounds, marks=1) for seed in range(games)]
    mixed = {**NETWORKS, "generators": OF_PICTURES}
    trials += [Trial(recipe="dcgan", changes=mixed, seed=seed, rounds=rounds, marks=1) for seed in range(seeds)]
    samples, judge = plan.side_by_side(drawn_by, trials), Judge()
    return {
        name_of(TOGETHER, 1): [coverage(judge, [samples[seed]]) for seed in range(seeds)],
        name_of(APART, OF_PICTURES): [coverage(judge, samples[seed : seed + OF_PICTURES]) for seed in range(seeds)],
        name_of(TOGETHER, OF_PICTURES): [coverage(judge, [samples[games + seed]]) for seed in range(seeds)],
    }


def claims(
    numbers: Mapping[tuple[str, str, int], NDArray[np.float64]], of_pictures: Mapping[str, Sequence[tuple[float, float]]]
) -> list[Claim]:
    found, most = [], max(COUNTS)
    for data in ("ring", "grid"):
        one, many = numbers[data, APART, 1].mean(0), numbers[data, APART, most].mean(0)
        found.append(
            Claim(
                f"{most} games apart find more modes of the {data} than one, at no less quality",
                bool(many[0] > one[0] and many[1] > one[1] - 5),
                f"{one[0]:.1f} modes, {one[1]:.0f} % high quality; {most} games: {many[0]:.1f}, {many[1]:.0f} %",
            )
        )
        joint = numbers[data, TOGETHER, most].mean(0)
        found.append(
            Claim(
                f"{most} generators against one discriminator do too (MIX+GAN)",
                bool(joint[0] > one[0] and joint[1] > one[1] - 5),
                f"{data}: {joint[0]:.1f} modes, {joint[1]:.0f} % high quality",
            )
        )
    covered = {name: float(np.mean([pair[0] for pair in pairs])) for name, pairs in of_pictures.items()}
    single, *others = covered
    found.append(
        Claim(
            "On pictures several generators cover more than one",
            all(covered[name] > covered[single] for name in others),
            "; ".join(f"{name}: {value:.3f}" for name, value in covered.items()),
        )
    )
    return found


def drawn(
    points: Mapping[tuple[str, str, int], NDArray[np.float32]], numbers: Mapping[tuple[str, str, int], NDArray[np.float64]]
) -> Figure:
    """The first seed of each; in the first column the games apart pooled, in the second N generators in one game."""
    columns = [(data, how) for data in ("ring", "grid") for how in (APART, TOGETHER)]
    made = figure(2.4 * len(COUNTS), 2.5 * len(columns))
    panels = made.subplots(len(columns), len(COUNTS), squeeze=False)
    for line, (data, how) in zip(panels, columns, strict=True):
        for axes, n in zip(line, COUNTS, strict=True):
            key = (data, APART if n == 1 else how, n)
            title = f"{data}, 1 generator" if n == 1 else f"{data}, {n} {how}"
            plain(axes, title, f"{numbers[key][0, 0]:.0f} modes, {numbers[key][0, 1]:.0f} % high quality")
            axes.title.set_fontsize(8)
            axes.xaxis.label.set_fontsize(8)
            axes.scatter(*np.asarray(TOYS[data][0]).T, s=40, facecolors="none", edgecolors=GREY, linewidths=0.8)
            axes.scatter(*points[key][0].T, s=2, alpha=0.4, linewidths=0, color=COLOURS[0 if how == APART else 1])
            edge = 1.35 * reach(data)
            axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xticks=[], yticks=[])
    return made
