"""Redraws a page that lost its process before a click in it is handled.

A browser keeps its page when the process behind it dies or is replaced, connects to
another one, and waits: Streamlit draws nothing there before the next click. It ignores
that click if it is in a fragment, which the new session does not know, and calls no
callback of a widget that it has never drawn. So the page is drawn first, as it is in
the browser, and then the click is handled. The same goes for a click that comes while
the page is being drawn because something that refreshes itself came first.
"""

from typing import Any
from weakref import WeakKeyDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import _TRIGGER_PROTO_FIELDS

_waiting: WeakKeyDictionary[AppSession, ClientState] = WeakKeyDictionary()

_request_rerun = AppSession.request_rerun
_handle_event = AppSession._handle_scriptrunner_event_on_event_loop


def draw_before_clicks() -> None:
    """Have Streamlit draw a page that it does not know before it handles a click.

    Streamlit has no setting for it. To be called once per process, before pages run.
    """
    AppSession.request_rerun = _draw_first  # type: ignore[method-assign, assignment]
    AppSession._handle_scriptrunner_event_on_event_loop = _then_click  # type: ignore[method-assign, assignment]


def _draw_first(session: AppSession, client_state: ClientState | None) -> None:
    """Run what a browser asks for; postpone a click on what is not drawn yet."""
    if client_state is None or not _is_click(client_state):
        _request_rerun(session, client_state)
    elif _is_new(session):
        _waiting[session] = client_state
        _request_rerun(session, _without_click(client_state))
    elif _is_being_drawn(session, client_state) and not client_state.is_auto_rerun:
        _waiting[session] = client_state
    else:
        _request_rerun(session, client_state)


def _without_click(client_state: ClientState) -> ClientState:
    """Return the request for the page as it is in the browser."""
    page = ClientState()
    page.CopyFrom(client_state)
    page.fragment_id, page.is_auto_rerun = "", False
    kept = [state for state in page.widget_states.widgets if not _is_trigger(state)]
    del page.widget_states.widgets[:]
    page.widget_states.widgets.extend(kept)
    return page


def _then_click(
    session: AppSession, sender: Any, event: ScriptRunnerEvent, *args: Any, **more: Any
) -> None:
    """Handle events of runs, and replay a waiting click once the page is drawn."""
    _handle_event(session, sender, event, *args, **more)
    is_idle = event is ScriptRunnerEvent.SHUTDOWN and session._scriptrunner is None
    if is_idle and (clicked := _waiting.pop(session, None)) is not None:
        _request_rerun(session, clicked)


def _is_new(session: AppSession) -> bool:
    """Return whether nothing was drawn in the session, nor is being drawn."""
    return session._scriptrunner is None and not session._client_state.page_script_hash


def _is_being_drawn(session: AppSession, client_state: ClientState) -> bool:
    """Return whether a run has not yet reached what was clicked."""
    if session._scriptrunner is None:
        return False
    if client_state.fragment_id and not session.has_fragment(client_state.fragment_id):
        return True
    drawn = session._session_state._new_widget_state.widget_metadata
    clicked = filter(_is_trigger, client_state.widget_states.widgets)
    return any(state.id not in drawn for state in clicked)


def _is_click(client_state: ClientState) -> bool:
    return bool(client_state.fragment_id) or any(
        map(_is_trigger, client_state.widget_states.widgets)
    )


def _is_trigger(state: Any) -> bool:
    """Return whether the state is sent with a click only, not with each later run."""
    return state.WhichOneof("value") in _TRIGGER_PROTO_FIELDS
