"""Patients and their allergies told as lines, for whoever exports them all."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, Text, case, column, func, null, or_, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import DatabaseRole
from services.core.actors import Actor, Permission, Role
from services.lists.streaming.line_fields import (
    LineField,
    LineFieldKind,
    MadeWord,
    TemplateOf,
    field_of,
)
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
_OF_ENTRY: Final = ("id", "created_at", "term")
ALLERGY_FIELDS: Final = (
    field_of(Patient.no_known_allergies, LineFieldKind.FACT),
    *_VERSION,
    field_of(Patient.created_at),
    LineField("own_id", null(), LineFieldKind.WORD),
    _TERM,
)
# The own ids of entries, from the patients' ids, when they were registered, and terms.
OwnIds = Callable[[Sequence[bytes], Sequence[bytes], Sequence[bytes]], Sequence[bytes]]


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
    own_ids: OwnIds,
    since: datetime | None = None,
) -> Generator[bytes]:
    """Yield lines of the allergies of those whom `stream_patients` yields, each once.

    That somebody said that there are none is one, too, in the words of `none_known`.
    Raises NotAllowed.
    """
    said = case(
        (Patient.no_known_allergies, array([none_known])),
        (func.cardinality(Patient.allergies) > 1, func.array(_once_each())),
        else_=Patient.allergies,
    )
    term = replace(_TERM, column=func.unnest(said, type_=Text))
    source = LineSource(
        rows=_everybody(actor, since).where(
            or_(Patient.no_known_allergies, func.cardinality(Patient.allergies) > 0)
        ),
        fields=(*ALLERGY_FIELDS[:-1], term),
        patient_id=Patient.id,
        made={"own_id": MadeWord(_OF_ENTRY, own_ids)},
    )
    return stream_lines(session, source, template_of, patient_ids, role=_role_of(actor))


def _once_each() -> ScalarSelect[Any]:
    """Select a patient's allergies: what is written down twice is one."""
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
