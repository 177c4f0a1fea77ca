"""A million invented patients on a real cluster, kept from one benchmark to the next.

CHARTROOM_DATA names the data folder, `var/benchmarks` by default; a cluster that runs
there already is used. The first benchmark fills it, which takes a few minutes.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import sleep

import psycopg2
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from psycopg2.extras import register_uuid
from sqlalchemy.orm import Session

from db import embedded, schema
from db.embedded import Addresses
from db.embedded.servers.database_roles import NAME, OWNER
from db.postgres import Database, DatabaseIdentity
from services.core import audit
from services.demo import seeding

PATIENTS = 1_000_000
TODAY = date(2026, 1, 1)
DATA = Path(os.environ.get("CHARTROOM_DATA", "var/benchmarks")).absolute()
SideBySide = tuple[Session, DriverConnection]


@dataclass(frozen=True, slots=True)
class Million:
    """The database with the patients, and the addresses of its servers."""

    database: Database
    addresses: Addresses

    def side_by_side(self) -> AbstractContextManager[SideBySide]:
        """Open the front desk's session, and a raw connection to the same replica."""
        return side_by_side(
            self.database, self.addresses, NAME, DatabaseIdentity("staff")
        )


@contextmanager
def side_by_side(
    database: Database, addresses: Addresses, name: str, identity: DatabaseIdentity
) -> Iterator[SideBySide]:
    """Open a session and a raw connection to the same replica, in transactions.

    The connection is the owner's, to whom no rule applies.
    """
    with (
        database.reading(identity=identity) as session,
        audit.collecting_events(session),
    ):
        url = addresses.node_url(session.info["served"].node, OWNER, name)
        with closing(psycopg2.connect(url)) as raw:
            register_uuid(conn_or_curs=raw)
            yield session, raw


@contextmanager
def kept() -> Iterator[Million]:
    """Open the database with the million."""
    with cluster() as addresses, closing(Database(addresses.endpoints)) as database:
        schema.bring_up_to_date(addresses.endpoints)
        fill(database)
        yield Million(database, addresses)


def fill(database: Database) -> None:
    """Bring the clinic up to a million patients on every node, unless it has them."""
    seeding.seed(database, patients=PATIENTS, today=TODAY, report=_say)
    await_replay(database)


def await_replay(database: Database) -> None:
    """Wait until every node shows what has been written."""
    lsn = database.write(lambda _: None).lsn
    while not all(node.has_replayed(lsn) for node in database.nodes()):
        sleep(0.1)


def _say(there: int) -> None:
    print(f"{there:,} of {PATIENTS:,} patients", flush=True)


@contextmanager
def cluster() -> Iterator[Addresses]:
    """Use the cluster that runs in the data folder, or start one for this."""
    if embedded.running(DATA) is not None:
        yield embedded.attach(DATA)
        return
    cluster = embedded.start(DATA)
    try:
        cluster.wait_until_whole()
        yield cluster.addresses
    finally:
        cluster.stop()
