"""Merging two records of one person, with everything filed under them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Column, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models.base import Base
from db.models.booking import WaitlistEntry
from db.models.document import Document
from db.models.patient import STAYS_WITH_MERGED, Patient, PatientMerge
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.core.sentences import Sentence
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import LISTS, PatientDraft, PatientRecord, Sex
from services.patients.records.rows import COLUMNS, record_of

_AS_JSON: Final = TypeAdapter(PatientRecord)
_ALREADY_THERE: Final = ("23505", "23P01")


class SameRecord(Conflict):
    """A record cannot be merged with itself."""

    def __init__(self) -> None:
        super().__init__(
            "This is the same record; choose another one to merge it with."
        )


class MergeConflict(Conflict):
    """Both records have something of which a patient can have only one."""

    def __init__(self, table: str) -> None:
        super().__init__(
            Sentence(
                "Both records have an entry among the {entries}, and a patient can "
                "have only one of these; remove one of the two, then merge again.",
                entries=table.replace("_", " "),
            )
        )
        self.table = table


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two records do not agree."""

    property_name: str
    kept: Any
    merged: Any


@dataclass(frozen=True, slots=True)
class MergePreview:
    """Two records side by side, and a draft that loses nothing from either."""

    kept: PatientRecord
    merged: PatientRecord
    suggestion: PatientDraft
    differences: tuple[Difference, ...]


def older_first(
    record: PatientRecord, other: PatientRecord
) -> tuple[PatientRecord, PatientRecord]:
    """Return both in the order proposed for a merge: the older one is kept."""
    if other.created_at < record.created_at:
        return other, record
    return record, other


def preview(
    session: Session, actor: Actor, kept_id: UUID, merged_id: UUID
) -> MergePreview:
    """Return what a merge would bring together; changes nothing.

    Raises SameRecord, NotFound, or PatientArchived if either record is archived.
    """
    actor.require(Permission.MERGE_PATIENTS, kept_id)
    kept, merged = _both(session, kept_id, merged_id, lock=False)
    for record in (kept, merged):
        audit.record_patient(
            session,
            actor,
            Action.PATIENT_READ,
            record.id,
            record.version,
            purpose="merge",
        )
    suggestion = suggest(kept.draft(), merged.draft())
    return MergePreview(kept, merged, suggestion, tuple(_differences(kept, merged)))


def suggest(kept: PatientDraft, merged: PatientDraft) -> PatientDraft:
    """Fill the kept record's gaps from the other and unite their lists."""
    first, second = asdict(kept), asdict(merged)
    united: dict[str, Any] = {
        name: first[name] or second[name] for name in first if name not in LISTS
    }
    for name in LISTS:
        items: dict[str, str] = {}
        for item in (*first[name], *second[name]):
            items.setdefault(item.casefold(), item)
        united[name] = tuple(items.values())
    if kept.sex is Sex.UNKNOWN:
        united["sex"] = merged.sex
    # A listed allergy outweighs the statement that there is none: of the two possible
    # mistakes, only believing that statement can do harm.
    united["no_known_allergies"] = not united["allergies"] and (
        kept.no_known_allergies or merged.no_known_allergies
    )
    return PatientDraft(**united)


def merge(
    session: Session,
    actor: Actor,
    kept_id: UUID,
    merged_id: UUID,
    draft: PatientDraft,
    *,
    kept_version: int,
    merged_version: int,
    today: date,
) -> PatientRecord:
    """Give the kept record the draft and everything of the other; the caller commits.

    The other record is archived and names the kept one; both records as they were
    before are stored. Raises InvalidPatient, SameRecord, StaleVersion for either
    record, PatientArchived, NotFound, or MergeConflict.
    """
    actor.require(Permission.MERGE_PATIENTS, kept_id)
    draft = patients.validate(draft, today)
    kept, merged = _both(session, kept_id, merged_id, lock=True)
    # If a break-glass record were merged into that of one's own patient, it would stay
    # open for good.
    for record in (kept, merged):
        care.require_own(session, actor, record.id)
    winner = patients.values_of(draft)
    loser = {
        "deleted_at": func.now(),
        "deleted_by": actor.id,
        "merged_into_id": kept_id,
    }
    winner["deceased_on"] = kept.deceased_on or merged.deceased_on
    if kept.photo_file_id is None:
        # Never in both: removing it from one record would delete it for the other.
        winner["photo_file_id"] = merged.photo_file_id
        loser["photo_file_id"] = None
    # The merged record first: its e-mail address may go to the kept one.
    patients.change(session, merged_id, loser, version=merged_version)
    made = patients.change(session, kept_id, winner, version=kept_version, typed=draft)
    _write_merge(session, actor, kept, merged)
    # Whoever may merge two records need not see, let alone change, all rows that name
    # them.
    with assume_role(session, "system"):
        _take_over_documents(session, actor, kept_id, merged_id)
        _repoint(session, kept_id, merged_id)
        _unite_places(session, actor, kept_id)
    _record(session, actor, made, merged)
    return made.after


def _both(
    session: Session, kept_id: UUID, merged_id: UUID, *, lock: bool
) -> tuple[PatientRecord, PatientRecord]:
    if kept_id == merged_id:
        raise SameRecord
    # In the order of their ids, so that two merges of the same pair queue up instead of
    # deadlocking. The lock also stops anybody from filing something under either record
    # until the merge is done.
    statement = (
        select(*COLUMNS)
        .where(Patient.id.in_((kept_id, merged_id)))
        .order_by(Patient.id)
    )
    rows = session.execute(statement.with_for_update() if lock else statement)
    records = {record.id: record for record in map(record_of, rows)}
    for patient_id in (kept_id, merged_id):
        if patient_id not in records:
            raise patients.NoSuchPatient(patient_id)
        if records[patient_id].is_archived:
            raise patients.PatientArchived(records[patient_id])
    return records[kept_id], records[merged_id]


def _differences(kept: PatientRecord, merged: PatientRecord) -> Iterator[Difference]:
    for field in fields(PatientDraft):
        values = getattr(kept, field.name), getattr(merged, field.name)
        if values[0] != values[1]:
            yield Difference(field.name, *values)


def _write_merge(
    session: Session, actor: Actor, kept: PatientRecord, merged: PatientRecord
) -> None:
    before = {
        "kept": _AS_JSON.dump_python(kept, mode="json"),
        "merged": _AS_JSON.dump_python(merged, mode="json"),
    }
    session.add(
        PatientMerge(
            kept_id=kept.id, merged_id=merged.id, merged_by=actor.id, before=before
        )
    )
    session.flush()


def _record(
    session: Session, actor: Actor, made: patients.Change, merged: PatientRecord
) -> None:
    """Record the merge for both records, so that it is found under either."""
    changed = audit.differences(made.before.draft(), made.after.draft())
    died = [made.before.deceased_on, made.after.deceased_on]
    if died[0] != died[1]:
        changed["deceased_on"] = died
    kept_id = made.after.id
    audit.record(
        session,
        actor,
        Action.PATIENT_MERGE,
        patient_id=kept_id,
        subject=("patient", merged.id),
        details={"version": made.after.version, "changed": changed},
    )
    audit.record(
        session,
        actor,
        Action.PATIENT_MERGE,
        patient_id=merged.id,
        subject=("patient", kept_id),
        details={"version": merged.version + 1, "merged_into": kept_id},
    )


def _take_over_documents(
    session: Session, actor: Actor, kept_id: UUID, merged_id: UUID
) -> None:
    """Move each document of the merged record to the kept one, as its next revision."""
    taken_over = session.execute(
        update(Document)
        .where(Document.patient_id == merged_id)
        .values(
            patient_id=kept_id,
            revision=Document.revision + 1,
            updated_at=func.now(),
        )
        .returning(Document.id, Document.latest, Document.revision)
        .execution_options(synchronize_session=False)
    )
    for document in taken_over.all():
        audit.record(
            session,
            actor,
            Action.DOCUMENT_CHANGE,
            patient_id=kept_id,
            subject=("document", document.id),
            details=audit.document_change(
                document.latest,
                document.revision,
                {"patient_id": [merged_id, kept_id]},
            ),
        )


def _repoint(session: Session, kept_id: UUID, merged_id: UUID) -> None:
    """Point everything that names the merged record to the kept one."""
    # Records merged into this one earlier must not need two steps to be followed.
    session.execute(
        update(Patient)
        .where(Patient.merged_into_id == merged_id)
        .values(merged_into_id=kept_id)
        .execution_options(synchronize_session=False)
    )
    for column in repointed_columns():
        statement = (
            update(column.table)
            .where(column == merged_id)
            .values({column.name: kept_id})
        )
        try:
            with session.begin_nested():
                session.execute(statement)
        except IntegrityError as error:
            if getattr(error.orig, "pgcode", None) not in _ALREADY_THERE:
                raise
            raise MergeConflict(column.table.name) from error


def _unite_places(session: Session, actor: Actor, kept_id: UUID) -> None:
    """Leave one place in line of those in which one person would wait twice.

    Two places for one doctor or speciality, with days in common. The earlier one stays,
    for the days of both.
    """
    waiting = session.execute(
        select(WaitlistEntry, func.fold(WaitlistEntry.speciality))
        .where(WaitlistEntry.patient_id == kept_id, WaitlistEntry.status == "waiting")
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
        .with_for_update()
    )
    places: list[tuple[WaitlistEntry, str | None]] = []
    for entry, speciality in waiting.all():
        first = next(
            (
                place
                for place, other in places
                if (place.doctor_id, other) == (entry.doctor_id, speciality)
                and place.from_at <= entry.until_at
                and entry.from_at <= place.until_at
            ),
            None,
        )
        if first is None:
            places.append((entry, speciality))
            continue
        first.from_at = min(first.from_at, entry.from_at)
        first.until_at = max(first.until_at, entry.until_at)
        entry.status, entry.ended_at = "left", func.clock_timestamp()
        audit.record(
            session,
            actor,
            Action.WAITLIST_LEAVE,
            patient_id=kept_id,
            subject=("waitlist entry", entry.id),
            details={"doctor": entry.doctor_id, "speciality": entry.speciality},
        )
    session.flush()


def repointed_columns() -> Iterator[Column[Any]]:
    """Yield every column that names a patient and follows a merge.

    They are found in the models, so a table that is added later follows automatically;
    a column that must stay with the merged record is marked with STAYS_WITH_MERGED.
    """
    patient_id = Patient.__table__.c.id
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            names_a_patient = any(
                key.column is patient_id for key in column.foreign_keys
            )
            if names_a_patient and not column.info.get(STAYS_WITH_MERGED):
                yield column
