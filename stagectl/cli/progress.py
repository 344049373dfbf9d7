"""How a run is shown while it goes on: a bar on a terminal, plain lines elsewhere, events for machines."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Dict, Optional, Set

from stagectl.cli.common import aside, colour_aside, out, print_note
from stagectl.core.model import ChangeId
from stagectl.core.plans.plan import Plan
from stagectl.core.running.outcome import INPROGRESS
from stagectl.core.running.runs import Application, critical_path
from stagectl.usecases.applying.runner import News
from stagectl.usecases.repository.workspace import Workspace
from stagectl.views.apply import progress_line
from stagectl.views.text import list_words, safe

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Lines:
    """A line for every change that ends."""

    def __init__(self) -> None:
        self._colour = colour_aside()

    def begin(self, plan: Plan, run: str) -> None:
        """Learn the run that begins."""

    def watch(self, news: News) -> None:
        """Show changes that start or end, in one go."""
        ends = [progress_line(*one, colour=self._colour) for one in news if one[1].state != INPROGRESS]
        if ends:
            aside("\n".join(ends))

    def note(self, text: str) -> None:
        """Show what is said of the run."""
        print_note(text)

    def end(self) -> None:
        """Show no more."""


class Events(Lines):
    """One JSON document per line on stdout."""

    def __init__(self) -> None:
        from stagectl.version import __version__
        from stagectl.views.events import version_event

        super().__init__()
        self._run = ""
        out(version_event(__version__))

    def begin(self, plan: Plan, run: str) -> None:
        """Learn the run that begins."""
        self._run = run

    def watch(self, news: News) -> None:
        """Write changes that start or end."""
        from stagectl.views.events import change_event

        for change, outcome in news:
            out(change_event(self._run, change, outcome))
        sys.stdout.flush()

    def summary(self, done: Application) -> None:
        """Write how it ended."""
        from stagectl.views.events import summary_event

        out(summary_event(done))


class Bar(Lines):
    """A progress bar with what runs now, and the time left where earlier runs say how long changes take."""

    _bar: Optional[Progress] = None  # there once a run has begun

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._running: Set[ChangeId] = set()
        self._left: Set[ChangeId] = set()
        self._seconds: Dict[ChangeId, float] = {}

    def begin(self, plan: Plan, run: str) -> None:
        """Begin to draw."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        from stagectl.usecases.applying.report import earlier_durations

        self._plan = plan
        self._left = {change.id for change in plan.changes}
        self._seconds = earlier_durations(self._workspace, self._left)
        self._bar = Progress(
            BarColumn(20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            # What runs gets the room that is left; bar, count and clock stay whole on a narrow terminal.
            TextColumn(
                "{task.fields[left]}{task.fields[running]}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=Console(stderr=True, highlight=False, markup=False, no_color=not self._colour),
            transient=True,
            expand=True,
        )
        self._task: TaskID = self._bar.add_task("", total=len(self._left), running="", left=self._time_left())
        self._bar.start()

    def watch(self, news: News) -> None:
        """Draw changes that start, print those that ended."""
        assert self._bar is not None, "a run begins before its changes do"
        for change, outcome in news:
            if outcome.state == INPROGRESS:
                self._running.add(change.id)
            else:
                self._running.discard(change.id)
                self._left.discard(change.id)
                self._print(progress_line(change, outcome, colour=self._colour))
                self._bar.advance(self._task)
        self._bar.update(self._task, running=list_words(sorted(self._running), 3), left=self._time_left())

    def note(self, text: str) -> None:
        """Print what is said of the run, above the bar."""
        if self._bar is None:
            print_note(text)
        else:
            self._print(safe(text))

    def _print(self, text: str) -> None:
        from rich.text import Text

        assert self._bar is not None, "a run begins before its changes do"
        self._bar.console.print(Text.from_ansi(text), soft_wrap=True)

    def _time_left(self) -> str:
        if not self._left or not self._left <= self._seconds.keys():
            return ""
        left = critical_path(self._plan, self._seconds, self._left)
        return f"about {time.strftime('%M:%S', time.gmtime(left))} left  "

    def end(self) -> None:
        """Draw no more."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def open_progress(workspace: Workspace, as_json: bool) -> Lines:
    """Return how a run is shown here."""
    if as_json:
        return Events()
    return Bar(workspace) if sys.stderr.isatty() else Lines()
