"""The erasure: a tombstone is left of a person when the record's time is over.

A record and those that were merged into it are erased together. What is kept, deleted
or emptied of text, and why, is in docs/decisions/0037.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket
from db.models.patient import (
    ClinicalEntry,
    ErasurePostponement,
    Patient,
    PatientMerge,
    PatientRetention,
)
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents.erasure import accounts, visits
from services.documents.erasure.due import is_stopped
from services.documents.erasure.rule import ended
from services.documents.integrity import pending_deletions
from services.patients.photos import photos
from services.patients.records.model import FIELDS, LISTS, Sex

ERASED: Final = ("Erased", "record")
# Older than any patient can be, since a tombstone has to have a date of birth.
_NO_BIRTH: Final = date(1900, 1, 1)
# Few at once, because each patient may have many rows.
_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True)
class _Person:
    """The record that was kept, and the records of the same person merged into it."""

    id: UUID
    merged: tuple[UUID, ...]

    @property
    def ids(self) -> tuple[UUID, ...]:
        return (self.id, *self.merged)


def erase(session: Session, *, today: date | None = None) -> int:
    """Erase a few records whose time is over; return the number of people.

    Their files become pending deletions in the same transaction: the row goes first,
    then the bytes. Records that another worker or a person has locked are left for the
    next run. The caller, which is the system, commits. `today` is the date by the
    clinic's clock, on which postponements end; without it, the date by UTC.
    """
    people = _lock_ended(session, today)
    for person in people:
        _erase_one(session, person)
    return len(people)


def _lock_ended(session: Session, today: date | None) -> list[_Person]:
    is_free = ~is_stopped(today)
    locked = session.scalars(
        select(Patient.id)
        .join(PatientRetention, ended())
        .where(is_free)
        .order_by(Patient.deleted_at, Patient.id)
        .limit(_AT_ONCE)
        # The lock checks the conditions again: a restore that came first wins.
        .with_for_update(of=Patient, skip_locked=True)
    ).all()
    # It checks those of changed patients only: a postponement, a document or a visit
    # may have come after the statement began, so what stops an erasure is read again.
    ids = session.scalars(
        select(Patient.id)
        .where(Patient.id.in_(locked), is_free)
        .order_by(Patient.deleted_at, Patient.id)
    )
    return [_Person(kept, _merged_into(session, kept)) for kept in ids.all()]


def _merged_into(session: Session, kept_id: UUID) -> tuple[UUID, ...]:
    merged = select(Patient.id).where(Patient.merged_into_id == kept_id)
    return tuple(session.scalars(merged.order_by(Patient.id).with_for_update()))


def replay_erasures(session: Session, ids: Collection[UUID]) -> int:
    """Erase patients whom a return to rows from before their erasure brought back.

    The audit log has the erasure already. Returns the number of records; the caller
    commits.
    """
    known = select(Patient.id).where(Patient.id.in_(ids), Patient.erased_at.is_(None))
    there = session.scalars(known.order_by(Patient.id).with_for_update()).all()
    session.execute(
        update(Patient)
        .where(Patient.id.in_(there))
        # Only archived records are erased.
        .values(deleted_at=func.coalesce(Patient.deleted_at, func.now()))
        .execution_options(synchronize_session=False)
    )
    for patient_id in there:
        _forget(session, (patient_id,))
    return len(there)


def _erase_one(session: Session, person: _Person) -> None:
    counts = _forget(session, person.ids)
    for patient_id in person.ids:
        audit.record(
            session,
            KEEPER,
            Action.PATIENT_ERASE,
            patient_id=patient_id,
            details=counts if patient_id == person.id else {"merged_into": person.id},
        )


def _forget(session: Session, ids: Sequence[UUID]) -> Mapping[str, int]:
    """Leave a tombstone of one person's records; return the numbers of rows erased."""
    pending_deletions.add_purged(
        session, Bucket.PATIENT_PHOTOS, _photos_of(session, ids)
    )
    counts = visits.forget(session, ids)
    accounts.forget(session, ids)
    _forget_merges(session, ids)
    session.execute(delete(ClinicalEntry).where(ClinicalEntry.patient_id.in_(ids)))
    session.execute(
        delete(ErasurePostponement).where(ErasurePostponement.patient_id.in_(ids))
    )
    _empty_records(session, ids)
    return counts


def _photos_of(session: Session, ids: Sequence[UUID]) -> set[str]:
    named = session.scalars(select(Patient.photo_file_id).where(Patient.id.in_(ids)))
    return {file_id for photo in named for file_id in photos.files_of(photo)}


def _forget_merges(session: Session, ids: Sequence[UUID]) -> None:
    """Keep the fact that there was a merge, without what either record contained."""
    session.execute(
        update(PatientMerge)
        .where(or_(PatientMerge.kept_id.in_(ids), PatientMerge.merged_id.in_(ids)))
        .values(before={})
    )


def _empty_records(session: Session, ids: Sequence[UUID]) -> None:
    nothing: dict[str, Any] = dict.fromkeys(FIELDS) | {name: [] for name in LISTS}
    first_name, last_name = ERASED
    session.execute(
        update(Patient)
        .where(Patient.id.in_(ids))
        .values(
            **nothing
            | {
                "first_name": first_name,
                "last_name": last_name,
                "date_of_birth": _NO_BIRTH,
                "sex": Sex.UNKNOWN.value,
                "no_known_allergies": False,
            },
            photo_file_id=None,
            deceased_on=None,
            source=None,
            source_id=None,
            source_version=None,
            version=Patient.version + 1,
            updated_at=func.now(),
            erased_at=func.now(),
        )
        .execution_options(synchronize_session=False)
    )
