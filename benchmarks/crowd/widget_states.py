"""What a browser sends of a widget that somebody has used."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.crowd.screen import Widget


def _string(state: WidgetState, value: Any) -> None:
    state.string_value = value


def _strings(state: WidgetState, value: Any) -> None:
    state.string_array_value.data.extend(value)


def _flag(state: WidgetState, value: Any) -> None:
    state.bool_value = value


def _press(state: WidgetState, value: Any) -> None:
    state.trigger_value = value


def _selection(state: WidgetState, value: Any) -> None:
    state.string_value = json.dumps({"selection": {"rows": value, "columns": []}})


def _files(state: WidgetState, value: Any) -> None:
    state.file_uploader_state_value.uploaded_file_info.extend(value)


_OF_KINDS: Final[Mapping[str, Callable[[WidgetState, Any], None]]] = {
    "text_input": _string,
    "text_area": _string,
    "selectbox": _string,
    "radio": _string,
    "button_group": _strings,
    "multiselect": _strings,
    "checkbox": _flag,
    "expander": _flag,
    "button": _press,
    "dataframe": _selection,
    "file_uploader": _files,
}
# A press is sent once; everything else is what the widget shows from now on.
_TRIGGERS: Final = ("trigger_value", "json_trigger_value")


def state_of(widget: Widget, value: Any) -> WidgetState:
    """Return the widget with this value."""
    state = WidgetState(id=widget.id)
    _OF_KINDS[widget.kind](state, value)
    return state


def event_of(component: Widget, event: str, value: Any) -> WidgetState:
    """Return the state by which a component reports an event in it."""
    return WidgetState(
        id=f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events",
        json_trigger_value=json.dumps([{"event": event, "value": value}]),
    )


def is_kept(state: WidgetState) -> bool:
    """Return whether the browser sends it again with every later run."""
    return state.WhichOneof("value") not in _TRIGGERS
