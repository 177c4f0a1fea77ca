"""The versions of a patient's record: what changed, who changed it, and when.

The log has the values before and after each change, so the present record is taken back
from one version to the one before.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from db.mongo.audit_store import AuditEntry, AuditFilter, AuditStore
from db.postgres import assume_role
from services.audit.log.accesses import disclosed_actor
from services.audit.log.makers import Maker, maker_of
from services.audit.log.reading import find_all, names_of
from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.patients.records import patients
from services.patients.records.model import FIELDS, PatientRecord

# The actions that make a version; the log names the version that each has made.
_MAKING: Final = frozenset(
    {
        Action.PATIENT_REGISTER,
        Action.PATIENT_CHANGE,
        Action.PATIENT_CHANGE_OWN,
        Action.PATIENT_ARCHIVE,
        Action.PATIENT_RESTORE,
        Action.PATIENT_MERGE,
        Action.PHOTO_CHANGE,
        Action.PHOTO_REMOVE,
        Action.POINT_IN_TIME_COPY,
    }
)
# In the order of the form.
_KEPT: Final = (*FIELDS, "deceased_on")
_AS_JSON: Final = TypeAdapter(PatientRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientVersion:
    """A record as it was at one version, and what had made that.

    `changed` has the fields that changed, each with its value before and after. For
    what came with an import, it is not known who made it, or when: the log has the
    import.
    """

    record: PatientRecord
    made_at: datetime | None
    who: str | None
    maker: Maker | None
    action: Action | None
    changed: Mapping[str, tuple[Any, Any]]


def list_patient_versions(
    session: Session, store: AuditStore, actor: Actor, patient_id: UUID
) -> tuple[PatientVersion, ...]:
    """Return the versions of a record, the newest first, for whoever may read it.

    They go back to the registration, or to the last change by an import. Raises
    NoSuchPatient, PatientErased, NotAllowed, AuditLogUnavailable.
    """
    record = patients.look_up(session, actor, patient_id)
    audit.record_patient(
        session, actor, Action.PATIENT_READ, record.id, record.version, history=True
    )
    # A reader of the record need not be allowed to read the log.
    with assume_role(session, "system"):
        made = _made(session, store, patient_id)
        names = names_of(session, {entry.actor_id for entry in made.values()})
    return tuple(_versions(record, made, actor, names))


def _made(
    session: Session, store: AuditStore, patient_id: UUID
) -> dict[int, AuditEntry]:
    """Return the entry that made each version."""
    actions = frozenset(map(str, _MAKING))
    wanted = AuditFilter(patient_id=patient_id, actions=actions, outcome="done")
    made: dict[int, AuditEntry] = {}
    for number, entry in _numbered(find_all(session, store, wanted), patient_id):
        # The newest one: the clinic may have gone back to before an earlier one.
        made.setdefault(number, entry)
    return made


def _numbered(
    entries: Iterable[AuditEntry], patient_id: UUID
) -> Iterator[tuple[int, AuditEntry]]:
    for entry in entries:
        number = entry.details.get("version")
        if isinstance(number, int) and entry.patient_id == patient_id:
            yield number, entry


def _versions(
    record: PatientRecord,
    made: Mapping[int, AuditEntry],
    actor: Actor,
    names: Mapping[UUID, str],
) -> Iterator[PatientVersion]:
    made_at: datetime | None = record.updated_at
    current: PatientRecord | None = record
    while current is not None:
        entry = made.get(current.version)
        if current.version != record.version:
            made_at = _made_at(current, entry)
        yield PatientVersion(
            record=current,
            made_at=made_at,
            who=disclosed_actor(entry, actor, names) if entry else None,
            maker=maker_of(entry, actor, names) if entry else None,
            action=Action(entry.action) if entry else None,
            changed=_changed(entry) if entry else {},
        )
        current = _before(current, entry)


def _made_at(record: PatientRecord, entry: AuditEntry | None) -> datetime | None:
    if entry is not None:
        return entry.at
    return record.created_at if record.version == 1 else None


def _changed(entry: AuditEntry) -> dict[str, tuple[Any, Any]]:
    changed = entry.details.get("changed") or {}
    return {name: (pair[0], pair[1]) for name, pair in changed.items() if name in _KEPT}


def _before(record: PatientRecord, entry: AuditEntry | None) -> PatientRecord | None:
    """Return the previous version; None if the log does not lead further back."""
    if entry is None or record.version == 1:
        return None
    previous = {name: before for name, (before, _) in _changed(entry).items()}
    values = _AS_JSON.dump_python(record, mode="json") | previous | _state_before(entry)
    try:
        return _AS_JSON.validate_python(values | {"version": record.version - 1})
    except ValidationError:
        # Somebody has written into the log; verifying it shows that.
        return None


def _state_before(entry: AuditEntry) -> dict[str, Any]:
    """Return whether the record was archived or merged before the change."""
    in_use = {"deleted_at": None, "merged_into_id": None}
    match entry.action:
        case Action.PATIENT_ARCHIVE:
            return in_use
        case Action.PATIENT_MERGE if "merged_into" in entry.details:
            return in_use
        case Action.PATIENT_RESTORE:
            return {"deleted_at": entry.at}
        case Action.POINT_IN_TIME_COPY if entry.details.get("was_archived"):
            return {"deleted_at": entry.at}
    return {}
