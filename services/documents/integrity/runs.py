"""What the jobs on files have done: the last run of each, and rotations of keys."""

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
    """The jobs that keep files and rows in step."""

    PURGE = "purge"
    SWEEP = "sweep"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """The last run of a job: when it ended, and its results."""

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
    """Keep the results of a run in place of the previous run's. The caller commits."""
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
    """Record a step of a key rotation, with the keys' numbers, which are no secret."""
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
