"""Captions as attributes: which of the data's words a row is told by. A text is then a condition like any other.

    captions of the rows  ->  the words that are in enough of them  ->  (N, A), 1 where the caption of the row has the word

What is asked for in words is read the same way. The order of words, and words that are rare, are lost: a bag of words is what a
few thousand captions can teach (Reed et al., 2016, https://arxiv.org/abs/1605.05396, take an encoder that was learnt before).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rivals.data.images import Bytes
from rivals.errors import UserError

LEAST, MOST = 5, 1000  # rows that a word must be in, and words that are kept, the most frequent
SAID = 30  # words that an error lists
LARGEST = 0.5  # share of the rows above which a word tells next to nothing, as "a" and "the"


class Read(NamedTuple):
    """A text, as a data set's words tell it."""

    numbers: Sequence[int]  # of the words that it knows
    unknown: Sequence[str]


def words_in(text: str) -> list[str]:
    """Each once, in the order of the text.

    >>> words_in("A smiling face, a CAT's")
    ['a', 'smiling', 'face', 'cat', 's']
    """
    return list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))


def vocabulary(captions: Sequence[str], where: str) -> list[str]:
    """The words that tell these rows apart, by the alphabet. Raises `UserError` where there are none.

    >>> vocabulary(["a cat"] * 6 + ["a dog"] * 6 + ["a gnu"], "here")
    ['cat', 'dog']
    """
    counts = Counter(word for caption in captions for word in words_in(caption))
    kept = [word for word, count in counts.most_common() if LEAST <= count <= LARGEST * len(captions)]
    if not kept:
        raise UserError(
            f"no word of the captions in {where} is in {LEAST} of {len(captions)} rows and in no more than half of them: "
            "leave out --caption-key"
        )
    return sorted(kept[:MOST])


def told(captions: Sequence[str], words: Sequence[str]) -> Bytes:
    """(N, A), 1 where a caption has a word."""
    numbers = {word: k for k, word in enumerate(words)}
    a = np.zeros((len(captions), len(words)), np.uint8)
    for row, caption in zip(a, captions, strict=True):
        row[[numbers[word] for word in words_in(caption) if word in numbers]] = 1
    return a


def understood(text: str, words: Sequence[str]) -> Read:
    """What these words know of a text. Raises `UserError` where it is nothing.

    >>> understood("a smiling dog", ["cat", "dog", "smiling"])
    Read(numbers=[2, 1], unknown=['a'])
    """
    numbers = {word: k for k, word in enumerate(words)}
    asked = words_in(text)
    known = [numbers[word] for word in asked if word in numbers]
    if not known:
        more = f" and {len(words) - SAID:,} more" if len(words) > SAID else ""
        raise UserError(f"no word of '{text}' is known here: known are {', '.join(words[:SAID])}{more}")
    return Read(known, [word for word in asked if word not in numbers])
