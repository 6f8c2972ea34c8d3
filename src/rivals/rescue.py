"""Back to the best checkpoint of a run, with a stated change: the learning rates halved.

The best, because every run has it where it stood, however often it was stopped and saved on the way. The change is a factor in
that checkpoint, which is saved anew at once: whoever resumes finds it there, and a rescued run that was stopped and resumed is
the one that was not, to the last bit.
"""

from __future__ import annotations

from typing import Any

from rivals.run import Run

RESCUES = 3  # of a training, at most
SLOWER = 0.5  # the factor on all learning rates, each time
TROUBLE = ("not finite", "collapse", "spikes", "large gradients")  # findings since which no checkpoint is good


def last_good(run: Run, since: int) -> dict[str, Any] | None:
    """The best checkpoint, if it is from before that round and before all trouble that was found."""
    if not run.file("best").exists():
        return None
    found = [event["since"] for event in run.log() if event["kind"] == "finding" and event["name"] in TROUBLE]
    tree, _ = run.checkpoint("best")
    return tree if tree is not None and tree["round"] < min([since, *found]) else None


def go_back(run: Run, tree: dict[str, Any]) -> None:
    """Forget what came after this checkpoint, and save it as the newest."""
    run.rewind(tree["round"])
    for file in run.numbered():
        if int(file.stem) > tree["round"]:
            file.unlink()
    run.save(tree, keep=len(run.numbered()) + 1)
