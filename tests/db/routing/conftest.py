"""A routed database with one small table in it."""

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID, uuid4

import pytest

from db.endpoints import Endpoints
from db.routing import Database
from tests.db.routing.notes import Notes, add_table


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
    """A database of the shared cluster, routed by connections of the test's own."""
    with closing(Database(with_notes)) as database:
        yield database
