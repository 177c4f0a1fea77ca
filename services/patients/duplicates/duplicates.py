"""Possible duplicate records, found while somebody is at the desk."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.duplicates.scores import (
    near_dates,
    score,
    swapped_date,
)
from services.patients.records.model import Identity, PatientDraft, PatientRecord
from services.patients.records.rows import COLUMNS, record_of

# The fields compared, for the audit log.
_COMPARED: Final = (
    "first_name",
    "last_name",
    "date_of_birth",
    "phone_number",
    "email",
)

# A pair that scores less agrees no more than strangers or cousins do.
_WORTH_SHOWING: Final = 45
_MOST_SHOWN: Final = 5

# The most rows of each lookup. A date that stands for "unknown" in some import is
# shared by thousands, and no registration should wait for them all.
_MOST_BORN: Final = 4_000
_MOST_CANDIDATES: Final = 50
_IN_USE: Final = Patient.deleted_at.is_(None)
_ARCHIVED: Final = and_(
    Patient.deleted_at.is_not(None),
    Patient.merged_into_id.is_(None),
    Patient.erased_at.is_(None),
)

_NAME: Final = bindparam("name", type_=Text)
_FIRST_NAME: Final = bindparam("first_name", type_=Text)
_LAST_NAME: Final = bindparam("last_name", type_=Text)
_BORN: Final = bindparam("born", type_=Date)
_DAYS: Final = bindparam("days", type_=Date, expanding=True)
_NEAR_DAYS: Final = bindparam("near_days", type_=Date, expanding=True)
_PHONE: Final = bindparam("phone", type_=Text)
_EMAIL: Final = bindparam("email", type_=Text)
_EXCLUDING: Final = bindparam("excluding", type_=Uuid)


@dataclass(frozen=True, slots=True)
class DuplicateCandidate:
    """A record on file that may be of the person being typed; it may be archived."""

    patient: Identity
    score: int
    reasons: tuple[str, ...]


def find_duplicates(
    session: Session,
    actor: Actor,
    draft: PatientDraft,
    *,
    excluding: UUID | None = None,
) -> tuple[DuplicateCandidate, ...]:
    """Return the records that may be of the drafted person, the likeliest first.

    To be called when a patient is registered and when one is edited (`excluding` the
    patient's own record): a correction can turn a record into a duplicate just as a
    registration can. All records on file are compared, even for a clinician who may
    open only a few of them, which is why only identities are returned.
    """
    actor.require(Permission.VIEW_PATIENT)
    candidates = find_candidates(session, draft, excluding=excluding)
    audit.record(
        session,
        actor,
        Action.PATIENT_FIND_DUPLICATES,
        patient_id=excluding,
        details={
            "of": {name: getattr(draft, name) for name in _COMPARED},
            "patients": [candidate.patient.id for candidate in candidates],
        },
    )
    return candidates


def find_candidates(
    session: Session, draft: PatientDraft, *, excluding: UUID | None
) -> tuple[DuplicateCandidate, ...]:
    """Find as `find_duplicates` does, for services that check and record themselves."""
    with assume_role(session, "staff"):
        rows = session.execute(_candidates(), _given(draft, excluding)).all()
    return _best(draft, map(record_of, rows))


def _best(
    draft: PatientDraft, records: Iterator[PatientRecord]
) -> tuple[DuplicateCandidate, ...]:
    candidates = []
    for record in records:
        weighed = score(draft, record)
        if weighed.value >= _WORTH_SHOWING:
            reasons = (
                (*weighed.reasons, "archived")
                if record.is_archived
                else weighed.reasons
            )
            candidates.append(
                DuplicateCandidate(record.identity(), weighed.value, reasons)
            )
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.patient.id))
    return tuple(candidates[:_MOST_SHOWN])


@cache
def _candidates() -> Select[Any]:
    """Query each index for a few that could score; together they miss nobody likely.

    Built once for all drafts, because building the statement takes longer than running
    it.
    """
    ids = union_all(
        *map(_with_similar_name, (_IN_USE, _ARCHIVED)),
        *map(_with_similar_birth_date, (_IN_USE, _ARCHIVED)),
        _with_same_name_and_birth_date(),
        # A field that was not typed is NULL and equals nothing.
        _few(Patient.phone_key == _PHONE),
        _few(Patient.email_key == func.lower(_EMAIL)),
    ).subquery()
    return select(*COLUMNS).where(
        Patient.id.in_(select(ids.c.id)),
        Patient.merged_into_id.is_(None),
        Patient.id.is_distinct_from(_EXCLUDING),
    )


def _given(draft: PatientDraft, excluding: UUID | None) -> dict[str, object]:
    """Return the values of the parameters of `_candidates`, by name."""
    swapped = swapped_date(draft.date_of_birth)
    return {
        _NAME.key: f"{draft.first_name} {draft.last_name}",
        _FIRST_NAME.key: draft.first_name,
        _LAST_NAME.key: draft.last_name,
        _BORN.key: draft.date_of_birth,
        _DAYS.key: [draft.date_of_birth, *([swapped] if swapped else ())],
        _NEAR_DAYS.key: near_dates(draft.date_of_birth),
        _PHONE.key: draft.phone_number and draft.phone_number.lstrip("+"),
        _EMAIL.key: draft.email,
        _EXCLUDING.key: excluding,
    }


def _with_similar_name(kept: ColumnElement[bool]) -> Select[Any]:
    """Select the most similar names among those born on one of the days."""
    born = (
        select(Patient.id, Patient.name_key)
        .where(Patient.date_of_birth.in_(_DAYS), kept)
        .limit(_MOST_BORN)
        .subquery()
    )
    return (
        select(born.c.id)
        .order_by(func.similarity(born.c.name_key, func.fold(_NAME)).desc())
        .limit(_MOST_CANDIDATES)
    )


def _with_similar_birth_date(kept: ColumnElement[bool]) -> Select[Any]:
    """Select those born within one typing error of the day who share one of the names.

    They number in the thousands, and comparing trigrams costs more than all else here;
    with both names and the day mistyped, no score would be worth showing anyway.
    """
    return _few(
        Patient.date_of_birth.in_(_NEAR_DAYS),
        or_(
            Patient.last_name_key == func.fold(_LAST_NAME),
            Patient.first_name_key == func.fold(_FIRST_NAME),
        ),
        kept,
    )


def _with_same_name_and_birth_date() -> Select[Any]:
    """Select those with exactly this name and day, even if too many share the day."""
    return _few(
        Patient.last_name_key == func.fold(_LAST_NAME),
        Patient.first_name_key == func.fold(_FIRST_NAME),
        Patient.date_of_birth == _BORN,
        _IN_USE,
    )


def _few(*conditions: ColumnElement[bool]) -> Select[Any]:
    # A subquery of its own, because UNION ALL takes a LIMIT only inside parentheses.
    few = select(Patient.id).where(*conditions).limit(_MOST_CANDIDATES).subquery()
    return select(few.c.id)
