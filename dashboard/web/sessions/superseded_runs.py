"""A run whose page has been clicked since leaves the session to the run of that click.

At a click Streamlit tells the run that goes on to stop, and starts the next one beside
it. Where the first one stops, it touches nothing; but one that has just drawn its last
element stops nowhere any more. At its end it forgets every click of the session, and
every fragment that it has not drawn itself: also the click that the next run has been
given and not come to yet. Then nothing happens, and nobody is told.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.runtime.state.safe_session_state import SafeSessionState

Given = ParamSpec("Given")


def keep_the_next_click() -> None:
    """Have Streamlit clear nothing away for a run that another one has replaced.

    It has no setting for it. To be called once in a process, before pages run.
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
        # all is cleared before the next click is taken, or this run knows of it.
        with requests._lock:
            if requests._state is not ScriptRequestType.STOP:
                clear_away(*args, **more)
        return None

    return clear_own
