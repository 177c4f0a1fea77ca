"""An empty database on a real cluster, for one benchmark."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from db import embedded, schema
from db.embedded import Addresses
from db.endpoints import Endpoints
from db.postgres import Database
from tests.conftest import fresh_database


@contextmanager
def database() -> Iterator[Database]:
    """Open a database with the newest schema; it is dropped afterwards."""
    with endpoints() as fresh, closing(Database(fresh)) as opened:
        yield opened


@contextmanager
def endpoints() -> Iterator[Endpoints]:
    """Make a database with the newest schema, and drop it afterwards.

    CHARTROOM_TEST_CLUSTER names a running cluster to use, as for the tests.
    """
    with _cluster() as addresses, fresh_database(addresses) as fresh:
        schema.bring_up_to_date(fresh)
        yield fresh


@contextmanager
def _cluster() -> Iterator[Addresses]:
    if given := os.environ.get("CHARTROOM_TEST_CLUSTER"):
        yield embedded.attach(Path(given))
        return
    with tempfile.TemporaryDirectory(prefix="chartroom-benchmark-") as data:
        cluster = embedded.start(Path(data))
        try:
            cluster.wait_until_whole()
            yield cluster.addresses
        finally:
            cluster.stop()
