"""A clinic whose past is invented once for the tests of a module."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Row, text

from db.postgres import SYSTEM, Database
from services.demo import history, seeding
from services.people.accounts import demo_accounts
from services.visits.schedule.plans import Calendar
from tests.services.audit.chain.conftest import module_log  # noqa: F401 - a fixture

ZONE = ZoneInfo("Europe/Berlin")
SERVERS = (
    history.Server("db-01", True, 50_000_000_000),
    history.Server("db-02", False, 50_000_000_000),
    history.Server("db-03", False, None),
)
PATIENTS = 150


@dataclass(frozen=True)
class Lived:
    """A database with a past, and when that was invented."""

    database: Database
    now: datetime

    def rows(self, sql: str, **values: object) -> list[Row[Any]]:
        """Return the rows that a statement finds."""
        return self.database.read_latest(
            lambda session: list(session.execute(text(sql), values).all()),
            identity=SYSTEM,
        ).value

    def change(
        self, sql: str, values: Sequence[Mapping[str, object]] | None = None
    ) -> None:
        """Change what somebody else would have done differently, once for each."""
        self.database.write(
            lambda session: session.execute(text(sql), values) and None,
            identity=SYSTEM,
        )

    def value(self, sql: str, **values: object) -> Any:
        """Return the one value that a statement finds."""
        return self.rows(sql, **values)[0][0]


def history_filler(now: datetime) -> Callable[..., history.History | None]:
    """Return the filler of a past that ends now."""
    return partial(history.fill, now=now, zone=ZONE, seed_number=1, nodes=SERVERS)


def _last_noon() -> datetime:
    """Return the last noon: at night a day would have nothing left."""
    now = datetime.now(ZONE)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon if noon <= now else noon - timedelta(days=1)).astimezone(UTC)


@pytest.fixture(scope="module")
def lived(module_endpoints) -> Iterator[Lived]:
    """A clinic that has been open for two years."""
    with closing(Database(module_endpoints)) as database:
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        now = _last_noon()
        seeding.seed(
            database,
            patients=PATIENTS,
            calendar=Calendar(str(ZONE), 50),
            visits=history_filler(now),
        )
        seeding.add_events(
            database,
            patients=PATIENTS,
            events=seeding.DEMO_EVENTS,
            seed_number=1,
            today=now.astimezone(ZONE).date(),
        )
        yield Lived(database, now)
