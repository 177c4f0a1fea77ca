"""Values for fields of documents: read by the kind of the field, and stored."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.document_search import DocumentFieldValue
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import is_storable, tidy_line
from services.documents.fields.model import (
    LONGEST_TEXT,
    PREFIX,
    DocumentField,
    FieldKind,
    FieldValue,
)
from services.documents.fields.reading import read_fields

# The database stores numbers of 15 digits, which JSON transports unchanged.
_MOST_WHOLE: Final = 10**9
_DECIMALS: Final = 6
_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(2199, 12, 31)
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "false": False}
_COLUMNS: Final[Mapping[FieldKind, str]] = {
    FieldKind.TEXT: "text_value",
    FieldKind.CHOICE: "text_value",
    FieldKind.NUMBER: "number_value",
    FieldKind.DATE: "date_value",
    FieldKind.FLAG: "flag_value",
}


def read_values(
    session: Session,
    given: Mapping[str, Any],
    *,
    document_type: str,
    before: Mapping[str, FieldValue] | None = None,
    is_same_type: bool = False,
    may_lack: bool = False,
) -> dict[str, FieldValue]:
    """Return the values that a document of this type is to have in its fields.

    A value that it had `before` may stay, even in a field that is archived or not of
    this type. Null and blank text leave a field empty. Required fields are not enforced
    where neither values nor type change, so that a document filed before the field
    existed can get another title without it; nor with `may_lack`. Raises InvalidInput,
    which names the field.
    """
    fields, kept = read_fields(session), before or {}
    known = {field.key: field for field in fields}
    values: dict[str, FieldValue] = {}
    for key, value in given.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if key in kept and kept[key] == value:
            values[key] = kept[key]
            continue
        values[key] = _read(_fillable(known, key, document_type), value)
    if not (may_lack or (is_same_type and values == before)):
        _require_filled(fields, document_type, values)
    return values


def find_readable(
    field: DocumentField | None, value: object, *, document_type: str
) -> FieldValue | None:
    """Return a value as a field of such a document stores it; None if it cannot."""
    if field is not None and field.is_of(document_type):
        with suppress(InvalidInput):
            return _read(field, value)
    return None


def fill(
    session: Session,
    document_id: UUID,
    before: Mapping[str, FieldValue],
    after: Mapping[str, FieldValue],
) -> None:
    """Store the values of a document's fields that differ from `before`.

    Call it for somebody who may change the document, and before changing what they see
    of it.
    """
    if gone := before.keys() - after.keys():
        _empty(session, document_id, gone)
    changed = [key for key, value in after.items() if before.get(key) != value]
    if not changed:
        return
    kinds = {field.key: field.kind for field in read_fields(session)}
    rows = [_row(document_id, key, kinds[key], after[key]) for key in changed]
    wanted = insert(DocumentFieldValue).values(rows)
    session.execute(
        wanted.on_conflict_do_update(
            index_elements=[DocumentFieldValue.document_id, DocumentFieldValue.field],
            set_={name: wanted.excluded[name] for name in set(_COLUMNS.values())},
        )
    )


def _empty(session: Session, document_id: UUID, keys: Collection[str]) -> None:
    session.execute(
        delete(DocumentFieldValue).where(
            DocumentFieldValue.document_id == document_id,
            DocumentFieldValue.field.in_(keys),
        )
    )


def _row(
    document_id: UUID, key: str, kind: FieldKind, value: FieldValue
) -> dict[str, Any]:
    columns: dict[str, Any] = dict.fromkeys(_COLUMNS.values())
    columns[_COLUMNS[kind]] = str(value) if kind is FieldKind.NUMBER else value
    return {"document_id": document_id, "field": key, **columns}


def _fillable(
    known: Mapping[str, DocumentField], key: str, document_type: str
) -> DocumentField:
    field = known.get(key)
    if field is None:
        raise InvalidInput(
            _property(key[:40]),
            Sentence(
                "Documents have no field “{key}”. An administrator can define it.",
                key=key[:40],
            ),
        )
    if field.is_archived:
        raise _refusal(
            field, "{name} is archived and no longer filled in; leave it out."
        )
    if not field.is_of(document_type):
        raise _refusal(
            field, "{name} is not for documents of this type; leave it empty."
        )
    return field


def _require_filled(
    fields: Iterable[DocumentField], document_type: str, values: Mapping[str, object]
) -> None:
    for field in fields:
        if field.is_required and field.is_of(document_type) and field.key not in values:
            raise _refusal(
                field, "{name} is required for documents of this type; fill it in."
            )


def _read(field: DocumentField, value: object) -> FieldValue:
    match field.kind:
        case FieldKind.TEXT:
            return _read_text(field, value)
        case FieldKind.NUMBER:
            return _read_number(field, value)
        case FieldKind.DATE:
            return _read_date(field, value)
        case FieldKind.FLAG:
            return _read_flag(field, value)
        case FieldKind.CHOICE:
            return _read_choice(field, value)


def _read_text(field: DocumentField, value: object) -> str:
    typed = value if isinstance(value, str) and is_storable(value) else ""
    if not (text := tidy_line(typed)):
        raise _refusal(
            field, "{name} must be text of letters and digits; enter it again."
        )
    if len(text) > LONGEST_TEXT:
        raise _refusal(
            field,
            "{name} can have at most {most} characters; shorten it.",
            most=LONGEST_TEXT,
        )
    return text


def _read_number(field: DocumentField, value: object) -> int | float:
    sentence = (
        "{name} must be a number such as 12.5, with at most 9 digits before the point "
        "and 6 after it."
    )
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _refusal(field, sentence)
    try:
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        raise _refusal(field, sentence) from None
    if not number.is_finite() or abs(number) >= _MOST_WHOLE:
        raise _refusal(field, sentence)
    if number != round(number, _DECIMALS):
        raise _refusal(field, sentence)
    return int(number) if number == int(number) else float(number)


def _read_date(field: DocumentField, value: object) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise _refusal(field, "{name} must be a date such as 2026-11-25.") from None
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise _refusal(field, "{name} must be between the years 1900 and 2199.")
    return f"{day:%Y-%m-%d}"


def _read_flag(field: DocumentField, value: object) -> bool:
    flag = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
    if flag is None:
        raise _refusal(field, "{name} must be yes or no (true or false).")
    return flag


def _read_choice(field: DocumentField, value: object) -> str:
    known = {choice.lower(): choice for choice in field.choices}
    chosen = known.get(value.strip().lower()) if isinstance(value, str) else None
    if chosen is None:
        raise _refusal(
            field, "{name} must be one of: {choices}.", choices=", ".join(field.choices)
        )
    return chosen


def _refusal(field: DocumentField, sentence: str, **values: object) -> InvalidInput:
    return InvalidInput(
        _property(field.key), Sentence(sentence, name=f"“{field.name}”", **values)
    )


def _property(key: str) -> str:
    return f"{PREFIX}{key}"
