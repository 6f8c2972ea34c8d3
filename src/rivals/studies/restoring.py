"""What a picture has lost, given back: detail, and what was in its holes. Ledig et al., 2016, SRGAN, tables 1 and 2,
https://arxiv.org/abs/1609.04802; Pathak et al., 2016, Context Encoders, table 1 and figure 5, https://arxiv.org/abs/1604.07379.

What the papers say: the network that minimises squares (SRResNet) is nearer than bicubic interpolation, and its pictures are
smooth; the one with a discriminator (SRGAN) is farther, and looks right. Squares alone fill a hole with blur; with a
discriminator the filling is sharp, at little cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from torch.nn.functional import interpolate

from rivals.data import bytes_from_pictures, pictures_from_bytes
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.pictures import PRECISION
from rivals.studies.translations import HELD_STAMPS, LARGE, NUMBERS, Outcome, as_made, bytes_of, compared, task, trained

LARGER, HOLE, STROKES = "four times as large", "hole", "strokes"
BICUBIC, SQUARES, RIVAL = "bicubic", "squares alone", "with a discriminator"
CONTENT = "squares and what a network sees"
SEEN: Mapping[str, Any] = {"content": "efficientnet-lite0", "content_weight": 1.0}
SYSTEMS: Mapping[tuple[str, str], tuple[str, int, Mapping[str, Any]]] = {  # recipe, rounds, options
    (LARGER, SQUARES): ("srresnet", 1500, {"decay": "linear"}),
    (LARGER, CONTENT): ("srresnet", 1500, {**SEEN, "decay": "linear"}),
    (LARGER, RIVAL): ("srgan", 1500, {**SEEN, "adversarial_weight": 5e-3, "patch": "34", "decay": "linear"}),
    **{
        (holes, system): ("context-encoder", 1500, {"holes": kind, "decay": "linear", "rival": system == RIVAL})
        for holes, kind in ((HOLE, "centre"), (STROKES, "strokes"))
        for system in (SQUARES, RIVAL)
    },
}
MORE, COST = 1.0, 1.0  # dB
SOURCE = "Ledig et al., 2016, tables 1 and 2; Pathak et al., 2016, table 1 (no number of theirs is of this data)"


def played(asked: tuple[str, str, int, int]) -> Outcome:
    name, system, seed, rounds = asked
    recipe, _, changes = SYSTEMS[name, system]
    return trained(name, recipe, changes, seed, rounds, hidden=False)


def enlarged() -> Outcome:
    """By bicubic interpolation."""
    given = task(LARGER)
    small = pictures_from_bytes(bytes_of(given.test.first))
    x = bytes_from_pictures(interpolate(small, scale_factor=4, mode="bicubic"))
    return as_made(given, x, BICUBIC)


@study(title="What a picture has lost", source=SOURCE, seeds=2, minutes=60, page="translation")
def restoring(plan: Plan) -> Findings:
    """Pictures enlarged and holes filled, by squares alone and with a discriminator."""
    for name in (LARGER, HOLE, STROKES):
        task(name)
    trials = [(*cell, seed, plan.rounds(rounds)) for cell, (_, rounds, _) in SYSTEMS.items() for seed in range(plan.seeds)]
    found = iter(plan.side_by_side(played, trials))
    outcomes: dict[tuple[str, str], Sequence[Outcome]] = {(LARGER, BICUBIC): [enlarged()]}
    outcomes |= {cell: [next(found) for _ in range(plan.seeds)] for cell in SYSTEMS}
    for name, file in ((LARGER, "enlarged"), (HOLE, "filled"), (STROKES, "strokes")):
        plan.figure(compared(name, {of: each[0].pictures for (at, of), each in outcomes.items() if at == name}), file)
    rows = [
        Row(system=system, metric=f"{name}: {metric}", values=[outcome.numbers[key] for outcome in each])
        for (name, system), each in outcomes.items()
        for key, metric in NUMBERS.items()
    ]
    lengths = "; ".join(
        f"{name}, {system}: {plan.rounds(rounds):,} rounds" for (name, system), (_, rounds, _) in SYSTEMS.items()
    )
    protocol = f"""
        Clip art (Tux Paint's stamps) at {LARGE} x {LARGE}, 685 pictures, judged on the {HELD_STAMPS} held out; all distances on
        EfficientNet-Lite0, from which the two that draw by what a network sees learn too: those are to be compared with each
        other. Of the hole, half of each side, the filling alone is judged; of strokes the whole picture. Batch 16, Adam falling
        to 0, {PRECISION}; {lengths}. Settings were chosen on seed 100."""
    return Findings(rows=rows, claims=claims(outcomes), protocol=protocol)


def claims(outcomes: Mapping[tuple[str, str], Sequence[Outcome]]) -> list[Claim]:
    def of(name: str, system: str, key: str) -> float:
        return mean(outcome.numbers[key] for outcome in outcomes[name, system])

    bicubic, squares = of(LARGER, BICUBIC, "psnr"), of(LARGER, SQUARES, "psnr")
    looks = {key: [of(LARGER, system, key) for system in (RIVAL, SQUARES, BICUBIC)] for key in ("perceptual", "fd")}
    made = [
        Claim(
            f"{LARGER}: the network that minimises squares is at least {MORE:g} dB above bicubic interpolation",
            squares >= bicubic + MORE,
            f"{squares:.2f} against {bicubic:.2f} dB",
        ),
        Claim(
            f"{LARGER}: with a discriminator it looks better than both (perceptual and Fréchet distance)",
            all(rival < min(others) for rival, *others in looks.values()),
            "; ".join(f"{key} {rival:.3g} against {one:.3g} and {two:.3g}" for key, (rival, one, two) in looks.items()),
        ),
    ]
    rival, content = of(LARGER, RIVAL, "fd"), of(LARGER, CONTENT, "fd")
    made.append(
        Claim(
            f"{LARGER}: the discriminator lowers the Fréchet distance of one that draws by what a network sees",
            rival < content,
            f"{rival:.0f} against {content:.0f}",
        )
    )
    for name in (HOLE, STROKES):
        fd, psnr = ([of(name, system, key) for system in (RIVAL, SQUARES)] for key in ("fd", "psnr"))
        made.append(
            Claim(
                f"{name}: the discriminator lowers the Fréchet distance and costs at most {COST:g} dB",
                fd[0] < fd[1] and psnr[0] >= psnr[1] - COST,
                f"{fd[0]:.0f} against {fd[1]:.0f}; {psnr[0]:.2f} against {psnr[1]:.2f} dB",
            )
        )
    return made
