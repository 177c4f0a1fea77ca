"""Audit events of the last weeks: who signed in and did what for whom."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from services.core.actors import Actor, Role
from services.core.audit import Action
from services.demo.history.rows import Columns, append, new_id
from services.demo.history.visits import HeldVisit

_DAYS: Final = 21
_SIGN_IN_DAYS: Final = 29
_AT_WORK: Final = timedelta(hours=8, minutes=30)
_SUNDAY: Final = 7
# The share of days on which each role signs in.
_SHARES: Final = {
    Role.STAFF: 0.95,
    Role.CLINICIAN: 0.9,
    Role.ANALYST: 0.4,
    Role.ADMIN: 0.6,
    Role.PATIENT: 0.15,
}


def write(
    session: Session,
    people: Mapping[Role, Actor],
    held: Iterable[HeldVisit],
    *,
    now: datetime,
    zone: ZoneInfo,
    seed_number: int,
) -> int:
    """Write sign-ins and events, the oldest first; return the number of events.

    The caller commits. The events are shipped into the audit log like all others.
    """
    rng = Random(f"{seed_number} trail")  # noqa: S311 - nobody's secret
    sign_ins = list(_sign_ins(people, now, zone, rng))
    append(session, "sessions", sign_ins)
    events = [*_of_sign_ins(people, sign_ins), *_of_visits(people, held, now)]
    events.sort(key=lambda event: event["at"])
    append(session, "audit_events", events)
    return len(events)


def _sign_ins(
    people: Mapping[Role, Actor], now: datetime, zone: ZoneInfo, rng: Random
) -> Iterator[Columns]:
    today = now.astimezone(zone).date()
    for days_ago in range(_SIGN_IN_DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        for role, actor in people.items():
            if day.isoweekday() != _SUNDAY and rng.random() < _SHARES[role]:
                yield _sign_in(actor, day, zone, rng)


def _sign_in(actor: Actor, day: date, zone: ZoneInfo, rng: Random) -> Columns:
    opens = datetime.combine(day, time(7, 40), zone)
    began = opens + timedelta(minutes=rng.randrange(50))
    left = began + _AT_WORK + timedelta(minutes=rng.randrange(60))
    return {
        "id": new_id(began, rng),
        "user_id": actor.id,
        # The hash of a token that nobody ever had.
        "token_hash": f"\\x{sha256(rng.randbytes(32)).hexdigest()}",
        "method": "code",
        "network": "192.0.2.0/24",
        "browser": "Firefox on Linux",
        "created_at": began,
        "last_seen_at": left,
        "expires_at": began + timedelta(hours=12),
        "ended_at": left,
        "ended_by": actor.id,
    }


def _of_sign_ins(
    people: Mapping[Role, Actor], sign_ins: Iterable[Columns]
) -> Iterator[Columns]:
    actors = {actor.id: actor for actor in people.values()}
    for row in sign_ins:
        actor = actors[row["user_id"]]
        for at, action in (
            (row["created_at"], Action.SESSION_START),
            (row["ended_at"], Action.SESSION_END),
        ):
            yield _event(at, action, actor, ("session", row["id"]), None)


def _of_visits(
    people: Mapping[Role, Actor], held: Iterable[HeldVisit], now: datetime
) -> Iterator[Columns]:
    desk, clinician = people.get(Role.STAFF), people.get(Role.CLINICIAN)
    since = now - timedelta(days=_DAYS)
    for visit in held:
        if not since <= visit.starts_at <= now:
            continue
        patient_id, subject = visit.drawn.patient.id, ("visit", visit.id)
        if desk is not None and visit.drawn.came_at is not None:
            at = visit.drawn.came_at
            yield _event(at, Action.VISIT_CHECK_IN, desk, subject, patient_id)
        if clinician is None or not visit.doctor.is_own or visit.completed_at is None:
            continue
        at = visit.completed_at
        opened = (visit.starts_at, Action.PATIENT_READ, ("patient", patient_id))
        for timestamp, action, about in (
            opened,
            (at, Action.RECORD_SAVE, subject),
            (at, Action.VISIT_COMPLETE, subject),
        ):
            yield _event(timestamp, action, clinician, about, patient_id)


def _event(
    at: datetime,
    action: Action,
    actor: Actor,
    subject: tuple[str, UUID],
    patient_id: UUID | None,
) -> Columns:
    return {
        "at": at,
        "action": action.value,
        "outcome": "done",
        "actor_id": actor.id,
        "actor_role": actor.role.value,
        "network": "192.0.2.0/24",
        "patient_id": patient_id,
        "subject_kind": subject[0],
        "subject_id": str(subject[1]),
        "details": {},
    }
