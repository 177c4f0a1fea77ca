"""Drops values that a page's own widgets could not have sent, before they are read.

Streamlit trusts what a browser sends for its widgets. Text for a number, or invalid
JSON, ends the run with a traceback in the log, and repeating it fills the log. A widget
that receives such a value keeps the one it had.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import (
    RegisterWidgetResult,
    WidgetMetadata,
    unpack_widget_state_value,
)
from streamlit.runtime.state.session_state import Serialized, SessionState

logger = logging.getLogger(__name__)

_LOGGED: Final = "forged_values_told"
# A field for whole numbers is registered as one for floats, and sends integers.
_NUMBERS: Final = frozenset(("double_value", "int_value"))
# Reading these takes the files out of their queue, and raises for no value.
_FILES: Final = frozenset(("file_uploader_state_value", "chat_input_value"))

_set_widgets = SessionState.set_widgets_from_proto
_register = SessionState.register_widget


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the values of a widget, and remembers their kind.

    Streamlit's own record of the kind is overwritten with that of the value it read
    last, which is none if nothing was chosen.
    """

    read: Callable[[Any], Any]
    kind: str

    def __call__(self, value: Any) -> Any:
        return self.read(value)


def drop_forged_values() -> None:
    """Have Streamlit check values before it uses them.

    Streamlit has no setting for it. To be called once per process, before pages run.
    """
    SessionState.set_widgets_from_proto = _set_and_look  # type: ignore[method-assign, assignment]
    SessionState.register_widget = _look_and_register  # type: ignore[method-assign, assignment]


def _set_and_look(state: SessionState, sent: WidgetStates) -> None:
    """Take what the browser sent; callbacks of widgets drawn before read it next."""
    _set_widgets(state, sent)
    for widget in sent.widgets:
        metadata = state.get_widget_metadata(widget.id)
        if metadata and not (
            _is_offered(metadata, widget) and _suits(metadata, widget)
        ):
            _drop(state, widget.id)


def _look_and_register(
    state: SessionState, metadata: WidgetMetadata[Any], user_key: str | None
) -> RegisterWidgetResult[Any]:
    """Let a widget that is being drawn take what the browser sent for it."""
    reader = _Reader(metadata.deserializer, metadata.value_type)
    metadata = replace(metadata, deserializer=reader)
    sent = state._new_widget_state.states.get(metadata.id)
    if isinstance(sent, Serialized) and not _suits(metadata, sent.value):
        _drop(state, metadata.id)
    return _register(state, metadata, user_key)


def _is_offered(metadata: WidgetMetadata[Any], sent: WidgetState) -> bool:
    """Return whether the options chosen are among those that were drawn.

    What is offered now may have changed since, which Streamlit handles itself.
    """
    if (offered := metadata.formatted_options) is None:
        return True
    chosen = {*sent.string_array_value.data} | {sent.string_value} - {""}
    return chosen <= {*offered}


def _suits(metadata: WidgetMetadata[Any], sent: WidgetState) -> bool:
    """Return whether the widget's frontend could have sent the value."""
    reader = metadata.deserializer
    sendable = reader.kind if isinstance(reader, _Reader) else metadata.value_type
    kind = sent.WhichOneof("value")
    if kind not in {None, sendable} and not {kind, sendable} <= _NUMBERS:
        return False
    if kind in _FILES:
        return True
    try:
        value = metadata.deserializer(unpack_widget_state_value(sent))
    except Exception:
        # Each kind of widget fails in its own way.
        return False
    # A day that is required cannot be empty; only a choice of options may become so.
    if value is None and metadata.formatted_options is None:
        return metadata.deserializer(None) is None
    return True


def _drop(state: SessionState, widget_id: str) -> None:
    """Drop a value, and log it once per page: further lines would say nothing new."""
    del state._new_widget_state[widget_id]
    if _LOGGED not in state:
        state._new_session_state[_LOGGED] = True
        logger.warning(
            "A page sent a value that its widgets never send; it was dropped."
        )
