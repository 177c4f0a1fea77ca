"""Lets a run whose page was clicked since leave the session to the run of that click.

At a click Streamlit tells the current run to stop, and starts the next one beside it. A
run that stops touches nothing; but one that has just drawn its last element has no
place left to stop at. At its end it forgets every click of the session, and every
fragment that it has not drawn itself: also the click that the next run was given and
has not reached yet. Then nothing happens, and nobody is told.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.runtime.state.safe_session_state import SafeSessionState

Given = ParamSpec("Given")


def keep_next_click() -> None:
    """Have Streamlit clear nothing for a run that another one has replaced.

    Streamlit has no setting for it. To be called once per process, before pages run.
    """
    SafeSessionState.on_script_finished = _unless_superseded(  # type: ignore[method-assign]
        SafeSessionState.on_script_finished
    )
    MemoryFragmentStorage.clear = _unless_superseded(  # type: ignore[method-assign]
        MemoryFragmentStorage.clear
    )


def _unless_superseded(clear_away: Callable[Given, None]) -> Callable[Given, None]:
    @wraps(clear_away)
    def clear_own(*args: Given.args, **more: Given.kwargs) -> None:
        context = get_script_run_ctx(suppress_warning=True)
        requests = context.script_requests if context else None
        if requests is None:
            return clear_away(*args, **more)
        # A run is told to stop, under this lock, before the next one is made: either
        # everything is cleared before the next click is taken, or this run knows of
        # that click.
        with requests._lock:
            if requests._state is not ScriptRequestType.STOP:
                clear_away(*args, **more)
        return None

    return clear_own
