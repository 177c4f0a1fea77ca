"""Chartroom's own command line, in which one run of a page can be held near its end.

After its last element a run takes no notice of anything until it is over: for a
fraction of a millisecond, on a busy machine for longer. Here that lasts as long as a
test wants. A test writes into the file `hold` of the data folder which run it means:
"over" is the next one that is over, until the next click has been taken; "drawn" the
next one that has drawn its page, until the file `release` exists. The run is held once
the file `held` exists, and gone once `gone` does.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.runtime.parallel_coordinator import ParallelFragmentCoordinator
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState

from dashboard.cli import app
from tests.kit.waiting import eventually

_SECONDS = 60
_finish = ScriptRunner._on_script_finished
_begin = SafeSessionState.on_script_will_rerun
_join = ParallelFragmentCoordinator.join


class HeldRuns:
    """Holds runs of this process when a test asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = 0
        self._is_clicked = threading.Event()
        self._is_gone = threading.Event()
        self._is_gone.set()

    def hold(self) -> None:
        """Route the ends of Streamlit's runs through this object."""
        for where, name, instead in (
            (ScriptRunner, "_on_script_finished", self._when_over),
            (ParallelFragmentCoordinator, "join", self._when_drawn),
            (SafeSessionState, "on_script_will_rerun", self._at_a_click),
        ):
            setattr(where, name, _method(instead))

    def _when_over(self, runner: Any, ctx: Any, event: Any, *more: Any) -> None:
        whole = event is ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS
        if whole and self._takes("over"):
            self._is_gone.clear()
            assert self._is_clicked.wait(_SECONDS)
        _finish(runner, ctx, event, *more)
        if threading.get_ident() == self._thread:
            (self._folder / "gone").touch()
            self._is_gone.set()

    def _when_drawn(self, coordinator: Any) -> None:
        _join(coordinator)
        if self._takes("drawn"):
            eventually((self._folder / "release").exists)

    def _at_a_click(self, state: Any, *given: Any, **more: Any) -> None:
        _begin(state, *given, **more)
        if not self._is_gone.is_set():
            self._is_clicked.set()
            assert self._is_gone.wait(_SECONDS)

    def _takes(self, stage: str) -> bool:
        """Return whether this run is to be held now; if so, rename `hold` to `held`."""
        wanted = self._folder / "hold"
        if not wanted.exists() or wanted.read_text() != stage:
            return False
        self._thread = threading.get_ident()
        wanted.rename(self._folder / "held")
        return True


def _method(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function as one that a class binds to its instances, like a method."""

    def method(*given: Any, **more: Any) -> None:
        function(*given, **more)

    return method


if __name__ == "__main__":
    HeldRuns(Path(os.environ["CHARTROOM_DATA"])).hold()
    app()
