"""Restores what somebody had typed before they signed in or chose another language.

The page's script (dashboard/web/sessions/session_watch/watch.js) keeps it in the tab,
and opens it for its author alone. Here it becomes the widgets' own values before they
are drawn.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import WidgetMetadata

from dashboard.ui.language import LANGUAGE_NAMES, gettext as _, using_language
from dashboard.ui.notices import notify

_KEY: Final = "typed_again"
_MOST_FIELDS: Final = 200

_mount = st.components.v2.component(
    "chartroom.typed_again",
    js=Path(__file__).with_name("restored_input.js").read_text(encoding="utf-8"),
)


def take_restored_input() -> None:
    """Take over what the tab has kept for this page, if anything.

    Called at the end of the page, when every widget that it may fill is known.
    """
    _mount(key=_KEY, on_typed_change=_take)


def fill_in(typed: object) -> bool:
    """Give this page's widgets what was typed into them; return whether any took it.

    Nothing else is changed: other keys of the session hold what pages rely on, and a
    browser may send anything. A page calls this before it draws, as in a callback.
    """
    if not isinstance(typed, Mapping) or len(typed) > _MOST_FIELDS:
        return False
    return bool([key for key, value in typed.items() if _fill(key, value)])


def _take() -> None:
    if fill_in(st.session_state[_KEY].get("typed")):
        notify(_("What you typed is restored. It is not saved yet."), icon="undo")


def _fill(key: str, value: Any) -> bool:
    widget = _widget(key)
    # JSON writes 20.0 as 20, while a number field always holds a float.
    typed = float(value) if type(value) is int else value
    if widget is None:
        return False
    typed = _as_named_here(widget, typed)
    if not _suits(widget, typed):
        return False
    st.session_state[key] = widget.deserializer(typed)
    return True


def _as_named_here(widget: WidgetMetadata[Any], value: Any) -> Any:
    """Return choices as they are named on this page; it may be in another language."""
    if isinstance(value, list):
        return [_as_named_here(widget, each) for each in value]
    # There is no public way to the choices, either, and the server checks what comes
    # from browsers first (dashboard/web/forged_values.py). A field has no choices.
    reader = getattr(widget.deserializer, "read", widget.deserializer)
    serde = getattr(reader, "__self__", None)
    options, name_of = getattr(serde, "options", ()), getattr(serde, "format_func", str)
    # As they were drawn: a callback may run before the page knows its language.
    names = getattr(serde, "formatted_options", ())
    if not isinstance(value, str) or value in names:
        return value
    for language in LANGUAGE_NAMES:
        with using_language(language):
            others = list(map(name_of, options))
        if value in others:
            return names[others.index(value)]
    return value


def _suits(widget: WidgetMetadata[Any], value: Any) -> bool:
    """Return whether the widget's frontend could have sent the value."""
    match widget.value_type, value:
        case ("bool_value", bool()) | ("string_value", str()):
            return True
        case "double_value", float():
            return True
        case None, str() | float():
            return _takes(widget, value)
        case "string_array_value", list():
            return all(isinstance(item, str) for item in value)
        case _:
            return False


def _takes(widget: WidgetMetadata[Any], value: str | float) -> bool:
    """Return whether an empty field, whose type Streamlit forgets, can have the value.

    A value that it cannot have is changed by it, or raises.
    """
    try:
        return bool(widget.serializer(widget.deserializer(value)) == value)
    except (TypeError, ValueError):
        return False


def _widget(key: str) -> WidgetMetadata[Any] | None:
    """Return Streamlit's metadata of the widget with this key, if it is a widget."""
    context = get_script_run_ctx()
    if context is None:
        return None
    # There is no public way. For a choice, Streamlit's own values are the texts on the
    # screen; only the widget knows what they stand for.
    state = context.session_state._state
    widget_id = state.get_widget_id_from_key(key)
    return state.get_widget_metadata(widget_id) if widget_id else None
