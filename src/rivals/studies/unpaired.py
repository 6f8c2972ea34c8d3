"""Translation learnt without pairs, judged by pairs that were hidden; and what the cycles hide.

CycleGAN (Zhu et al., 2017, https://arxiv.org/abs/1703.10593), DiscoGAN, DualGAN; one-sided translation by a shallow generator
or by features that are kept (H. Lee's lectures, "direct transformation"); and systems with a common space, by what brings the
domains together. The lectures' problem comes first: autoencoders by themselves do not meet.

Chu, Zhmoginov and Sandler, 2017, CycleGAN, a Master of Steganography, https://arxiv.org/abs/1712.02950: a cycle can live on
what nobody sees. For every game that translates back: what comes back, also of translations that were disturbed a little
(`rivals.metrics.cycle`); and a defence, noise on translations as they are turned back in training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from rivals.metrics.cycle import DISTURBANCES
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.pictures import PRECISION
from rivals.studies.translations import COPY, NUMBERS, Outcome, baselines, compared, task, trained

TASK, ROUNDS, BATCH = "emoji", 3000, 4
SPACE: Mapping[str, Any] = {"lr": 5e-4, "width": 16, "batch": BATCH}
CYCLE: Mapping[str, Any] = {"lr": 1e-3, "width": 16, "batch": BATCH}
RESNET: Mapping[str, Any] = {**CYCLE, "blocks": 3}
CYCLEGAN, ONESIDED, ALONE, THREE = "CycleGAN", "one-sided, shallow", "autoencoders by themselves", "ComboGAN, three domains"
DEFENCES = {f"CycleGAN, noise of {level:g} in the cycle": level for level in (0.05, 0.1, 0.2)}
SYSTEMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    CYCLEGAN: ("cyclegan", RESNET),
    "CycleGAN, identity": ("cyclegan", {**RESNET, "identity": 0.5}),
    **{name: ("cyclegan", {**RESNET, "hidden_noise": level}) for name, level in DEFENCES.items()},
    "DiscoGAN": ("discogan", CYCLE),
    "DualGAN": ("dualgan", {**CYCLE, "lr": 5e-4}),
    ONESIDED: ("onesided", CYCLE),
    "one-sided, features kept": ("onesided", {**RESNET, "generator": "resnet", "keep": "random"}),
    ALONE: ("separate-autoencoders", SPACE),
    "UNIT": ("unit", SPACE),
    "ComboGAN": ("combogan", SPACE),
    THREE: ("combogan", {**SPACE, "further": ("stamps",)}),
    "XGAN": ("xgan", SPACE),
    "Fader": ("fader", SPACE),
}
SOURCE = "Zhu et al., 2017, and the papers that are named (no number of theirs is of this data); Chu et al., 2017"


def played(asked: tuple[str, int, int]) -> Outcome:
    system, seed, rounds = asked
    recipe, changes = SYSTEMS[system]
    return trained(TASK, recipe, changes, seed, rounds, hidden=True)


@study(title="Without pairs, and what cycles hide", source=SOURCE, seeds=2, minutes=90, page="translation")
def unpaired(plan: Plan) -> Findings:
    """Every system that translates between two domains without pairs, judged by the pairs it did not see."""
    task(TASK)
    rounds = plan.rounds(ROUNDS)
    found = iter(plan.side_by_side(played, [(system, seed, rounds) for system in SYSTEMS for seed in range(plan.seeds)]))
    outcomes = baselines(TASK)
    outcomes |= {system: [next(found) for _ in range(plan.seeds)] for system in SYSTEMS}
    plan.figure(compared(TASK, {system: each[0].pictures for system, each in outcomes.items()}), "translations")
    rows = [
        Row(system=system, metric=metric, values=[outcome.numbers[key] for outcome in each])
        for system, each in outcomes.items()
        for key, metric in (NUMBERS | {key: key for key in (*DISTURBANCES, "hidden")}).items()
        if key in each[0].numbers
    ]
    protocol = f"""
        Emoji of Google's into Twitter's, {len(task(TASK).train):,} symbols of each at 32 x 32, their pairs hidden; judged on
        200 symbols held out, Fréchet and perceptual distance on EfficientNet-Lite0. Networks of width 16, batch {BATCH},
        learning rates {CYCLE["lr"]:g} (DualGAN {SYSTEMS["DualGAN"][1]["lr"]:g}, common space {SPACE["lr"]:g}), {PRECISION},
        {rounds:,} rounds. A third domain: Tux Paint's stamps; a pair of domains plays each round. What comes back: mean
        absolute error of pixels in [0, 1], and with the translation rounded to 8 bits, with noise of 2/255, blurred by a pixel;
        hidden: the share of the error after noise that is not there without it. Nearest training row: by the pixels, and so
        with pairs that the others do not have; other real pictures: what a Fréchet distance of 200 can be. Settings were chosen
        on seed 100."""
    return Findings(rows=rows, claims=claims(outcomes), protocol=protocol)


def claims(outcomes: Mapping[str, Sequence[Outcome]]) -> list[Claim]:
    def of(system: str, key: str) -> float:
        return mean(each(system, key))

    def each(system: str, key: str) -> list[float]:
        return [outcome.numbers[key] for outcome in outcomes[system]]

    near, far = (each(system, "l1") for system in (CYCLEGAN, ONESIDED))
    fd, copy = each(CYCLEGAN, "fd"), of(COPY, "fd")
    alone, others = of(ALONE, "psnr"), {name: of(name, "psnr") for name in ("UNIT", "ComboGAN", "XGAN", "Fader")}
    after = {name: of(name, "cycle, noise") for name in (CYCLEGAN, *DEFENCES)}
    best = min(DEFENCES, key=lambda name: after[name])
    return [
        Claim(
            "CycleGAN is nearer to the truth than one-sided translation, whatever the seeds",
            max(near) < min(far),
            f"mean absolute error {mean(near):.3f} against {mean(far):.3f}",
        ),
        Claim(
            "CycleGAN looks more like the second domain than copying does, whatever the seed",
            max(fd) < copy,
            f"Fréchet distance {mean(fd):.0f} against {copy:.0f}",
        ),
        Claim(
            "Autoencoders by themselves do not meet: every system with a common space is nearer to the truth",
            alone < min(others.values()),
            f"PSNR {alone:.2f} dB against " + ", ".join(f"{name} {value:.2f}" for name, value in others.items()),
        ),
        Claim(
            "Noise in the cycle: more comes back of translations with noise, and they are as near to the truth (a hundredth)",
            after[best] < after[CYCLEGAN] and of(best, "l1") <= mean(near) + 0.01,
            "; ".join(f"{name}: {after[name]:.3f} does not come back, translations {of(name, 'l1'):.3f}" for name in after),
        ),
    ]
