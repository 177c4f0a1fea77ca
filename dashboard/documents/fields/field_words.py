"""The clinic's own fields of a document, and their values as text."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.ui.language import decimal, gettext as _, short_date
from dashboard.ui.words import plain
from services.documents import fields
from services.documents.fields import PREFIX, DocumentField, FieldKind, FieldValue
from services.documents.records.model import DocumentRecord
from services.documents.search.fields import listed_field, listed_fields
from services.lists.criteria import Fields

_SECONDS: Final = 30.0


def known_fields() -> tuple[DocumentField, ...]:
    """Return the fields that the clinic has defined, by name, archived ones too."""
    actor = current_actor()
    return read(
        lambda session: fields.list_fields(session, actor),
        keep=("document fields", actor.id),
        seconds=_SECONDS,
    )


def columns_of_fields() -> dict[str, DocumentField]:
    """Return the fields by the names of their columns in lists."""
    return {f"{PREFIX}{field.key}": field for field in known_fields()}


def fields_of_lists(names: Iterable[str]) -> Fields:
    """Return the additional fields by which lists of documents can be filtered.

    `names` are the fields that a list asks for. If somebody else made the list, one of
    them may be newer than the cached fields.
    """
    listed = {field.name: field for field in map(listed_field, known_fields())}
    if any(name.startswith(PREFIX) and name not in listed for name in names):
        return read(listed_fields)
    return listed


def spoken(field: DocumentField, values: Mapping[str, FieldValue]) -> str:
    """Return a field's value as people write it; empty without a value."""
    value = values.get(field.key)
    if value is None:
        return ""
    match field.kind:
        case FieldKind.FLAG:
            return _("Yes") if value else _("No")
        case FieldKind.DATE:
            return short_date(date.fromisoformat(str(value)))
        case FieldKind.NUMBER:
            return f"{_number(float(value))} {field.unit}".rstrip()
        case _:
            return str(value)


def show_fields(record: DocumentRecord) -> None:
    """Show the values of the clinic's own fields of a document, if it has any."""
    if not record.fields:
        return
    filled = [field for field in known_fields() if field.key in record.fields]
    st.markdown(
        " · ".join(
            f"{plain(field.name)}: **{plain(spoken(field, record.fields))}**"
            for field in filled
        )
    )


def _number(number: float) -> str:
    places = len(f"{number:.6f}".rstrip("0").partition(".")[2])
    return decimal(number, places)
