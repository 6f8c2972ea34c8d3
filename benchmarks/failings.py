"""How each metric fails, worked out on real data and drawn: python -m benchmarks.failings [NAME ...]

Every picture of docs/metrics.md is made here (docs/pictures/metrics/NAME.png), and every number there is printed here. It takes
Fashion-MNIST (RIVALS_DATA, or a download) and some minutes of one core. A classifier that was trained on another machine has
other weights, and gives other numbers.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from rivals import RECIPES, Game
from rivals import load as load_game
from rivals.data import Dataset, Memory, bytes_from_pictures, load
from rivals.data.core import pictures_from_bytes
from rivals.data.order import permutation
from rivals.data.part import some
from rivals.data.pictures import grid
from rivals.data.toys import TOYS
from rivals.metrics import (
    diversity,
    frechet,
    inception_score,
    kid,
    memorisation,
    modes,
    parzen,
    prdc,
    probe,
    realness,
    two_sample,
    wasserstein,
)
from rivals.metrics.core import LABELS, Features
from rivals.metrics.features import Classifier, Discriminator, EfficientNetLite0, RandomConvolutions
from rivals.studies.drawing import plain
from rivals.training import Training, train

FOLDER = Path("docs/pictures/metrics")
COLOURS = 48  # of a file: half of what is drawn is noise, which does not compress
CPU = torch.device("cpu")
BLACK, SKY, GREEN, BLUE, RED, GREY = "#000000", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#8a8a8a"
MISSING = 5  # the class (sandals) that the set of nine classes lacks
NAMES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
Found = dict[str, object]  # what was seen, by what it is


# --- data ---------------------------------------------------------------------------------------------------------------


@cache
def garments(split: str) -> Dataset:
    return load("fashion-mnist", split=split)


@cache
def rows(split: str, n: int) -> tuple[Tensor, Tensor]:
    """n pictures in [-1, 1], at random but always the same, and their classes."""
    data = garments(split)
    x, y, *_ = data.rows(permutation(len(data), seed=0, epoch=0)[:n], CPU)
    assert y is not None
    return x, y


@cache
def classifier() -> Classifier:
    return Classifier.trained(garments("train"), garments("test"))


def described(x: Tensor, features: Features | None = None) -> Tensor:
    features = features or classifier()
    return torch.cat([features(part) for part in torch.split(x, 256)])


def rounded(x: Tensor) -> Tensor:
    """What a file of 8 bits would hold."""
    return pictures_from_bytes(bytes_from_pictures(x))


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def noisy(x: Tensor, deviation: float) -> Tensor:
    return rounded(x + deviation * noise(*x.shape))


def blurred(x: Tensor, share: float) -> Tensor:
    """So much of the mean over 3 x 3 pixels, the rest of the picture itself."""
    return rounded(torch.lerp(x, avg_pool2d(pad(x, [1] * 4, mode="replicate"), 3, 1), share))


def nine_classes(n: int) -> Tensor:
    x, y = rows("train", 2 * n)
    return x[y != MISSING][:n]


def fd_of(a: Tensor, b: Tensor) -> float:
    return frechet.distance(frechet.statistics(a), frechet.statistics(b))


@cache
def moments_of_training() -> dict[int, Game]:
    """One small DCGAN on Fashion-MNIST, as it was after so many rounds."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = RECIPES["dcgan"].but(network="intermediate", width=16)
        training = Training(
            data="fashion-mnist", into=Path(folder), rounds=400, looks=4, keep=10, precision="float32", device="cpu"
        )
        run = train(recipe, training)
        return {event["round"]: load_game(run.path, checkpoint=event["round"]) for event in run.scores()}


# --- drawing ------------------------------------------------------------------------------------------------------------


def shown(axes: Axes, x: Tensor, columns: int, title: str, colour: str = BLACK) -> None:
    """Pictures (N, 1, H, W) in [-1, 1], row by row."""
    axes.imshow(np.asarray(grid(bytes_from_pictures(x), columns=columns, scale=3)))
    axes.set_anchor("N")
    axes.set_title(title, loc="left", fontsize=10, color=colour)
    axes.set_axis_off()


def bars(axes: Axes, values: dict[str, float], colours: Sequence[str], form: str = "{:.2f}") -> None:
    """One below the other, each with its number."""
    drawn = axes.barh(list(values), list(values.values()), color=colours, height=0.6)
    axes.bar_label(drawn, [form.format(value) for value in values.values()], padding=4, fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)


def numbers_on(axes: Axes, counts: Sequence[int]) -> None:
    """A logarithmic axis of counts that says them in full."""
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{n:,}" for n in counts])
    axes.minorticks_off()


# --- a failing each -----------------------------------------------------------------------------------------------------


def fd(figure: Figure) -> Found:
    """It is biased by n, and cannot tell a sharp set that lacks a class from a blurred one that has all."""
    real, other = described(rows("test", 10_000)[0]), described(rows("train", 10_000)[0])
    counts = (100, 300, 1000, 3000, 10_000)
    curve = {n: fd_of(real[:n], other[:n]) for n in counts}

    x, sharp = rows("train", 5000)[0], nine_classes(5000)
    lacking = fd_of(real, described(sharp))
    low, high = 0.0, 1.0
    for _ in range(9):
        share = (low + high) / 2
        value = fd_of(real, described(blurred(x, share)))
        low, high = (share, high) if value < lacking else (low, share)
    soft = blurred(x, share)

    left, one, two = figure.subplots(1, 3, width_ratios=[1.2, 1, 1])
    plain(left, "real against real: the fewer, the larger", "pictures of each", "fd")
    left.plot(curve.keys(), curve.values(), "o-", color=BLUE)
    left.axhline(lacking, color=RED, linestyle="--", linewidth=1)
    left.text(10_000, lacking * 1.1, "one class of ten is missing", color=RED, ha="right", fontsize=9)
    left.set_yscale("log")
    left.set_yticks([1, 10, 100], ["1", "10", "100"])
    numbers_on(left, counts)
    shown(one, sharp[:16], 4, f"sharp, no sandals: fd {lacking:.2f}", RED)
    shown(two, soft[:16], 4, f"blurred, all there: fd {value:.2f}", BLUE)
    return {
        **{f"fd, real against real, {n:,} of each": f"{value:.2f}" for n, value in curve.items()},
        "fd without sandals (5,000)": f"{lacking:.2f}",
        f"fd, {share:.2f} of a 3x3 blur (5,000)": f"{value:.2f}",
    }


def kernel(figure: Figure) -> Found:
    """Its mean is right at any n, one value of few rows is not."""
    real, other, lacking = (
        described(x).double() for x in (rows("test", 10_000)[0], rows("train", 10_000)[0], nine_classes(10_000))
    )
    counts = (50, 100, 200, 500, 1000, 2000)
    axes = plain(
        figure.subplots(), "one draw of n pictures each: mean and two deviations of 40 draws", "pictures of each", "kid"
    )
    found: Found = {}
    for name, x, colour in (("one class of ten is missing", lacking, RED), ("real against real", other, BLUE)):
        spread = [kid.over_subsets(real, x, 40, n) for n in counts]
        mean, width = (np.array([float(v) for v in s]) for s in ([d.mean() for d in spread], [2 * d.std() for d in spread]))
        axes.fill_between(counts, mean - width, mean + width, color=colour, alpha=0.2, linewidth=0)
        axes.plot(counts, mean, "o-", color=colour, label=name)
        found |= {f"kid, {name}, {n:,} of each": f"{m:.1f} ± {w / 2:.1f}" for n, m, w in zip(counts, mean, width, strict=True)}
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.legend(frameon=False)
    numbers_on(axes, counts)
    return found


def score(figure: Figure) -> Found:
    """Ten pictures, a thousand times each, score above all real data."""
    x, _ = rows("test", 10_000)
    posterior = classifier().log_posterior(described(x))
    surest = posterior.argmax(0)
    repeated = posterior[surest.repeat(1000)]
    static = rounded(0.5 * noise(2000, 1, 28, 28))
    values = {
        "ten pictures, 1,000 times each": inception_score.score(repeated)[0],
        "10,000 real pictures": inception_score.score(posterior)[0],
        "noise": inception_score.score(classifier().log_posterior(described(static)))[0],
    }
    left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
    bars(plain(left, "is, of 10 at most: higher is better"), values, (RED, BLUE, GREY))
    shown(right, x[surest], 5, "the ten pictures: the surest of each class", RED)
    return {f"is, {name}": f"{value:.2f}" for name, value in values.items()}


def balls(figure: Figure) -> Found:
    """One outlier among the real takes all that lies between it and the others for real."""
    ring = load("ring").rows(torch.arange(400), CPU).x
    fake = torch.tensor([2.6, 0.0]) + 0.15 * noise(200, 2)
    stray = torch.tensor([[4.0, 0.0]])
    without, beside = prdc.prdc(ring, fake), prdc.prdc(torch.cat([ring, stray]), fake)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    plain(left, "one real outlier, and its ball of k = 3")
    radius = math.sqrt(prdc.radii(torch.cat([ring, stray]), prdc.K_BALLS)[-1])
    left.add_patch(Circle(stray[0].tolist(), radius, color=SKY, alpha=0.25, linewidth=0))
    for points, colour, label, size in ((ring, BLUE, "real", 10), (fake, RED, "generated", 6), (stray, BLUE, "", 40)):
        left.scatter(*points.T, s=size, color=colour, label=label or None)
    left.set_aspect("equal", anchor="N")
    left.set_xlim(-1.5, 4.6)
    left.set_ylim(-1.6, 1.6)
    left.legend(frameon=False, loc="lower left", markerscale=2)
    plain(right, "higher is better")
    where = np.arange(4)
    for offset, found, colour, label in ((-0.2, without, GREY, "without the outlier"), (0.2, beside, RED, "with it")):
        drawn = right.bar(where + offset, found, 0.38, color=colour, label=label)
        right.bar_label(drawn, [f"{v:.2g}" for v in found], fontsize=8, padding=2)
    right.set_xticks(where, prdc.PRDC._fields)
    right.set_ylim(0, 1.3)
    right.legend(frameon=False, fontsize=9)

    garment = described(rows("test", 2000)[0])
    static = described(rounded(0.5 * noise(501, 1, 28, 28)))
    inside = [prdc.prdc(r, static[:500]) for r in (garment, torch.cat([garment, static[500:]]))]
    return {
        **{
            f"{name}, ring, without and with": f"{a:.3g}, {b:.3g}"
            for name, a, b in zip(beside._fields, without, beside, strict=True)
        },
        "precision of 500 pictures of noise": f"{inside[0].precision:.2f}",
        "the same, one picture of noise among 2,000 real": f"{inside[1].precision:.2f}",
        "and coverage": f"{inside[0].coverage:.4f}, {inside[1].coverage:.4f}",
    }


def sliced(figure: Figure) -> Found:
    """A random direction of 784 sees little of a noise that any eye sees."""
    (real, _), (other, _) = rows("test", 1000), rows("train", 1000)
    spoilt = noisy(other, 0.2)
    floor, value = (wasserstein.sliced(real.flatten(1), x.flatten(1)) for x in (other, spoilt))
    by_features = [fd_of(described(real), described(x)) for x in (other, spoilt)]
    direction = noise(784, 1, seed=1)
    direction /= direction.norm()
    one, two, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.6])
    for axes, x, name, found, fd, colour in (
        (one, other, "real", floor, by_features[0], BLUE),
        (two, spoilt, "with noise", value, by_features[1], RED),
    ):
        shown(axes, x[:16], 4, f"{name}\nsliced wasserstein {found:.3f}\nfd (classifier) {fd:.0f}", colour)
    plain(right, "both along one random direction", "pixels · direction")
    bins = np.linspace(-3, 4, 36)
    for x, colour, label in ((other, BLUE, "real"), (spoilt, RED, "with noise")):
        right.hist((x.flatten(1) @ direction)[:, 0].numpy(), bins=bins.tolist(), histtype="step", color=colour, label=label)
    right.set_yticks([])
    right.legend(frameon=False, fontsize=9)
    return {
        "sliced wasserstein on pixels, real against real, 1,000": f"{floor:.4f}",
        "the same with noise of 0.2": f"{value:.4f}",
        "fd (classifier) of these sets": f"{by_features[0]:.2f}, {by_features[1]:.2f}",
    }


def counted(figure: Figure) -> Found:
    """One sample makes a mode, and a classifier finds a class for anything."""
    centres, deviation = torch.tensor(TOYS["grid"][0]), TOYS["grid"][1]
    number = torch.cat([torch.arange(25), torch.full((2475,), 12)])
    points = centres[number] + (number == 12)[:, None] * deviation * noise(2500, 2)
    counts = modes.high_quality(points, centres, deviation)
    kl = modes.kl(counts, torch.ones(25))

    n = 2000
    clouds = torch.cat([interpolate(noise(n // 4, 1, s, s, seed=s), (28, 28), mode="bicubic") for s in (3, 4, 7, 14)])
    clouds = rounded(clouds)[permutation(n, seed=0, epoch=0)]
    classes = classifier().log_posterior(described(clouds)).argmax(1).bincount(minlength=10)
    one, two, three = figure.subplots(1, 3, width_ratios=[1, 1.2, 1])
    plain(one, f"modes {int((counts > 0).sum())} of 25, mode kl {kl:.2f}")
    one.scatter(*points.T, s=6, color=RED)
    one.annotate("2,476 of 2,500\nsamples are here", (0, 0), (0.5, 0.6), fontsize=9)
    one.set_aspect("equal", anchor="N")
    plain(two, f"clouds of noise: {int((classes > 0).sum())} classes of 10")
    two.barh(NAMES, classes.numpy(), color=BLUE)
    two.invert_yaxis()
    shown(three, clouds[:16], 4, "what was read so")
    return {
        "modes of the grid, one sample in each of 24": f"{int((counts > 0).sum())} of 25",
        "high quality": f"{100 * int(counts.sum()) / 2500:.1f} %",
        "mode kl": f"{kl:.2f} (log 25 = {math.log(25):.2f})",
        "classes of clouds of noise": f"{int((classes > 0).sum())} of 10",
    }


def windows(figure: Figure) -> Found:
    """A share of p costs -log p nats, of hundreds; and k-means centres beat real pictures."""
    from sklearn.cluster import MiniBatchKMeans

    def unit(x: Tensor) -> Tensor:
        return x.flatten(1).add(1).div(2)

    m = 1000
    test, train, validation = (
        unit(rows("test", 2000)[0]),
        unit(rows("train", 20_000)[0]),
        unit(rows("train", 22_000)[0][20_000:]),
    )
    real = train[:m]
    sigma = parzen.best_sigma(validation, real, parzen.SIGMAS)
    static = torch.rand(m, 784, generator=torch.Generator().manual_seed(0))
    of_real, of_static = (parzen.log_likelihoods(test, x, sigma[None])[0] for x in (real, static))
    shares = np.logspace(0, -3, 25)

    def mixed(share: float) -> float:
        both = of_real + math.log(share), of_static + (math.log1p(-share) if share < 1 else -math.inf)
        return float(torch.logaddexp(*both).mean())

    curve, whole, rare = [mixed(share) for share in shares], mixed(1), mixed(0.01)
    found = MiniBatchKMeans(m, n_init=1, batch_size=2048, max_iter=10, random_state=0).fit(train.numpy())
    means = torch.from_numpy(found.cluster_centers_)
    by_means = parzen.log_likelihoods(test, means, parzen.best_sigma(validation, means, parzen.SIGMAS)[None])[0]

    one, two, three = figure.subplots(1, 3, width_ratios=[1.25, 1, 1.1])
    plain(one, "noise 99 times in 100: 4.6 nats less", "share of real pictures among noise", "nats")
    one.plot(shares, curve, color=BLUE)
    one.axhline(float(of_static.mean()), color=GREY, linestyle="--", linewidth=1)
    one.text(1, float(of_static.mean()) + 60, "noise alone", color=GREY, fontsize=9)
    one.plot([0.01], [rare], "o", color=RED)
    one.annotate(
        f"real alone: {whole:.1f}\n1 in 100 real: {rare:.1f}", (0.01, rare), (0.4, -900), arrowprops={"arrowstyle": "-"}
    )
    one.set_xscale("log")
    one.invert_xaxis()
    sheet = 2 * static[:100].view(-1, 1, 28, 28) - 1
    sheet[37] = rows("train", 20_000)[0][0]
    shown(two, sheet, 10, "that generator's samples", RED)
    values = {"real": float(of_real.mean()), "k-means": float(by_means.mean())}
    bars(plain(three, f"{m:,} centres, nats"), values, (BLUE, RED), "{:.1f}")
    return {
        "sigma": f"{float(sigma):.3f}",
        "parzen, 1,000 real pictures as centres": f"{whole:.1f}",
        "one in 100 of them real": f"{rare:.1f}, {whole - rare:.2f} less (log 100 = {math.log(100):.2f})",
        "noise alone": f"{float(of_static.mean()):.1f}",
        "1,000 k-means centres": f"{values['k-means']:.1f}",
    }


def copied(figure: Figure) -> Found:
    """Pixels do not know a picture again that has moved."""
    n, k = 200, memorisation.SHIFT
    (train, y), (unseen, _) = rows("train", 6000), rows("test", n)

    def moved(x: Tensor, by: int) -> Tensor:
        return pad(x, [by, -by, 0, 0], value=-1.0)

    def plain_distance(x: Tensor) -> tuple[Tensor, Tensor]:
        distance, number = memorisation.nearest(x.flatten(1), train.flatten(1))
        return distance[:, 0], number[:, 0]

    def shifted_distance(x: Tensor) -> tuple[Tensor, Tensor]:
        return memorisation.nearest_shifted(x, train, k)

    shifts = range(7)
    curves = {}
    for name, distance in (("pixels", plain_distance), (f"pixels, shifts of {k}", shifted_distance)):
        t = memorisation.threshold(distance(unseen)[0])
        curves[name] = [memorisation.copies(distance(moved(train[:n], by))[0], t) for by in shifts]

    by_pixels, by_shifts = (distance(moved(train[:n], 3))[1] for distance in (plain_distance, shifted_distance))
    fooled = (y[by_pixels] != y[:n]) & (by_shifts == torch.arange(n))
    apart = (train[by_pixels] - train[:n]).flatten(1).norm(dim=1)
    i = int(torch.where(fooled, apart, 0).argmax())
    sample = moved(train[i : i + 1], 3)[0]
    captions = {
        "a training\npicture": (int(i), BLACK),
        "nearest by\npixels": (int(by_pixels[i]), RED),
        f"nearest by\nshifts of {k}": (int(by_shifts[i]), BLACK),
    }
    *frames, right = figure.subplots(1, 5, width_ratios=[1, 1, 1, 1, 2.4])
    shown(frames[1], sample[None], 1, "a sample: it\nmoved by 3")
    for axes, (caption, (number, colour)) in zip((frames[0], *frames[2:]), captions.items(), strict=True):
        apart_by = float((train[number] - sample).norm())
        shown(axes, train[number][None], 1, caption, colour)
        axes.text(
            0, -0.08, f"{NAMES[y[number]]}\n{apart_by:.1f} from\nthe sample", transform=axes.transAxes, va="top", color=colour
        )
    plain(right, "training pictures moved: called copies", "moved by, pixels", "copies")
    for (name, curve), colour in zip(curves.items(), (RED, BLUE), strict=True):
        right.plot(list(shifts), curve, "o-", color=colour, label=name)
    right.axhline(memorisation.HONEST, color=GREY, linestyle="--", linewidth=1, label="honest")
    right.legend(frameon=False, fontsize=9)
    return {
        **{f"copies ({name}), moved by 0 to 6": ", ".join(f"{v:.2f}" for v in curve) for name, curve in curves.items()},
        "nearest by pixels of another class, moved by 3": f"{float((y[by_pixels] != y[:n]).float().mean()):.2f}",
        f"itself found by shifts of {k}, moved by 3": f"{float((by_shifts == torch.arange(n)).float().mean()):.2f}",
    }


def neighbours(figure: Figure) -> Found:
    """The verdict hardens as n grows, and training rows handed back are not seen."""
    real, other = described(rows("test", 5000)[0]), described(rows("train", 10_000)[0])
    spoilt = described(noisy(rows("train", 5000)[0], 0.1))
    counts = (50, 150, 500, 1500, 5000)

    def found(a: Tensor, b: Tensor) -> float:
        return two_sample.accuracy(two_sample.neighbour_is_real(a, b)).both

    curve = {n: found(real[:n], spoilt[:n]) for n in counts}
    flat = {n: found(real[:n], other[:n]) for n in counts}
    values = {
        "training rows handed back,\nagainst unseen rows": flat[5000],
        "training rows handed back,\nagainst themselves": found(other[:5000], other[:5000].clone()),
    }
    left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
    plain(left, "the same generator, more rows", "rows of each", "1-NN accuracy")
    left.plot(curve.keys(), curve.values(), "o-", color=RED, label="real pictures with a little noise")
    left.plot(flat.keys(), flat.values(), "o-", color=BLUE, label="other real pictures")
    left.axhline(0.5, color=GREY, linestyle="--", linewidth=1)
    left.set_ylim(0.4, 0.78)
    left.legend(frameon=False, fontsize=9, loc="upper left")
    numbers_on(left, counts)
    bars(plain(right, "1-NN accuracy, 0.5 is best"), values, (RED, BLUE))
    return {
        **{f"1-NN accuracy, noise of 0.1, {n:,}": f"{v:.3f}, real {flat[n]:.3f}" for n, v in curve.items()},
        **{f"1-NN accuracy, {name}".replace("\n", " "): f"{v:.2f}" for name, v in values.items()},
    }


def logits(figure: Figure) -> Found:
    """One training, one question, another answer at every moment."""
    games = {round: game for round, game in moments_of_training().items() if round}
    train, test = (some(garments(split), 1000) for split in ("train", "test"))
    mean: dict[str, list[float]] = {"D real (train)": [], "D real (test)": [], "D fake": []}
    surest = {}
    for round, game in games.items():
        fake = Memory(bytes_from_pictures(game.sample(1000)), name="fake")  # type: ignore[operator]
        for name, data in zip(mean, (train, test, fake), strict=True):
            mean[name].append(float(realness.scores(game, data).mean()))
        surest[round] = realness.scores(game, test).topk(16).indices
    first, *_, last = surest
    left, one, two = figure.subplots(1, 3, width_ratios=[1.3, 1, 1])
    plain(left, "mean logits of one training", "rounds")
    for (name, values), colour in zip(mean.items(), (BLUE, SKY, RED), strict=True):
        left.plot(list(games), values, "o-", color=colour, label=name)
    left.legend(frameon=False, fontsize=9)
    left.set_xticks(list(games))
    common = len(set(surest[first].tolist()) & set(surest[last].tolist()))
    for axes, round in ((one, first), (two, last)):
        shown(axes, test.rows(surest[round], CPU).x, 4, f"D is surest of, round {round}")
    return {
        **{
            f"{name}, rounds {', '.join(map(str, games))}": ", ".join(f"{v:.2f}" for v in values)
            for name, values in mean.items()
        },
        f"of the 16 surest of round {first} still so at {last}": common,
    }


def probed(figure: Figure) -> Found:
    """Features of a discriminator that has learnt nothing are nearly as good, and pixels are not far behind."""
    games = moments_of_training()
    shape = garments("train").facts.shape
    spaces: dict[str, probe.Space] = {
        f"D, round {round}": Discriminator(games[round], shape) for round in (min(games), max(games))
    }
    spaces["pixels"] = lambda x: x.flatten(1)
    found = probe.probed(spaces, some(garments("train"), 5000), some(garments("test"), 1000), LABELS, CPU, "")
    seen: Found = {}
    for axes, learner in zip(figure.subplots(1, 2, sharey=True), ("SVM", "k-NN"), strict=True):
        plain(axes, learner, "labels", "accuracy" if learner == "SVM" else "")
        for offset, (name, colour) in zip((0.94, 1.0, 1.06), zip(spaces, (SKY, BLUE, RED), strict=True), strict=True):
            values = [found[f"probe {learner} {n} labels ({name})"] for n in LABELS]
            axes.errorbar(
                [n * offset for n in LABELS],
                [v.value for v in values],
                [v.spread or 0 for v in values],
                fmt="o-",
                color=colour,
                label=name,
                capsize=3,
            )
            seen |= {
                f"probe {learner} {n} labels ({name})": f"{v.value:.3f} ± {v.spread:.3f}"
                for n, v in zip(LABELS, values, strict=True)
            }
        axes.set_xscale("log")
        axes.set_xlim(70, 1400)
        axes.set_xticks(LABELS, [f"{n:,}" for n in LABELS])
        axes.minorticks_off()
        axes.legend(frameon=False, fontsize=9, loc="upper left")
    return seen


def variety(figure: Figure) -> Found:
    """Noise is the most diverse of all, and ten pictures repeated are nearly as diverse as the data."""
    x, y = rows("test", 2000)
    ten = x[[int((y == k).nonzero()[0]) for k in range(10)]]
    sets = {
        "real": (x, BLUE),
        "with noise": (noisy(x, 0.3), RED),
        "noise alone": (rounded(0.5 * noise(2000, 1, 28, 28)), RED),
        "ten pictures": (ten.repeat(200, 1, 1, 1)[permutation(2000, seed=0, epoch=0)], RED),
    }
    of_real = diversity.mean_distance(described(x).double())
    found: Found = {}
    for axes, (name, (pictures, colour)) in zip(figure.subplots(1, 4), sets.items(), strict=True):
        one, other = pictures[:1000], pictures[1000:]
        similar = float(
            torch.cat([diversity.ms_ssim(a, b) for a, b in zip(one.split(100), other.split(100), strict=True)]).mean()
        )
        ratio = diversity.mean_distance(described(pictures).double()) / of_real
        shown(axes, pictures[:9], 3, f"{name}\nms-ssim {similar:.3f}\ndistance / real {ratio:.2f}", colour)
        found[f"ms-ssim, mean distance / real: {name}"] = f"{similar:.3f}, {ratio:.2f}"
    return found


def features(figure: Figure) -> Found:
    """The same two sets of pictures, and which is better depends on who looks."""
    n = 500
    real, other = rows("test", n)[0], rows("train", n)[0]
    sets = {"noise": noisy(other, 0.1), "blur": blurred(other, 0.5)}
    judges: Sequence[Features] = (RandomConvolutions(rows("train", 1000)[0]), classifier(), EfficientNetLite0(1))
    panels = figure.subplots(1, 5, width_ratios=[1, 1, 0.8, 0.8, 0.8])
    for axes, (name, x), colour in zip(panels, sets.items(), (RED, BLUE), strict=False):
        shown(axes, x[:16], 4, name, colour)
    found: Found = {}
    for axes, judge in zip(panels[2:], judges, strict=True):
        of_real = described(real, judge).double()
        values = {name: kid.distance(of_real, described(x, judge).double()) for name, x in sets.items()}
        plain(axes, f"kid by\n{judge.name}")
        drawn = axes.bar(list(values), list(values.values()), color=(RED, BLUE), width=0.6)
        axes.bar_label(drawn, [f"{v:.3g}" for v in values.values()], fontsize=9, padding=2)
        axes.margins(y=0.15)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        found[f"kid by {judge.name}: noise, blur"] = ", ".join(f"{v:.4g}" for v in values.values())
    return found


FAILINGS: dict[str, Callable[[Figure], Found]] = {
    "fd": fd,
    "kid": kernel,
    "is": score,
    "prdc": balls,
    "wasserstein": sliced,
    "1-nn": neighbours,
    "diversity": variety,
    "modes": counted,
    "memorisation": copied,
    "parzen": windows,
    "realness": logits,
    "probe": probed,
    "features": features,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(FAILINGS), metavar="NAME", help=", ".join(FAILINGS))
    names = parser.parse_args().names
    FOLDER.mkdir(parents=True, exist_ok=True)
    table = Table("metric", "what", "value", title=classifier().protocol)
    for name in names:
        figure = Figure(figsize=(9, 3.6), dpi=100, layout="constrained")
        canvas = FigureCanvasAgg(figure)  # no pyplot: it keeps figures, and asks for a screen
        for what, value in FAILINGS[name](figure).items():
            table.add_row(name, what, str(value))
        canvas.draw()
        picture = PIL.Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        fewer = picture.quantize(COLOURS, PIL.Image.Quantize.MAXCOVERAGE, dither=PIL.Image.Dither.NONE)
        fewer.save(FOLDER / f"{name}.png", optimize=True)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
