"""Numbers as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """
    >>> as_csv(["name", "value"], [["a, b", 1.5]])
    'name,value\\n"a, b",1.5\\n'
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    table.writerows(rows)
    return text.getvalue()
