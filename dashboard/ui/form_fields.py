"""The fields of a document's form, with the problem of each beside it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _
from dashboard.ui.outcomes.field_problems import show_problem
from dashboard.ui.words import plain
from services.documents.forms import (
    Form,
    FormField,
    FormFieldKind,
    Problem,
    Template,
    Value,
)

_WIDTH: Final = 240
_CELL: Final = "; "
_AUTOCOMPLETE: Final = "off"


def fill(page: str, template: Template, form: Form, *, only_empty: bool) -> None:
    """Put the form into the page's fields: into all of them, or only the empty ones."""
    for field in template.fields:
        key = _key(page, field)
        if not (only_empty and st.session_state.get(key)):
            st.session_state[key] = _as_typed(field, form.get(field.name, ""))


def clear(page: str) -> None:
    """Delete the content of the fields of all forms on the page."""
    for key in list(st.session_state):
        if str(key).startswith(_prefix(page)):
            del st.session_state[key]


def typed(page: str, template: Template) -> dict[str, Value]:
    """Return the content of the fields."""
    return {
        field.name: _read(field, st.session_state.get(_key(page, field)))
        for field in template.fields
    }


def draw(
    page: str, template: Template, changed: Callable[[], None]
) -> Mapping[str, DeltaGenerator]:
    """Draw the fields; return the place beside each where a problem is shown.

    `changed` is called whenever somebody leaves a field that they have changed.
    """
    places: dict[str, DeltaGenerator] = {}
    short = [
        field
        for field in template.fields
        if field.kind in {FormFieldKind.LINE, FormFieldKind.DATE}
    ]
    with st.grid(2, min_column_width=_WIDTH):
        for field in short:
            with st.container(gap="small"):
                _draw(page, field, changed)
                places[field.name] = st.empty()
    for field in template.fields:
        if field not in short:
            _draw(page, field, changed)
            places[field.name] = st.empty()
    return places


def show_problems(
    places: Mapping[str, DeltaGenerator], problems: Sequence[Problem]
) -> None:
    """Show beside each field what is wrong with it."""
    for problem in problems:
        show_problem(places[problem.field], problem.field, problem.message)


def labels(template: Template, problems: Sequence[Problem]) -> str:
    """Return the labels of the fields that have problems."""
    wrong = {problem.field for problem in problems}
    return ", ".join(
        plain(_(field.label)) for field in template.fields if field.name in wrong
    )


def _draw(page: str, field: FormField, changed: Callable[[], None]) -> None:
    label = _(field.label)
    if not field.required:
        label = _("{label} (optional)").format(label=label)
    options: dict[str, Any] = {
        "key": _key(page, field),
        "help": _(field.help) or None,
        "on_change": changed,
        "persist_state": "session",
    }
    if field.kind is FormFieldKind.DATE:
        day_field(
            label,
            None,
            **options,
        )
    elif field.kind is FormFieldKind.LINE:
        # On a shared desk, the browser must not offer the last patient's data.
        st.text_input(label, autocomplete=_AUTOCOMPLETE, **options)
    elif field.kind is FormFieldKind.TABLE:
        columns = _CELL.join(map(_, field.columns))
        options["help"] = _("You can paste rows copied from a spreadsheet.")
        st.text_area(
            _("{label}: one per line, {columns}").format(label=label, columns=columns),
            **options,
        )
    else:
        st.text_area(label, **options)


def _key(page: str, field: FormField) -> str:
    return f"{_prefix(page)}{field.name}"


def _prefix(page: str) -> str:
    return f"{page}_field_"


def _as_typed(field: FormField, value: Value) -> Any:
    if isinstance(value, list):
        return "\n".join(_CELL.join(row) for row in value)
    if field.kind is not FormFieldKind.DATE:
        return value
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None


def _read(field: FormField, value: Any) -> Value:
    if isinstance(value, date):
        return value.isoformat()
    if field.kind is FormFieldKind.TABLE:
        return [_row(line, len(field.columns)) for line in (value or "").splitlines()]
    return value or ""


def _row(line: str, width: int) -> list[str]:
    """Split a line at tabs, as spreadsheets copy them, or at semicolons."""
    cells = [cell.strip() for cell in line.split("\t" if "\t" in line else ";")]
    return cells + [""] * (width - len(cells))
