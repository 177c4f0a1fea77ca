"""A button that opens the browser's own calendar beside a field for days.

The field is still one to type in: it takes a year, several days and every spelling that
is understood. The calendar works with mouse, keys and finger like any other in that
browser, in the language of the device.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.ui.language import gettext as _, long_date
from dashboard.ui.scripts import ELEMENTS, read_joined
from dashboard.ui.words import read_days, write_day

_HERE: Final = Path(__file__).parent
_WIDTH: Final = 44

_mount = st.components.v2.component(
    "chartroom.day_picker",
    css=(_HERE / "day_picker.css").read_text(encoding="utf-8"),
    js=read_joined(ELEMENTS, _HERE / "day_picker.js"),
)


def day_picker(field: str, label: str, *, takes_several: bool = False) -> None:
    """Draw the button; a chosen day is written into the text field of key `field`.

    `label` is the field's label. In a field for several days, a further one is
    appended; a day chosen since the calendar was opened is replaced.
    """
    key = f"{field}_day"
    shown = _last_day(st.session_state.get(field))
    # Named as the ARIA Authoring Practices name their date picker: with the current
    # day.
    name = (
        _("Choose another day: {field}, {day}").format(
            field=label, day=long_date(shown)
        )
        if shown
        else _("Choose a day: {field}").format(field=label)
    )
    _mount(
        key=key,
        data=json.dumps(
            {"label": name, "shown": shown.isoformat() if shown else ""}
        ).encode(),
        width=_WIDTH,
        on_chosen_change=_taking(key, field, takes_several=takes_several),
    )


def _taking(key: str, field: str, *, takes_several: bool) -> Callable[[], None]:
    def take() -> None:
        chosen = st.session_state[key].get("chosen")
        if not isinstance(chosen, Mapping):
            return
        day = _day_of(chosen.get("day"))
        if day is None:
            return
        typed = _listed(st.session_state.get(field)) if takes_several else []
        if not chosen.get("is_first"):
            typed = typed[:-1]
        st.session_state[field] = ", ".join([*typed, write_day(day)])

    return take


def _last_day(typed: Any) -> date | None:
    """Return the day that the calendar shows first."""
    days = (_day_of(read_days(text)) for text in reversed(_listed(typed)))
    return next(filter(None, days), None)


def _listed(typed: Any) -> list[str]:
    return [text.strip() for text in str(typed or "").split(",") if text.strip()]


def _day_of(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
