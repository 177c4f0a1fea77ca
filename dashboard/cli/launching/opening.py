"""What a clinic needs once its databases run: the schema, and in a demo its people."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.cli.launching.stages import Stages
from dashboard.wiring import Wiring
from db import schema
from db.postgres import SYSTEM, Database, clock_rules
from db.settings import Settings
from services.core.actors import Actor
from services.demo import care
from services.demo.plans import ensure_demo_plans
from services.people.accounts import demo_accounts

_REPLICA_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.1


def open_clinic(
    settings: Settings,
    stages: Stages,
    *,
    empty: bool,
    beside: Callable[[], None] = lambda: None,
) -> tuple[Actor, ...]:
    """Bring the schema up to date; in a demo, return the people of the demo.

    `beside` starts what needs nothing but the schema.
    """
    wired = wiring.connect(settings)
    try:
        schema.bring_up_to_date(wired.endpoints)
        stages.done("Database schema")
        beside()
        if settings.is_demo:
            cast = _open_demo(wired, stages, empty=empty)
        else:
            wired.database.write(demo_accounts.retire_demo_people, identity=SYSTEM)
            cast = ()
        _await_replicas(wired.database)
        stages.done("PostgreSQL replicas")
        if warning := clock_rules.warning(wired.database, settings.timezone):
            stages.warn(warning)
        return cast
    finally:
        wired.close()


def _open_demo(wired: Wiring, stages: Stages, *, empty: bool) -> tuple[Actor, ...]:
    """Admit the demo's people, and fill an empty clinic."""

    def let_in(session: Session) -> _Opened:
        demo_accounts.ensure_demo_people(session)
        return _Opened(
            demo_accounts.demo_people(session),
            demo_accounts.has_only_demo_patients(session),
        )

    opened = wired.database.write(let_in, identity=SYSTEM).value
    if opened.is_empty and not empty:
        _seed(wired)
        stages.done("Demo clinic")
    else:
        # A demo of the previous version had no treatments.
        wired.database.write(care.ensure_demo_care, identity=SYSTEM)
        plans = partial(ensure_demo_plans, calendar=wiring.calendar(wired.settings))
        wired.database.write(plans, identity=SYSTEM)
    return opened.cast


@dataclass(frozen=True, slots=True)
class _Opened:
    cast: tuple[Actor, ...]
    is_empty: bool


def _await_replicas(database: Database) -> None:
    """Wait until all answering replicas, at least one, have what was just written.

    Otherwise the first page might be read where there is no table yet. A replica that
    is still in crash recovery is no reason to wait: nobody is sent there.
    """
    written = database.write(lambda _: None, identity=SYSTEM).lsn
    deadline = time.monotonic() + _REPLICA_SECONDS
    while time.monotonic() < deadline:
        replicas = [node for node in database.nodes() if node.role != "primary"]
        answering = [node for node in replicas if node.reachable]
        ready = [node for node in answering if node.has_replayed(written)]
        if ready == answering and (ready or not replicas):
            return
        time.sleep(_PAUSE_SECONDS)


def load_demo() -> None:
    """Load the code that fills an empty clinic and creates its first tables.

    A start with a filled database does without importing Faker and NumPy.
    """
    from procrastinate import schema as of_queue  # noqa: F401

    from services.demo import history, seeding  # noqa: F401


def _seed(wired: Wiring) -> None:
    from services.demo import history, seeding

    now, zone = datetime.now(UTC), ZoneInfo(wired.settings.timezone)
    free = usage[0] if (usage := wired.disks.usage()) else None
    seeding.seed(
        wired.database,
        patients=seeding.DEMO_PATIENTS,
        calendar=wiring.calendar(wired.settings),
        visits=partial(
            history.fill,
            now=now,
            zone=zone,
            seed_number=seeding.DEMO_SEED_NUMBER,
            nodes=[
                history.Server(node.name, node.role == "primary", free)
                for node in wired.database.nodes()
            ],
        ),
    )
    seeding.add_events(
        wired.database,
        patients=seeding.DEMO_PATIENTS,
        events=seeding.DEMO_EVENTS,
        seed_number=seeding.DEMO_SEED_NUMBER,
        today=now.astimezone(zone).date(),
    )
    history.invent_storage(wired.backups, now)
