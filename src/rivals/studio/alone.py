"""Draws are of one stream for the whole process (`rivals.chance`): whoever draws holds this lock meanwhile, and takes it in a
thread, for another may hold it for seconds."""

from __future__ import annotations

from threading import RLock

DRAWING = RLock()
