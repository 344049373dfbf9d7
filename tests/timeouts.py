"""Timeouts of actions that are over once something has happened, and never before: no machine is too slow for them."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from stagectl.adapters.handlers import shell


def be_over_once(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let the time of every action that runs be over once there is a file."""
    hours = count(1)  # an action may have written it before its end was computed: from then on the clock runs fast
    clock = SimpleNamespace(monotonic=lambda: 3600.0 * next(hours) if path.exists() else 0.0)
    monkeypatch.setattr(shell, "time", clock)
