"""Several runs beside each other: whose score is best, in words; whether it may be asked at all; what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rivals.log import part
from rivals.report.charts import Chart, Group, curve_of, draw, score_curve
from rivals.report.story import Score, Story, differing
from rivals.report.words import Along, say, spell

NAMED = 2  # settings that a sentence names; more stand in the table
APART = ("seed", "created", "fingerprint")  # settings that are no reason for a difference


class Comparison(NamedTuple):
    score: str  # the score that is compared: the first run's that has one; "" where no run has
    unlike: Sequence[str]  # why the numbers may not be set beside each other
    winners: Sequence[str]  # anchors of the runs with the best score, where that can be told
    verdict: str  # the same in a sentence, and what the doctor found
    charts: Sequence[Chart]
    differing: Mapping[str, Sequence[str]]  # setting -> its value in each run

    @property
    def warning(self) -> str:
        """A sentence; "" where they may be compared."""
        why = "These scores may not be compared: they were measured by different protocols or on different data"
        return f"{why} ({', '.join(self.unlike)})." if self.unlike else ""


class Entry(NamedTuple):
    """The compared score of one run."""

    slot: int  # the run's number
    story: Story
    score: Score


def compared(stories: Sequence[Story]) -> Comparison:
    """Without charts: see `drawn`."""
    name = next((story.score.name for story in stories if story.score), "")
    entries = entries_of(stories, name)
    reasons = unlike(entries)
    best = [] if reasons else ranked(entries)
    winners = [entry.story.anchor for entry in best if entry.score.best_value == best[0].score.best_value]
    rows = differing(stories)
    told = [sentence(best, rows)] if len(best) > 1 else []
    told += [f"{story.name}: {', '.join(story.doctor)}." for story in stories if story.doctor]
    return Comparison(name, reasons, winners if len(best) > 1 else [], " ".join(told), [], rows)


def drawn(stories: Sequence[Story]) -> Comparison:
    """With the score against rounds and minutes, where it may be compared, and the speeds."""
    found = compared(stories)
    charts: list[Chart] = []
    alongs: Sequence[Along] = () if found.unlike else ("round", "minute")
    entries = entries_of(stories, found.score)
    for x in alongs:
        curves = [score_curve(entry.score, entry.story.name, entry.slot, x=x) for entry in entries]
        charts += draw(Group(f"{spell(found.score)} by {x}s", curves, entries[0].score.direction if entries else "", x))
    speeds = [curve_of(story.terms, slot, "speed")._replace(label=story.name) for slot, story in enumerate(stories)]
    charts += draw(Group("Speed", speeds, "images/s", zero=True))
    return found._replace(charts=charts)


def entries_of(stories: Sequence[Story], score: str) -> list[Entry]:
    return [Entry(slot, story, s) for slot, story in enumerate(stories) for s in story.scores if s.name == score]


def unlike(entries: Sequence[Entry]) -> list[str]:
    """What was not the same where the scores were measured. The data's path does not count: it differs between machines."""
    measured = [
        {"protocol": entry.score.protocol, "data": entry.story.data}
        | {name: value for name, value in part(entry.story.settings, "data").items() if name != "source" and value is not None}
        for entry in entries
    ]
    names = dict.fromkeys(name for each in measured for name in each)
    return [name.replace("_", " ") for name in names if len({repr(each.get(name)) for each in measured}) > 1]


def ranked(entries: Sequence[Entry]) -> list[Entry]:
    """From the best score to the worst, of runs that marked a best one; none where it is not told which way is better."""
    marked = [entry for entry in entries if entry.score.best]
    ways = {entry.score.better for entry in marked}
    if ways not in ({"lower"}, {"higher"}):
        return []
    return sorted(marked, key=lambda entry: entry.score.best_value, reverse=ways == {"higher"})


def sentence(best: Sequence[Entry], rows: Mapping[str, Sequence[str]]) -> str:
    """Who has the best score, and, of two runs that differ in little, in what."""
    first, *others = best
    values = ", ".join(f"{say(entry.score.best_value)} of {entry.story.name}" for entry in others)
    direction = first.score.direction
    told = f"{first.story.name} has the best {in_words(first.score.name)}: {say(first.score.best_value)}, against {values}"
    if first.score.best_value == others[0].score.best_value:
        told = f"The best {in_words(first.score.name)} is shared: {say(first.score.best_value)}"
    told += f" ({direction})." if direction else "."
    apart = {name: values for name, values in rows.items() if name not in APART}
    if len(best) == 2 and 0 < len(apart) <= NAMED:
        a, b = first.slot, others[0].slot
        said = [f"{name.replace('_', ' ')} ({values[a]} and {values[b]})" for name, values in apart.items()]
        told += f" They differ in {' and '.join(said)}" + (", and in their seeds." if "seed" in rows else ".")
    return told


def in_words(score: str) -> str:
    """A score's name within a sentence.

    >>> in_words("fd"), in_words("coverage")
    ('Fréchet distance', 'coverage')
    """
    full = spell(score)
    return full if full.lower() != score.replace("_", " ").lower() else full.lower()
