"""A routed database with one small table, behind a proxy if need be."""

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID, uuid4

import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from db.endpoints import Endpoints
from db.postgres import Database
from tests.db.postgres.cutting import CuttingProxy
from tests.db.postgres.notes import Notes, add_table


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def note_id() -> UUID:
    return uuid4()


@pytest.fixture(scope="module")
def with_notes(module_endpoints: Endpoints) -> Endpoints:
    """The addresses of a database with the table in it."""
    add_table(module_endpoints)
    return module_endpoints


@pytest.fixture
def database(with_notes: Endpoints) -> Iterator[Database]:
    """A routed database of the shared cluster, with connections of the test's own."""
    with closing(Database(with_notes)) as database:
        yield database


@pytest.fixture
def proxy(with_notes: Endpoints) -> Iterator[CuttingProxy]:
    """A proxy before the primary."""
    with CuttingProxy.before(with_notes) as proxy:
        yield proxy


@pytest.fixture
def behind_proxy(with_notes: Endpoints, proxy: CuttingProxy) -> Iterator[Database]:
    """A database of the primary alone, behind the proxy."""
    place = {"host": "127.0.0.1", "port": str(proxy.port)}
    url = make_dsn(**{**parse_dsn(with_notes.database_url), **place})
    with closing(Database(Endpoints(url, {}, "", {}), retry_seconds=5)) as database:
        yield database
