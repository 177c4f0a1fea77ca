"""How an administrator defines, changes and archives the fields of documents."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from itertools import count
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.document_search import DocumentField as FieldRow, DocumentFieldValue
from db.postgres import assume_role
from db.postgres.violations import translate_violations
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.documents.fields.model import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_UNIT,
    DocumentField,
    FieldDefinition,
    FieldKind,
)
from services.documents.fields.reading import read_fields

SUBJECT: Final = "field"
MOST_FIELDS: Final = 100
MOST_CHOICES: Final = 100
# Held until the transaction ends: whoever adds a field counts those added meanwhile,
# and derives a key that none of them has.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.document_fields"))
_LONGEST_KEY: Final = 40


class FieldExists(Conflict):
    """Another field has this name, apart from capitals and accents."""

    property_name = "name"

    def __init__(self) -> None:
        super().__init__(
            "There is already a field with this name, perhaps an archived one. Choose "
            "another name, or restore that one."
        )


class NoSuchField(NotFound):
    """No field has this id."""

    def __init__(self) -> None:
        super().__init__("This field does not exist. Reload the page.")


class FieldChanged(Conflict):
    """Another administrator changed the field first."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this field in the meantime. Close this, then open "
            "*Change* again; nothing was changed."
        )


def add_field(
    session: Session, actor: Actor, kind: FieldKind, definition: FieldDefinition
) -> DocumentField:
    """Define a field that documents may have; the caller commits.

    Its key is derived from its name. Raises InvalidInput, FieldExists, NotAllowed.
    """
    actor.require(Permission.DEFINE_FIELDS)
    session.execute(select(_LOCK))
    if (session.scalar(select(func.count(FieldRow.id))) or 0) >= MOST_FIELDS:
        raise InvalidInput(
            "name",
            Sentence("A clinic can have at most {most} fields.", most=MOST_FIELDS),
        )
    tidied = _tidied(kind, definition)
    row = FieldRow(
        key=_key_of(session, tidied.name), kind=kind.value, **_columns(tidied)
    )
    with translate_violations(session, {"document_fields_name_once": FieldExists}):
        session.add(row)
        session.flush()
    _record(session, actor, Action.FIELD_ADD, row.id, kind=kind, **asdict(tidied))
    return _find(session, row.id)


def change_field(
    session: Session,
    actor: Actor,
    field_id: UUID,
    definition: FieldDefinition,
    *,
    seen: DocumentField | None = None,
) -> DocumentField:
    """Change the definition of a field; the caller commits.

    A choice that documents use cannot be removed. `seen` is the field that the actor
    has seen, if it must not have changed since. Raises InvalidInput, FieldExists,
    FieldChanged, NoSuchField, NotAllowed.
    """
    actor.require(Permission.DEFINE_FIELDS)
    before = _find(session, field_id, locks=True)
    if seen not in (None, before):
        raise FieldChanged
    wanted = _tidied(before.kind, definition)
    changes = audit.differences(_definition_of(before), wanted)
    if not changes:
        return before
    _require_unused(session, before, set(before.choices) - set(wanted.choices))
    with translate_violations(session, {"document_fields_name_once": FieldExists}):
        _write(session, field_id, _columns(wanted))
    _record(session, actor, Action.FIELD_CHANGE, field_id, changed=changes)
    return _find(session, field_id)


def archive_field(session: Session, actor: Actor, field_id: UUID) -> DocumentField:
    """Archive a field: it cannot be filled in, and documents keep their values.

    The caller commits. Raises NoSuchField, NotAllowed.
    """
    return _move(session, actor, field_id, Action.FIELD_ARCHIVE, is_archived=True)


def restore_field(session: Session, actor: Actor, field_id: UUID) -> DocumentField:
    """Restore an archived field, so that it can be filled in; the caller commits.

    Raises NoSuchField, NotAllowed.
    """
    return _move(session, actor, field_id, Action.FIELD_RESTORE, is_archived=False)


def _move(
    session: Session,
    actor: Actor,
    field_id: UUID,
    action: Action,
    *,
    is_archived: bool,
) -> DocumentField:
    actor.require(Permission.DEFINE_FIELDS)
    before = _find(session, field_id, locks=True)
    if before.is_archived is is_archived:
        return before
    _write(session, field_id, {"archived_at": func.now() if is_archived else None})
    _record(session, actor, action, field_id, name=before.name)
    return _find(session, field_id)


def _find(session: Session, field_id: UUID, *, locks: bool = False) -> DocumentField:
    if locks:
        wanted = select(FieldRow.id).where(FieldRow.id == field_id).with_for_update()
        session.execute(wanted)
    known = {field.id: field for field in read_fields(session)}
    if field_id not in known:
        raise NoSuchField
    return known[field_id]


def _write(session: Session, field_id: UUID, values: dict[str, Any]) -> None:
    session.execute(
        update(FieldRow)
        .where(FieldRow.id == field_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _record(
    session: Session, actor: Actor, action: Action, field_id: UUID, **details: object
) -> None:
    audit.record(session, actor, action, subject=(SUBJECT, field_id), details=details)


def _definition_of(field: DocumentField) -> FieldDefinition:
    return FieldDefinition(
        field.name, field.unit, field.choices, field.document_types, field.is_required
    )


def _columns(definition: FieldDefinition) -> dict[str, Any]:
    lists = {
        "choices": list(definition.choices),
        "document_types": list(definition.document_types),
    }
    return asdict(definition) | lists


def _tidied(kind: FieldKind, typed: FieldDefinition) -> FieldDefinition:
    """Return the definition tidied up. Raises InvalidInput."""
    is_choice, is_number = kind is FieldKind.CHOICE, kind is FieldKind.NUMBER
    return FieldDefinition(
        name=_line("name", Sentence("A field's name"), typed.name, LONGEST_NAME),
        unit=_line(
            "unit", Sentence("A unit"), typed.unit, LONGEST_UNIT, may_be_empty=True
        )
        if is_number
        else "",
        choices=_choices_of(typed.choices) if is_choice else (),
        document_types=tuple(sorted(set(map(str, typed.document_types)))),
        is_required=typed.is_required,
    )


def _choices_of(typed: Iterable[str]) -> tuple[str, ...]:
    lines = [line for line in typed if line.strip()]
    choices = [
        _line("choices", Sentence("A choice"), line, LONGEST_TEXT) for line in lines
    ]
    if not 1 <= len(choices) <= MOST_CHOICES:
        raise InvalidInput(
            "choices",
            Sentence(
                "Enter 1 to {most} choices, one per line.",
                most=MOST_CHOICES,
            ),
        )
    if len({choice.lower() for choice in choices}) < len(choices):
        raise InvalidInput("choices", "A choice is listed twice; remove one.")
    return tuple(choices)


def _line(
    name: str, called: Sentence, typed: str, longest: int, *, may_be_empty: bool = False
) -> str:
    line = read_line(name, typed, longest, called)
    if not (line or may_be_empty):
        raise InvalidInput(
            name, Sentence("{field} is missing. Enter one.", field=called)
        )
    # The name is put into sentences that are formatted themselves.
    if {"{", "}"} & set(line):
        raise InvalidInput(
            name, Sentence("{field} cannot contain braces; remove them.", field=called)
        )
    return line


def _key_of(session: Session, name: str) -> str:
    """Return a key that no other field has, as close to the name as possible."""
    folded = session.scalar(select(func.fold(name))) or ""
    stem = re.sub("[^a-z0-9]+", "_", folded)[:_LONGEST_KEY].strip("_")
    if not re.match("[a-z]", stem):
        stem = f"field_{stem}".strip("_")
    taken = {field.key for field in read_fields(session)}
    tries = (f"{stem}_{number}" if number > 1 else stem for number in count(1))
    return next(key for key in tries if key not in taken)


def _require_unused(
    session: Session, field: DocumentField, choices: Iterable[str]
) -> None:
    """Raise InvalidInput if documents have one of these choices."""
    # An administrator sees nothing of documents except that there are some.
    with assume_role(session, "system"):
        used = session.scalar(
            select(DocumentFieldValue.text_value)
            .where(
                DocumentFieldValue.field == field.key,
                DocumentFieldValue.text_value.in_(list(choices)),
            )
            .limit(1)
        )
    if used is not None:
        raise InvalidInput(
            "choices",
            Sentence(
                "Documents use “{choice}” in this field, so it cannot be removed.",
                choice=used,
            ),
        )
