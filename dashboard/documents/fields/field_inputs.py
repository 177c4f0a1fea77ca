"""Inputs for the clinic's own fields that documents of a type have."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard.documents.fields.field_words import known_fields
from dashboard.ui.fields import bounded_line
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _
from services.documents.fields import LONGEST_TEXT, DocumentField, FieldKind, FieldValue
from services.documents.records.kinds import DocumentType

_LONGEST_NUMBER: Final = 17


def own_fields(
    key: str,
    document_type: DocumentType,
    start: Mapping[str, FieldValue] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Ask for the values of the clinic's own fields, beginning with the present ones.

    Values of fields that are archived or of another type stay as they are.
    """
    values: dict[str, Any] = dict(start or {})
    for field in known_fields():
        if field.is_of(document_type):
            values[field.key] = _draw(key, field, values.get(field.key), options)
    return values


def typed(key: str, document_type: DocumentType) -> dict[str, Any]:
    """Return what was typed, in the form in which drafts keep it."""
    state = st.session_state
    values = {
        field.key: state.get(f"{key}_{field.key}")
        for field in known_fields()
        if field.is_of(document_type)
    }
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value not in (None, "")
    }


def fill(key: str, values: Mapping[str, Any]) -> None:
    """Replace what was typed with these values."""
    for field in known_fields():
        name = f"{key}_{field.key}"
        st.session_state.pop(name, None)
        if field.key in values:
            st.session_state[name] = _begun(field, values[field.key])


def _begun(field: DocumentField, value: Any) -> Any:
    """Return the value with which a field's input begins."""
    match field.kind:
        case FieldKind.DATE:
            return date.fromisoformat(str(value)) if value else None
        case FieldKind.TEXT | FieldKind.NUMBER:
            return "" if value is None else str(value)
        case _:
            return value


def _draw(
    key: str, field: DocumentField, start: FieldValue | None, options: dict[str, Any]
) -> Any:
    name = f"{key}_{field.key}"
    label = field.label
    if field.is_required:
        label = _("{label} (required)").format(label=label)
    st.session_state.setdefault(name, _begun(field, start))
    match field.kind:
        case FieldKind.DATE:
            return day_field(
                label,
                key=name,
                **options,
            )
        case FieldKind.FLAG:
            return _choose(name, label, (True, False), options)
        case FieldKind.CHOICE:
            # A choice that was removed since then stays with documents that have it.
            begun = st.session_state[name]
            choices = dict.fromkeys((*field.choices, *((begun,) if begun else ())))
            return _choose(name, label, tuple(choices), options)
        case FieldKind.NUMBER:
            longest = _LONGEST_NUMBER
        case FieldKind.TEXT:
            longest = LONGEST_TEXT
    return bounded_line(label, key=name, longest=longest, **options)


def _choose(
    name: str, label: str, choices: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    words = {True: _("Yes"), False: _("No")}
    return st.selectbox(
        label,
        choices,
        format_func=lambda choice: words.get(choice, choice),
        index=None,
        key=name,
        placeholder=_("Not stated"),
        **options,
    )
