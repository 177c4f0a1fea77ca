"""Patients and their allergies as lines, for exports of all of them."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    ScalarSelect,
    Select,
    Text,
    case,
    column,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import DatabaseRole
from services.core.actors import Actor, Permission, Role
from services.lists.streaming.line_fields import (
    LineField,
    LineFieldKind,
    TemplateOf,
    field_of,
)
from services.lists.streaming.line_pieces import LinePiece
from services.lists.streaming.lines import LineSource, stream_lines
from services.patients.records.patients import permission_to_stream

_VERSION: Final = tuple(
    map(field_of, (Patient.id, Patient.version, Patient.updated_at))
)
PATIENT_FIELDS: Final = (
    field_of(Patient.sex, LineFieldKind.FACT),
    *_VERSION,
    field_of(Patient.record_number),
    field_of(Patient.deleted_at),
    field_of(Patient.last_name),
    field_of(Patient.first_name),
    field_of(Patient.phone_number),
    field_of(Patient.email),
    field_of(Patient.date_of_birth),
    field_of(Patient.deceased_on),
    field_of(Patient.address),
    field_of(Patient.emergency_contact),
    field_of(Patient.merged_into_id),
    field_of(Patient.source, LineFieldKind.FACT),
    field_of(Patient.source_id),
)
_TERM: Final = LineField("term", column("term", Text), LineFieldKind.TEXT)
_OWN_ID: Final = LineField("own_id", column("own_id", Text), LineFieldKind.WORD)
# This many hexadecimal digits suffice to distinguish a patient's allergies.
_ID_DIGITS: Final = 12
# PostgreSQL's timestamps count microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
ALLERGY_FIELDS: Final = (
    field_of(Patient.no_known_allergies, LineFieldKind.FACT),
    *_VERSION,
    _OWN_ID,
    _TERM,
)


def stream_patients(
    session: Session,
    actor: Actor,
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None = None,
) -> Generator[LinePiece]:
    """Yield lines of all patients, or of these, archived or not, but not erased.

    With `since`, only those that changed after it. An actor who sees no names but may
    export them gets them here, where the export has a reason; the caller records it.
    Raises NotAllowed.
    """
    source = LineSource(
        rows=_everybody(actor, since), fields=PATIENT_FIELDS, patient_id=Patient.id
    )
    return stream_lines(session, source, template_of, patient_ids, role=_role_of(actor))


def stream_allergies(
    session: Session,
    actor: Actor,
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    none_known: str,
    since: datetime | None = None,
) -> Generator[LinePiece]:
    """Yield lines of the allergies of the patients of `stream_patients`, each once.

    A statement that there are none is a line, too, with `none_known` as its term.
    Raises NotAllowed.
    """
    said = case(
        (Patient.no_known_allergies, array([none_known])),
        (func.cardinality(Patient.allergies) > 1, func.array(_once_each())),
        else_=Patient.allergies,
    )
    term: ColumnElement[str] = func.unnest(said, type_=Text)
    of_entry = (
        replace(_OWN_ID, column=_allergy_id_of(term)),
        replace(_TERM, column=term),
    )
    source = LineSource(
        rows=_everybody(actor, since).where(
            or_(Patient.no_known_allergies, func.cardinality(Patient.allergies) > 0)
        ),
        fields=(*ALLERGY_FIELDS[: -len(of_entry)], *of_entry),
        patient_id=Patient.id,
    )
    return stream_lines(session, source, template_of, patient_ids, role=_role_of(actor))


def allergy_id(patient_id: UUID, registered_at: datetime, term: str) -> str:
    """Return an allergy's own id, independent of the entry's place in the list.

    Someone who reads an address must not learn the allergy from the id, so the time at
    which the patient was registered, which is in no log, is hashed with it. The id
    comes from SHA-256 of the patient's id, that time and the term, as PostgreSQL sends
    them in binary.
    """
    microseconds = (registered_at - _EPOCH) // _MICROSECOND
    digested = patient_id.bytes + microseconds.to_bytes(8, signed=True) + term.encode()
    return sha256(digested).hexdigest()[:_ID_DIGITS]


def _allergy_id_of(term: ColumnElement[str]) -> ColumnElement[str]:
    """Return `allergy_id` as SQL, so that millions need not be computed here."""
    digested = func.uuid_send(Patient.id, type_=LargeBinary).op("||")(
        func.timestamptz_send(Patient.created_at, type_=LargeBinary)
    )
    digested = digested.op("||")(func.convert_to(term, "UTF8", type_=LargeBinary))
    begin = func.substr(func.sha256(digested), 1, _ID_DIGITS // 2)
    return func.encode(begin, "hex", type_=Text)


def _once_each() -> ScalarSelect[Any]:
    """Select a patient's allergies, each term once."""
    entry = (
        func.unnest(Patient.allergies)
        .table_valued(column("term", Text), with_ordinality="place", name="entry")
        .render_derived()
    )
    is_first = entry.c.place == func.array_position(Patient.allergies, entry.c.term)
    return (
        select(entry.c.term)
        .select_from(entry)
        .where(is_first)
        .order_by(entry.c.place)
        .correlate(Patient)
        .scalar_subquery()
    )


def _everybody(actor: Actor, since: datetime | None) -> Select[*tuple[Any, ...]]:
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(permission_to_stream(actor))
    rows = select(Patient.id).select_from(Patient).where(Patient.erased_at.is_(None))
    return rows if since is None else rows.where(Patient.updated_at > since)


def _role_of(actor: Actor) -> DatabaseRole | None:
    return "staff" if actor.role is Role.ANALYST else None
