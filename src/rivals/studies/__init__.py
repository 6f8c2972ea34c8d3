"""Published tables and figures, run again from a fixed protocol over several seeds, with the published numbers beside ours."""

from __future__ import annotations

from rivals.studies.core import STUDIES, Claim, Findings, Plan, Row, Study, find, run

__all__ = ["STUDIES", "Claim", "Findings", "Plan", "Row", "Study", "find", "run"]
