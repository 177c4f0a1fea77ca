"""Filling a database with an invented clinic."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from db.postgres.copying import append_lines
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.demo import care
from services.demo.plans import ensure_demo_plans
from services.demo.seeding import blocks, staff
from services.demo.seeding.visits import ensure_demo_visits
from services.visits.schedule.plans import HORIZON, Calendar

DEMO_PATIENTS: Final = 400
DEMO_SEED_NUMBER: Final = 1
MOST_PATIENTS: Final = 10_000_000
# Long enough for a transaction's fixed costs not to matter, short enough that a
# failover throws little away and that progress is visible.
_BATCH: Final = 50_000
_ACTOR: Final = Actor(blocks.SEEDER_ID, "seed", Role.ADMIN)
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.seeding"))


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one transaction: patients added, and patients there afterwards."""

    added: int
    there: int


def seed(
    database: Database,
    *,
    patients: int,
    seed_number: int = DEMO_SEED_NUMBER,
    today: date | None = None,
    calendar: Calendar = HORIZON,
    visits: Callable[[Session], object] = ensure_demo_visits,
    report: Callable[[int], None] = lambda _there: None,
) -> int:
    """Bring the invented clinic up to this many patients; return how many were new.

    Equal seed numbers give equal people, and a smaller clinic is the beginning of a
    larger one: a second run adds nothing, an interrupted one continues where it
    stopped. Each batch is a transaction of its own, after which `report` is called with
    the number of patients there. `visits` invents the visits; by default there are a
    few around today. Raises InvalidInput or db.postgres.DatabaseUnavailable.
    """
    if not 0 <= patients <= MOST_PATIENTS:
        raise InvalidInput("patients", f"Ask for 0 to {MOST_PATIENTS:,} patients.")
    fill = partial(
        add_batch,
        actor=_ACTOR,
        upto=patients,
        seed_number=seed_number,
        today=today or datetime.now(UTC).date(),
    )
    add_staff = partial(staff.add, actor=_ACTOR, seed_number=seed_number)
    database.write(add_staff, identity=SYSTEM)
    added, there = 0, -1
    while there < patients:
        batch = database.write(fill, identity=SYSTEM).value
        added += batch.added
        there = batch.there
        report(there)
    if added:
        database.write(_settle, identity=SYSTEM)
    give = partial(care.ensure_demo_care, seed_number=seed_number)
    database.write(give, identity=SYSTEM)
    plan = partial(ensure_demo_plans, calendar=calendar)
    database.write(plan, identity=SYSTEM)
    database.write(visits, identity=SYSTEM)
    return added


def add_batch(
    session: Session, actor: Actor, *, upto: int, seed_number: int, today: date
) -> Batch:
    """Add the next batch of patients up to the first `upto`; the caller commits."""
    actor.require(Permission.IMPORT_RECORDS)
    session.execute(select(_LOCK))
    there = _count(session, seed_number)
    last = max(there, min(there + _BATCH, upto))
    lines = blocks.lines(seed_number, there, last, today)
    added = (
        append_lines(session, "patients", blocks.COLUMNS, lines) if last > there else 0
    )
    if added:
        details = {"source": blocks.source(seed_number), "new": added}
        audit.record(session, actor, Action.PATIENT_IMPORT, details=details)
    return Batch(added, last)


def _count(session: Session, seed_number: int) -> int:
    """Return the number of patients, who are added in order and never deleted."""
    newest = session.scalar(
        select(func.max(Patient.source_id)).where(
            Patient.source == blocks.source(seed_number)
        )
    )
    return 0 if newest is None else int(newest) + 1


def _settle(session: Session) -> None:
    """Update the planner's statistics, and flush GIN's pending list.

    Autovacuum would do both within minutes; until then the first lists would be slow.
    """
    session.execute(text("SELECT settle_patients()"))
    session.execute(text("ANALYZE patients, doctors, clinical_terms"))
