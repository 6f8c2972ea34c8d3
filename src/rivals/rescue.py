"""Back to the last good checkpoint of a run, with a stated change: the learning rates halved.

The change is a factor in the checkpoint that is gone back to, which is written anew at once. So whoever resumes finds it there,
and a rescued run that is stopped and resumed is the one that was not stopped, to the last bit.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rivals.errors import UserError
from rivals.run import Run, Which

RESCUES = 3  # of a training, at most
SLOWER = 0.5  # the factor on all learning rates, each time
TROUBLE = ("not finite", "collapse", "spikes", "large gradients")  # findings since which no checkpoint is good


def last_good(run: Run, since: int) -> dict[str, Any] | None:
    """The newest whole checkpoint from before trouble began, of those kept by round and the best."""
    found = [event["since"] for event in run.log() if event["kind"] == "finding" and event["name"] in TROUBLE]
    trees = []
    kept: list[Which] = [int(file.stem) for file in run.numbered()]
    for which in [*kept, "best"]:
        with suppress(UserError):
            trees.append(run.checkpoint(which)[0])
    good = [tree for tree in trees if tree is not None and tree["round"] < min([since, *found])]
    return max(good, key=lambda tree: tree["round"], default=None)


def go_back(run: Run, tree: dict[str, Any]) -> None:
    """Forget what came after this checkpoint, and save it as the newest."""
    best = [event["round"] for event in run.scores() if event["best"]]
    run.rewind(tree["round"])
    for file in run.numbered():
        if int(file.stem) > tree["round"]:
            file.unlink()
    saved = run.save(tree, keep=len(run.numbered()) + 1)
    if best and best[-1] > tree["round"]:
        run.name(saved, "best")  # the best was of what is forgotten
