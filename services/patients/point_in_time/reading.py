"""Looking at a server that shows an earlier time; its sessions come from there.

That is a delayed standby, or the clinic of a time that was opened from backups, whose
time is known.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.cluster.control_client import Control, ControlRefused, ControlUnreachable
from db.endpoints import Endpoints
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Unavailable
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records import patients
from services.patients.records.model import PatientRecord

_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class PatientMatches:
    """The patients found as of `timestamp`; None if nothing was replayed yet."""

    timestamp: datetime | None
    patients: tuple[PatientRecord, ...]


@dataclass(frozen=True, slots=True)
class RecordSnapshot:
    """A patient's record as of `timestamp`."""

    timestamp: datetime | None
    patient: PatientRecord


def find_patients(
    session: Session,
    actor: Actor,
    typed: str,
    *,
    now: datetime,
    as_of: datetime | None = None,
) -> PatientMatches:
    """Return the patients that a search finds as of the earlier time.

    Records archived at that time are left out. Raises NotAllowed, InvalidInput.
    """
    actor.require(Permission.COPY_BACK)
    page = search.list_patients(
        session, actor, Criteria(search=typed), size=_MOST, now=now
    )
    named = tuple(row for row in page.rows if isinstance(row, PatientRecord))
    return PatientMatches(as_of or replayed_until(session), named)


def read_record(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    as_of: datetime | None = None,
) -> RecordSnapshot:
    """Return the record as of the earlier time; raises NotFound if there was none."""
    actor.require(Permission.COPY_BACK, patient_id)
    patient = patients.look_up(session, actor, patient_id)
    timestamp = as_of or replayed_until(session)
    audit.record_patient(
        session,
        actor,
        Action.POINT_IN_TIME_READ,
        patient.id,
        patient.version,
        **_as_of(timestamp),
    )
    return RecordSnapshot(timestamp, patient)


def record_pause(session: Session, actor: Actor, node: str, seconds: float) -> None:
    """Record that the standby is to wait while the actor looks; raises NotAllowed."""
    actor.require(Permission.COPY_BACK)
    audit.record(
        session,
        actor,
        Action.CLUSTER_PAUSE_REPLAY,
        subject=("node", node),
        details={"seconds": seconds},
    )


def can_pause(endpoints: Endpoints) -> bool:
    """Return whether Chartroom can pause the standbys, not a clinic's own servers."""
    return Control.of(endpoints) is not None


def pause(endpoints: Endpoints, node: str, seconds: float) -> datetime | None:
    """Pause replay on the standby for this many seconds; return until when it waits.

    Returns None if Chartroom does not control it. Raises Unavailable.
    """
    control = Control.of(endpoints)
    if control is None:
        return None
    try:
        return control.pause_replay(node, seconds)
    except (ControlRefused, ControlUnreachable) as error:
        raise Unavailable(
            "The standby cannot be paused right now. Try again in a moment."
        ) from error


def resume(endpoints: Endpoints, node: str) -> None:
    """Resume replay on the standby. Raises ControlRefused, ControlUnreachable."""
    control = Control.of(endpoints)
    if control is not None:
        control.resume_replay(node)


def replayed_until(session: Session) -> datetime | None:
    """Return the commit time of the last transaction a delayed standby has replayed."""
    return session.scalar(select(func.pg_last_xact_replay_timestamp()))


def _as_of(timestamp: datetime | None) -> dict[str, str]:
    return {} if timestamp is None else {"as_of": timestamp.isoformat()}
