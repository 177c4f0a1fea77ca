"""Patients and their allergies told as lines, for whoever exports them all."""

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Text, case, cast, column, func, or_, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import DatabaseRole
from services.core.actors import Actor, Permission, Role
from services.lists.streaming.lines import (
    LineField,
    LineFieldKind,
    LineSource,
    TemplateOf,
    field_of,
    stream_lines,
)
from services.patients.records.patients import permission_to_stream

# What nobody writes down: where a line is still to be completed.
HOLE: Final = "\x1e"
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
)
_TERM: Final = column("term", Text)
_PATIENT_ID: Final = cast(Patient.id, Text)
ALLERGY_FIELDS: Final = (
    field_of(Patient.no_known_allergies, LineFieldKind.FACT),
    *_VERSION,
    LineField("entry_id", func.concat(_PATIENT_ID, ".", HOLE), LineFieldKind.WORD),
    LineField("term", _TERM, LineFieldKind.TEXT),
)


def stream_patients(
    session: Session,
    actor: Actor,
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None = None,
) -> Generator[bytes]:
    """Yield lines of everybody, or of these patients, archived or not, but not erased.

    With `since` of those that changed after it. Whoever sees no names but may export
    them gets them here, where the export has a reason; the caller writes it down.
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
) -> Generator[bytes]:
    """Yield lines of the allergies of those whom `stream_patients` yields, each once.

    That somebody said that there are none is one, too, in the words of `none_known`.
    An `entry_id` is a patient's id and a HOLE. Behind each line are the patient's id,
    when the patient was registered, and the term, as texts of JSON. Raises NotAllowed.
    """
    said = case(
        (Patient.no_known_allergies, array([none_known])), else_=Patient.allergies
    )
    entry = (
        func.unnest(said)
        .table_valued(_TERM, with_ordinality="place", name="entry")
        .render_derived()
    )
    rows = (
        _everybody(actor, since)
        .join(entry, true())
        .where(
            or_(Patient.no_known_allergies, func.cardinality(Patient.allergies) > 0),
            # What is written down twice is one allergy.
            entry.c.place == func.array_position(said, entry.c.term),
        )
    )
    registered_at = field_of(Patient.created_at).printed
    term = LineField("term", _TERM, LineFieldKind.TEXT).printed
    source = LineSource(
        rows=rows,
        fields=ALLERGY_FIELDS,
        patient_id=Patient.id,
        beside=(_PATIENT_ID, registered_at, term),
    )
    return stream_lines(session, source, template_of, patient_ids, role=_role_of(actor))


def _everybody(actor: Actor, since: datetime | None) -> Select[*tuple[Any, ...]]:
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(permission_to_stream(actor))
    rows = select(Patient.id).select_from(Patient).where(Patient.erased_at.is_(None))
    return rows if since is None else rows.where(Patient.updated_at > since)


def _role_of(actor: Actor) -> DatabaseRole | None:
    return "staff" if actor.role is Role.ANALYST else None
