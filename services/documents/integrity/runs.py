"""What keeping files in order has done: the last run of each job, exchanges of keys."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.integrity import IntegrityRun
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action


class Job(StrEnum):
    """The jobs that keep files in order."""

    PURGE = "purge"
    SWEEP = "sweep"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """When a job ended last, and what it found."""

    job: Job
    ended_at: datetime
    results: Mapping[str, Any]
    position: str | None


def note(
    session: Session,
    job: Job,
    results: Mapping[str, Any],
    *,
    position: str | None = None,
) -> None:
    """Keep what a job found; the run before is forgotten. The caller commits."""
    values = {"found": dict(results), "position": position, "ended_at": func.now()}
    session.execute(
        insert(IntegrityRun)
        .values(job=str(job), **values)
        .on_conflict_do_update(index_elements=[IntegrityRun.job], set_=values)
    )


def find_run(session: Session, job: Job) -> CheckRun | None:
    """Return the last run of a job, if there was one."""
    return next((run for run in list_runs(session) if run.job is job), None)


def list_runs(session: Session) -> tuple[CheckRun, ...]:
    """Return the last run of every job that has run."""
    rows = session.execute(
        select(
            IntegrityRun.job,
            IntegrityRun.ended_at,
            IntegrityRun.results,
            IntegrityRun.position,
        ).order_by(IntegrityRun.job)
    )
    return tuple(CheckRun(Job(row[0]), *row[1:]) for row in rows)


def record_key_rotation(
    session: Session,
    actor: Actor,
    *,
    file_key: int,
    step: str,
    rewrapped: int = 0,
    dropped: Collection[int] = (),
) -> None:
    """Record a step of an exchange: keys by their numbers, which are no secret."""
    actor.require(Permission.MANAGE_RETENTION)
    audit.record(
        session,
        actor,
        Action.KEYS_ROTATE,
        details={
            "key": file_key,
            "step": step,
            "rewrapped": rewrapped,
            "dropped": sorted(dropped),
        },
    )
